#!/usr/bin/env bash
# Rules of the house, over the tracked files of a tree: tests/house/check.sh [ROOT].
# Prints file:line: message for each fault and ends with one line "N passed, N failed".
set -uo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
root=${1:-$here/../..}
cd "$root" || exit 2
passed=0 failed=0

files() { # every file that is or would be tracked
    if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
            [ -f "$f" ] && printf '%s\0' "$f"
        done
    else
        find . -type f -not -path './build/*' -not -path '*/node_modules/*' -printf '%P\0'
    fi
}
mapfile -d '' all < <(files | sort -z)

rule() { # NAME FAULTS: one line per rule, its faults below it
    if [ -z "$2" ]; then
        passed=$((passed + 1)); echo "ok - $1"
    else
        failed=$((failed + 1)); echo "FAILED - $1"; printf '%s\n' "$2"
    fi
}
among() { # REGEX [NOT_REGEX]: the files whose path matches
    printf '%s\n' "${all[@]}" | grep -E -e "$1" | grep -v -E -e "${2:-^$}"
}
search() { # PATTERN FILES…: "file:line: text" of matches in text files
    local pattern=$1; shift
    [ $# -eq 0 ] || grep -I -n -H -E -e "$pattern" -- "$@" | cut -c 1-200
}

mapfile -t code < <(among '^(src|include|tests|bench|fuzz|examples)/.*\.(c|h)$')
faults=""
[ ${#code[@]} -eq 0 ] || faults=$(awk -f "$here/source.awk" "${code[@]}")
rule "includes run downwards, operations are pure, files and functions are short" "$faults"

mapfile -t scripts < <(among '^(web|tests|dev$|\.ci/).*(\.(ts|tsx|mjs|sh)|/run|^dev)$' '^web/(dist|node_modules)/')
rule "scripts and pages are at most 800 lines" \
    "$([ ${#scripts[@]} -eq 0 ] || awk 'FNR == 801 { print FILENAME ":801: more than 800 lines" }' "${scripts[@]}")"

# Patterns carry a bracket so that they do not find themselves.
rule "no place of one machine" "$(search '(^|[^A-Za-z0-9_.-])/(wor[k]|roo[t]|hom[e]/[a-z0-9_]+)/' "${all[@]}")"
mapfile -t product < <(among '^(src|include|web/src)/')
rule "no temporary folder by name in the product" "$(search '["'"'"' (=]/(var/)?tm[p](/|["'"'"' )])' "${product[@]}")"
rule "no registry by name" \
    "$(search '(npmj[s]\.(org|com)|registr[y]\.[a-z]+|artifactor[y]|\.pk[g]\.dev|deb\.debia[n]\.org|pyp[i]\.org|"resolve[d]": *"http)' "${all[@]}")"

big=$([ ${#all[@]} -eq 0 ] || stat -c '%s %n' -- "${all[@]}" | awk '$1 > 1048576 { sub(/^[0-9]+ /, ""); print $0 ":1: file above 1 MB" }')
rule "no file above 1 MB" "$big"
rule "pictures only in docs/pictures and web" \
    "$(among '\.(png|jpe?g|gif|webp|ico|bmp|tiff?|svg|pdf|dcm|mha|mhd)$' '^(docs/pictures/[^/]+\.(png|svg)|web/(public|src)/.*)$' |
       sed 's/$/:1: a picture does not belong here/')"

# `./dev run` installs the group [build] and no more, and CMake configures everything: on a bare machine a library that only
# tests use must not be required.
mapfile -t builds < <(among '(^|/)CMakeLists\.txt$')
rule "what CMake requires is in packages.txt under [build]" \
    "$(for library in $(search 'find_library\([A-Z0-9_]+ [A-Za-z0-9]+ REQUIRED' "${builds[@]}" | sed -E 's/.*find_library\([A-Z0-9_]+ ([A-Za-z0-9]+) REQUIRED.*/\1/'); do
           awk -v library="$library" '/^\[/ { build = $1 == "[build]" } build && index($0, "lib" library) { found = 1 } END { exit !found }' packages.txt ||
               echo "packages.txt:1: $library is required by find_library and not in [build]"
       done)"

mapfile -t tests < <(among '^tests/(unit|reference|api|fault)/test_.*\.c$')
rule "every test program has a check in it" \
    "$([ ${#tests[@]} -eq 0 ] || grep -L -E 'assert_|fail_msg|fail\(' -- "${tests[@]}" | sed 's/$/:1: no assertion/')"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
