#!/bin/bash
# SPDX-License-Identifier: MIT
#
# slurm.sh - packaging/cluster under a Slurm of one node that this script starts.
# draw.sbatch: a task is killed while it draws and queued again, the array is
# submitted again, srun's ranks share a run; all images are those of one process.
# train.sbatch: ranks that are killed and queued again train what others do.
set -euo pipefail
build=${BUILD:-build}
bin=$(realpath "${BIN:-$build/bin}")
skip() {
    echo "skipped: $*"
    exit 77
}
for tool in munged slurmctld slurmd sbatch; do
    command -v $tool >/dev/null || PATH=$PATH:/usr/sbin command -v $tool >/dev/null ||
        skip "no $tool on this machine; Debian has it in munge or slurm-wlm"
done
[ "$(id -u)" -eq 0 ] || skip 'slurmd runs as root'
PATH=$bin:$PATH:/usr/sbin

work=$(mktemp -d)
chmod 755 "$work"
started=()
stop() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${started[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT
fail() {
    echo "FAILED: $*"
    tail -n 15 "$work"/*.log "$work"/slurm-*.out 2>/dev/null
    exit 1
}
start() { # NAME COMMAND...
    "${@:2}" >"$work/$1.log" 2>&1 &
    started+=($!)
}
# soon WHAT COMMAND...: waits until it succeeds, five minutes at most
soon() {
    for ((i = 0; i < 3000; i++)); do
        "${@:2}" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "waited five minutes for $1"
}

# ---- a Slurm ----------------------------------------------------------------

mkdir "$work/state" "$work/spool" "$work/images"
(umask 077 && head -c 1024 /dev/urandom >"$work/munge.key")
port=$((20000 + RANDOM % 20000))
cat >"$work/slurm.conf" <<END
ClusterName=cedm
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
start munged munged --foreground --force --key-file="$work/munge.key" \
    --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --seed-file="$work/munged.seed" --log-file="$work/munged.text"
soon munged munge -S "$work/munge.socket" -n
start slurmctld slurmctld -D -c
soon slurmctld scontrol ping
start slurmd slurmd -D
node_is_idle() {
    sinfo -h -o %T | grep -qx idle
}
soon 'an idle node' node_is_idle

# ---- the job ----------------------------------------------------------------

cedm-freeze tests/golden/ncsnpp-tiny.safetensors -o "$work" --name tiny --build >/dev/null
mkdir "$work/wanted"
cedm-gen --model "$work/tiny.so" --seeds 0-399 --cluster random --grid none \
    --out "$work/wanted" --progress none >/dev/null
submit() {
    sbatch --parsable --array=0-3 --cpus-per-task=1 --mem-per-cpu=0 --chdir="$work" \
        --export="ALL,MODEL=$work/tiny.so,OUT=$work/images,SEEDS=0-399" \
        packaging/cluster/draw.sbatch
}
drawn() { # FIRST LAST: images of these seeds
    find "$work/images" -name '*.png' | sed 's|.*/0*||; s|\.png$||; s|^$|0|' |
        awk -v from="$1" -v to="$2" '$1 >= from && $1 <= to' | wc -l
}
some_of_the_first() {
    [ "$(drawn 0 99)" -gt 0 ]
}
restarted() { # JOB
    scontrol show job "$1" | grep -q 'Restarts=1'
}
# Slurm holds a job that was queued again for two minutes.
none_left() { # JOB
    scontrol update "jobid=$1" StartTime=now || true
    [ -z "$(squeue -h)" ]
}
job=$(submit)
soon 'the first images' some_of_the_first
scontrol requeue "${job}_0"
soon 'the task to be queued again' restarted "${job}_0"
soon 'the end of all tasks' none_left "${job}_0"
diff -r "$work/wanted" "$work/images" -x '.done*' || fail 'other images than those of one process'
[ "$(find "$work/images" -name '.done*' | wc -l)" -eq 4 ] || fail 'not every task ended'

# Again: finished tasks draw nothing.
touch "$work/before"
job=$(submit)
soon 'the end of all tasks' none_left "${job}_0"
[ -z "$(find "$work/images" -newer "$work/before" -type f)" ] || fail 'drawn twice'

# Ranks of srun need no --shard.
srun --ntasks=2 --cpus-per-task=1 --mem=0 cedm-gen --model "$work/tiny.so" --seeds 0-399 \
    --cluster random --grid none --out "$work/ranks" --progress none >"$work/srun.log" 2>&1 ||
    fail srun
diff -r "$work/wanted" "$work/ranks" || fail 'other images than those of one process'
echo "slurm: 400 images by 4 tasks, one of them killed and queued again, and by 2 ranks"

# ---- training ---------------------------------------------------------------

if ! command -v mpirun >/dev/null || ! ldd "$bin/cedm-train" | grep -q libmpi; then
    echo 'note: no mpirun, or cedm-train was built without MPI; train.sbatch was not run'
    exit
fi
root=$PWD
cd "$work"
. "$root/tests/e2e/patterns.bash"
patterns 24
# The launcher refuses root unless told, and slots are what Slurm gives.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_rmaps_base_oversubscribe=1
small=(--cbase 8 --cres 1,2 --num-blocks 1 --attn 4 --batch 12 --ema 0.0002 --lr-rampup 0
    --tick 0.12 --snap 2 --seed 5 --duration 0.0012)
train() { # RUN
    sbatch --parsable --ntasks=2 --cpus-per-task=1 --mem-per-cpu=0 --chdir="$work" \
        --export="ALL,DATA=$work/images.idx,IDS=$work/ids.txt,RUN=$work/$1" \
        "$root/packaging/cluster/train.sbatch" "${small[@]}"
}
has_a_state() {
    ls "$work"/killed/state-*
}
job=$(train whole)
soon 'the end of training' none_left "$job"
job=$(train killed)
soon 'the first state' has_a_state
scontrol requeue "$job"
soon 'training to be queued again' restarted "$job"
soon 'the end of training' none_left "$job"
last=snapshot-000001200.safetensors
cmp "$work/whole/$last" "$work/killed/$last" || fail 'another network than without a kill'
echo "slurm: 2 ranks, killed and queued again, trained what 2 others did"
