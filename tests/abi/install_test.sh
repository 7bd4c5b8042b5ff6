#!/bin/sh
# install_test.sh BUILD_DIR VERSION: installs into a prefix, moves it, and builds and runs the example host against
# what is there, once with find_package and once with pkg-config. CC names the compiler.
set -eu
build=$1 version=$2
here=$(cd "$(dirname "$0")" && pwd)
embed=$here/../../abi/examples/embed.c
: "${CC:=cc}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

run_embed() { # PROGRAM MODULE_DIR NAME
  mkdir "$work/wal-$3"
  "$1" "$2/tidemark.so" "$work/wal-$3" "file://$work/archive-$3" >"$work/out-$3"
  grep -qx 'archived entries 1 to 3' "$work/out-$3" || fail "embed said: $(cat "$work/out-$3")"
  mkdir "$work/restored-$3"
  for archive in "$work/archive-$3/orders/7/"*.tar; do # how many entries it put into one depends on how quick it was
    tar -xf "$archive" -C "$work/restored-$3"
  done
  for lsn in 1 2 3; do
    cmp "$work/restored-$3/000000000000$lsn" "$work/wal-$3/$lsn"
  done
}

# Each component holds what its name says, and all of them together are everything. postgres is empty where the server's
# headers are not.
for component in runtime s3 azblob gs tools dev host-sim postgres; do
  mkdir -p "$work/parts/$component"
  cmake --install "$build" --prefix "$work/parts/$component" --component "$component" >"$work/install.log"
  (cd "$work/parts/$component" && find . -type f) >"$work/$component.files"
done
for expected in runtime:tidemark.so runtime:tidemark-sink-file.so s3:tidemark-sink-s3.so azblob:tidemark-sink-azblob.so gs:tidemark-sink-gs.so tools:bin/tidemark \
  runtime:tidemark-formats.5 runtime:tidemark-file.7 s3:tidemark-s3.7 azblob:tidemark-azblob.7 gs:tidemark-gs.7 tools:tidemark.1 tools:tidemark-units.7 \
  tools:tidemark-verify@.service tools:tidemark-prune@.timer dev:archiver.h dev:embed.c dev:host.go dev:host.py dev:sink_conformance \
  dev:tidemark.pc dev:tidemark-config.cmake host-sim:bin/host-sim host-sim:host-sim.1 host-sim:tidemark-sink-faulty.so; do
  grep -q "/${expected#*:}\$" "$work/${expected%%:*}.files" || fail "component ${expected%%:*} lacks ${expected#*:}"
  [ "$(cat "$work"/*.files | grep -c "/${expected#*:}\$")" -eq 1 ] || fail "${expected#*:} is in two components"
done
cmake --install "$build" --prefix "$work/first" >"$work/install.log"
[ "$(find "$work/first" -type f | wc -l)" -eq "$(cat "$work"/*.files | wc -l)" ] ||
  fail "the components are not all that is installed"
mkdir "$work/some where"
mv "$work/first" "$work/some where/else"
prefix="$work/some where/else"
for file in include/tidemark/base.h include/tidemark/archiver.h include/tidemark/sink.h \
  include/tidemark/maintenance.h include/tidemark/draft/maintenance.h bin/host-sim bin/tidemark \
  share/man/man1/tidemark.1 share/bash-completion/completions/tidemark share/zsh/site-functions/_tidemark \
  share/fish/vendor_completions.d/tidemark.fish; do
  [ -f "$prefix/$file" ] || fail "$file is not installed"
done
if command -v man >"$work/man"; then
  for page in tidemark.1 host-sim.1 sink_conformance.1 tidemark-units.7 tidemark-formats.5 tidemark-file.7 tidemark-s3.7 tidemark-azblob.7 tidemark-gs.7; do
    man -M "$prefix/share/man" -w "${page##*.}" "${page%.*}" >"$work/man" || fail "man does not find $page"
  done
fi
"$prefix/bin/host-sim" --help >/dev/null || fail "the installed host-sim does not run"
"$prefix/bin/tidemark" sinks | grep -q '^file ' || fail "the installed tidemark does not find the file sink"

cmake -S "$here/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" -DEMBED_C="$embed" \
  -DCMAKE_C_COMPILER="$CC" -DCMAKE_C_FLAGS="-Wall -Wextra -pedantic-errors -Werror" >"$work/cmake.log" ||
  { cat "$work/cmake.log"; fail "find_package(tidemark)"; }
cmake --build "$work/consumer" >"$work/cmake.log" || { cat "$work/cmake.log"; fail "the consumer does not build"; }
run_embed "$work/consumer/embed" "$(cat "$work/consumer/module_dir")" cmake

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tidemark.pc)")
export PKG_CONFIG_PATH
[ "$(pkg-config --modversion tidemark)" = "$version" ] || fail "pkg-config --modversion is not $version"
eval "$CC -std=c99 -Wall -Wextra -pedantic-errors -Werror -pthread $(pkg-config --cflags tidemark) \
  '$embed' -o '$work/embed' -ldl"
eval "module_dir=$(pkg-config --variable=moduledir tidemark)" # it quotes blanks for a shell
run_embed "$work/embed" "$module_dir" pkg-config
echo "both consumers archived their entries"
