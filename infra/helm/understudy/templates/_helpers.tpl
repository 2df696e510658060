{{- define "understudy.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What pods of one component are selected by. Takes (dict "root" $ "component" "api"). */}}
{{- define "understudy.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "understudy.labels" -}}
{{ include "understudy.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "understudy.image" -}}
{{- with .root.Values.image.registry }}{{ . | trimSuffix "/" }}/{{ end }}understudy-{{ .component }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ with get .root.Values.image.digests .component }}@{{ . }}{{ end }}
{{- end }}

{{- define "understudy.secretName" -}}
{{ .Values.existingSecret | default (printf "%s-secrets" (include "understudy.name" .)) }}
{{- end }}

{{/* Variables out of the Secret. Takes (dict "root" $ "needed" (list …) "optional" (list …)). */}}
{{- define "understudy.secretEnv" -}}
{{- $secret := include "understudy.secretName" .root }}
{{- range .needed }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{- end }}
{{- range .optional }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }}, optional: true } }
{{- end }}
{{- if .root.Values.caSecret }}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/understudy/ca/ca.crt
{{- end }}
{{- end }}

{{- define "understudy.settings" -}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "understudy.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "understudy.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "understudy.caMount" -}}
{{- if .Values.caSecret }}
volumeMounts:
  - { name: ca, mountPath: /etc/understudy/ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "understudy.caVolume" -}}
{{- if .Values.caSecret }}
volumes:
  - name: ca
    secret: { secretName: {{ .Values.caSecret }} }
{{- end }}
{{- end }}

{{/* No two of a component on one node, where there are others. Takes (dict "root" $ "component" "api"). */}}
{{- define "understudy.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "understudy.selector" . | nindent 6 }}
{{- end }}
