# SPDX-License-Identifier: MIT
#
# make.bash - the Makefile, without the flags of the make that runs this.

# fresh ARGUMENTS...: what it prints
fresh() {
    env -u MAKEFLAGS -u MFLAGS -u MAKEOVERRIDES -u MAKELEVEL -u BUILD -u CC \
        make --no-print-directory -C "$root" NVCC= "$@" 2>&1
}
