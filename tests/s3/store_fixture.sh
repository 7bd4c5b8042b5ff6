#!/usr/bin/env bash
# Starts a real store for the tests of one ctest run and stops it behind them.
#
#   store_fixture.sh start|stop START_SCRIPT RECORD
#
# RECORD (a file in the build directory) gets the settings that the script prints, and STATE_DIR: the store itself
# lives below /tmp, because paths of unix sockets have to be short. Only this store's own processes are stopped.
set -euo pipefail
command=$1 script=$2 record=$3

stop() {
  local dir
  [ -f "$record" ] || return 0
  dir=$(sed -n 's/^STATE_DIR=//p' "$record")
  if [ -n "$dir" ] && [ -d "$dir" ]; then
    "$script" stop "$dir"
    rm -rf "$dir"
  fi
  rm -f "$record"
}

case $command in
  start)
    stop # of a run that was broken off
    dir=$(mktemp -d "/tmp/$(basename "$script" .sh).XXXXXX")
    echo "STATE_DIR=$dir" >"$record"
    "$script" start "$dir" >"$record.new" || {
      tail -n 20 "$dir"/log/*.log "$dir"/log/last.err >&2 || true
      stop
      exit 1
    }
    echo "STATE_DIR=$dir" >>"$record.new"
    mv "$record.new" "$record"
    ;;
  stop) stop ;;
  *)
    echo "usage: $0 start|stop START_SCRIPT RECORD" >&2
    exit 2
    ;;
esac
