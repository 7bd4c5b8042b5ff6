#!/bin/sh
# Measures everything and writes bench-report/: results.json, and report.html to look at.
#
#   tests/bench/run.sh [--quick] [--only REGEX]
#
# TIDEMARK_BENCH_DIR  where entries and archives lie (default: bench-data; put it on the file system you mean)
# TIDEMARK_BENCH_BUILD  the build directory (default: build-bench; configured and built first)
# TIDEMARK_BENCH_REPORT  where the report goes (default: bench-report)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
build=${TIDEMARK_BENCH_BUILD:-build-bench}
data=${TIDEMARK_BENCH_DIR:-bench-data}
report=${TIDEMARK_BENCH_REPORT:-bench-report}

tests/setup.sh
# As it is shipped (no assertions), with symbols for a profiler.
[ -f "$build/CMakeCache.txt" ] || cmake -S . -B "$build" -G Ninja -DTIDEMARK_TESTS=ON -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_C_FLAGS=-g -DCMAKE_CXX_FLAGS=-g -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
ninja -C "$build" benchmarks

code=0
python3 -B "$here/report/measure.py" --build "$build" --data "$data" --out "$report" "$@" || code=$?
[ -f "$report/results.json" ] || exit "$code"
python3 -B "$here/report/page.py" "$report/results.json" "$report/report.html"
echo "look at $report/report.html"
exit "$code"
