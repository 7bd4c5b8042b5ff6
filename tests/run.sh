#!/bin/sh
# Sets up, builds with warnings as errors and runs the tests; ends in ctest's own summary.
#
#   tests/run.sh [--long] [--sanitize address|thread] [--build DIR] [--only build|tests] [ctest arguments...]
#
#   --long       also the tests labelled long: many more seeds, rounds and bytes
#   --sanitize   an instrumented build; style tests and tests that need the plain modules are left out
#   --build      where to build; default build/, build-address/ or build-thread/ beside tests/
#   --only       build, without a test; or tests, of what is built
#
# What is left goes to ctest: tests/run.sh -R '^abi\.'    CC and CXX choose the compiler of a new build directory.
set -eu
cd "$(dirname "$0")/.."

long="" sanitize="" build="" only=""
while [ $# -gt 0 ]; do
  case "$1" in
    --long) long=yes ;;
    --sanitize | --build | --only)
      [ $# -ge 2 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
      case "$1" in --build) build="$2" ;; --only) only="$2" ;; *) sanitize="$2" ;; esac
      shift
      ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
  shift
done
case "$sanitize" in
  "" | address | thread) ;;
  *) echo "run.sh: --sanitize knows address and thread, not '$sanitize'" >&2; exit 2 ;;
esac
case "$only" in
  "" | build | tests) ;;
  *) echo "run.sh: --only knows build and tests, not '$only'" >&2; exit 2 ;;
esac
: "${build:=build${sanitize:+-$sanitize}}"

if [ "$only" != tests ]; then
  tests/setup.sh test

  launcher=""
  if command -v ccache >/dev/null; then launcher=ccache; fi
  # Of another checkout's cache too. What is kept names its sources relative to the build.
  export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
  cmake -S . -B "$build" -G Ninja -DTIDEMARK_TESTS=ON -DTIDEMARK_WERROR=ON -DTIDEMARK_SANITIZE="$sanitize" -DTIDEMARK_BATCHES=ON \
    -DCMAKE_C_COMPILER_LAUNCHER="$launcher" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher"
  cmake --build "$build"
fi
if [ "$only" = build ]; then exit 0; fi

# A report is a failure, and a suppressed one is still printed. intercept_tls_get_addr: clang 14 guesses the size of a
# module's thread-local block from what lies before it, which glibc 2.36 no longer writes; then the search for leaks
# itself crashes ("Tracer caught signal 11").
export ASAN_OPTIONS="detect_leaks=1:intercept_tls_get_addr=0:strict_string_checks=1:detect_stack_use_after_return=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
export UBSAN_OPTIONS="print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
export TSAN_OPTIONS="second_deadlock_stack=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
# Half of the time that tests take is spent on waiting: for a server, a disk, a clock.
set -- --test-dir "$build" --output-on-failure --no-tests=error -j "$(($(nproc) * 2))" "$@"
if [ -z "$long" ]; then set -- "$@" --label-exclude '^long$'; fi
exec ctest "$@"
