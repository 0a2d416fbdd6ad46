#!/usr/bin/env bash
# Builds the distribution's RocksDB again, from its source package, as a static library (tools/from-source.sh says where
# it goes).
#
#   tools/build-rocksdb.sh        optimised and without assertions. Debian's binary package is compiled with assertions:
#                                 good for tests, about half the speed. Some twelve minutes on two cores, once
#   tools/build-rocksdb.sh tsan   for the thread sanitizer, with assertions. Some fifteen minutes, once
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/from-source.sh

case ${1:-} in
  '')
    name=rocksdb
    kind=(-DCMAKE_BUILD_TYPE=Release)
    # CRC-32C by instruction; every x86-64 since 2011 has it.
    if [[ $(uname -m) == x86_64 ]]; then kind+=(-DFORCE_SSE42=ON); fi
    ;;
  tsan)
    name=rocksdb-tsan
    kind=("${tsan_build[@]}")
    ;;
  *)
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
    ;;
esac

tools/setup.sh
from_source "$name" rocksdb librocksdb-dev "${kind[@]}" -DPORTABLE=1 -DUSE_RTTI=1 -DFAIL_ON_WARNINGS=OFF \
  -DROCKSDB_BUILD_SHARED=OFF -DWITH_LZ4=ON -DWITH_ZSTD=ON -DWITH_GFLAGS=OFF -DWITH_TESTS=OFF -DWITH_TOOLS=OFF \
  -DWITH_CORE_TOOLS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF
