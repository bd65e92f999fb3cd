# SPDX-License-Identifier: MIT
#
# F12: a fuzz target for every parser, with inputs that each test run replays.
target() { # WHAT NAME
    row "$1" "$2, with inputs" \
        "$2, $([ -e "$root/tests/fuzz/$2.c" ] && [ -n "$(ls "$root/tests/fuzz/$2")" ] &&
            echo with inputs)"
}
target 'data sets: zip, idx, CIFAR' dataset
target 'images' image
target 'arrays of NumPy' npy
target 'ids as text, JSON, CSV' ids
target 'images per cluster' freq
target 'counters of a state' counters
target 'stats.jsonl' stats
target 'golden files' golden
target "the JSON at a blob's end" description
target "cedm-train's options, options.json" training
target 'the environment of launchers' launcher
target 'what an encoder is' encoder
target 'TorchScript and torch.save' torchzip
