{{/* What is probably missing around Redis. For NOTES.txt: a Redis of that name, or pods with those labels, may be there. */}}
{{- define "weir.redisWarnings" -}}
{{- $redis := .Values.redis -}}
{{- $url := get .Values.settings "WEIR_REDIS_URL" | default $redis.url -}}
{{- if eq (get .Values.settings "WEIR_STORE" | default "redis") "redis" -}}
{{- if not (or $url $redis.deploy) }}
WARNING: NO REDIS. Neither redis.url nor redis.deploy is set, so Weir calls redis://{{ include "weir.name" . }}-redis:6379, which is not part of
this release. Unless there is such a Service in {{ .Release.Namespace }}, no pod becomes ready. Set redis.url to your Redis, or
redis.deploy=true for one to try things out with.
{{ end -}}
{{- if and $url (not (hasPrefix "unix:" $url)) .Values.networkPolicy.enabled -}}
{{- include "weir.redisPolicyWarnings" (dict "url" $url "policy" .Values.networkPolicy) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "weir.redisPolicyWarnings" -}}
{{- $labelled := `[{"namespaceSelector":{},"podSelector":{"matchLabels":{"app.kubernetes.io/name":"redis"}}}]` -}}
{{- if eq (toJson .policy.redis) $labelled }}
WARNING: the NetworkPolicy lets Weir reach only a Redis in pods with the label app.kubernetes.io/name=redis. If yours is
anything else, set networkPolicy.redis to where it is: [{ ipBlock: { cidr: 10.20.0.0/16 } }]
{{ end -}}
{{- range $host := regexReplaceAll "^[a-z]+://(.*@)?|/.*$" .url "" | splitList "," -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" | default "6379" -}}
{{- if not (has $port (toStrings $.policy.redisPorts)) }}
WARNING: the NetworkPolicy does not let Weir reach port {{ $port }} of {{ $host }}: add it to networkPolicy.redisPorts.
{{ end -}}
{{- end -}}
{{- end }}
