#!/bin/sh
# embed_test.sh EMBED PLUGIN: the example host archives its entries, plain tar reads them back, and what goes wrong
# is said.
set -eu
embed=$1 plugin=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/wal"

refused() { # WORDS ARGUMENTS...: exits with 1 and says so
  words=$1
  shift
  if "$embed" "$@" 2>"$work/err"; then echo "FAILED: accepted $*" >&2; exit 1; fi
  grep -qF -- "$words" "$work/err" || { echo "FAILED: '$words' is not in: $(cat "$work/err")" >&2; exit 1; }
}
refused usage "$plugin"
refused "$work/none" "$plugin" "$work/none" "file://$work/archive"
refused dlopen "$work/none.so" "$work/wal" "file://$work/archive"
refused tidemark-sink-nosuch.so "$plugin" "$work/wal" "nosuch://$work/archive"

"$embed" "$plugin" "$work/wal" "file://$work/archive"
restored="$work/restored"
mkdir "$restored"
for archive in "$work/archive/orders/7/"*.tar; do # how many entries it put into one depends on how quick it was
  tar -xf "$archive" -C "$restored"
done
for lsn in 1 2 3; do
  cmp "$restored/000000000000$lsn" "$work/wal/$lsn"
done
[ -s "$work/wal/lineage" ] && [ -s "$work/archive/orders/epoch/0000000000001.epoch" ]
