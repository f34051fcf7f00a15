#!/usr/bin/env bash
# Finds the programs that test monitoring/: prometheus and promtool 2.42 or newer. Fetches Debian's when they are missing.
# The package is unpacked and not installed: installing it would also start a Prometheus on this machine.
#
#   TOOLS_DIR  the folder where it is unpacked (default: .tools in this repository)
#
# Prints one line for each program. Exits 0 when all are there, 1 with words otherwise.
set -euo pipefail

readonly OLDEST=2.42
readonly PROGRAMS=(prometheus promtool)

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"

# is_wanted PATH: whether it runs here and is not too old
is_wanted() {
  local words version
  [ -x "$1" ] && words=$("$1" --version 2>&1) || return 1
  version=$(sed -n 's/^[a-z]*, version \([0-9.]*\).*/\1/p' <<<"$words")
  [ -n "$version" ] && is_at_least "$OLDEST" "$version"
}

# Prints the path of a program, if it is there.
find_program() {
  first_wanted is_wanted "$tools/prometheus/$1" "$(command -v "$1" || true)"
}

# Fetches the package into the current folder. Its lists are brought up to date only when it does not work without.
fetch_package() {
  apt-get download prometheus </dev/null >apt.log 2>&1 && return
  [ "$(id -u)" = 0 ] && apt-get update -o DPkg::Lock::Timeout=120 </dev/null >>apt.log 2>&1 &&
    apt-get download prometheus </dev/null >>apt.log 2>&1 && return
  cat apt.log >&2
  fail "apt-get could not fetch the package prometheus (its words are above); put prometheus and promtool on PATH instead"
}

unpack_prometheus() {
  local program unpacked
  command -v apt-get >/dev/null || fail "no apt-get here: put prometheus and promtool $OLDEST or newer on PATH, then run this again"
  say "fetching Debian's package prometheus (about 20 MB) into $tools"
  mkdir -p "$tools/prometheus"
  unpacked=$(mktemp -d "$tools/prometheus-XXXXXX")
  trap 'rm -rf "'"$unpacked"'"' EXIT
  cd "$unpacked"
  fetch_package
  dpkg-deb --extract prometheus_*.deb package || fail "the package prometheus that was fetched cannot be unpacked"
  for program in "${PROGRAMS[@]}"; do
    is_wanted "package/usr/bin/$program" ||
      fail "Debian's $program is older than $OLDEST or does not run here: put a newer one on PATH, then run this again"
    mv -f "package/usr/bin/$program" "$tools/prometheus/$program"
  done
  cd "$repo"
}

for program in "${PROGRAMS[@]}"; do
  find_program "$program" >/dev/null || { unpack_prometheus && break; }
done
for program in "${PROGRAMS[@]}"; do
  found=$(find_program "$program") || fail "there is no $program, though it was fetched: remove $tools/prometheus and run this again"
  say "$program is $found"
done
