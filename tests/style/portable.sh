#!/bin/sh
# portable.sh SOURCE_DIR: nothing in the repository depends on where it once lay on somebody's machine. A test that
# looks outside the tree, and skips without what it looks for, says so on the same line: "outside the tree". Exit 77
# (skipped) where there is no git checkout.
set -eu
cd "$1"
git -c safe.directory='*' rev-parse --git-dir >/dev/null 2>&1 || { echo "not a git checkout"; exit 77; }
work='work' # in pieces, so that this file does not find itself
if git -c safe.directory='*' grep -nIE "(^|[^A-Za-z0-9_.-])/($work|home|root)/|\.\./(shared)" -- . |
  grep -v 'outside the tree'; then
  echo "FAILED: paths of one machine" >&2
  exit 1
fi
