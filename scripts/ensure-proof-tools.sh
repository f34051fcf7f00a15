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

has_grpcio() { [ -x "$tools/python-grpc" ] && "$tools/python-grpc" -c "import grpc; assert 'grpcio==' + grpc.__version__ == '$GRPCIO'" 2>/dev/null; }

# Puts grpcio into a folder of its own, and beside it a program that is Python with that folder.
ensure_grpcio() {
  local python
  if ! has_grpcio; then
    ensure_python_with_pip
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
ensure_go_programs "$repo/test/proof/go-client" "$tools/bin" "$OLDEST_GO" go-client h2spec grpcurl
ensure_grpcio
