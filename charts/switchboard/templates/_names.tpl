{{/* The chart's name, for labels. */}}
{{- define "switchboard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What the names of all objects begin with. Room is left for `-operator-leader` and the like. */}}
{{- define "switchboard.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $joined := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $joined .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{/* The operator's ServiceAccount. */}}
{{- define "switchboard.serviceAccount" -}}
{{- $made := printf "%s-operator" (include "switchboard.fullname" .) -}}
{{- default (ternary $made "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The namespaces whose PhoneSystems are run, as a JSON list under `list`. */}}
{{- define "switchboard.namespaces" -}}
{{- dict "list" (.Values.watchNamespaces | default (list .Release.Namespace) | uniq) | toJson -}}
{{- end -}}

{{/* The namespace that `helm test` calls in. */}}
{{- define "switchboard.test.namespace" -}}
{{- .Values.test.namespace | default (first (include "switchboard.namespaces" . | fromJson).list) -}}
{{- end -}}

{{/* An image's full name. Give it a dict: root, image. */}}
{{- define "switchboard.image" -}}
{{- $name := printf "%s/%s" (trimSuffix "/" .root.Values.image.registry) .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}
