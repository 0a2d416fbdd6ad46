# For other scripts to source: builds a library of the distribution's again, in another way than its binary package was.
# shellcheck shell=bash
#
#   from_source NAME SOURCE BINARY CMAKE_ARGUMENT...
#
# Takes the source package SOURCE of the very version in which the binary package BINARY is installed, builds it with
# CMake and leaves it, with its CMake package, in a cache outside the build folder, where
# tools/cmake/TallystickBuilt.cmake finds it:
#
#   ${TALLYSTICK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick}/NAME-VERSION
#
# A finished build is kept and found at once. The last line printed is the folder.
# `tsan_build` are the arguments of a build for the thread sanitizer, as the preset tsan's.
# shellcheck disable=SC2034
tsan_build=(-DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1"
  "-DCMAKE_CXX_FLAGS=-fsanitize=thread -fno-omit-frame-pointer")

from_source() (
  name=$1 source=$2 binary=$3
  version=$(dpkg-query --show --showformat '${Version}' "$binary")
  cache=${TALLYSTICK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tallystick}
  prefix=$cache/$name-$version log=$cache/build-$name.log
  if [[ -e $prefix/complete ]]; then
    echo "$prefix"
    exit 0
  fi

  mkdir -p "$cache"
  work=$(mktemp -d "$cache/build-$name.XXXXXX")
  trap 'rm -rf "$work"' EXIT

  # The source package comes from the archive that the binary package came from, read through package lists of this
  # script's own: the machine's apt configuration stays as it is.
  read -r uri suite component < <(apt-cache policy "$binary" | awk -v version="$version" '
    $1 == "***" && $2 == version { found = 1; next }
    found && $2 ~ /^(https?|file|mirror)/ { split($3, part, "/"); print $2, part[1], part[2]; exit }') || true
  if [[ -z ${uri:-} ]]; then
    echo "$name: no package archive offers $binary $version; run 'apt-get update' and try again" >&2
    exit 1
  fi
  mkdir -p "$work/lists/partial" "$work/parts"
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite $component" >"$work/sources.list"
  apt_options=(-o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/parts"
    -o "Dir::State::Lists=$work/lists" -o APT::Sandbox::User=root)
  echo "$name: fetching the source of $source $version" >&2
  apt-get "${apt_options[@]}" -qq update
  (cd "$work" && apt-get "${apt_options[@]}" -qq --download-only source "$source=$version" &&
    dpkg-source --extract "$source"_*.dsc source) >"$work/source.log" 2>&1 || {
    cat "$work/source.log" >&2
    exit 1
  }

  launcher=()
  if command -v ccache >/dev/null; then
    # What an interrupted build has compiled is found again, though its folder had another name.
    export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=true
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)
  fi
  echo "$name: building; log in $log" >&2
  {
    cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_INSTALL_PREFIX="$work/prefix" \
      -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON "${launcher[@]}" "${@:4}"
    cmake --build "$work/build" --parallel "$(nproc)" --target install
  } >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    exit 1
  }
  touch "$work/prefix/complete"
  rm -rf "$prefix"
  mv "$work/prefix" "$prefix"
  echo "$prefix"
)
