#!/usr/bin/env bash
# Measures Tallystick beside SQLite, LMDB, DuckDB and RocksDB alone, on a machine that may have nothing yet, and writes
# docs/BENCHMARKS.md with its plots.
#
#   tools/bench.sh                   all parts; about an hour and a half on two cores, and 20 GB of disk
#   tools/bench.sh --quick           fewer events: about twelve minutes
#   tools/bench.sh --full            as many events as the targets speak of (imports of 10 million, growth to 100
#                                    million): most of a day, mostly SQLite's, and 70 GB of disk
#   tools/bench.sh --only import     one part; give it again for more. The page is written of all results that are there
#   tools/bench.sh --report          only writes the page, of the results that are there
#
# Parts: import live resend get scan meters size growth open; the head of bench/PART_bench.cc says what each asks.
# Stores are made in TALLYSTICK_BENCH_FOLDER, or build/bench/stores: on the disk that is to be measured, which a folder
# in memory is not. Results are left in build/bench/results. DuckDB is compared where Node.js and npm are. Leave the
# machine alone meanwhile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  sed -n '2,/^set -/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

all_parts=(import live resend get scan meters size growth open)
parts=()
scale=default
report_only=
command="tools/bench.sh${*:+ $*}"
while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) scale=quick ;;
    --full) scale=full ;;
    --report) report_only=yes ;;
    --only)
      [[ $# -ge 2 && " ${all_parts[*]} " == *" $2 "* ]] || usage
      parts+=("$2")
      shift
      ;;
    *) usage ;;
  esac
  shift
done
[[ ${#parts[@]} -gt 0 ]] || parts=("${all_parts[@]}")

results=$PWD/build/bench/results
duckdb=$PWD/build/bench/duckdb
programs=build/release/bench
python=/usr/bin/python3 # Debian's, which has Debian's matplotlib
mkdir -p "$results"

write_page() { "$python" -B bench/report/write_report.py write "$results" docs; }
if [[ -n $report_only ]]; then
  write_page
  exit
fi

# Events and repetitions of a part.
size_of() {
  case $scale:$1 in
    quick:growth) echo 1000000 1 ;;
    quick:import) echo 300000 2 ;;
    quick:live) echo 200000 2 ;;
    quick:*) echo 200000 2 ;;
    default:growth) echo 10000000 1 ;;
    default:import) echo 2000000 3 ;;
    default:*) echo 1000000 3 ;;
    full:growth) echo 100000000 1 ;;
    full:import) echo 10000000 1 ;;
    full:live) echo 2000000 3 ;;
    full:scan | full:size) echo 5000000 3 ;;
    full:*) echo 2000000 5 ;;
  esac
}

# --- Everything that is needed ---

tools/setup.sh bench
tools/build-rocksdb.sh >/dev/null
cmake --preset release >"$results/../build.log"
cmake --build --preset release -- tallystick_cli bench/all >>"$results/../build.log" || {
  tail -n 40 "$results/../build.log" >&2
  exit 1
}

export TALLYSTICK_BENCH_FOLDER=${TALLYSTICK_BENCH_FOLDER:-$PWD/build/bench/stores}
mkdir -p "$TALLYSTICK_BENCH_FOLDER"
unset TALLYSTICK_BENCH_DUCKDB
if command -v npm >/dev/null && command -v node >/dev/null; then
  mkdir -p "$duckdb"
  cp bench/duckdb/* "$duckdb"
  if (cd "$duckdb" && npm install --no-package-lock --no-audit --no-fund --silent) &&
    node "$duckdb/duckdb.mjs" version >/dev/null; then
    export TALLYSTICK_BENCH_DUCKDB=$duckdb
  else
    echo "bench: DuckDB's package cannot be installed: not compared" >&2
  fi
else
  echo "bench: no Node.js and npm: DuckDB is not compared" >&2
fi

# --- Measure ---

"$python" -B bench/report/write_report.py describe "$results" "$TALLYSTICK_BENCH_FOLDER" \
  "${TALLYSTICK_BENCH_DUCKDB:-}" "$command" "${parts[@]}"
failed=
for part in "${parts[@]}"; do
  read -r events repetitions < <(size_of "$part")
  echo "bench: $part, $events events, $(date +%H:%M)" >&2
  options=(--benchmark_repetitions="$repetitions")
  # Repetitions of different subjects by turns, so that what the machine does meanwhile meets them alike.
  [[ $repetitions -eq 1 ]] || options+=(--benchmark_enable_random_interleaving=true)
  [[ $scale != quick ]] || options+=(--benchmark_min_time=0.2)
  TALLYSTICK_BENCH_EVENTS=$events "$programs/${part}_bench" "${options[@]}" --benchmark_display_aggregates_only=true \
    --benchmark_out="$results/$part.json.new" --benchmark_out_format=json >"$results/../$part.log" 2>&1 || {
    failed+=" $part"
    tail -n 20 "$results/../$part.log" >&2
  }
  # A part that broke off leaves the results that were there before.
  if "$python" -m json.tool "$results/$part.json.new" >/dev/null 2>&1; then
    mv "$results/$part.json.new" "$results/$part.json"
  else
    rm -f "$results/$part.json.new"
  fi
done
write_page || failed+=" report"
[[ -z $failed ]] || {
  echo "bench: failed:$failed; logs in build/bench" >&2
  exit 1
}
