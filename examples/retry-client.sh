#!/usr/bin/env bash
# Asks a model behind the gateway and prints Ollama's lines of JSON as they come. Needs nothing but bash, awk and curl.
#
#   examples/retry-client.sh '{"model":"granite3.1-dense:8b","prompt":"why is the sky blue?"}'        (OLLAMA_URL can be set)
#
# While the machine is on its way the gateway answers with "provisioning":true and says when to ask again. With
# "provisioning":false a person must act first: asking again is no use, so curl's own --retry would not do.
set -euo pipefail

readonly URL="${OLLAMA_URL:-http://localhost:11434}/api/generate"
readonly SAMPLE='{"model":"granite3.1-dense:8b","prompt":"why is the sky blue?"}'
readonly REQUEST="${1:-$SAMPLE}"
# A first start installs drivers and pulls the model: give it a quarter of an hour.
readonly PATIENCE_SEC=900
readonly USUAL_WAIT_SEC=5

headers="$(mktemp)"
trap 'rm -f "$headers"' EXIT

while ((SECONDS < PATIENCE_SEC)); do
  : >"$headers"
  exec 3< <(curl --silent --show-error --no-buffer --dump-header "$headers" --data "$REQUEST" "$URL")
  # Answers of the gateway are one line; of a stream this is the first one.
  IFS= read -r line <&3 || true
  if [[ "$(awk 'NR == 1 { print $2 }' "$headers")" == 200 ]]; then
    printf '%s\n' "$line"
    cat <&3
    exit
  fi
  exec 3<&-
  printf '%s\n' "$line" >&2
  if [[ "$line" != *'"provisioning":true'* ]]; then exit 1; fi
  wait_sec="$(awk -F ': *' 'tolower($1) == "retry-after" { print $2 + 0 }' "$headers")"
  sleep "${wait_sec:-$USUAL_WAIT_SEC}"
done
echo "not ready within $PATIENCE_SEC s" >&2
exit 1
