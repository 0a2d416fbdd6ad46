#!/usr/bin/env bash
# Installs every package that building and testing Tallystick needs, on Debian 12, as root or with sudo.
#
#   tools/setup.sh         to build and test
#   tools/setup.sh bench   also what it is compared with (tools/bench.sh)
#   tools/setup.sh fuzz    also the compiler that fuzzes (tools/fuzz.sh)
#
# Safe to run again and asks nothing: what is there already is left alone, and with nothing missing no package list is
# even read. Every other script calls it first. Versions are the distribution's.
set -euo pipefail

packages=(
  # to build
  g++ cmake ninja-build ccache pkg-config git ca-certificates
  # the storage engine and its compression libraries
  librocksdb-dev libgflags-dev libsnappy-dev zlib1g-dev libbz2-dev liblz4-dev libzstd-dev
  # JSON, Status, Time and containers, keyed hashing, long integers and HTTP, TLS, the command line
  libsimdjson-dev libabsl-dev libsodium-dev libboost1.81-dev libssl-dev libcli11-dev
  # to test, to check the form, to measure
  libgtest-dev libgmock-dev libbenchmark-dev clang-format-14 clang-tidy-14 python3 tzdata curl openssl
  # to rebuild RocksDB from its source package
  dpkg-dev
)
case ${1:-} in
  # the peers, the plots, and clients of the service
  bench) packages+=(libsqlite3-dev liblmdb-dev python3-matplotlib wrk) ;;
  # the compiler, and the libraries of its sanitizers and of libFuzzer
  fuzz) packages+=(clang-14 libclang-rt-14-dev) ;;
esac

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $EUID -ne 0 ]]; then
  command -v sudo >/dev/null || {
    echo "setup: run as root, or install sudo; missing: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
  "${as_root[@]}" apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
} >"$log" 2>&1 || {
  tail -n 30 "$log" >&2
  exit 1
}
