#!/usr/bin/env bash
# Runs a suite that otherwise runs on SQLite on PostgreSQL: on_postgres.sh start FOLDER | stop FOLDER | run FOLDER PROGRAM. One server for
# all suites, a database for each: they would wait for each other's lock. Where there is no PostgreSQL they report themselves as skipped.
set -euo pipefail
verb=$1 folder=$2
here=$(dirname "$0")
case $verb in
start)
    rm -rf "$folder"
    mkdir -p "$folder"
    chmod 755 "$folder"
    "$here/postgres.sh" start "$folder/server" > "$folder/url" || rm -f "$folder/url"
    ;;
stop)
    [ ! -f "$folder/url" ] || "$here/postgres.sh" stop "$folder/server"
    rm -rf "$folder"
    ;;
run)
    program=$3 name=${3##*/}
    [ -f "$folder/url" ] || { echo "ok 1 - $name on PostgreSQL # SKIP no PostgreSQL here"; exit 77; }
    url=$(cat "$folder/url")
    psql -q "$url" -c "CREATE DATABASE $name"
    mkdir "$folder/$name"
    LUMBAR_TEST_POSTGRES=${url%/*}/$name LUMBAR_TEST_FOLDER=$folder/$name "$program"
    ;;
esac
