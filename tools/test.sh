#!/usr/bin/env bash
# Builds and runs every test, on a machine that may have nothing yet: first against the packaged RocksDB with its
# assertions, then with the address and undefined-behaviour sanitizers. Also checks the form of the sources.
#
#   tools/test.sh               all of it; about a quarter of an hour on two cores the first time
#   tools/test.sh dev           one preset alone: dev, release, asan or tsan
#
# Random tests print their seeds; TALLYSTICK_TEST_SEED=N runs them again with one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

presets=("$@")
[[ ${#presets[@]} -gt 0 ]] || presets=(dev asan)

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
