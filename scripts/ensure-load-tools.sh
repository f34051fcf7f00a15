#!/usr/bin/env bash
# Finds k6, which makes the load of `npm run load`, and builds it with Go when it is missing (about 80 s on two cores).
#
#   TOOLS_DIR  the folder where it is built (default: .tools in this repository)
#
# Prints one line. Exits 0 when it is there, 1 with words otherwise. Redis and Envoy: scripts/ensure-tools.sh.
set -euo pipefail

readonly K6_VERSION=v1.8.1
readonly OLDEST_GO=1.25

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"

is_wanted_k6() {
  local version
  [ -x "$1" ] && version=$("$1" version 2>/dev/null) && [[ $version == "k6 $K6_VERSION "* ]]
}

# Prints the path of k6, if it is there.
find_k6() {
  first_wanted is_wanted_k6 "$tools/bin/k6" "$(command -v k6 || true)"
}

build_k6() {
  ensure_go "$OLDEST_GO" k6
  say "building k6 $K6_VERSION with $(go env GOVERSION) into $tools/bin (a minute or two)"
  mkdir -p "$tools/bin"
  GOBIN=$tools/bin GOFLAGS=-trimpath go install -ldflags="-s -w" "go.k6.io/k6@$K6_VERSION" </dev/null ||
    fail "go could not build k6 (its words are above); k6 $K6_VERSION on PATH will do as well"
}

find_k6 >/dev/null || build_k6
found=$(find_k6) || fail "k6 was built, but $tools/bin/k6 is not $K6_VERSION: remove it and run this again"
say "k6 is $found"
