{{/* How a part comes to the brokers, and who it is to them: .root, .user (of the part), .component */}}

{{/* The part's own user over the one of all; with Strimzi's users the one that the chart makes for the part. As JSON. */}}
{{- define "tactful.user" -}}
{{- $user := mustMergeOverwrite (deepCopy .root.Values.kafka.user) (deepCopy (default dict .user)) -}}
{{- if .root.Values.strimzi.users.enabled -}}
{{- $name := printf "%s-%s" (include "tactful.fullname" .root) .component -}}
{{- if eq .root.Values.strimzi.users.authentication "tls" -}}
{{- $user = dict "username" "" "passwordSecret" (dict "name" "") "certificateSecret" (dict "name" $name "certificateKey" "user.crt" "keyKey" "user.key") -}}
{{- else -}}
{{- $user = dict "username" $name "passwordSecret" (dict "name" $name "key" "password") "certificateSecret" (dict "name" "") -}}
{{- end -}}
{{- end -}}
{{- $user | toJson -}}
{{- end -}}

{{- define "tactful.kafkaEnvironment" -}}
{{- $kafka := .root.Values.kafka -}}
{{- $user := include "tactful.user" . | fromJson -}}
- {name: TACTFUL_LOG, value: {{ printf "kafka://%s" $kafka.bootstrap | quote }}}
{{- with $kafka.topicPrefix }}
- {name: TACTFUL_TOPIC_PREFIX, value: {{ . | quote }}}
{{- end }}
- {name: TACTFUL_GROUP, value: {{ $kafka.group | quote }}}
- {name: TACTFUL_LOG_LEVEL, value: {{ .root.Values.logLevel }}}
- {name: TACTFUL_KAFKA__SECURITY_PROTOCOL, value: {{ $kafka.securityProtocol }}}
{{- if hasPrefix "SASL" $kafka.securityProtocol }}
{{- if not (and $user.username $user.passwordSecret.name) }}
{{- fail (printf "kafka.securityProtocol is %s: name who the %s is, by kafka.user.username and kafka.user.passwordSecret.name, or by its own" $kafka.securityProtocol .component) }}
{{- end }}
- {name: TACTFUL_KAFKA__SASL_MECHANISM, value: {{ $kafka.saslMechanism }}}
- {name: TACTFUL_KAFKA__SASL_USERNAME, value: {{ $user.username | quote }}}
- {name: TACTFUL_KAFKA__SASL_PASSWORD_FILE, value: /run/tactful/kafka-password/password}
{{- end }}
{{- if $kafka.caSecret.name }}
- {name: TACTFUL_KAFKA__SSL_CAFILE, value: /run/tactful/kafka-ca/ca.crt}
{{- end }}
{{- if $user.certificateSecret.name }}
- {name: TACTFUL_KAFKA__SSL_CERTFILE, value: /run/tactful/kafka-certificate/tls.crt}
- {name: TACTFUL_KAFKA__SSL_KEYFILE, value: /run/tactful/kafka-certificate/tls.key}
{{- end }}
{{- end -}}

{{- define "tactful.kafkaMounts" -}}
{{- $kafka := .root.Values.kafka -}}
{{- $user := include "tactful.user" . | fromJson -}}
- {name: tmp, mountPath: /tmp}
{{- if hasPrefix "SASL" $kafka.securityProtocol }}
- {name: kafka-password, mountPath: /run/tactful/kafka-password, readOnly: true}
{{- end }}
{{- if $kafka.caSecret.name }}
- {name: kafka-ca, mountPath: /run/tactful/kafka-ca, readOnly: true}
{{- end }}
{{- if $user.certificateSecret.name }}
- {name: kafka-certificate, mountPath: /run/tactful/kafka-certificate, readOnly: true}
{{- end }}
{{- end -}}

{{- define "tactful.kafkaVolumes" -}}
{{- $kafka := .root.Values.kafka -}}
{{- $user := include "tactful.user" . | fromJson -}}
- {name: tmp, emptyDir: {sizeLimit: 64Mi}}
{{- if hasPrefix "SASL" $kafka.securityProtocol }}
- name: kafka-password
  secret:
    secretName: {{ $user.passwordSecret.name }}
    defaultMode: 0440
    items: [{key: {{ $user.passwordSecret.key }}, path: password}]
{{- end }}
{{- if $kafka.caSecret.name }}
- name: kafka-ca
  secret:
    secretName: {{ $kafka.caSecret.name }}
    defaultMode: 0440
    items: [{key: {{ $kafka.caSecret.key }}, path: ca.crt}]
{{- end }}
{{- if $user.certificateSecret.name }}
- name: kafka-certificate
  secret:
    secretName: {{ $user.certificateSecret.name }}
    defaultMode: 0440
    items:
      - {key: {{ $user.certificateSecret.certificateKey }}, path: tls.crt}
      - {key: {{ $user.certificateSecret.keyKey }}, path: tls.key}
{{- end }}
{{- end -}}
