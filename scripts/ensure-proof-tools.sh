#!/usr/bin/env bash
# Finds the programs that prove the HTTP/2 and gRPC server (test/proof/), and installs those that are missing:
#   h2spec, grpcurl and our grpc-go client, at the versions of test/proof/go-client/go.mod (needs Go)
#   h2load and openssl (Debian packages nghttp2-client and openssl)
#   Python with grpcio (from PyPI)
#
#   TOOLS_DIR  the folder for what is not a Debian package (default: .tools in this repository)
#
# Prints one line for each program. Exits 0 when all are there, 1 with words otherwise. Envoy: scripts/ensure-tools.sh.
set -euo pipefail

readonly GRPCIO=grpcio==1.85.1
readonly TYPING_EXTENSIONS=typing-extensions==4.15.0
readonly OLDEST_GO=1.26

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"
go_client=$repo/test/proof/go-client

# What was built from these very files need not be built again.
go_stamp() { (cd "$go_client" && cat go.mod go.sum ./*.go | sha256sum | cut -d ' ' -f 1); }

ensure_go_programs() {
  local program stamp
  stamp=$(go_stamp)
  if [ "$(cat "$tools/bin/.stamp" 2>/dev/null)" != "$stamp" ]; then
    ensure_go "$OLDEST_GO" "h2spec or grpcurl"
    say "building h2spec, grpcurl and go-client with $(go env GOVERSION)"
    mkdir -p "$tools/bin"
    (cd "$go_client" && export GOFLAGS=-mod=readonly GOBIN=$tools/bin && go install tool && go build -o "$tools/bin/go-client" .) ||
      fail "go could not build them (its words are above)"
    echo "$stamp" >"$tools/bin/.stamp"
  fi
  for program in h2spec grpcurl go-client; do
    [ -x "$tools/bin/$program" ] || fail "there is no $tools/bin/$program: remove $tools/bin/.stamp and run this again"
    say "$program is $tools/bin/$program"
  done
}

has_grpcio() { [ -x "$tools/python-grpc" ] && "$tools/python-grpc" -c "import grpc; assert 'grpcio==' + grpc.__version__ == '$GRPCIO'" 2>/dev/null; }

# Prints a python3 that has pip, or nothing.
python_with_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if command -v "$python" >/dev/null && "$python" -m pip --version >/dev/null 2>&1; then
      "$python" -c 'import sys; print(sys.executable)'
      return
    fi
  done
}

# Puts grpcio into a folder of its own, and beside it a program that is Python with that folder.
ensure_grpcio() {
  local python
  if ! has_grpcio; then
    python=$(python_with_pip)
    if [ -z "$python" ]; then
      apt_install python3-pip
      hash -r
      python=$(python_with_pip)
      [ -n "$python" ] || fail "python3-pip is installed, but 'python3 -m pip' does not work"
    fi
    say "fetching $GRPCIO from PyPI into $tools/python"
    rm -rf "$tools/python"
    mkdir -p "$tools/python"
    PIP_ROOT_USER_ACTION=ignore "$python" -m pip install --quiet --no-deps --only-binary :all: --disable-pip-version-check --no-input \
      --target "$tools/python" "$GRPCIO" "$TYPING_EXTENSIONS" </dev/null || fail "pip could not fetch $GRPCIO (its words are above)"
    printf '#!/bin/sh\nPYTHONPATH=%s PYTHONDONTWRITEBYTECODE=1 exec %s "$@"\n' "$tools/python" "$python" >"$tools/python-grpc"
    chmod +x "$tools/python-grpc"
    has_grpcio || fail "grpcio was fetched, but $tools/python-grpc cannot import it"
  fi
  say "python with grpcio is $tools/python-grpc"
}

ensure_debian openssl openssl
ensure_debian h2load nghttp2-client
ensure_go_programs
ensure_grpcio
