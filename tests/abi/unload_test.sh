#!/bin/sh
# unload_test.sh PROGRAM PLUGIN: see unload_test.c
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$2" "$work" 20
