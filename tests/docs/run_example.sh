#!/usr/bin/env bash
# Runs an example in an empty folder, and compares what it prints with what its source says under `// Prints:`.
# Arguments: the program, its source.
set -euo pipefail
program=$1 source=$2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
diff <(sed '1,/^\/\/ Prints:$/d; s/^\/\/ //' "$source") <("$program")
