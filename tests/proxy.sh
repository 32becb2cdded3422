#!/usr/bin/env bash
# tests/proxy.sh PROGRAM: docs/nginx.conf in earnest. Debian's nginx with that very file (only its ports, certificate and name of
# upstream are put in) stands before a served study: TLS, HTTP/2, redirection, cookies, origins, what is kept from outside, the log.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export PATH=$PATH:/usr/sbin
for tool in nginx openssl curl jq; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 77; }
done
work=$(mktemp -d)
server=0 proxy=0 number=0 failed=0
trap '[ $proxy -eq 0 ] || kill $proxy 2>/dev/null; [ $server -eq 0 ] || kill $server 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
check() { # WHAT GOT EXPECTED
    number=$((number + 1))
    if [ "$2" = "$3" ]; then echo "ok $number - $1"
    else echo "not ok $number - $1: got '$2', not '$3'"; failed=1; fi
}

db=$work/trial.db
"$program" study new reference/trial/minimal.yaml --db "$db" --json > "$work/new" || exit 1
once=$(jq -r '.results | .. | .password? // empty' "$work/new" | head -1)
"$program" serve --db "$db" --listen 127.0.0.1:0 --host trial.example.org --log "$work/log" > "$work/out" 2> "$work/err" </dev/null &
server=$!
for _ in $(seq 100); do base=$(grep -o 'http://127[0-9.:]*' "$work/out") && break; sleep 0.1; done
[ -n "${base:-}" ] || { echo "the server did not start: $(cat "$work/err")"; exit 1; }

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=trial.example.org -addext subjectAltName=DNS:trial.example.org \
    -keyout "$work/key" -out "$work/cert" 2>/dev/null
tls=$((20000 + RANDOM % 20000)) plain=$((tls + 1))
{
    printf 'daemon off;\npid %s/pid;\nerror_log %s/nginx.log;\nevents {}\nhttp {\naccess_log off;\n' "$work" "$work"
    for kind in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s/%s;\n' $kind "$work" $kind; done
    sed -e "s|listen 80;|listen 127.0.0.1:$plain;|" -e "s|listen 443 ssl http2;|listen 127.0.0.1:$tls ssl http2;|" \
        -e "s|/etc/ssl/trial.pem|$work/cert|" -e "s|/etc/ssl/trial.key|$work/key|" -e "s|http://127.0.0.1:8080|$base|" docs/nginx.conf
    echo '}'
} > "$work/nginx.conf"
[ "$(id -u)" -ne 0 ] || chmod 755 "$work" # nginx's workers are somebody else
nginx -c "$work/nginx.conf" 2> "$work/nginx.err" &
proxy=$!
outside=https://trial.example.org:$tls
ask() { curl -s --resolve "trial.example.org:$tls:127.0.0.1" --cacert "$work/cert" -b "$work/jar" -c "$work/jar" "$@"; }
for _ in $(seq 50); do ask -o /dev/null "$outside/api/health" && break; sleep 0.1; done

check "TLS and HTTP/2" "$(ask -o /dev/null -w '%{http_code} %{http_version}' "$outside/api/health")" "200 2"
check "plain HTTP is sent to TLS" "$(curl -s -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: trial.example.org' "http://127.0.0.1:$plain/x?y")" "301 https://trial.example.org/x?y"
check "once Strict-Transport-Security" "$(ask -D - -o /dev/null "$outside/" | grep -ic '^strict-transport-security: max-age=31536000')" 1
check "the study's own name only" "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$base/api/health")" 403
body="{\"user\":\"admin\",\"password\":\"$once\"}"
check "a page of another site cannot sign in" "$(ask -o /dev/null -w '%{http_code}' -H 'Origin: https://evil.example' -H 'Content-Type: application/json' -d "$body" "$outside/api/session")" 403
check "its own page can" "$(ask -D "$work/head" -o "$work/session" -w '%{http_code}' -H "Origin: $outside" -H 'Content-Type: application/json' -d "$body" "$outside/api/session")" 200
check "the cookie is for this host, TLS, HTTP alone" "$(grep -i '^set-cookie' "$work/head" | grep -c '__Host-lumbar=.*HttpOnly.*SameSite=Strict.*Secure\|__Host-lumbar=.*Secure.*HttpOnly.*SameSite=Strict\|__Host-lumbar=.*HttpOnly.*Secure.*SameSite=Strict')" 1
check "the session comes back" "$(ask "$outside/api/session" | jq -r .user.name)" admin
check "too large a body" "$(head -c 270M /dev/zero | ask -o /dev/null -w '%{http_code}' -H "Origin: $outside" -T - -X POST "$outside/api/session")" 413
check "ready, seen from outside" "$(ask "$outside/api/ready" | jq -c .)" '{"ready":true}'
check "counters are not for outside" "$(ask -o /dev/null -w '%{http_code}' "$outside/api/metrics")" 404
check "counters, from this machine" "$(curl -s "$base/api/metrics" | grep -c '^lumbar_requests_total{method="POST",status="200"} 1$')" 1
check "the log is JSON, a line a request" "$(jq -r 'select(.event == "request") | .route' "$work/log" | sort -u | head -3 | tr '\n' ' ')" "/api/health /api/metrics /api/ready "
check "and holds nobody" "$(grep -c -e admin -e "$once" -e 127.0.0.1 "$work/log")" 0
kill $server
wait $server
check "ends cleanly" $? 0
server=0
check "a study that is down" "$(ask -o /dev/null -w '%{http_code}' "$outside/api/health")" 502
echo "1..$number"
exit $failed
