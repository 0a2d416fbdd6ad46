#!/usr/bin/env bash
# Builds and runs every test, on a machine that may have nothing yet: with the address and undefined-behaviour
# sanitizers, against the packaged RocksDB with its assertions. Also checks the form of the sources.
#
#   tools/test.sh               as above; about half an hour on two cores the first time
#   tools/test.sh dev           with other presets: dev (no sanitizers, quicker to build and to run), release, asan, tsan
#
# Random tests print their seeds; TALLYSTICK_TEST_SEED=N runs them again with one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

presets=("$@")
[[ ${#presets[@]} -gt 0 ]] || presets=(asan)

tools/setup.sh
tools/format.sh --check

jobs=$(nproc)
for preset in "${presets[@]}"; do
  echo "== $preset =="
  cmake --preset "$preset"
  cmake --build --preset "$preset" --parallel "$jobs"
  # Many tests wait for the disk.
  ctest --preset "$preset" --parallel $((2 * jobs))
done
