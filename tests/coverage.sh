#!/bin/sh
# Which lines of common/, plugin/ and sinks/ no test runs.
#
#   tests/coverage.sh [--build DIR] [--jobs N] [ctest arguments...]
#
#   --build   where to build; default build-coverage/ beside tests/
#   --jobs    compilers and tests at once; default: as many as there are processors
#
# Builds with --coverage, runs all tests but those labelled long and those that look at how the modules are made
# (abi, style), and writes into DIR: coverage.info (lcov's, for genhtml), uncovered.txt (by file, the worst first). Ends
# with the share of lines by room, 1 if one has less than 90 %. What stays uncovered and why: tests/README.md.
# What is left on the command line goes to ctest instead of the choice of tests.
set -eu
cd "$(dirname "$0")/.."

build=build-coverage jobs="$(nproc)"
while [ $# -gt 0 ]; do
  case "$1" in
    --build | --jobs)
      [ $# -ge 2 ] || { echo "coverage.sh: $1 needs a value" >&2; exit 2; }
      if [ "$1" = --build ]; then build="$2"; else jobs="$2"; fi
      shift
      ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
  shift
done
# Left out: what starves of memory dies in the counters or takes too long with them, as does an entry of many files; so
# the simulation is run with fewer seeds than its test has.
[ $# -gt 0 ] || set -- --tests-regex '^(unit|conformance|integration|cli|s3)\.' --label-exclude '^long$' \
  --exclude-regex 'starved|ManyFiles'
tests/setup.sh coverage

launcher=""
if command -v ccache >/dev/null; then launcher=ccache; fi
flags="--coverage -fprofile-update=atomic"
cmake -S . -B "$build" -G Ninja -DTIDEMARK_TESTS=ON -DCMAKE_BUILD_TYPE=Debug \
  -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" \
  -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
cmake --build "$build" --parallel "$jobs"
find "$build" -name '*.gcda' -delete
tests=0
"$build/bin/sim_scheduler" --seeds 500 >"$build/sim.log" || tests=$?
ctest --test-dir "$build" --no-tests=error --output-on-failure --parallel "$jobs" "$@" || tests=$?

# Lines that no object of any program ran count too, so all of them are taken without counts first.
quietly() {
  "$@" >"$build/lcov.log" 2>&1 || { tail -n 20 "$build/lcov.log" >&2; exit 1; }
}
rooms="--directory $build/common --directory $build/plugin --directory $build/sinks"
quietly lcov --capture --initial $rooms --base-directory . --no-external --output-file "$build/none.info"
quietly lcov --capture --directory "$build" --base-directory . --no-external --output-file "$build/run.info"
quietly lcov --add-tracefile "$build/none.info" --add-tracefile "$build/run.info" --output-file "$build/all.info"
quietly lcov --extract "$build/all.info" "$PWD/common/*" "$PWD/plugin/*" "$PWD/sinks/*" --output-file "$build/coverage.info"

shares=0
python3 tests/coverage_report.py "$build/coverage.info" "$build/uncovered.txt" || shares=$?
[ "$tests" -eq 0 ] || echo "coverage.sh: some tests failed, see above" >&2
[ "$tests" -eq 0 ] && [ "$shares" -eq 0 ]
