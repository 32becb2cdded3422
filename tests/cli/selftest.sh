#!/usr/bin/env bash
# Does the table runner find what it should? usage: selftest.sh PATH/run_tables
set -uo pipefail
runner=$1
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cat > "$here/good.test" <<'T'
a remark before the first case
== output, files and folders
# a remark
$ echo '{"a":{"b":[1.5,"x y",null,true]},"z":0}' | tee {tmp}/x
exit 0
json a.b[0] 1.5
json a.b[0] 1.5001 1e-3
json a.b[0] > 1
json a.b[0] < 2
json z 1e-9 1e-8 absolute
json a.b[1] "x y"
json a.b[1] contains y
json a.b[2] null
json a.b[3] true
json a.b length 4
json a.c absent
file {tmp}/x contains x y
file {tmp}/y absent
stderr empty
== exit status
$ echo no >&2; exit 3
exit 3
stderr is no
stdout lacks no
== left out
needs {tmp}/nowhere
$ false
exit 0
T
passed=0 failed=0
judge() { if "${@:2}"; then passed=$((passed + 1)); echo "ok - $1"; else failed=$((failed + 1)); echo "FAILED - $1"; fi; }
said=$("$runner" /bin/sh / "$here" "$here/good.test"); status=$?
judge "a right table passes" test $status -eq 0
judge "three cases, one of them skipped" test "$(grep -c '^ok' <<< "$said")$(grep -c '# SKIP' <<< "$said")" = 31
wrong() { # CHECK: must fail after a command that prints {"a":1} and exits 0
    printf '== wrong\n$ echo '\''{"a":1}'\''\n%s\n' "$1" > "$here/bad.test"
    ! "$runner" /bin/sh / "$here" "$here/bad.test" > "$here/said" && grep -q '^not ok 1' "$here/said"
}
while IFS= read -r check; do judge "found wrong: $check" wrong "$check"; done <<'T'
exit 1
json a 2
json a 1.1 1e-3
json a "1"
json a null
json a absent
json b 1
json a > 1
json a length 1
json a nonsense
stdout contains b
stdout lacks a
stdout is x
stdout empty
stderr contains x
file {tmp}/x exists
file {tmp}/.stdout contains b
nonsense
T
printf '== nothing\n$ true\n' > "$here/bad.test"
judge "a case that checks nothing fails" eval '! "$runner" /bin/sh / "$here" "$here/bad.test" >/dev/null'
printf 'no case\n' > "$here/bad.test"
judge "a table without cases fails" eval '! "$runner" /bin/sh / "$here" "$here/bad.test" >/dev/null'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
