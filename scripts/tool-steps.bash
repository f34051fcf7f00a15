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

# is_at_least OLDEST VERSION
is_at_least() { printf '%s\n%s\n' "$1" "$2" | sort --version-sort --check=quiet; }

# ensure_go OLDEST WHAT: makes sure of a Go that can build WHAT
ensure_go() {
  local version
  command -v go >/dev/null || apt_install golang-go
  hash -r
  version=$(go env GOVERSION) || fail "'go env' does not work (its words are above)"
  is_at_least "$1" "${version#go}" ||
    fail "$2 needs Go $1 or newer, and this is $version: put a newer one on PATH"
}

# ensure_go_programs SOURCE FOLDER OLDEST PROGRAM TOOL...: makes sure of PROGRAM, which is the Go module in SOURCE, and of
# the tools that its go.mod names, all in FOLDER; builds them with Go OLDEST or newer
ensure_go_programs() {
  local source=$1 folder=$2 oldest=$3 main=$4 program stamp
  shift 3
  # What was built from these very files need not be built again.
  stamp=$(cd "$source" && cat go.mod go.sum ./*.go | sha256sum | cut -d ' ' -f 1)
  if [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ]; then
    ensure_go "$oldest" "each of $*"
    say "building $* with $(go env GOVERSION)"
    mkdir -p "$folder"
    (cd "$source" && export GOFLAGS=-mod=readonly GOBIN=$folder && go install tool && go build -o "$folder/$main" .) ||
      fail "go could not build them (its words are above)"
    echo "$stamp" >"$folder/.stamp"
  fi
  for program in "$@"; do
    [ -x "$folder/$program" ] || fail "there is no $folder/$program: remove $folder/.stamp and run this again"
    say "$program is $folder/$program"
  done
}

# Prints a python3 that has pip, or nothing.
python_with_pip() {
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if command -v "$candidate" >/dev/null && "$candidate" -m pip --version >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
}

# Sets the variable `python` to a python3 that has pip.
ensure_python_with_pip() {
  python=$(python_with_pip)
  if [ -z "$python" ]; then
    apt_install python3-pip
    hash -r
    python=$(python_with_pip)
    [ -n "$python" ] || fail "python3-pip is installed, but 'python3 -m pip' does not work"
  fi
}

# first_wanted CHECK CANDIDATE...: prints the first path for which the command CHECK succeeds; fails when there is none.
# Empty candidates are passed over.
first_wanted() {
  local check=$1 candidate
  shift
  for candidate in "$@"; do
    # shellcheck disable=SC2086 # the command may have arguments of its own
    if [ -n "$candidate" ] && $check "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}
