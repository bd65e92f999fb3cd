#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run.sh - the study: says what it takes, then does what is not done yet.
#
#     STUDY=DIR BIN=build/bin study/run.sh [fashion|cifar10]...
#
# Killed at any moment, the same command goes on.  README.md says what is in
# DIR afterwards.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
study=${STUDY:-$here/../build/study}
bin=$(cd "${BIN:-$here/../build/bin}" && pwd)
export bin

# Estimated from the trainer's and the sampler's speed on two idle cores of an
# AMD EPYC (Zen 5).
cat <<END
The study, with nothing done yet, takes two cores about
    fashion  4 hours: 13 runs of 100,000 images, 10 minutes each, 14 of half as
             many, clusters, samples
    cifar10  1 hour: 6 runs of 100,000 images, 9 minutes each
and 4 GB in $study.  It goes on where it was stopped.
END

for part in ${*:-fashion cifar10}; do
    mkdir -p "$study/$part"
    (cd "$study/$part" && "$here/$part.sh")
done
