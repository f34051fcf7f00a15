{{/* Refuses values that contradict each other, with words that say which value to use. Prints nothing. */}}
{{- define "weir.refuseContradictions" -}}
{{- include "weir.refuseSettings" . -}}
{{- if and .Values.tls.clientCertificates (not .Values.tls.secretName) -}}
{{- fail "tls.clientCertificates needs tls.secretName: clients show certificates only over TLS" -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if and .enabled (lt (int64 .maxReplicas) (int64 .minReplicas)) -}}
{{- fail (printf "autoscaling.maxReplicas (%d) is below autoscaling.minReplicas (%d)" (int64 .maxReplicas) (int64 .minReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The same for `settings`: some of them are also in other places of the manifests, which a value of its own decides. */}}
{{- define "weir.refuseSettings" -}}
{{- $settings := .Values.settings -}}
{{- range $name, $port := dict "WEIR_GRPC_LISTEN" "8081" "WEIR_HTTP_LISTEN" "8080" -}}
{{- $allowed := list (printf "0.0.0.0:%s" $port) (printf "[::]:%s" $port) -}}
{{- if and (hasKey $settings $name) (not (has (get $settings $name) $allowed)) -}}
{{- fail (printf "settings.%s must be %s: Services, probes and the NetworkPolicy use port %s of the pod's address" $name (join " or " $allowed) $port) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := dict "WEIR_SHUTDOWN_DELAY" "delay" "WEIR_SHUTDOWN_TIMEOUT" "timeout" -}}
{{- if hasKey $settings $name -}}
{{- fail (printf "settings.%s: use shutdown.%s, from which terminationGracePeriodSeconds is computed, too" $name $value) -}}
{{- end -}}
{{- end -}}
{{- range $name := list "WEIR_GRPC_TLS_CERT" "WEIR_GRPC_TLS_KEY" "WEIR_GRPC_TLS_CLIENT_CA" -}}
{{- if and (hasKey $settings $name) (not $.Values.tls.secretName) -}}
{{- fail (printf "settings.%s: use tls.secretName, which also mounts the Secret and makes probes HTTP" $name) -}}
{{- end -}}
{{- end -}}
{{- end }}
