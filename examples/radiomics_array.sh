#!/bin/sh
# A cohort on many machines with Slurm: each task of the array computes its shard of the cases.
#   sbatch --array=1-8 examples/radiomics_array.sh cases.csv features [OPTION …]
#   lumbar merge features.*.csv -o features.csv
# A task that was stopped goes on where it was: submit the same array again.
#SBATCH --job-name=radiomics
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
set -eu
cases=$1 output=$2
shift 2
shard=${SLURM_ARRAY_TASK_ID:?run me with sbatch --array=1-N}
shards=${SLURM_ARRAY_TASK_MAX:?run me with sbatch --array=1-N}
exec lumbar radiomics batch "$cases" --shard "$shard/$shards" --jobs "${SLURM_CPUS_PER_TASK:-1}" \
    --resume --quiet -o "$output.$shard.csv" "$@"
