# SPDX-License-Identifier: MIT
#
# D4: where make install writes, and what make clean leaves.
. "$here/make.bash"
for variable in DESTDIR PREFIX BUILD; do
    row "$variable with a blank" "*$variable: wanted a path without blanks*" \
        "$(fresh "$variable=$PWD/a b" install | tail -n 1)"
done
row 'nothing was written' none "$(ls | grep -x 'a' || echo none)"
# As `make install` would, without building: every step but `all`.
build=$(cd "$bin/.." && pwd)
stage=$PWD/stage
steps() { fresh -n "$@" BUILD="$build" DESTDIR="$stage" PREFIX=/usr; }
do_steps() { (cd "$root" && steps "$1" | sed -n '/umask\|rm -f/,$p' | bash -e >/dev/null 2>&1); }
steps BINDIR=sbin MANDIR=man install | grep -A99 'umask' >script
row 'BINDIR and MANDIR' 'sbin man' \
    "$(grep -o 'stage/usr/sbin$' script | head -n 1 | xargs -r basename) $(
        grep -o 'stage/usr/man/man1$' script | head -n 1 | xargs -r dirname | xargs -r basename)"
if [ -e "$build/lib/libcedm.a" ] && ls "$build"/lib/libcedm.so.* >/dev/null 2>&1; then
    (umask 077 && do_steps install)
    row 'umask 077: programs, and what others cannot read' "$(ls "$root/tools" | wc -l), 0" \
        "$(find stage/usr/bin -name 'cedm-*' | wc -l), $(find stage/usr ! -perm -o=r | wc -l)"
    touch stage/usr/lib/libcedm_cuda.so
    do_steps uninstall
    row 'files that make uninstall NVCC= leaves' 0 "$(find stage -type f | wc -l)"
fi
row 'the folder of a long training' 'runs/demo' \
    "$(sed -n 's/^DEMO_RUN *= *//p' "$root/mk/demo.mk")"
row 'variables in make help' '8 lines' \
    "$(fresh help | grep -c '^[A-Z][A-Za-z_=,| "0-9]*') lines"
