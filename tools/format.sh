#!/usr/bin/env bash
# Brings every C++ source into the form of .clang-format. With --check, changes nothing and fails where the form differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh
action=(-i)
[[ ${1:-} != --check ]] || action=(--dry-run --Werror)
find include lib tools tests bench docs \( -name '*.cc' -o -name '*.h' \) -print0 |
  xargs -0 clang-format-14 --style=file "${action[@]}"
