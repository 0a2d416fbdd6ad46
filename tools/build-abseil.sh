#!/usr/bin/env bash
# Builds the distribution's Abseil again, from its source package, for the thread sanitizer, as static libraries
# (tools/from-source.sh says where they go). About two minutes on two cores, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/from-source.sh

tools/setup.sh
from_source abseil-tsan abseil libabsl-dev "${tsan_build[@]}" -DCMAKE_CXX_STANDARD=20 -DABSL_PROPAGATE_CXX_STD=ON \
  -DBUILD_TESTING=OFF
