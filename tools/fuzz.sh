#!/usr/bin/env bash
# Fuzzes with clang's libFuzzer, under the address and undefined-behaviour sanitizers: hands each target (see
# tests/fuzz/targets.h) whatever reaches new code, and holds what comes of it to a slow reference. Sets up and builds
# first. The ordinary tests run the same targets over the corpus alone.
#
#   tools/fuzz.sh                         every target for a minute
#   tools/fuzz.sh --seconds N [TARGET...] every target, or those named, for N seconds each
#
# What reaches new code is kept in build/fuzz/corpus and used again. Prints how many inputs each target had. A finding
# ends its target; the input is kept in build/fuzz/findings, and the exit status is 1. Once it is mended, it goes into
# tests/fuzz/corpus/TARGET under a name that says what it shows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}
seconds=60
if [[ ${1:-} == --seconds ]]; then
  [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage
  seconds=$2
  shift 2
fi
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(ls tests/fuzz/corpus)
for target in "${targets[@]}"; do [[ -d tests/fuzz/corpus/$target ]] || usage; done

tools/setup.sh fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >/dev/null

status=0
for target in "${targets[@]}"; do
  kept=build/fuzz/corpus/$target findings=build/fuzz/findings/$target log=build/fuzz/$target.log
  mkdir -p "$kept" "$findings"
  outcome="no finding"
  TALLYSTICK_FUZZ_TARGET=$target build/fuzz/tests/fuzz -max_total_time="$seconds" -print_final_stats=1 \
    -dict="tests/fuzz/$target.dict" -artifact_prefix="$findings/" "$kept" "tests/fuzz/corpus/$target" >"$log" 2>&1 || {
    outcome="A FINDING, see $log and $findings"
    status=1
  }
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions, $outcome"
done
exit "$status"
