#!/usr/bin/env bash
# Builds and runs every test, on a machine that may have nothing yet: with the address and undefined-behaviour
# sanitizers, against the packaged RocksDB with its assertions. Also checks the form of the sources.
#
#   tools/test.sh               as above, and what a sanitizer is in the way of without them; about half an hour on two
#                               cores the first time
#   tools/test.sh dev           with other presets: dev (no sanitizers, quicker to build and to run), release, asan
#   tools/test.sh tsan          with the thread sanitizer; the first time, builds Abseil and RocksDB for it, which takes
#                               some twenty minutes more
#
# Random tests print their seeds; TALLYSTICK_TEST_SEED=N runs them again with one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
tools/format.sh --check

jobs=$(nproc)
build() { # PRESET, and targets if not all
  echo "== $1 =="
  if [[ $1 == tsan ]]; then
    tools/build-abseil.sh
    tools/build-rocksdb.sh tsan
  fi
  cmake --preset "$1"
  cmake --build --preset "$1" --parallel "$jobs" ${2:+--target "${@:2}"}
}
# Many tests wait for the disk.
run() { ctest --preset "$1" --parallel $((2 * jobs)) "${@:2}"; }

if [[ $# -gt 0 ]]; then
  for preset in "$@"; do
    build "$preset"
    run "$preset"
  done
  exit
fi

build asan
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run asan --output-log "$log"
skipped=$(sed -nE 's/^[[:space:]]*[0-9]+ - (.*) \(Skipped\)$/\1/p' "$log" | paste -sd '|')
if [[ -n $skipped ]]; then
  build dev api_tests cli_tests # where they are
  names="^(${skipped//./\\.})\$"
  found=$(ctest --preset dev --show-only --tests-regex "$names" | sed -n 's/^Total Tests: //p')
  [[ $found -eq $(tr '|' '\n' <<<"$skipped" | wc -l) ]] || {
    echo "test: some of these are in other programs: $skipped" >&2
    exit 1
  }
  run dev --tests-regex "$names"
fi
