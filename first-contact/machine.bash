# SPDX-License-Identifier: MIT
#
# machine.bash - what run.sh needs of the machine: where its libraries are,
# and what it is.

# Where libraries of CUDA lie: with the system's, the toolkit's, the driver's,
# Python's.
folders() { # NAME
    local site= path=${LD_LIBRARY_PATH:-}
    ldconfig -p 2>/dev/null | awk -v name="$1" '$1 == name { sub("/[^/]*$", "", $NF); print $NF }'
    printf '%s\n' ${path//:/ } /usr/local/cuda/lib64 /usr/local/cuda*/lib64 \
        /usr/local/cuda*/targets/x86_64-linux/lib /usr/local/nvidia/lib64 \
        /usr/lib/x86_64-linux-gnu /usr/lib/wsl/lib
    site=$(timeout 10 python3 -c 'import site; print("\n".join(site.getsitepackages()))' 2>/dev/null)
    for site in $site; do
        printf '%s\n' "$site"/nvidia/*/lib
    done
}

# The folder of a library, else nothing.
folder_of() { # NAME
    local folder
    while read -r folder; do
        [ ! -e "$folder/$1" ] || { echo "$folder"; return; }
    done < <(folders "$1")
    timeout 20 find / -xdev -name "$1" 2>/dev/null | head -n 1 | sed 's|/[^/]*$||'
}

# What programs of the kit lack.
lacking() { # PROGRAM...
    LD_LIBRARY_PATH=$kit/lib:$LIBRARIES ldd "$@" 2>/dev/null |
        awk '/not found/ { print $1 }' | sort -u
}

# Sets LIBRARIES, which the programs look into; says what is missing.
find_libraries() {
    local name folder
    export LIBRARIES=
    for name in $(lacking "$kit"/exe/* "$kit"/lib/*) \
        $([ -e "$kit/lib/libcuda.so.1" ] || echo libcuda.so.1); do
        folder=$(folder_of "$name")
        if [ -n "$folder" ]; then
            LIBRARIES=$LIBRARIES${LIBRARIES:+:}$folder
            echo "$name: in $folder" >>"$results/machine.txt"
        else
            echo "first-contact: $name: not found; wanted in a folder of ldconfig -p," \
                "LD_LIBRARY_PATH, /usr/local/cuda*/lib64 or Python's nvidia packages;" \
                "set LD_LIBRARY_PATH" | tee -a "$results/machine.txt"
        fi
    done
    if grep -q '^first-contact: libcuda.so.1:' "$results/machine.txt"; then
        echo 'skipped: no driver'
        exit 77
    fi
    [ -z "$(lacking "$kit/exe/gpu_ops")" ]
}

describe_machine() {
    {
        [ ! -f "$kit/commit" ] || echo "commit $(cat "$kit/commit")"
        nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,power.limit,memory.total \
            --format=csv,noheader 2>/dev/null || echo 'no nvidia-smi'
        echo "$(nproc) processors, $(uname -r), $(date -u '+%Y-%m-%d %H:%M')"
    } >>"$results/machine.txt"
}
