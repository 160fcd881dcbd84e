#!/usr/bin/env bash
# clang-format and clang-tidy over native/ and bench/native/: `bash native/lint.sh`.
#
# HAPWIRE_NODE_HEADERS is the folder of node_api.h, if it is not with Node or in npm's nodedir.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Version 14 by preference: others lay code out differently.
tool() {
  local name
  for name in "$1-14" "$1"; do
    if command -v "$name"; then return; fi
  done
  echo "native/lint.sh: $1 is missing (Debian: $1-14)" >&2
  return 1
}

node_headers() {
  local version folder nodedir
  version=$(node -p process.versions.node)
  nodedir=${npm_config_nodedir:-$(npm config get nodedir 2>/dev/null || true)}
  for folder in "${HAPWIRE_NODE_HEADERS:-}" "$nodedir/include/node" \
    "$(dirname "$(node -p process.execPath)")/../include/node" \
    "$HOME/.cache/node-gyp/$version/include/node"; do
    if [[ -f $folder/node_api.h ]]; then
      echo "$folder"
      return
    fi
  done
  echo "native/lint.sh: node_api.h not found; name its folder in HAPWIRE_NODE_HEADERS" >&2
  return 1
}

# One file, then clang-tidy's own arguments. Leaves out the line that counts the warnings in the
# system's headers.
tidy_one() {
  "$clang_tidy" --quiet "$@" 2> >(grep -v 'warnings\? generated\.$' >&2)
}

# The files of stdin, with these arguments of clang-tidy's, on all cores.
tidy() {
  xargs -P "$(getconf _NPROCESSORS_ONLN)" -I '{}' bash -c 'tidy_one "$@"' tidy '{}' "$@"
}

clang_format=$(tool clang-format)
clang_tidy=$(tool clang-tidy)
export clang_tidy
export -f tidy_one
headers=$(node_headers)
addon_api=$(node -p "require('node-addon-api').include_dir.replaceAll('\"', '')")

find native bench/native -name '*.h' -o -name '*.cc' | sort | xargs "$clang_format" --dry-run --Werror

cmake -S native -B build-native -DCMAKE_EXPORT_COMPILE_COMMANDS=ON --log-level=WARNING
# libfuzzer_entry.cc is empty but for what the build of a fuzz target defines.
find native/bench native/core native/fuzz native/test -name '*.cc' ! -name libfuzzer_entry.cc | sort | tidy -p build-native

# The flags of the two binding.gyp, and the headers of others as the system's, so that only ours are judged.
find native/binding bench/native -name '*.cc' | sort | tidy -- -std=c++17 -fno-exceptions -fno-rtti -Wall -Wextra \
  -DNAPI_VERSION=8 -DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS -DNODE_ADDON_API_DISABLE_DEPRECATED \
  -Inative/core -isystem "$addon_api" -isystem "$headers"

echo "native/lint.sh: nothing found"
