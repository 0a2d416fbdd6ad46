#!/usr/bin/env bash
# Crashes stores for as long as it is asked to, and holds them to what they have promised: power cuts, failing and full
# disks in memory (tests/crash/power_loss_test.cc), processes killed (tests/crash/process_crash_test.cc), the former
# while backups are made and restored (tests/crash/backup_crash_test.cc), and disks that stay full until there is room
# (tests/crash/disk_full_test.cc). The ordinary tests do a few hundred, some dozens, some dozens and some dozens of these.
#
#   tools/torture.sh --seeds N             N lives of stores, some four crashes each; about a quarter of a second each
#   tools/torture.sh --seeds N --kills N   and N kills; about half a second each
#   tools/torture.sh --backups N           N lives of folders of backups; about a second each
#   tools/torture.sh --full N              disks that are full from each Nth call on that takes space, 1 or more; with 1,
#                                          some hundred lives of a third of a second
#   tools/torture.sh --from SEED ...       the first seed, otherwise a random one
#   tools/torture.sh --preset NAME ...     another build than dev
#
# Ends at the first failure, which names its seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}
seeds=0 kills=0 backups=0 full=0 from=$((RANDOM * 1000000)) preset=dev
while [[ $# -gt 0 ]]; do
  [[ $# -ge 2 ]] || usage
  case $1 in
    --seeds) seeds=$2 ;;
    --kills) kills=$2 ;;
    --backups) backups=$2 ;;
    --full) full=$2 ;;
    --from) from=$2 ;;
    --preset) preset=$2 ;;
    *) usage ;;
  esac
  shift 2
done
[[ $((seeds + kills + backups + full)) -gt 0 ]] || usage

cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target crash_tests worker_process >/dev/null
program=build/$preset/tests/crash_tests

# Two parts of each test, side by side.
export TALLYSTICK_TEST_SEED=$from
run() {
  local filter=$1 pids=() status=0
  for part in 0 1; do
    "$program" --gtest_brief=1 --gtest_filter="$filter/$part" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  return "$status"
}
begun=$(date +%s)
if [[ $seeds -gt 0 ]]; then TALLYSTICK_TORTURE_SEEDS=$(((seeds + 1) / 2)) run '*AStoreKeepsWhatItHasPromised'; fi
if [[ $kills -gt 0 ]]; then TALLYSTICK_TORTURE_KILLS=$(((kills + 1) / 2)) run '*NothingThatWasAcknowledgedIsMissing'; fi
if [[ $backups -gt 0 ]]; then TALLYSTICK_TORTURE_SEEDS=$(((backups + 1) / 2)) run '*BackupsKeepWhatTheyHavePromised'; fi
if [[ $full -gt 0 ]]; then TALLYSTICK_FULL_STRIDE=$full run '*AtAnyCallLosesNothingAndTheStoreGoesOn'; fi
echo "$seeds seeds, $kills kills and $backups lives of backups, nothing lost, in $(($(date +%s) - begun)) s"
