#!/usr/bin/env bash
# Runs clang-tidy with the project's .clang-tidy over every source, or those named; fails on any finding. Takes some
# minutes on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
# A build folder of its own, in which nothing is built: that of the dev preset leaves out the benchmarks.
cmake --preset dev -B build/lint -DTALLYSTICK_BUILD_BENCH=ON >/dev/null
sources=("$@")
[[ ${#sources[@]} -gt 0 ]] || mapfile -t sources < <(find lib tools tests bench docs -name '*.cc' -not -path '*/examples/embed/*')
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/lint --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-unknown-warning-option
