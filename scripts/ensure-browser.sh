#!/usr/bin/env bash
# Finds the browser that test/console drives: Debian's chromium. Installs it when it is missing.
#
#   CHROMIUM_BIN  a Chromium or Chrome of your own
#
# Prints one line. Exits 0 when it is there and runs, 1 with words otherwise.
set -euo pipefail

readonly CHROMIUM=${CHROMIUM_BIN:-/usr/bin/chromium}

say() { printf 'tools: %s\n' "$*"; }
fail() {
  printf 'tools: %s\n' "$*" >&2
  exit 1
}

# The package lists are brought up to date only when it does not work without.
install_chromium() {
  [ -z "${CHROMIUM_BIN:-}" ] || fail "CHROMIUM_BIN=$CHROMIUM_BIN is not a program"
  command -v apt-get >/dev/null || fail "no apt-get here: install Chromium and set CHROMIUM_BIN to it, then run this again"
  [ "$(id -u)" = 0 ] || fail "only root can install chromium: run 'sudo apt-get install chromium', then this again"
  say "installing chromium with apt-get (about 100 MB)"
  local install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 -o APT::Update::Error-Mode=any)
  local log
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  if ! "${install[@]}" chromium </dev/null >"$log" 2>&1; then
    if ! { apt-get update -o DPkg::Lock::Timeout=120 && "${install[@]}" chromium; } </dev/null >"$log" 2>&1; then
      cat "$log" >&2
      rm -f "$log"
      fail "apt-get could not install chromium (its words are above)"
    fi
  fi
  rm -f "$log"
}

[ -x "$CHROMIUM" ] || install_chromium
version=$("$CHROMIUM" --version 2>/dev/null) || fail "$CHROMIUM does not run here: $("$CHROMIUM" --version 2>&1 | head -3 || true)"
say "chromium is $CHROMIUM ($version)"
