{{/* The seconds in a duration such as 15s or 1.5m. */}}
{{- define "weir.seconds" -}}
{{- $perUnit := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $perUnit (regexFind "[a-z]+$" .)) -}}
{{- end }}

{{/* How long a pod may take to stop. The kubelet kills what takes longer, with the calls in it. */}}
{{- define "weir.gracePeriodSeconds" -}}
{{- with .Values.shutdown -}}
{{- $needed := addf (include "weir.seconds" .delay | float64) (include "weir.seconds" .timeout | float64) | ceil | int64 -}}
{{- $roomy := add $needed 5 -}}
{{- if kindIs "invalid" .gracePeriodSeconds -}}
{{- $roomy -}}
{{- else if le (int64 .gracePeriodSeconds) $needed -}}
{{- fail (printf "shutdown.gracePeriodSeconds is %d, but shutdown.delay (%s) and shutdown.timeout (%s) together may take %d s: set it to %d, or leave it out" (int64 .gracePeriodSeconds) .delay .timeout $needed $roomy) -}}
{{- else -}}
{{- int64 .gracePeriodSeconds -}}
{{- end -}}
{{- end -}}
{{- end }}
