# What the scripts that bring tools have in common; they read it with `source`.
#
#   repo   this repository
#   tools  the folder for what is not installed on the machine: TOOLS_DIR, by default .tools in this repository

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # read by those who source this
tools=${TOOLS_DIR:-$repo/.tools}

say() { printf 'tools: %s\n' "$*"; }
fail() {
  printf 'tools: %s\n' "$*" >&2
  exit 1
}

# Installs Debian packages. The package lists are brought up to date only when it does not work without.
apt_install() {
  command -v apt-get >/dev/null || fail "no apt-get here: install $* by the means of this system, then run this again"
  [ "$(id -u)" = 0 ] || fail "only root can install $*: run 'sudo apt-get install $*', then this again"
  say "installing $* with apt-get"
  local install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 -o APT::Update::Error-Mode=any)
  local log
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  if ! "${install[@]}" "$@" </dev/null >"$log" 2>&1; then
    if ! { apt-get update -o DPkg::Lock::Timeout=120 && "${install[@]}" "$@"; } </dev/null >"$log" 2>&1; then
      cat "$log" >&2
      rm -f "$log"
      fail "apt-get could not install $* (its words are above)"
    fi
  fi
  rm -f "$log"
}

# ensure PROGRAM PACKAGE
ensure_debian() {
  local found
  if ! found=$(command -v "$1"); then
    apt_install "$2"
    hash -r
    found=$(command -v "$1") || fail "the package $2 is installed, but there is no $1 on PATH"
  fi
  say "$1 is $found"
}

# ensure_go OLDEST WHAT: makes sure of a Go that can build WHAT
ensure_go() {
  local version
  command -v go >/dev/null || apt_install golang-go
  hash -r
  version=$(go env GOVERSION) || fail "'go env' does not work (its words are above)"
  printf '%s\n%s\n' "$1" "${version#go}" | sort --version-sort --check=quiet ||
    fail "$2 needs Go $1 or newer, and this is $version: put a newer one on PATH"
}
