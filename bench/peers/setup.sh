#!/bin/sh
# SPDX-License-Identifier: MIT
#
# setup.sh FOLDER - the peers, and the network in the files that they read.
# What is there already is left alone; a peer that cannot be installed or
# converted for leaves FOLDER/NAME.reason and holds up no other.
set -u
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" && cd "$1" || exit 1
folder=$PWD
net=$folder/net/cifar10-c100

convert() { # NAME RESULT COMMAND...: COMMAND leaves RESULT.tmp
    name=$1
    result=$2
    shift 2
    if [ ! -f "$name/ready" ] || [ -f "$result" ]; then
        return
    fi
    echo "setup.sh: $name: $(basename "$result")"
    if "$@" >"$name.log" 2>&1 && mv "$result.tmp" "$result"; then
        rm -f "$name.reason"
    else
        echo "no $(basename "$result"), see $folder/$name.log" >"$name.reason"
    fi
}

"$here/install.sh" "$folder" torch onnxruntime openvino mnn ncnn

export_net() {
    torch/bin/python "$here/export.py" "$net/checkpoint.safetensors" "$net" \
        1 4 && touch "$net/exported.tmp"
}
convert torch "$net/exported" export_net
for batch in 1 4; do
    # The module behind mnnconvert; the program itself installs a package
    # and reports its use.
    convert mnn "$net/batch$batch.mnn" mnn/bin/python -c \
        'import _tools, sys; _tools.mnnconvert(sys.argv)' -f ONNX \
        --modelFile "$net/batch$batch.onnx" \
        --MNNModel "$net/batch$batch.mnn.tmp" --bizCode cedm
done
pnnx() {
    rm -rf "$net/pnnx"
    mkdir "$net/pnnx" && (
        cd "$net/pnnx" && ln -s ../batch1.pt net.pt &&
            "$folder"/ncnn/lib/python3*/site-packages/pnnx/pnnx net.pt \
                fp16=0 'inputshape=[1,3,32,32],[1,1],[1,100]' &&
            mv net.ncnn.bin "$net/ncnn.bin" &&
            mv net.ncnn.param "$net/ncnn.param.tmp"
    ) && rm -r "$net/pnnx"
}
convert ncnn "$net/ncnn.param" pnnx
