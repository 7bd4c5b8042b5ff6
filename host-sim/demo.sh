#!/usr/bin/env bash
# Builds Tidemark and shows it at work on this machine's own files, on a Debian 12 with nothing but git:
# archives them into ./demo-archive with a change of sink half-way, verifies every one, and unpacks one with tar.
# Safe to run again: it starts over. Needs root or sudo only if packages are missing.
#
#   host-sim/demo.sh [FILES] [DIRECTORY]     how many files (default 1000) of which directory (/usr/share)
set -euo pipefail
cd "$(dirname "$0")/.."

files=${1:-1000}
source_dir=${2:-/usr/share}
archive=$PWD/demo-archive
data=$PWD/demo-data

heading() { printf '\n== %s\n' "$*"; }
die() {
  printf 'demo.sh: %s\n' "$*" >&2
  exit 1
}

case $files in
  '' | *[!0-9]* | 0) die "'$files' is not a number of files" ;;
esac
[[ -d $source_dir ]] || die "there is no directory $source_dir"
if ((files > $(find "$source_dir" -xdev -type f -printf . 2>/dev/null | head -c "$files" | wc -c))); then
  files=$(find "$source_dir" -xdev -type f -printf . 2>/dev/null | wc -c)
fi
((files > 1)) || die "$source_dir has too few files to show anything"

heading "Installing what is missing"
tests/setup.sh build
echo "all there"

heading "Building into ./build"
cmake -S . -B build -G Ninja -DTIDEMARK_TESTS=OFF >/dev/null
cmake --build build

rm -rf "$archive" "$data"
host_sim=build/bin/host-sim

heading "Archiving $files files of $source_dir; after $((files / 2)) the sink changes from first to second"
# Each file in an archive of its own, so that one of them can be shown.
"$host_sim" run --data "$data" --from "$source_dir" --limit "$files" --partitions 4 --option batch_entries=1 \
  --sink "file://$archive/first" --swap-sink "file://$archive/second" --swap-at $((files / 2))

heading "Reading all of them back from both sinks and comparing with what was committed"
"$host_sim" verify --data "$data" --sink "file://$archive/first" --sink "file://$archive/second"

heading "One of them with plain tar"
entry=$(find "$archive/second" -name '*.tar' | sort | tail -n 1)
[[ -n $entry ]] || die "the second sink got nothing"
mkdir "$data/untarred"
tar -xf "$entry" -C "$data/untarred"
echo "$entry:"
tar -tvf "$entry"
find "$data/untarred" -name MANIFEST -exec cat {} +
echo "its proof, the last block: $(tail -c 512 "$entry" | tr -d '\0')"

heading "Done: $(find "$archive" -name '*.tar' | wc -l) archives are in ./demo-archive, the engine's journal is in ./demo-data"
