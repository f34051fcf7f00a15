#!/usr/bin/env bash
# Finds the browser that test/console drives: Debian's chromium. Installs it when it is missing.
#
#   CHROMIUM_BIN  a Chromium or Chrome of your own
#
# Prints one line. Exits 0 when it is there and runs, 1 with words otherwise.
set -euo pipefail

readonly CHROMIUM=${CHROMIUM_BIN:-/usr/bin/chromium}

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"

install_chromium() {
  [ -z "${CHROMIUM_BIN:-}" ] || fail "CHROMIUM_BIN=$CHROMIUM_BIN is not a program"
  command -v apt-get >/dev/null || fail "no apt-get here: install Chromium and set CHROMIUM_BIN to it, then run this again"
  say "chromium is missing, and about 100 MB"
  apt_install chromium
}

[ -x "$CHROMIUM" ] || install_chromium
version=$("$CHROMIUM" --version 2>/dev/null) || fail "$CHROMIUM does not run here: $("$CHROMIUM" --version 2>&1 | head -3 || true)"
say "chromium is $CHROMIUM ($version)"
