#!/bin/sh
# format.sh SOURCE_DIR: every C and C++ file that git knows is as clang-format makes it; frozen headers stay as
# they are. Exit 77 (skipped) where there is no git checkout.
set -eu
cd "$1"
git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1 || { echo "not a git checkout"; exit 77; }
git -c safe.directory='*' ls-files -z -- '*.c' '*.cc' '*.h' ':!abi/baseline' |
  xargs -0 -r sh -c 'for file; do [ ! -f "$file" ] || printf "%s\0" "$file"; done' sh |
  xargs -0 -r clang-format --dry-run --Werror
