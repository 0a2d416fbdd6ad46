#!/usr/bin/env bash
# Builds the distribution's RocksDB again, optimised and without assertions.
#
# Debian's binary package is compiled with assertions: good for tests, about half the speed. This script takes the
# source package of the very version that is installed, builds it as Release and leaves a static library with its
# CMake package in a cache outside the build folder, where CMake finds it by itself:
#
#   ${TALLYSTICK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick}/rocksdb-VERSION
#
# Takes about twelve minutes on two cores, once; a finished build is kept and found at once. The last line printed is
# the folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/setup.sh

version=$(dpkg-query --show --showformat '${Version}' librocksdb-dev)
cache=${TALLYSTICK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick}
prefix=$cache/rocksdb-$version
if [[ -e $prefix/complete ]]; then
  echo "$prefix"
  exit 0
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build-rocksdb.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The source package comes from the archive that the binary package came from, read through package lists of this
# script's own: the machine's apt configuration stays as it is.
read -r uri suite component < <(apt-cache policy librocksdb-dev | awk -v version="$version" '
  $1 == "***" && $2 == version { found = 1; next }
  found && $2 ~ /^(https?|file|mirror)/ { split($3, part, "/"); print $2, part[1], part[2]; exit }') || true
if [[ -z ${uri:-} ]]; then
  echo "build-rocksdb: no package archive offers librocksdb-dev $version; run 'apt-get update' and try again" >&2
  exit 1
fi
mkdir -p "$work/lists/partial" "$work/parts"
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite $component" >"$work/sources.list"
apt_options=(-o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/parts"
  -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root)
echo "build-rocksdb: fetching the source of RocksDB $version" >&2
apt-get "${apt_options[@]}" -qq update
(cd "$work" && apt-get "${apt_options[@]}" -qq --download-only source "rocksdb=$version" &&
  dpkg-source --extract rocksdb_*.dsc source) >"$work/source.log" 2>&1 || {
  cat "$work/source.log" >&2
  exit 1
}

launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache); fi
sse42=()
if [[ $(uname -m) == x86_64 ]]; then sse42=(-DFORCE_SSE42=ON); fi # CRC-32C by instruction; every x86-64 since 2011 has it
echo "build-rocksdb: building; log in $cache/build-rocksdb.log" >&2
{
  cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DPORTABLE=1 "${sse42[@]}" -DUSE_RTTI=1 \
    -DFAIL_ON_WARNINGS=OFF -DROCKSDB_BUILD_SHARED=OFF -DWITH_LZ4=ON -DWITH_ZSTD=ON -DWITH_GFLAGS=OFF -DWITH_TESTS=OFF \
    -DWITH_TOOLS=OFF -DWITH_CORE_TOOLS=OFF -DWITH_BENCHMARK_TOOLS=OFF -DWITH_TRACE_TOOLS=OFF "${launcher[@]}"
  cmake --build "$work/build" --target install
} >"$cache/build-rocksdb.log" 2>&1 || {
  tail -n 40 "$cache/build-rocksdb.log" >&2
  exit 1
}
touch "$work/prefix/complete"
rm -rf "$prefix"
mv "$work/prefix" "$prefix"
echo "$prefix"
