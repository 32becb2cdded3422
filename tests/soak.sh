#!/usr/bin/env bash
# Fuzzes every reader of outside data, then loads the server: tests/soak.sh SECONDS [NAME]; called by ./dev soak.
# Corpora grow in build/corpus/NAME from the seeds in fuzz/seeds/NAME; a finding lands in build/findings.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
seconds=$1 only=${2:-}
mkdir -p build/findings build/soak
rm -f build/soak/*.log

one() { # PROGRAM: fuzz it, quietly
    local program=$1 name corpus seeds=()
    name=${program##*/fuzz_}
    corpus=build/corpus/$name
    mkdir -p "$corpus"
    [ -d "fuzz/seeds/$name" ] && seeds=("fuzz/seeds/$name")
    ASAN_OPTIONS=allocator_may_return_null=1 "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=25 \
        -max_len=65536 -print_final_stats=1 -artifact_prefix="build/findings/$name-" "$corpus" "${seeds[@]}" \
        > "build/soak/$name.log" 2>&1 </dev/null
    echo "exit $?" >> "build/soak/$name.log"
}
export -f one
export seconds
find build/fuzz/fuzz -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' | grep -e "fuzz_.*$only" | sort |
    xargs -P "${JOBS:-2}" -I {} bash -c 'one {}'

status=0
printf '%-16s %12s %10s %10s %8s  %s\n' reader executions per_s coverage exit finding
for log in build/soak/*.log; do
    [ -f "$log" ] || continue
    name=$(basename "$log" .log)
    awk -v name="$name" '
        /cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") coverage = $(i + 1) }
        /^stat::number_of_executed_units/ { runs = $2 }
        /^stat::average_exec_per_sec/ { speed = $2 }
        /^(==[0-9]+==ERROR|SUMMARY|.*runtime error:)/ && finding == "" { finding = $0 }
        /^exit / { code = $2 }
        END { printf "%-16s %12d %10d %10d %8d  %s\n", name, runs, speed, coverage, code, finding; exit code != 0 }
    ' "$log" || status=1
done

if [ -z "$only" ] || [ "$only" = load ]; then
    tests/load.sh build/asan/lumbar $((seconds < 60 ? seconds : 60)) || status=1
fi
if [ -z "$only" ] || [ "$only" = crash ]; then # kill -9, 500 times, in the middle of saves and allocations
    LUMBAR_CRASHES=${LUMBAR_CRASHES:-500} CMOCKA_MESSAGE_OUTPUT=STDOUT build/dev/tests/test_crash || status=1
    LUMBAR_CRASHES=${LUMBAR_CRASHES:-500} CMOCKA_MESSAGE_OUTPUT=STDOUT build/dev/tests/test_serve || status=1 # the same over HTTP
fi
if [ -z "$only" ] || [ "$only" = attack ]; then # sqlmap and wapiti on a served study
    tests/attack.sh build/asan/lumbar $((seconds < 900 ? seconds : 900)) || status=1
fi
if [ -z "$only" ] || [ "$only" = postgres ]; then # the database server stopped 100 times under load
    LUMBAR_RESTARTS=${LUMBAR_RESTARTS:-100} CMOCKA_MESSAGE_OUTPUT=STDOUT build/dev/tests/test_postgres || [ $? -eq 77 ] || status=1
fi
if [ -z "$only" ] || [ "$only" = peers ]; then # drawn data, field by field beside R
    tests/peers/run.sh build/dev/lumbar || status=1
fi
if [ -z "$only" ] || [ "$only" = slurm ]; then # a cohort as an array of jobs on a Slurm of one node
    tests/slurm.sh build/dev/lumbar || [ $? -eq 77 ] || status=1
fi
if [ -z "$only" ] || [ "$only" = processor ]; then # the code for processors without AVX, on an emulated one of 2008
    old=(qemu-x86_64 -cpu Nehalem)
    "${old[@]}" build/dev/lumbar validate || status=1
    for name in base csv numeric lsq radiomics refit; do "${old[@]}" "build/dev/tests/test_$name" || status=1; done
fi
exit $status
