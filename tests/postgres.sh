#!/usr/bin/env bash
# A private PostgreSQL for tests, with the settings of docs/postgresql.conf: tests/postgres.sh start | restart | away | stop FOLDER. Loopback
# only, durable, its own port; start prints the URL. Runs as the user postgres where we are root, for PostgreSQL refuses root.
set -euo pipefail
verb=$1 folder=$2
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
[ -n "$bin" ] || { echo "no PostgreSQL here" >&2; exit 77; }
as() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi; }
# A server outlives whoever starts it, and must hold open nothing of theirs: a lock of theirs, say.
apart() (
    for fd in /proc/"$BASHPID"/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || eval "exec $fd>&-"
    done
    as "$@"
)
case $verb in
start)
    mkdir -p "$folder"
    [ "$(id -u)" -ne 0 ] || chown postgres "$folder"
    port=$((20000 + RANDOM % 20000))
    echo "$port" > "$folder.port"
    as "$bin/initdb" -D "$folder/data" -U lumbar -A trust --locale C -E UTF8 >/dev/null
    { cat "$(dirname "$0")/../docs/postgresql.conf"; printf "listen_addresses = '127.0.0.1'\nport = %s\nunix_socket_directories = ''\n" "$port"; } >> "$folder/data/postgresql.conf"
    apart "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w start >/dev/null
    as "$bin/createdb" -h 127.0.0.1 -p "$port" -U lumbar study
    echo "postgres://lumbar@127.0.0.1:$port/study"
    ;;
restart) apart "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -m "${3:-immediate}" -w restart >/dev/null ;;
away) as "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null ;; # restart brings it back
stop)
    as "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null || true
    rm -rf "$folder" "$folder.port"
    ;;
esac
