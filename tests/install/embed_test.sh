#!/usr/bin/env bash
# Installs Tallystick into an empty prefix, as a stranger would, and builds and runs the example project against it:
# through find_package, and through pkg-config. Arguments: the build folder, the source folder, the C++ compiler, and
# what the compiler must be given to link with a library that was built with it (sanitizers).
set -euo pipefail
build=$1 source=$2 compiler=$3 needed=${4:-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }

# The example alone: nothing of the project's tree may be reached from it.
cp -r "$source/docs/examples/embed" "$work/embed"
expected=$'created\nsuperseded\nevent-1 {"length":512}'

# Nor may anything be taken from a cache of whoever built the library.
export TALLYSTICK_CACHE=$work/no-cache
cmake -S "$work/embed" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="$needed" \
  -DCMAKE_PREFIX_PATH="$work/prefix"
cmake --build "$work/build"
answer=$("$work/build/embed" "$work/store")
[[ $answer == "$expected" ]] || { echo "find_package: the example printed: $answer"; exit 1; }

pc=$(find "$work/prefix" -name tallystick.pc)
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs tallystick)
"$compiler" $needed "$work/embed/main.cc" -o "$work/embed-pc" $flags
answer=$("$work/embed-pc" "$work/store-pc")
[[ $answer == "$expected" ]] || { echo "pkg-config: the example printed: $answer"; exit 1; }

"$work/prefix/bin/tallystick" --version
