# SPDX-License-Identifier: MIT
#
# D2: what a changed compiler, flag or variant, and a lost object, rebuild.
. "$here/make.bash"
object=$PWD/b/obj/runtime/status.o
# builds ARGUMENTS...: how many objects
builds() { fresh BUILD="$PWD/b" "$@" "$object" | grep -c ' CC '; }
row 'an object' 1 "$(builds)"
row 'again' 0 "$(builds)"
row 'with CFLAGS=-DCEDM_STATE_F32' 1 "$(builds CFLAGS=-DCEDM_STATE_F32)"
row 'with OPT=-O0' 1 "$(builds OPT=-O0)"
row 'with SAN=undefined' 1 "$(builds SAN=undefined)"
row 'with another compiler' 1 "$(builds CC="$(command -v cc)")"
row 'without the variables' 1 "$(builds)"
rm "$object"
row 'a deleted object' 1 "$(builds)"
# A folder in the tree, by its whole path: a header that changes counts by any name.
inside=$(cd "$bin/.." && pwd)/faults-D2
header() { fresh "$@" -W include/cedm.h | grep -c ' CC '; }
object=$inside/obj/runtime/status.o
row 'an object by its whole path' 1 "$(builds BUILD="$inside")"
case $inside in
"$root"/*) row 'a header, then' 1 "$(header BUILD="${inside#"$root/"}" \
    "${object#"$root/"}")" ;;
esac
rm -r "$inside"
