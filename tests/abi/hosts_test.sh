#!/bin/sh
# hosts_test.sh go|python PLUGIN TIDEMARK CACHE_DIR: the example host in that language archives, prunes, is started again
# and continues; all that it ever committed is restored as it was, and what goes wrong is said. Exit 77 (skipped)
# where the language is not.
set -eu
language=$1 plugin=$2 tidemark=$3 cache=$4
here=$(cd "$(dirname "$0")" && pwd)
examples=$here/../../abi/examples
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

case $language in
  go)
    command -v go >/dev/null || { echo "there is no go: tests/setup.sh installs golang-go"; exit 77; }
    export GOCACHE="$cache" GO111MODULE=off CGO_ENABLED=1 CGO_CFLAGS="-O2 -Wall -I$here/../../abi/include"
    [ -z "$(gofmt -l "$examples/host.go")" ] || fail "gofmt would write host.go in another way"
    go vet "$examples/host.go"
    go build -o "$work/host" "$examples/host.go"
    entry() { printf 'MANIFEST of entry %s of partition 2\n' "$1"; }
    storage=default partition=2 manifest=/MANIFEST obstacle=2/acknowledged.tmp
    ;;
  python)
    printf '#!/bin/sh\nexec /usr/bin/python3 -B "%s" "$@"\n' "$examples/host.py" >"$work/host"
    chmod +x "$work/host"
    entry() { printf 'payload of entry %s\n' "$1"; }
    storage=orders partition=7 manifest='' obstacle=acknowledged.new
    ;;
esac
host=$work/host

refused() { # STATUS WORDS ARGUMENTS...: exits with it, and says so
  expected=$1 words=$2 status=0
  shift 2
  "$host" "$@" >"$work/out" 2>&1 || status=$?
  [ "$status" -eq "$expected" ] || fail "exit status $status, not $expected, for: $*: $(cat "$work/out")"
  grep -qF -- "$words" "$work/out" || fail "'$words' is not in: $(cat "$work/out")"
  ! grep -q Traceback "$work/out" || fail "it raised: $(cat "$work/out")"
}
mkdir "$work/data" "$work/other"
archive=file://$work/archive
refused 2 usage "$plugin"
refused 1 none.so "$work/none.so" "$work/data" "$archive"
refused 1 libc.so.6 libc.so.6 "$work/data" "$archive"
refused 1 tidemark-sink-nosuch.so "$plugin" "$work/data" nosuch://here
[ ! -e "$work/archive" ] || fail "something was archived"

for newest in 5 10 15; do
  "$host" "$plugin" "$work/data" "$archive" >"$work/out" 2>"$work/err" || fail "run to $newest: $(cat "$work/err")"
  grep -q "^archived up to $newest" "$work/out" || fail "it said: $(cat "$work/out")"
  [ ! -s "$work/err" ] || fail "it warned: $(cat "$work/err")"
done
find "$work/data" -name '[1-9]*' ! -name 1 ! -name 2 >"$work/left"
[ ! -s "$work/left" ] || fail "acknowledged and not pruned: $(cat "$work/left")"

"$tidemark" verify "$archive" >"$work/out" || fail "verify: $(cat "$work/out")"
"$tidemark" restore "$archive" "$storage/$partition" "$work/restored" >"$work/out" || fail "restore: $(cat "$work/out")"
lsn=1
while [ "$lsn" -le 15 ]; do
  entry "$lsn" | cmp - "$work/restored/$(printf %013x "$lsn")$manifest" || fail "entry $lsn is not what was committed"
  lsn=$((lsn + 1))
done
[ "$(find "$work/restored" -mindepth 1 -maxdepth 1 -name '0*' | wc -l)" -eq 15 ] || fail "there is an entry that nobody committed"
# A position that cannot be written down: nothing is pruned, and it is said again until it can.
mkdir -p "$work/stuck/$obstacle"
"$host" "$plugin" "$work/stuck" "file://$work/stuck-archive" >"$work/out" 2>"$work/err" &
pid=$! tries=0
until grep -qi 'acknowledge of .* is a directory.*will try again' "$work/err"; do
  tries=$((tries + 1))
  [ "$tries" -lt 250 ] || fail "it does not say that it could not acknowledge: $(cat "$work/err")"
  sleep 0.1
done
[ -e "$work/stuck/${obstacle%acknowledged*}1" ] || fail "an entry was pruned whose acknowledge failed"
rmdir "$work/stuck/$obstacle"
wait "$pid" || fail "it did not get over a failed acknowledge: $(cat "$work/err")"
grep -q '^archived up to 5' "$work/out" || fail "it said: $(cat "$work/out")"
echo "15 entries of 3 runs are as they were committed"
