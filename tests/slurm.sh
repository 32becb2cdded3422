#!/usr/bin/env bash
# The array script on a real Slurm of one node, in a folder of its own: the shards of four tasks, put together, must be the table of
# one machine; a task that was cancelled goes on when it is submitted again. tests/slurm.sh LUMBAR; called by ./dev soak slurm.
set -euo pipefail
cd "$(dirname "$0")/.."
lumbar=$(readlink -f "$1")
for program in slurmctld slurmd sbatch munged; do
    command -v "$program" > /dev/null || { echo "slurm: $program is not installed" >&2; exit 77; }
done
work=$(mktemp -d /tmp/lumbar-slurm-XXXXXX) pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$work"
}
trap finish EXIT
chmod 755 "$work"
mkdir -p "$work"/{state,spool,munge,bin,cases}
ln -s "$lumbar" "$work/bin/lumbar"

# A Slurm that belongs to this user: its own key, ports, state.
umask 077
head -c 1024 /dev/urandom > "$work/munge/key"
umask 022
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" --log-file="$work/munge/log" \
    --seed-file="$work/munge/seed" > "$work/munge/out" 2>&1 &
pids+=($!)
host=$(hostname -s) port=$((20000 + RANDOM % 20000))
memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
cat > "$work/slurm.conf" <<CONF
ClusterName=soak
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CryptoType=crypto/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=$((memory > 9000 ? memory : 9000)) State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
CONF
export SLURM_CONF=$work/slurm.conf PATH=$work/bin:$PATH
for _ in $(seq 50); do [ -S "$work/munge/socket" ] && break; sleep 0.1; done
slurmctld -D -i > "$work/slurmctld.out" 2>&1 &
pids+=($!)
slurmd -D -N "$host" > "$work/slurmd.out" 2>&1 &
pids+=($!)
for _ in $(seq 120); do
    sinfo -h -o %t 2> /dev/null | grep -q -E "idle|mix" && break
    sleep 0.5
done
sinfo -h -o %t 2> /dev/null | grep -q -E "idle|mix" || { tail -n 20 "$work"/*.log "$work"/*.out; exit 1; }

# Two hundred cases, some of them bad.
cp reference/muscle/phantom_water.nii.gz reference/muscle/phantom_mask.nii.gz "$work/cases/"
awk 'BEGIN { print "id,image,mask,label"; for (i = 0; i < 200; i++) printf "%03d,%s,phantom_mask.nii.gz,%d\n", i, i % 50 == 7 ? "nowhere.nii.gz" : "phantom_water.nii.gz", i % 4 + 1 }' \
    > "$work/cases/cases.csv"
lumbar radiomics batch "$work/cases/cases.csv" -o "$work/one.csv" --quiet
submit() { sbatch --array="$1" --wait --chdir="$work" --output="$work/task-%a.log" examples/radiomics_array.sh "$work/cases/cases.csv" "$work/features"; }
submit 1-4 || { tail -n 20 "$work"/task-*.log; exit 1; }
lumbar merge "$work"/features.[1-4].csv -o "$work/merged.csv" --quiet
cmp "$work/one.csv" "$work/merged.csv"
echo "slurm: 4 tasks, merged table equal to that of one machine ($(wc -c < "$work/one.csv") bytes, 200 cases)"

# A task is lost, and another cancelled before it began to work: the same array again finishes both.
rm "$work/features.2.csv" "$work/merged.csv"
job=$(sbatch --parsable --hold --array=3 --chdir="$work" --output="$work/task-%a.log" examples/radiomics_array.sh "$work/cases/cases.csv" "$work/features")
scancel "$job"
submit 1-4 > /dev/null
lumbar merge "$work"/features.[1-4].csv -o "$work/merged.csv" --quiet
cmp "$work/one.csv" "$work/merged.csv"
echo "slurm: the array submitted again finishes what was lost; equal table"
