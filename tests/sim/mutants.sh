#!/bin/sh
# Shows that the simulations can fail: breaks the scheduler in every way of mutants.list (or lineage_mutants.list), one
# at a time and in a scratch copy, and expects sim_scheduler (or sim_lineage) to notice each.
#
#   tests/sim/mutants.sh [--program scheduler|lineage] [--seeds N] [--compiler CXX] [name]
#                                                                 only mutants whose line contains name
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
seeds="" compiler=${CXX:-c++} only="" program=scheduler
while [ $# -gt 0 ]; do
  case "$1" in
    --seeds | --compiler | --program)
      [ $# -ge 2 ] || { echo "mutants.sh: $1 needs a value" >&2; exit 2; }
      case "$1" in --seeds) seeds="$2" ;; --compiler) compiler="$2" ;; --program) program="$2" ;; esac
      shift
      ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "mutants.sh: unknown option $1" >&2; exit 2 ;;
    *) only="$1" ;;
  esac
  shift
done
units="ages scheduler scheduler_gaps scheduler_plan scheduler_results scheduler_storages gaps range_set throttle latency_trend backoff found_archives window rate_limit"
case "$program" in
  scheduler) seeds=${seeds:-20000} list=mutants.list sources=$(ls "$root"/tests/sim/*.cc | grep -v /lineage_) ;;
  lineage) seeds=${seeds:-100000} list=lineage_mutants.list sources=$(ls "$root"/tests/sim/lineage_*.cc) units="$units chain lsn" ;;
  *) echo "mutants.sh: --program is scheduler or lineage" >&2; exit 2 ;;
esac

patience=60
[ "$program" = scheduler ] || patience=300
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/core" "$scratch/sim" "$scratch/whole" "$scratch/original"
compile() { $compiler -std=c++20 -O1 -UNDEBUG -w -I "$scratch" -I "$root/common" -I "$root/tests/sim" -c "$1" -o "$2"; }
compile_sim() { for source in $sources; do compile "$source" "$scratch/sim/$(basename "$source" .cc).o" || return 1; done; }

cp "$root"/plugin/core/*.h "$root"/plugin/core/*.cc "$root/common/base/rate_limit.cc" "$root/common/format/chain.cc" \
  "$root/common/format/lsn.cc" "$scratch/core/"
cp "$scratch"/core/* "$scratch/original/"
compile_sim
for unit in $units; do compile "$scratch/core/$unit.cc" "$scratch/core/$unit.o"; done
cp "$scratch"/core/*.o "$scratch/whole/"

run() {
  (cd "$scratch" && $compiler sim/*.o $(printf 'core/%s.o ' $units) -o simulation &&
    timeout "$patience" ./simulation --seeds "$seeds" "$@" >out 2>&1)
}
run || { echo "mutants.sh: the scheduler fails without being broken:" >&2; cat "$scratch/out" >&2; exit 1; }

caught=0 failed=0
while IFS="|" read -r file name expression; do
  case "$file" in '' | '#'*) continue ;; esac
  case "$file $name" in *"$only"*) ;; *) continue ;; esac
  if [ "$file" = simulation ]; then  # a rule that the simulation itself does without
    if run --broken "$expression"; then
      echo "SURVIVED  $file: $name"
      failed=$((failed + 1))
    else
      echo "caught    $file: $name: $(sed -n '/violated: /{s/.*violated: //p;q}' "$scratch/out")"
      caught=$((caught + 1))
    fi
    continue
  fi
  sed "$expression" "$scratch/original/$file" >"$scratch/core/$file"
  recompiled=$units
  case "$file" in *.cc) recompiled=${file%.cc} ;; esac
  if cmp -s "$scratch/core/$file" "$scratch/original/$file"; then
    echo "OUTDATED  $file: $name: the expression changes nothing"
    failed=$((failed + 1))
  elif ! (for unit in $recompiled; do compile "$scratch/core/$unit.cc" "$scratch/core/$unit.o" || exit 1; done) ||
    ! case "$file" in *.h) compile_sim ;; esac then
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
  cp "$scratch/original/$file" "$scratch/core/$file"
  cp "$scratch"/whole/*.o "$scratch/core/"
  case "$file" in *.h) compile_sim ;; esac
done <"$root/tests/sim/$list"
echo "$caught mutants caught, $failed not"
[ "$failed" -eq 0 ] && [ "$caught" -gt 0 ]
