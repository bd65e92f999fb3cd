# SPDX-License-Identifier: MIT
#
# D3: what make check says, and a script that cannot run here.
. "$here/make.bash"
row 'make -n check' 'a list, 0 counts' \
    "$(fresh -n check >list; [ -s list ] && echo a list), $(grep -c '[0-9] passed' list) counts"
row 'jobs of make -j1 check' 0 "$(grep -c . <(fresh -n -j1 check | grep -o 'make.* -j[2-9]'))"
run() { "$root/tests/run.sh" "$PWD/tally" "$@"; }
printf '#!/bin/sh\necho "no strace here"\nexit 77\n' >skips && chmod +x skips
row 'a script that skips' 'skip it: no strace here' "$(run it ./skips)"
printf '#!/bin/sh\necho "3 passed, 0 failed"\n' >passes && chmod +x passes
row 'one that passes says how long it took' 'ok   it: 3 passed, * s, * s of cpu' \
    "$(run it ./passes)"
row 'the sum' '3 passed, 0 failed, 1 skipped' "$(run -s)"
