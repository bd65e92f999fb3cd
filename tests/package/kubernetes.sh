#!/bin/sh
# SPDX-License-Identifier: MIT
#
# kubernetes.sh - packaging/cluster/draw.yaml: where kubectl is, Kubernetes'
# types have every field of it; its command, run here with the index of a pod,
# draws the images that are this pod's.
set -eu
bin=$(realpath "${BIN:-${BUILD:-build}/bin}")
job=packaging/cluster/draw.yaml
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -c 'import yaml' 2>/dev/null ||
    { echo "skipped: no PyYAML on this machine; Debian has it in python3-yaml"; exit 77; }
passed=1 skipped=0

# kubectl drops what its types do not have, and prints what it changes.
if kubectl version --client >/dev/null 2>&1; then
    kubectl set image --local -f $job cedm-gen=another -o json >"$work/typed.json"
    passed=2
else
    echo "skipped: no kubectl on this machine"
    skipped=1
fi
"$bin/cedm-freeze" tests/golden/ncsnpp-tiny.safetensors -o "$work" --name mine --build >/dev/null
"$python" - $job "$work" >"$work/pods" <<'END'
import json, os, sys, yaml
job, work = yaml.safe_load(open(sys.argv[1])), sys.argv[2]

def lost(said, typed, at):
    if isinstance(said, dict):
        return [x for k, v in said.items() for x in lost(v, (typed or {}).get(k), f"{at}.{k}")]
    if isinstance(said, list):
        return [x for i, v in enumerate(said) for x in lost(v, typed[i], f"{at}[{i}]")]
    return [] if said == typed else [f"{at}: {said!r} is {typed!r}"]

pod = job["spec"]["template"]["spec"]["containers"][0]
pod["image"] = "another"
typed = os.path.join(work, "typed.json")
if os.path.exists(typed) and (bad := lost(job, json.load(open(typed)), "job")):
    sys.exit("not as Kubernetes understands it: " + ", ".join(bad))
last = job["spec"]["completions"] - 1
if f"--shard=$(JOB_COMPLETION_INDEX)/{last + 1}" not in pod["args"]:
    sys.exit("as many completions as shards are wanted")
for index in 0, 1, last // 2, last:
    args = [a.replace("$(JOB_COMPLETION_INDEX)", str(index)) for a in pod["args"]]
    print(*pod["command"], *args)
END
sed "s|/data/|$work/|g; s|--seeds=0-49999|--seeds=0-199|" "$work/pods" >"$work/run"
grep -q -- '--seeds=0-199 ' "$work/run" || { echo "$job: other seeds than 0-49999"; exit 1; }
PATH=$bin:$PATH sh -eu "$work/run" >/dev/null
"$bin/cedm-gen" --model "$work/mine.so" --seeds 0-199 --cluster random --grid none \
    --out "$work/wanted" --progress none >/dev/null
printf '%06d.png\n' 0 1 2 3 98 99 198 199 >"$work/names"
ls "$work/images" | diff "$work/names" - ||
    { echo "wanted (<) two images of each pod, got (>)"; exit 1; }
for image in "$work"/images/*; do
    cmp "$image" "$work/wanted/$(basename "$image")"
done
echo "$passed passed, 0 failed, $skipped skipped"
