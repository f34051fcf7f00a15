{{/* What all resources are called. */}}
{{- define "weir.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What selects Weir's pods. */}}
{{- define "weir.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "weir.redisLabels" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ include "weir.name" . }}-redis
{{- end }}

{{/* The environment: what the values say, and over it `settings`. */}}
{{- define "weir.environment" -}}
{{- $env := dict
  "WEIR_GRPC_LISTEN" "0.0.0.0:8081"
  "WEIR_GRPC_MAX_CONNECTION_AGE" "10m"
  "WEIR_HTTP_LISTEN" "0.0.0.0:8080"
  "WEIR_REDIS_URL" (.Values.redis.url | default (printf "redis://%s-redis:6379" (include "weir.name" .)))
  "WEIR_RULES" "/etc/weir/rules"
  "WEIR_SHUTDOWN_DELAY" .Values.shutdown.delay
  "WEIR_SHUTDOWN_TIMEOUT" .Values.shutdown.timeout
  "WEIR_STORE" "redis" -}}
{{- if .Values.redis.passwordSecret -}}
{{- $_ := set $env "WEIR_REDIS_PASSWORD_FILE" "/etc/weir/redis/password" -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $env "WEIR_GRPC_TLS_CERT" "/etc/weir/tls/tls.crt" -}}
{{- $_ := set $env "WEIR_GRPC_TLS_KEY" "/etc/weir/tls/tls.key" -}}
{{- if .Values.tls.clientCertificates -}}
{{- $_ := set $env "WEIR_GRPC_TLS_CLIENT_CA" "/etc/weir/tls/ca.crt" -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $env $name (include "weir.settingText" (dict "name" $name "value" $value)) -}}
{{- end -}}
{{- range $name, $value := $env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end -}}
{{- end }}

{{/* A setting as Weir reads it. Numbers of a values file are floats, which Go would print as 2e+06. */}}
{{- define "weir.settingText" -}}
{{- $text := kindIs "string" .value | ternary .value (toJson .value) -}}
{{- if and (not (kindIs "string" .value)) (contains "e" $text) (not (kindIs "bool" .value)) -}}
{{- fail (printf "settings.%s: write %s in plain digits and in quotes" .name $text) -}}
{{- end -}}
{{- $text -}}
{{- end }}

{{/* How a probe asks: gRPC, or where that speaks TLS, which kubelets do not, HTTP. */}}
{{- define "weir.probe" -}}
{{- if .root.Values.tls.secretName -}}
httpGet:
  path: {{ .path }}
  port: http
{{- else -}}
grpc:
  port: 8081
  service: {{ .service }}
{{- end -}}
{{- end }}

{{- define "weir.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}
