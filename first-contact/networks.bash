# SPDX-License-Identifier: MIT
#
# networks.bash - steps of run.sh with networks: stored results, speed,
# training, PyTorch.

# Code comes with the kit; weights, 220 MB and more, are made from a seed.
make_network() { # NAME FOLDER
    mkdir -p "$2/made" &&
        cp "$kit/models/$1.so" "$2/model.so" &&
        timeout 60 "$bin/synth" "$kit/models/$1.json" "$2/checkpoint.safetensors" &&
        timeout 60 "$bin/cedm-freeze" "$2/checkpoint.safetensors" -o "$2/made" \
            --name model &&
        mv "$2/made/model.cedm" "$2"
}

# ---- speed ------------------------------------------------------------------

measure() { # NETWORK SUFFIX BATCH OPTIONS...
    local network=$1 label=$1$2 batch=$3 state=clocks.sm,power.draw,temperature.gpu
    shift 3
    step "gpu_net $label, batch $batch" 40 "$bin/gpu_net" "$@" \
        "$work/$network/model.so" "$label" fp16 "$steps" "$window" "$batch"
    {
        cat "$log"
        echo "# after: $(nvidia-smi --query-gpu=$state --format=csv,noheader 2>/dev/null)"
    } >>"$results/layers.txt"
}

measure_all() {
    local network batch first=yes
    for network in $networks; do
        for batch in $batches; do
            measure "$network" '' "$batch"
            [ "$batch" -eq "${batches%% *}" ] || continue
            [ -n "$first" ] || break
            measure "$network" /8.0 "$batch" -a 80
            measure "$network" /no-statistics "$batch" -s
        done
        first=
    done
}

# ---- stored results ---------------------------------------------------------

# Weights are in the kit, or those of a checkpoint in the tree that this was
# started in.
blob_of() { # NAME: false if there are none
    local model=$work/golden/$1 checkpoint=tests/golden/$1.safetensors
    mkdir -p "$work/golden" && cp "$kit/models/$1.so" "$model.so" || return 1
    if [ -f "$kit/models/$1.cedm" ]; then
        cp "$kit/models/$1.cedm" "$model.cedm"
    else
        [ -f "$checkpoint" ] && mkdir -p "$work/frozen" &&
            "$bin/cedm-freeze" "$checkpoint" -o "$work/frozen" --name model >"$log" 2>&1 &&
            mv "$work/frozen/model.cedm" "$model.cedm"
    fi
}

check_goldens() {
    local golden name precision mode
    for golden in "$kit"/golden/*.golden.safetensors; do
        name=$(basename "$golden" .golden.safetensors)
        blob_of "$name" || {
            record skipped 0 "$name" "no weights in the kit or in tests/golden"
            continue
        }
        for precision in $golden_precisions; do
            for mode in denoise sample; do
                [ $mode = denoise ] || grep -aq '"samples"' "$golden" || continue
                step "$name $precision $mode" 15 "$bin/cedm-verify" \
                    --model "$work/golden/$name.so" --golden "$golden" --mode $mode \
                    --device cuda --precision "$precision"
            done
        done
    done
}

# ---- training ---------------------------------------------------------------

commands() { # COUNT...: what gpu_train is asked, of words and counts
    while [ $# -gt 0 ]; do
        echo "$1 $training_batch $2"
        shift 2
    done
}

train() { # NAME ANSWERS COMMANDS...
    local name=$1 answers=$2
    shift 2
    commands "$@" >"$work/commands"
    step "$name" 40 sh -c '"$0" "$1" fp16 "$2" <"$3"' "$bin/gpu_train" \
        "$work/${networks%% *}" "$training_batch" "$work/commands"
    cp "$log" "$answers"
}

# T1, T4 and T5 of bench/peers/README.md.
train_in_full() {
    train 'training in fp16' "$work/first" bits $warm train $updates train $updates \
        optimiser $updates
    train 'training in fp16, again' "$work/again" bits $warm
    awk -v batch="$training_batch" -v OFS='\t' -f "$kit/training.awk" "$work/first" \
        "$work/again" >>"$results/numbers.txt"
}

# ---- peers ------------------------------------------------------------------

compare_peers() {
    local network=$work/${networks%% *}
    if ! timeout 60 python3 -c 'import torch' 2>/dev/null; then
        record skipped 0 'PyTorch' 'python3 has no torch'
        return
    fi
    cp "$results/layers.txt" "$work/table"
    step 'PyTorch' 540 env MODES='fp16 shipped compiled' BATCHES='66 1' ROUNDS=3 \
        STEPS="$steps" SECONDS=$(($(left) - 10)) python3 "$kit/peers/compare_gpu.py" \
        "$bin/gpu_turn" "$network/model.so" "$network" "$work/table" python3
    cp "$log" "$results/peers.txt"
}
