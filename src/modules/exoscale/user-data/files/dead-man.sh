#!/usr/bin/env bash
# Powers the machine off when nobody has used its Ollama for the idle timeout plus an hour: the gateway normally stops the
# machine long before; this is for the day the gateway, its key or its network is gone. systemd runs it every minute.
#
# Used means: a POST in Ollama's own log, which writes a request's line when the request ends. The clock starts at the last
# boot. A request in progress holds the power-off, however long it takes, and moves nothing by itself. A look that fails
# (Docker hangs or was never installed) sees no use and forgets none: a bootstrap that hangs cannot burn money for ever, and
# one failed look among good ones changes nothing.
#
# Limits: the log does not tell a gateway's own POSTs (pull, load) from a user's, but they only come with a bring-up; anyone
# who may reach the port can keep the machine awake. The private link replaces this log by one of authenticated requests.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
load_settings
readonly GRACE_SEC=3600
readonly LIMIT_SEC=$((BOOTSTRAP_IDLE_TIMEOUT_SEC + GRACE_SEC))
readonly LAST_USE_FILE="$ROOT/run/ollama-gateway/last-use"

# Seconds since the last POST ended; fails when the log shows none within the limit or cannot be read. /api/show only reads.
seconds_since_last_post() {
  local line
  line="$(timeout 20 docker logs --timestamps --since "${LIMIT_SEC}s" ollama 2>&1 |
    grep -E '\[GIN\].*\| POST +"/(api|v1)/' | grep -vE 'POST +"/api/show"' | tail -n 1)" || return 1
  echo $(($(date +%s) - $(date --date "${line%% *}" +%s)))
}

# Whether a request is in progress. The published port is forwarded into the container, so its sockets are seen only in
# its network namespace. A gateway that is merely alive keeps idle connections open and probes over them; the kernel's
# counters tell those from work:
#   bytes came and none went out                   the first request of the connection waits for its first byte
#   something came after the last thing we sent    a later request waits for its first byte
#   we send long after the last thing that came    an answer is being streamed (or ended within ten minutes)
request_in_progress() {
  local pid
  pid="$(timeout 20 docker inspect --format '{{.State.Pid}}' ollama 2>/dev/null)" || return 1
  timeout 20 nsenter --target "$pid" --net ss -HtinO state established '( sport = :11434 )' 2>/dev/null | awk '
    function field(name) { return match($0, name ":[0-9]+") ? substr($0, RSTART + length(name) + 1, RLENGTH) + 0 : 0 }
    {
      sent = field("lastsnd"); received = field("lastrcv")
      first_waits = field("bytes_received") > 0 && field("bytes_sent") == 0
      streaming = received - sent > 2000 && sent < 600000
      if (first_waits || received < sent || streaming) busy = 1
    }
    END { exit !busy }'
}

uptime_sec="$(cut -d . -f 1 "$ROOT/proc/uptime")"
last_use_sec="$(cat "$LAST_USE_FILE" 2>/dev/null || echo 0)"
if age_sec="$(seconds_since_last_post)" && ((uptime_sec - age_sec > last_use_sec)); then
  last_use_sec=$((uptime_sec - age_sec))
  mkdir -p "${LAST_USE_FILE%/*}"
  echo "$last_use_sec" >"$LAST_USE_FILE"
fi
readonly IDLE_SEC=$((uptime_sec - last_use_sec))

if ((IDLE_SEC < LIMIT_SEC)) || request_in_progress; then exit 0; fi
log "dead-man: no use for $IDLE_SEC s (limit $LIMIT_SEC s), powering off"
systemctl poweroff
