#!/usr/bin/env bash
# sqlmap and wapiti (Debian) against a running study, signed in: tests/attack/attack.sh TARGET_PROGRAM. Ends with 1 when either
# finds anything. Called by ./dev soak attack.
set -uo pipefail
program=$1 out=$(mktemp -d) status=0
"$program" > "$out/target" &
target=$!
trap 'kill $target 2>/dev/null; rm -rf "$out"' EXIT
for _ in $(seq 100); do [ -s "$out/target" ] && break; sleep 0.1; done
read -r url cookie token subject < "$out/target" || { echo "the target did not start"; exit 1; }

inject() { # NAME ARGUMENTS…: sqlmap on one request; '*' marks where it injects
    local name=$1; shift
    sqlmap --batch --disable-coloring --flush-session --output-dir="$out/sqlmap" --dbms=sqlite --level="${LEVEL:-2}" --risk=2 --technique=BEUST \
        --time-sec=3 --threads=4 --ignore-code=400,401,403,404,409,422,429 --cookie="lumbar=$cookie" --headers="X-Lumbar-Token: $token" "$@" > "$out/log" 2>&1
    if grep -q -i "is vulnerable\|injection point" "$out/log"; then
        echo "sqlmap: $name: FOUND"; grep -i "vulnerable\|Parameter\|Payload" "$out/log" | head -5; status=1
    elif grep -q "do not appear to be injectable\|does not seem to be injectable" "$out/log"; then
        echo "sqlmap: $name: nothing"
    else
        echo "sqlmap: $name: did not run to its end"; tail -3 "$out/log"; status=1
    fi
}
inject people -u "$url/api/people?site=C01*&state=screening*"
inject audit -u "$url/api/audit?user=coordinator*&subject=$subject*&kind=subject*&action=save*"
inject queries -u "$url/api/queries?site=C01*&subject=$subject*&state=open*"
inject history -u "$url/api/people/$subject/history?item=sex*&visit=SCR*"
inject person -u "$url/api/people/$subject*"
inject form -u "$url/api/forms/$subject/SCR*/eligibility*"
inject sign-in -u "$url/api/session" --method=POST --data='{"user":"coordinator*","password":"x*"}' -H 'Content-Type: application/json'
inject query -u "$url/api/queries" --method=POST --data='{"subject":"'"$subject"'*","visit":"SCR*","form":"eligibility*","item":"sex","text":"why*"}' -H 'Content-Type: application/json'
inject participant -u "$url/api/p/abc*"

if command -v wapiti >/dev/null; then
    printf '[{"name":"lumbar","value":"%s","domain":"127.0.0.1","path":"/"}]' "$cookie" > "$out/cookies.json"
    starts=()
    for path in "people?site=C01&state=screening" "audit?user=coordinator&kind=subject" "queries?site=C01" "people/$subject" "quality?site=C01" \
        "documents/crf.pdf?lang=en" "calendar/x.ics?lang=en" "safety?site=C01"; do starts+=(-s "$url/api/$path"); done
    timeout "${WAPITI_SECONDS:-300}" wapiti -u "$url/" "${starts[@]}" -H "Cookie: lumbar=$cookie" -H "X-Lumbar-Token: $token" --scope domain --max-scan-time 240 --flush-session \
        -m "sql,timesql,xss,permanentxss,file,exec,crlf,redirect,ssrf,xxe,csp,http_headers,cookieflags" -f json -o "$out/wapiti.json" > "$out/wapiti.log" 2>&1
    if [ -s "$out/wapiti.json" ]; then
        python3 - "$out/wapiti.json" <<'P' || status=1
import json, sys
d = json.load(open(sys.argv[1]))
found = [(k, v["method"], v["path"], v["info"]) for part in ("vulnerabilities", "anomalies") for k, l in d[part].items() for v in l]
for f in found: print("wapiti:", *f)
print("wapiti:", len(found), "findings")
sys.exit(bool(found))
P
    else
        echo "wapiti: did not run to its end"; tail -5 "$out/wapiti.log"; status=1
    fi
fi
kill -0 $target 2>/dev/null || { echo "the server did not survive"; status=1; }
exit $status
