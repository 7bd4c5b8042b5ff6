#!/bin/sh
# headers_test.sh DIR: each header below DIR compiles alone, in every language the contract promises, without a
# warning and without implicit padding, under each compiler that is installed.
set -eu
include=$1
flags="-fsyntax-only -Wall -Wextra -Wpadded -Wundef -pedantic-errors -Werror -I $include"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compiled=0
# The checks must be able to fail: a header with a hole in a struct is refused by the same flags.
printf 'struct hole { char a; int b; };\nstruct hole use(void);\n' >"$work/hole.h"

for compiler in gcc clang; do
  command -v "$compiler" >/dev/null || continue
  for language in c99 c11 c++11 c++20; do
    case $language in c++*) kind=c++ ;; *) kind=c ;; esac
    for header in "$include"/tidemark/*.h "$include"/tidemark/draft/*.h; do
      name=${header#"$include/"}
      printf '#include <%s>\n#include <%s>\nstruct tidemark_unit_is_not_empty;\n' "$name" "$name" \
        >"$work/alone.$kind"
      "$compiler" -std=$language -x $kind $flags "$work/alone.$kind" || {
        echo "FAILED: $header as $language with $compiler" >&2
        exit 1
      }
      compiled=$((compiled + 1))
    done
    printf '#include "hole.h"\nstruct hole make(void) { struct hole h = {0, 0}; return h; }\n' >"$work/alone.$kind"
    if "$compiler" -std=$language -x $kind $flags "$work/alone.$kind" 2>/dev/null; then
      echo "FAILED: $compiler does not notice padding as $language" >&2
      exit 1
    fi
  done
done
[ "$compiled" -gt 0 ] || { echo "neither gcc nor clang is here" >&2; exit 1; }
echo "$compiled compilations"
