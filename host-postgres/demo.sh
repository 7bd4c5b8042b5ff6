#!/bin/sh
# From nothing to a recovery that is compared row by row: builds Tidemark, makes a PostgreSQL cluster that archives with
# it, takes a base backup, lets pgbench run, notes a point in time, destroys rows and then the whole server, and recovers
# to that point.
#
#   host-postgres/demo.sh [BUILD_DIR]
#
# On Debian 12; packages that are missing are installed by tests/setup.sh, which needs root or sudo. Servers run as an
# ordinary user, in a temporary directory, on a socket there. Nothing else of the machine is touched.
set -eu
here="$(cd "$(dirname "$0")/.." && pwd)"
build="${1:-$here/build}"
"$here/tests/setup.sh" postgres
pg="$(pg_config --bindir)"

cmake -S "$here" -B "$build" -G Ninja >/dev/null
ninja -C "$build" tidemark tidemark-sink-file tidemark_archive tidemark-postgres tidemark-cli
modules="$build/lib/tidemark"
export PATH="$build/bin:$PATH"

dir="$(mktemp -d)"
if [ "$(id -u)" -eq 0 ]; then
  chown postgres: "$dir"
  as="setpriv --reuid=postgres --regid=postgres --init-groups"
else
  as=""
fi
pid=""
stop() {
  [ -z "$pid" ] || kill -QUIT "$pid" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

step() { printf '\n== %s\n' "$*"; }
sql() { $as "$pg/psql" -h "$dir" -U dba -d postgres -XAtqc "$1"; }
start() {
  $as "$pg/postgres" -D "$1" >>"$dir/log" 2>&1 &
  pid=$!
  until $as "$pg/psql" -h "$dir" -U dba -d postgres -XAtqc "select 1" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || { cat "$dir/log"; exit 1; }
    sleep 0.2
  done
}

cd "$dir"
step "a cluster that archives to $dir/archive"
$as mkdir archive
$as "$pg/initdb" -D data -A trust -U dba --no-sync >/dev/null
$as tee -a data/postgresql.conf >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
archive_mode = on
archive_library = '$modules/tidemark_archive'
tidemark.sink = 'file://$dir/archive'
CONF
start data

step "a base backup, then pgbench, then a point in time"
$as "$pg/pg_basebackup" -h "$dir" -U dba -D backup -X none -c fast
$as "$pg/pgbench" -h "$dir" -U dba -i -q -s 5 postgres 2>/dev/null
$as "$pg/pgbench" -h "$dir" -U dba -n -c 4 -T 10 postgres 2>/dev/null | grep tps
rows="select md5(string_agg(t::text, ',' order by aid)) from pgbench_accounts t"
before="$(sql "$rows")"
when="$(sql "select clock_timestamp()")"
sleep 0.1
echo "$when  $before"

step "a mistake, and then a crash"
sql "delete from pgbench_accounts where aid % 2 = 0"
sql "select pg_switch_wal()" >/dev/null
until [ -z "$(ls data/pg_wal/archive_status/ | grep ready)" ]; do sleep 0.2; done
tidemark-postgres check -D data
kill -QUIT "$pid"
wait "$pid" 2>/dev/null || true
rm -rf data

step "recovery to $when"
$as tee -a backup/postgresql.conf >/dev/null <<CONF
restore_command = '$build/bin/tidemark-postgres get %f %p'
recovery_target_time = '$when'
recovery_target_action = promote
archive_mode = off
CONF
$as touch backup/recovery.signal
start backup
until [ "$(sql 'select pg_is_in_recovery()')" = f ]; do sleep 0.2; done
after="$(sql "$rows")"
echo "$after"
[ "$before" = "$after" ] || { echo "the rows differ"; exit 1; }
step "every row is as it was"
