#!/usr/bin/env bash
# Breaks the engine on purpose, one promise at a time, and demands that the tests find it out: a check that cannot fail
# proves nothing. Each file of tests/broken/ is a patch that says on top what it breaks, and which tests must fail then.
#
#   tools/mutate.sh             every patch; about half an hour on two cores, most of it compiling
#   tools/mutate.sh PATCH...    these (the file's name, without .patch)
#   tools/mutate.sh --check [TESTS]
#                               whether every patch still applies; and where TESTS is the folder of the built tests,
#                               whether those are there that it names. An ordinary test does this
#
# Works in a copy of the tree in build/broken, with the preset dev; $TALLYSTICK_RUN is put before each build and run of
# a test ("nice", for instance). Prints a line for each test: CAUGHT, and by which seed where it has one, or NOT CAUGHT;
# the exit status is 1 when anything was not caught, or a patch does not apply or compile. What a test said is in
# build/broken/build/PATCH-N.log.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false built=
if [[ ${1:-} == --check ]]; then
  check=true built=${2:-}
  set --
fi
patches=("${@/%/.patch}")
patches=("${patches[@]/#/tests/broken/}")
if [[ $# -eq 0 ]]; then patches=(tests/broken/*.patch); fi

status=0
complain() {
  echo "$*"
  status=1
}
# Which tests must fail: lines of PROGRAM FILTER.
named_by() { sed -n 's/^Caught by: //p' "$1"; }

if $check; then
  export GIT_CEILING_DIRECTORIES=${PWD%/*} # the patches are of this folder, whatever it lies in
  for patch in "${patches[@]}"; do
    git apply --check "$patch" || complain "$patch does not apply any more"
    [[ -n $(named_by "$patch") ]] || complain "$patch names no test"
    [[ -n $built ]] || continue
    while read -r program filter; do
      "$built/$program" --gtest_list_tests --gtest_filter="$filter" | grep --quiet '^  ' ||
        complain "$patch names a test that is not there: $program $filter"
    done < <(named_by "$patch")
  done
  exit "$status"
fi

tools/setup.sh
# The copy follows the tree; what has not changed keeps its time, and need not be built again.
tree=$PWD/build/broken
mkdir -p "$tree"
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do
  if [[ -f $file ]] && ! cmp --silent "$file" "$tree/$file"; then
    mkdir -p "$tree/$(dirname "$file")"
    cp "$file" "$tree/$file"
  fi
done
find "$tree" -path "$tree/build" -prune -o -type f -printf '%P\0' | while IFS= read -r -d '' file; do
  [[ -f $file ]] || rm "$tree/$file"
done
# `git apply` is to take the copy for what it is, not for a part of this tree.
export GIT_CEILING_DIRECTORIES=$PWD/build
read -ra run <<<"${TALLYSTICK_RUN:-}"

cd "$tree"
cmake --preset dev >/dev/null
build() { "${run[@]}" cmake --build --preset dev --target "$@" >build/broken.log 2>&1; }
# How a run of tests that failed may be had again, and what it said first.
seed_in() { sed -nE 's/^.*(again: )?(TALLYSTICK_TEST_SEED=[0-9]+).*$/\2/p' "$1" | tail -n 1; }

for patch in "${patches[@]}"; do
  name=$(basename "$patch" .patch)
  mapfile -t tests < <(named_by "$patch")
  mapfile -t programs < <(printf '%s\n' "${tests[@]%% *}" | sort -u)
  if ! git apply "$patch"; then
    complain "$name: does not apply any more"
    continue
  fi
  if build "${programs[@]}"; then
    for i in "${!tests[@]}"; do
      test=${tests[i]} log=build/$name-$i.log result=0
      "${run[@]}" timeout 600 "build/dev/tests/${test%% *}" --gtest_filter="${test#* }" --gtest_fail_fast >"$log" 2>&1 ||
        result=$?
      # A run without a test would be none.
      if [[ $result -eq 0 || $result -eq 124 ]] || ! grep --quiet '^\[ RUN' "$log"; then
        complain "$name: NOT CAUGHT by $test (exit status $result)"
      else
        seed=$(seed_in "$log")
        echo "$name: CAUGHT by $test${seed:+ with $seed}"
      fi
    done
  else
    complain "$name: does not compile; see $tree/build/broken.log"
  fi
  git apply --reverse "$patch"
done
exit "$status"
