#!/usr/bin/env bash
# From a fresh Debian 12 machine to a first look: installs what is needed, builds the program, and shows it at work.
#
#   tools/quickstart.sh          as root, or with sudo at hand
#   tools/quickstart.sh --keep   leaves the store there to try more commands on
#
# Takes about three minutes on two cores, once; run again, a few seconds. Builds the program alone, no tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

keep=
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac

step() { printf '\n%s\n' "$*"; }
# Shows a command as one would type it, and runs it.
run() {
  printf '  $ %s\n' "$*"
  "$@" 2>&1 | sed 's/^/  /'
}

tools/setup.sh

step "Building the program ..."
mkdir -p build
log=$PWD/build/quickstart.log
{
  cmake --preset release && cmake --build --preset release --target tallystick_cli
} >"$log" 2>&1 || {
  tail -n 40 "$log" >&2
  echo "quickstart: the build failed; all of its output is in $log" >&2
  exit 1
}
echo "  build/release/tallystick"

folder=$(mktemp -d)
[[ -n $keep ]] || trap 'rm -rf "$folder"' EXIT
export TALLYSTICK_DB=$folder/usage.db
PATH=$PWD/build/release:$PATH
event="event-000042"

step "1. Store a month of usage: 2,000 lines of NDJSON, some of which correct an earlier one."
run tallystick import docs/examples/sample-events.ndjson

step "2. Read one event by its id."
run tallystick get "$event"

step "3. Read a range of time, in order of time: here one customer's, three events of it."
run tallystick scan --from 2026-10-15T00:00:00Z --to 2026-10-16T00:00:00Z --customer acme --limit 3

step "4. Send that event again with another value. The same id means the same event: the new one supersedes the old."
corrected='{"customerEventId":"event-000042","customerAlias":"acme","eventType":"message-sent",'
corrected+='"eventTimestamp":"2026-10-01T15:25:00Z","eventProperties":{"channel":"email","length":44}}'
echo "  \$ echo '$corrected' | tallystick import"
tallystick import <<<"$corrected" | sed 's/^/  /'
run tallystick get "$event"

step "Read on: docs/GUIDE.md says what else the program and the library do."
echo "For speed: tools/build-rocksdb.sh makes an optimised RocksDB (some twelve minutes, once); then run this again."
if [[ -n $keep ]]; then echo "The store: $TALLYSTICK_DB (build/release/tallystick COMMAND --db $TALLYSTICK_DB)"; fi
