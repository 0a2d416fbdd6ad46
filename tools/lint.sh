#!/usr/bin/env bash
# Runs clang-tidy with the project's .clang-tidy over every source, or those named; fails on any finding. Takes some
# minutes on two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
cmake --preset dev >/dev/null
sources=("$@")
[[ ${#sources[@]} -gt 0 ]] || mapfile -t sources < <(find lib tools tests docs -name '*.cc' -not -path '*/examples/embed/*')
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/dev --quiet --warnings-as-errors='*' \
    --extra-arg=-Wno-unknown-warning-option
