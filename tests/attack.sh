#!/usr/bin/env bash
# Attack: a study is founded and served, people sign in, and sqlmap and wapiti try what they know on it as a coordinator:
# tests/attack.sh PROGRAM SECONDS [wapiti]. They must find nothing, no answer may be a 500, and the audit must verify afterwards.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
program=$1 seconds=$2 only=${3:-}
for tool in sqlmap wapiti curl jq; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed (./dev deps soak)"; exit 0; }
done
work=$(mktemp -d)
server=0
trap '[ $server -eq 0 ] || kill $server 2>/dev/null; rm -rf "$work"' EXIT
export HOME=$work # the tools keep their sessions there

db=$work/trial.db
"$program" study new studies/metnlbp.yaml --db "$db" --admin admin --json > "$work/new" || { cat "$work/new"; exit 1; }
once=$(jq -r '.results | .. | .password? // empty' "$work/new" | head -1)
"$program" serve --db "$db" --listen 127.0.0.1:0 --host 127.0.0.1 > "$work/out" 2> "$work/err" </dev/null &
server=$!
for _ in $(seq 100); do
    base=$(grep -o 'http://127[0-9.:]*' "$work/out") && break
    sleep 0.1
done
[ -n "${base:-}" ] || { echo "the server did not start: $(cat "$work/err")"; exit 1; }

jar=$work/jar token=
call() { # METHOD PATH [BODY]: as whoever is signed in
    curl -s -b "$jar" -c "$jar" -X "$1" -H "X-Lumbar-Token: $token" -H 'Content-Type: application/json' ${3:+-d "$3"} "$base$2"
}
sign_in() { # NAME PASSWORD [CODE]
    rm -f "$jar"
    token=$(call POST /api/session "{\"user\":\"$1\",\"password\":\"$2\"${3:+,\"otp\":\"$3\"}}" | jq -r '.token // empty')
}
password='four unrelated plain words'
sign_in admin "$once"
call POST /api/session/password "{\"old\":\"$once\",\"new\":\"$password\"}" >/dev/null
secret=$(call POST /api/session/otp | jq -r .secret)
call POST /api/session/otp/confirm "{\"code\":\"$(oathtool --totp -b "$secret")\"}" >/dev/null
call PUT /api/sites/C01 '{"state":"open","reason":"opened"}' >/dev/null
first=$(call POST /api/users '{"name":"ccc","full_name":"C","role":"coordinator","sites":["C01"]}' | jq -r .once)
sign_in ccc "$first"
call POST /api/session/password "{\"old\":\"$first\",\"new\":\"$password\"}" >/dev/null
subject=$(call POST /api/people '{"site":"C01"}' | jq -r .subject)
[ "$subject" = C01-001 ] || { echo "the study could not be prepared: $subject"; exit 1; }
cookie=__Host-lumbar=$(awk '$6 == "__Host-lumbar" { print $7 }' "$jar")

status=0
deadline=$((SECONDS + seconds))
inject() { # WHAT URL [BODY]: sqlmap on every parameter, path part (*) and field
    [ $SECONDS -lt $deadline ] && [ "$only" != wapiti ] || return 0
    timeout -k 5 $((deadline - SECONDS)) sqlmap --batch --flush-session --disable-coloring --output-dir="$work/sqlmap" --level 2 --risk 1 --technique BEUS --timeout 10 --retries 0 \
        --threads 4 --dbms sqlite --cookie "$cookie" --headers "X-Lumbar-Token: $token" --ignore-code '*' -u "$base$2" \
        ${3:+--data "$3" --headers "X-Lumbar-Token: $token\nContent-Type: application/json"} > "$work/sqlmap.log" 2>&1
    if grep -qiE 'is vulnerable|appears to be .* injectable|sqlmap identified the following injection' "$work/sqlmap.log"; then
        echo "sqlmap: $1"
        grep -iE 'vulnerable|injectable|Payload' "$work/sqlmap.log"
        status=1
    fi
    echo "sqlmap $1: $(grep -c 'testing' "$work/sqlmap.log") kinds of test"
}
inject people "/api/people?site=C01&state=screening"
inject queries "/api/queries?site=C01&subject=C01-001&state=open&form=x&item=y&role=z"
inject history "/api/people/C01-001/history?item=age&visit=SCR&form=eligibility"
inject person "/api/people/C01-001*"
inject form "/api/forms/C01-001*/SCR*/eligibility*"
inject save "/api/forms/C01-001/SCR/eligibility/draft" '{"values":{"age":"68*"},"base_revision":0}'
inject screen "/api/people" '{"site":"C01*"}'
inject signin "/api/session" '{"user":"ccc*","password":"x"}'

sign_in ccc "$password" # the scanner before may have filled the count of wrong passwords
left=$((deadline - SECONDS)); [ $left -gt 60 ] || left=60
starts=()
for path in '/api/people?site=C01&state=screening' '/api/people/C01-001' '/api/people/C01-001/history?item=age' '/api/forms/C01-001/SCR/eligibility?keying=1' \
    '/api/queries?site=C01&state=open&form=x&older_than=3' '/api/sites' '/api/ranges?site=C01' '/api/protocol?version=1.0' '/api/roles' '/api/today' '/api/session' \
    '/api/safety?site=C01' '/api/delegation?site=C01' '/api/quality?site=C01' '/api/p/token' '/api/calendar/token.ics'; do
    starts+=(-s "$base$path")
done
wapiti -u "$base/" "${starts[@]}" --scope domain -m exec,file,sql,timesql,xss,permanentxss,ssrf,xxe,crlf,redirect,csp,cookieflags,http_headers \
    -H "Cookie: __Host-lumbar=$(awk '$6 == "__Host-lumbar" { print $7 }' "$jar")" -H "X-Lumbar-Token: $token" --max-scan-time "$left" --max-attack-time 60 --flush-session \
    --no-bugreport -f json -o "$work/wapiti.json" > "$work/wapiti.log" 2>&1
found=$(jq '[.vulnerabilities | to_entries[] | select(.value | length > 0)] | length' "$work/wapiti.json" 2>/dev/null || echo none)
if [ "$found" != 0 ]; then
    echo "wapiti: $found"
    jq -r '.vulnerabilities | to_entries[] | select(.value | length > 0) | .key as $k | .value[] | "\($k): \(.method) \(.path) \(.parameter // "") \(.info)"' "$work/wapiti.json" 2>/dev/null |
        sort | uniq -c | head -20
    tail -5 "$work/wapiti.log"
    status=1
fi
faults=$(jq '[.anomalies | to_entries[] | .value[]] | length' "$work/wapiti.json" 2>/dev/null || echo 0)
[ "$faults" = 0 ] || { echo "wapiti: $faults answers of 500"; jq -r '.anomalies | to_entries[] | .value[] | "\(.method) \(.path) \(.info)"' "$work/wapiti.json" | sort | uniq -c | head; status=1; }

kill $server; wait $server 2>/dev/null || status=1
server=0
"$program" study verify --db "$db" >/dev/null || { echo "the audit does not verify after the attack"; status=1; }
[ $status -eq 0 ] && echo "attack: nothing found"
exit $status
