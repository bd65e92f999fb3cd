#!/bin/sh
# SPDX-License-Identifier: MIT
#
# install.sh FOLDER PEER... - one Python environment for each peer.  What is
# there already is left alone, so that a second call needs no network and takes
# a second; a peer that cannot be installed leaves FOLDER/NAME.reason and holds
# up no other.  The environment of PyTorch takes 6 GB: its wheel does not load
# without the CUDA libraries that it lists.
set -u
mkdir -p "$1" && cd "$1" || exit 1
folder=$PWD
shift

install() { # NAME PACKAGE...
    name=$1
    shift
    [ -f "$name/ready" ] && return
    echo "install.sh: $name: pip install $*"
    if python3 -m venv "$name" && "$name/bin/python" -m pip install -q \
        --disable-pip-version-check "$@" >"$name.log" 2>&1; then
        touch "$name/ready"
        rm -f "$name.reason"
    else
        echo "pip install $* failed, see $folder/$name.log" >"$name.reason"
    fi
}

for peer in "$@"; do
    case $peer in
    torch) install torch torch numpy onnx ;;
    onnxruntime | openvino) install "$peer" "$peer" numpy ;;
    mnn) install mnn MNN numpy ;;
    sklearn) install sklearn scikit-learn numpy ;;
    faiss) install faiss faiss-cpu numpy ;;
    # pnnx, the converter, is a program; the PyTorch that its package asks for
    # is for its Python side.
    ncnn) install ncnn --no-deps ncnn pnnx numpy ;;
    *) echo "install.sh: no peer '$peer'" >&2 && exit 2 ;;
    esac
done
