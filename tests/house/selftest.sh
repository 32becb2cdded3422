#!/usr/bin/env bash
# Does the house check find what it should? A clean tree passes; a tree with planted faults shows each of them.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
passed=0 failed=0

put() { mkdir -p "$tree/$(dirname "$1")"; printf '%b' "$2" > "$tree/$1"; }
expect() { # WHAT TEXT: the last run said so
    if grep -q -F -e "$2" <<< "$said"; then
        passed=$((passed + 1)); echo "ok - $1"
    else
        failed=$((failed + 1)); echo "FAILED - $1: not found: $2"
    fi
}

put src/base/good.c '/* Good. Says printf( and strcpy( only here. */\n#include <lumbar/base.h>\nint good(void)\n{\n    return 0; /* "{" */\n}\n'
put src/muscle/files/good.c '/* Good: a name in a text is no call. */\n#include "muscle/files/files.h"\n#include <lumbar/op.h>\nstatic const char *say = "fopen(it) or exit(1)";\nint good(const char *x)\n{\n    return say == x;\n}\n'
said=$("$here/check.sh" "$tree"); status=$?
if [ $status -eq 0 ]; then passed=$((passed + 1)); echo "ok - a clean tree passes"
else failed=$((failed + 1)); echo "FAILED - a clean tree passes"; printf '%s\n' "$said"; fi

long=$(printf '    x++;\\n%.0s' $(seq 79))
put src/data/up.c '/* Looks up. */\n#include <lumbar/op.h>\n'
put src/data/web.c '/* Web. */\n#include <microhttpd.h>\n#include <cairo/cairo.h>\n'
put src/trial/keep.c '/* Keeps. */\n#include "store/store.h"\n'
put src/analysis/peek.c '/* Peeks. */\n#include "evidence/pool.h"\n#include "../stats/x.h"\n'
put src/predict/open.c '/* Opens. */\nvoid f(void)\n{\n    fopen("x", "r");\n    if (1) exit(1);\n}\n'
put src/base/copy.c '/* Copies. */\nvoid f(char *a)\n{\n    strcpy(a, "x"); /* no */\n    rand();\n}\n'
put src/base/bare.c 'int x;\n'
put src/base/long.c "/* Long. */\nint f(int x)\n{\n$long}\n"
put src/base/giant.c "/* Giant. */\n$(printf '\\n%.0s' $(seq 801))"
put docs/place.md "see /wor""k/main/x\n"
put web/src/temp.ts "const a = '/tm""p/x'\n"
put web/lock.json "{\"resolve""d\": \"http://x\"}\n"
put docs/scan.png x
put tests/unit/test_empty.c '/* Empty. */\nint main(void)\n{\n    return 0;\n}\n'
head -c 1100000 /dev/zero > "$tree/docs/big.bin"
said=$("$here/check.sh" "$tree"); status=$?
[ $status -ne 0 ] || { failed=$((failed + 1)); echo "FAILED - a bad tree must fail"; }
expect "upward include" "src/data/up.c:2: src/data may not include op"
expect "foreign header" "src/data/web.c:2: only server cli may include microhttpd.h"
expect "drawing outside figure" "src/data/web.c:3: only figure document may include cairo"
expect "trial and store" "src/trial/keep.c:2: src/trial may not include store"
expect "room and room" "src/analysis/peek.c:2: src/analysis may not include evidence"
expect "dotted include" "src/analysis/peek.c:3: include \"../stats/x.h\""
expect "opening in a room" "src/predict/open.c:4: an operation never opens"
expect "exit in a room" "src/predict/open.c:5: an operation never opens"
expect "banned copy" "src/base/copy.c:4: banned function"
expect "banned random" "src/base/copy.c:5: banned function"
expect "opening comment" "src/base/bare.c:1: a file opens with a comment"
expect "long function" "src/base/long.c:3: function of 81 lines"
expect "long file" "src/base/giant.c:802: file of 802 lines"
expect "machine path" "docs/place.md:1:"
expect "temporary path" "web/src/temp.ts:1:"
expect "download address" "web/lock.json:1:"
expect "picture" "docs/scan.png:1: a picture"
expect "big file" "docs/big.bin:1: file above 1 MB"
expect "empty test" "tests/unit/test_empty.c:1: no assertion"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
