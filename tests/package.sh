#!/usr/bin/env bash
# tests/package.sh FOLDER: the package's life on a clean Debian 12 in a folder of its own (as root): install, create a study, check the
# unit with systemd's own eyes, serve with its very command, upgrade from an earlier package and an earlier schema, remove, purge.
# Nothing of it may stay but the study's data.
set -euo pipefail
export LC_ALL=C.UTF-8
packages=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "tests/package.sh: needs root for debootstrap and chroot" >&2; exit 2; }
root=$(mktemp -d)
chmod 755 "$root" # others than root live in there, too
server=""
clean() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$root"
}
trap clean EXIT
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
passed=0
ok() { passed=$((passed + 1)); echo "ok $passed - $1"; }

mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null || true)
[ -n "$mirror" ] || mirror=$(awk '$1 == "URIs:" { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null || true)
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail -5 "$root.log" >&2; exit 1; }
rm -f "$root.log"
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount -t proc proc "$root/proc"
cp "$packages"/lumbar_*.deb "$root/lumbar.deb"

# An earlier package: the same files under an earlier version.
inside apt-get update -q >/dev/null
mkdir "$root/old"
dpkg-deb -R "$root/lumbar.deb" "$root/old/lumbar"
sed -i 's/^Version: .*/Version: 0.0.9/' "$root/old/lumbar/DEBIAN/control"
dpkg-deb --root-owner-group -b "$root/old/lumbar" "$root/old.deb" >/dev/null
rm -rf "$root/old"
inside apt-get install -q -y --no-install-recommends /old.deb >/dev/null
ok "installs on a clean Debian 12 with what it depends on"
inside lumbar validate --quiet >/dev/null
ok "computes right there"
inside getent passwd lumbar >/dev/null
ok "brings its user"

inside install -d -o lumbar -g lumbar -m 0700 /var/lib/lumbar/try
inside su -s /bin/sh lumbar -c 'cd /var/lib/lumbar/try && lumbar study new /usr/share/lumbar/studies/metnlbp.yaml --db trial.db' >/dev/null
ok "makes a study"
inside apt-get install -q -y --no-install-recommends systemd >/dev/null
faults=$(inside systemd-analyze verify --man=no lumbar@try.service 2>&1 | grep -i lumbar || true)
[ -z "$faults" ] || { echo "$faults" >&2; exit 1; }
ok "brings a unit that systemd understands"
# The unit's own command, its variables filled in as systemd would.
command=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/lumbar@.service" "$root/lib/systemd/system/lumbar@.service" 2>/dev/null | head -1 |
    sed 's/%i/try/g; s/\${LUMBAR_LISTEN}/127.0.0.1:18099/; s/\$LUMBAR_OPTIONS//')
chroot "$root" su -s /bin/sh lumbar -c "cd /var/lib/lumbar/try && exec $command" >/dev/null 2>&1 &
server=$!
for _ in $(seq 50); do curl -sf http://127.0.0.1:18099/api/health >/dev/null && break; sleep 0.2; done
curl -sf http://127.0.0.1:18099/api/session | grep -q '"mode": *"study"'
curl -sf http://127.0.0.1:18099/ | grep -q '<title>'
ok "serves the study and its pages with the unit's command"
kill $(cat /proc/$server/task/*/children) 2>/dev/null || kill "$server"
wait "$server" 2>/dev/null || true
server=""

# A study of the first schema, as an earlier Lumbar left it.
old=$root/var/lib/lumbar/try/old.db
mkdir -m 0700 "$old.keys"
sqlite3 "$old" < tests/migrations/sqlite_1.sql
for part in key:keys/store.key head:head; do xxd -r -p "tests/migrations/1.${part%%:*}.hex" "$old.${part#*:}"; done
chmod 0600 "$old" "$old.keys/store.key" "$old.head"
chown -R --reference "$root/var/lib/lumbar/try" "$root/var/lib/lumbar/try"
inside apt-get install -q -y --no-install-recommends /lumbar.deb >/dev/null
[ "$(inside dpkg-query -W -f '${Version}' lumbar)" = "$(dpkg-deb -f "$root/lumbar.deb" Version)" ]
inside su -s /bin/sh lumbar -c 'cd /var/lib/lumbar/try && lumbar study verify --db trial.db && lumbar study verify --db old.db' >/dev/null
ok "is upgraded from an earlier package; its study verifies, and one of the first schema, too"
inside apt-get remove -q -y lumbar >/dev/null
[ ! -e "$root/usr/bin/lumbar" ] && [ -f "$root/var/lib/lumbar/try/trial.db" ]
ok "is removed and leaves the study alone"
inside dpkg --purge lumbar >/dev/null 2>&1 # of a package without settings of its own nothing is left to purge
[ ! -e "$root/usr/bin/lumbar" ] && [ ! -e "$root/usr/share/lumbar" ] && [ -f "$root/var/lib/lumbar/try/trial.db" ]
ok "goes without a trace but the study"
echo "$passed passed, 0 failed"
