#!/usr/bin/env bash
# Load: many clients at once, good requests and bad ones, for a while: tests/load.sh PROGRAM SECONDS.
# Every answer must have the status it should have, memory must level off, and the server must end cleanly.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
program=$1 seconds=$2
work=$(mktemp -d)
server=0
trap '[ $server -eq 0 ] || kill $server 2>/dev/null; rm -rf "$work"' EXIT

ASAN_OPTIONS=quarantine_size_mb=16 "$program" serve --listen 127.0.0.1:0 > "$work/out" 2> "$work/err" </dev/null &
server=$!
for _ in $(seq 100); do
    base=$(grep -o 'http://127[0-9.:]*' "$work/out") && break
    sleep 0.1
done
[ -n "${base:-}" ] || { echo "the server did not start: $(cat "$work/err")"; exit 1; }

power='{"parameters":{"delta":15,"sd":15,"alpha":0.025,"sides":1,"power":0.8}}'
request() { # STATUS PATH [CURL-OPTION VALUE]…: one entry of curl's configuration
    printf 'next\nurl = "%s%s"\noutput = "/dev/null"\nwrite-out = "%s %%{http_code} %s\\n"\npath-as-is\nsilent\n' "$base" "$2" "$1" "$2"
    shift 2
    while [ $# -gt 1 ]; do printf '%s = %s\n' "$1" "$(quoted "$2")"; shift 2; done
}
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
json='Content-Type: application/json'
{
    for _ in $(seq 40); do
        request 200 /api/health
        request 200 /api/ops
        request 200 /api/op/power.means request POST header "$json" data "$power"
        request 400 /api/op/power.means request POST header "$json" data '{"parameters":{"detla":1}}'
        request 400 /api/op/power.means request POST header "$json" data '{"parameters":'
        request 404 /api/op/power.nothing request POST header "$json" data '{}'
        request 404 '/../../../etc/passwd'
        request 405 /api/health request DELETE
    done
} | sed 1d > "$work/requests"

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$server/status"; }
end=$((SECONDS + seconds)) rounds=0 early=0
: > "$work/answers"
while [ $SECONDS -lt $end ] || [ $rounds -lt 4 ]; do
    curl --parallel --parallel-immediate --parallel-max 64 --config "$work/requests" >> "$work/answers" 2>> "$work/curl"
    rounds=$((rounds + 1))
    [ $rounds -ne 3 ] || early=$(resident)
done
late=$(resident)
kill -TERM $server
wait $server
status=$?
server=0
# 503 is an honest answer under load.
wrong=$(awk '$1 != $2 && $2 != 503 { print $3 " answered " $2 ", not " $1 }' "$work/answers" | sort | uniq -c)
busy=$(awk '$2 == 503' "$work/answers" | wc -l)
printf 'load: %d answers in %d rounds (%d busy), resident %d kB after 3 rounds, %d kB at the end, exit %d\n' \
    "$(wc -l < "$work/answers")" "$rounds" "$busy" "$early" "$late" "$status"
fault=0
[ -z "$wrong" ] || { echo "$wrong"; fault=1; }
[ "$status" -eq 0 ] || { echo "the server ended with $status:"; tail -n 30 "$work/err"; fault=1; }
[ "$late" -lt $((early * 3 / 2 + 65536)) ] || { echo "memory grew"; fault=1; }
exit $fault
