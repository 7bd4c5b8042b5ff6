#!/bin/sh
# Shows that the simulation can fail: breaks the scheduler in every way of mutants.list, one at a time and in a
# scratch copy, and expects sim_scheduler to notice each.
#
#   tests/sim/mutants.sh [--seeds N] [--compiler CXX] [name]      only mutants whose line contains name
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
seeds=20000 compiler=${CXX:-c++} only=""
while [ $# -gt 0 ]; do
  case "$1" in
    --seeds | --compiler)
      [ $# -ge 2 ] || { echo "mutants.sh: $1 needs a value" >&2; exit 2; }
      if [ "$1" = --seeds ]; then seeds="$2"; else compiler="$2"; fi
      shift
      ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "mutants.sh: unknown option $1" >&2; exit 2 ;;
    *) only="$1" ;;
  esac
  shift
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/core" "$scratch/sim" "$scratch/whole"
compile() { $compiler -std=c++20 -O1 -UNDEBUG -w -I "$scratch" -I "$root/common" -I "$root/tests/sim" -c "$1" -o "$2"; }
units="ages scheduler scheduler_gaps scheduler_plan scheduler_results scheduler_storages gaps range_set throttle latency_trend backoff found_archives window rate_limit"

cp "$root"/plugin/core/*.h "$root"/plugin/core/*.cc "$root"/common/base/rate_limit.cc "$scratch/core/"
for source in "$root"/tests/sim/*.cc; do compile "$source" "$scratch/sim/$(basename "$source" .cc).o"; done
for unit in $units; do compile "$scratch/core/$unit.cc" "$scratch/core/$unit.o"; done
cp "$scratch"/core/*.o "$scratch/whole/"

run() {
  (cd "$scratch" && $compiler sim/*.o $(printf 'core/%s.o ' $units) -o sim_scheduler &&
    timeout 60 ./sim_scheduler --seeds "$seeds" >out 2>&1)
}
run || { echo "mutants.sh: the scheduler fails without being broken:" >&2; cat "$scratch/out" >&2; exit 1; }

caught=0 failed=0
while IFS="|" read -r file name expression; do
  case "$file" in '' | '#'*) continue ;; esac
  case "$file $name" in *"$only"*) ;; *) continue ;; esac
  sed "$expression" "$root/plugin/core/$file" >"$scratch/core/$file"
  recompiled=$units
  case "$file" in *.cc) recompiled=${file%.cc} ;; esac
  if cmp -s "$scratch/core/$file" "$root/plugin/core/$file"; then
    echo "OUTDATED  $file: $name: the expression changes nothing"
    failed=$((failed + 1))
  elif ! (for unit in $recompiled; do compile "$scratch/core/$unit.cc" "$scratch/core/$unit.o" || exit 1; done); then
    echo "OUTDATED  $file: $name: does not compile"
    failed=$((failed + 1))
  elif run; then
    echo "SURVIVED  $file: $name"
    failed=$((failed + 1))
  else
    why=$(sed -n '/violated: \|[Aa]ssertion/{s/.*violated: //;s/.*Assertion/Assertion/;p;q}' "$scratch/out")
    echo "caught    $file: $name: ${why:-does not end}"
    caught=$((caught + 1))
  fi
  cp "$root/plugin/core/$file" "$scratch/core/$file"
  cp "$scratch"/whole/*.o "$scratch/core/"
done <"$root/tests/sim/mutants.list"
echo "$caught mutants caught, $failed not"
[ "$failed" -eq 0 ] && [ "$caught" -gt 0 ]
