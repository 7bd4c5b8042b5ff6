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
for lsn in 1 2 3; do
  tar -xOf "$work/archive/orders/7/000000000000$lsn.tar" | cmp - "$work/wal/$lsn"
done
