#!/usr/bin/env bash
# Makes sure of what test/docker/ needs: a Docker engine that answers, docker compose v2, and the images that ours are
# built from and tested with. Pulls the images that are missing.
#
#   STANDIN_IMAGES  a program that starts an engine and makes these images where no registry can be reached (default:
#                   ../shared/tools/standin-images beside this repository, or the one it is a clone of, if it is there)
#
# Prints one line for each. Exits 0 when all are there, 1 with words otherwise.
set -euo pipefail

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"

readonly PULL_SECONDS=300

# A clone of a repository on this machine is elsewhere, and its origin is a path.
find_standin() {
  local beside
  for beside in "$repo" "$(git -C "$repo" remote get-url origin 2>/dev/null || true)"; do
    if [ -x "$beside/../shared/tools/standin-images" ]; then
      echo "$beside/../shared/tools/standin-images"
      return
    fi
  done
}
standin=${STANDIN_IMAGES:-$(find_standin)}

# The images that the Dockerfile builds from, and those of docker-compose.yml that its tests start.
wanted_images() {
  sed -n 's/^ARG [A-Z]*_IMAGE=//p' "$repo/Dockerfile"
  [ ! -e "$repo/docker-compose.yml" ] ||
    sed -n 's/^ *image: *\([^ ]*\).*/\1/p' "$repo/docker-compose.yml" |
      grep --extended-regexp '^(envoyproxy/envoy|redis|prom/prometheus):'
}

is_engine_there() { docker info >/dev/null 2>&1; }
is_compose_there() { docker compose version --short 2>/dev/null | grep --quiet '^v\?2\.'; }

missing_images() {
  local image
  while read -r image; do
    docker image inspect "$image" >/dev/null 2>&1 || echo "$image"
  done < <(wanted_images | sort --unique)
}

# Whatever is missing, at once: it knows itself what is there already.
use_standin() {
  [ -x "$standin" ] || return 1
  say "$1: running $standin (minutes, the first time)"
  "$standin" >/dev/null || fail "$standin failed (its words are above)"
}

pull() {
  say "pulling $1"
  timeout "$PULL_SECONDS" docker pull --quiet "$1" >/dev/null 2>&1
}

# One that is installed and does not run, as on a machine without an init.
start_engine() {
  [ "$(id -u)" = 0 ] && command -v dockerd >/dev/null || return 1
  say "starting dockerd"
  mkdir -p "$tools"
  setsid nohup dockerd >"$tools/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 120); do
    is_engine_there && return
    sleep 0.5
  done
  return 1
}

is_engine_there || use_standin "no Docker engine answers" || start_engine || true
is_engine_there || fail "no Docker engine answers ('docker info' fails): install and start one, then run this again"
say "the Docker engine is $(docker version --format '{{.Server.Version}}')"

is_compose_there || use_standin "there is no docker compose v2" || true
is_compose_there || fail "there is no docker compose v2: install the plugin docker-compose-plugin, then run this again"
say "docker compose is $(docker compose version --short)"

for image in $(missing_images); do
  pull "$image" || { use_standin "$image cannot be pulled" && break; } ||
    fail "$image is not here and cannot be pulled: run 'docker pull $image' to see why, then this again"
done
for image in $(missing_images); do
  fail "$image is still not here: run 'docker pull $image', then this again"
done
say "the images are here: $(wanted_images | sort --unique | tr '\n' ' ')"
