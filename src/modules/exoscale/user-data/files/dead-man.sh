#!/usr/bin/env bash
# What the machine does for itself on the day the gateway, its key or its network is gone: powers off when nobody has used it
# for the idle timeout plus an hour, and lifts a latch that nobody came back for. systemd runs it every minute.
#
# Use is what nginx writes to its log of use: an authenticated request that Ollama answered, when it ended. The clock starts
# at the last boot and is the machine's uptime, so a wrong or corrected time of day changes nothing. Only use moves it; three
# things hold the power-off meanwhile: the grace, keep-awake, a request in progress. A gateway that is merely alive holds
# nothing. A look that fails (nginx hangs or was never installed) sees no use and forgets none: a bootstrap that hangs cannot
# burn money for ever, and one failed look among good ones changes nothing.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
load_settings
readonly GRACE_SEC=3600 DAY_SEC=86400
readonly USE_LOG="$LINK_DIR/use.log"
readonly LAST_USE_FILE="$ROOT/run/ollama-gateway/last-use"

# told WORD FROM TO: the number that the gateway has told over the link; fails for none, and for one outside FROM to TO.
told() {
  local number
  number="$(cat "$LINK_DIR/control/$1" 2>/dev/null)" || return 1
  [[ "$number" =~ ^[1-9][0-9]{0,10}$ ]] && ((number >= $2 && number <= $3)) && echo "$number"
}

# A gateway that went away between latching and stopping would leave a machine that refuses everybody.
lift_stale_latch() {
  local latch
  latch="$(find "$LINK_DIR/control" -name drain -mmin +10 -print -delete 2>/dev/null)" || return 0
  if [[ -n "$latch" ]]; then log 'dead-man: lifted a latch of more than ten minutes'; fi
}

# Any line is use since the last look, which was a minute ago. Emptied only when it was not empty, so no line is lost
# unseen; nginx appends. The lines go to the journal: which replica used the machine, and when.
note_use() {
  if [[ ! -s "$USE_LOG" ]]; then return; fi
  mkdir -p "${LAST_USE_FILE%/*}"
  echo "$uptime_sec" >"$LAST_USE_FILE"
  cat "$USE_LOG" || true
  : >"$USE_LOG"
}

uptime_sec="$(cut -d . -f 1 "$ROOT/proc/uptime")"
idle_timeout_sec="$(told idle-timeout 1 $((365 * DAY_SEC)) || echo "$BOOTSTRAP_IDLE_TIMEOUT_SEC")"
lift_stale_latch
note_use
idle_sec=$((uptime_sec - $(cat "$LAST_USE_FILE" 2>/dev/null || echo 0)))
limit_sec=$((idle_timeout_sec + GRACE_SEC))

if ((idle_sec < limit_sec)); then exit 0; fi
now="$(date +%s)"
if told keep-awake $((now + 1)) $((now + 31 * DAY_SEC)) >/dev/null; then exit 0; fi
# nginx also counts a request that it refuses for lack of a certificate, for the moment the refusal takes: noise at the right
# moments can delay the power-off. So a request in progress holds it for a day, longer than any answer takes, and no more.
if ((idle_sec < limit_sec + DAY_SEC)) && request_in_progress; then exit 0; fi
log "dead-man: no use for $idle_sec s (limit $limit_sec s), powering off"
systemctl poweroff
