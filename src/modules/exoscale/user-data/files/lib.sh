# shellcheck shell=bash
# What the scripts beside it share: settings, the log, retries, packages, the link. Sourced, never run.
# Every path starts with ROOT: empty on a machine, a folder in tests.
ROOT="${BOOTSTRAP_ROOT:-}"
SETTINGS_FILE="$ROOT/etc/ollama-gateway/bootstrap.env"
LINK_DIR="$ROOT/run/ollama-gateway/link"

# Exports what the gateway has set for this machine: BOOTSTRAP_* for these scripts, OLLAMA_* for Ollama.
load_settings() {
  set -o allexport
  # shellcheck source=/dev/null
  source "$SETTINGS_FILE"
  set +o allexport
}

# One line per step: to the journal (stderr of the unit), the console and a file. Never fails, not even on a full disk.
log() {
  local line
  line="$(date -u +%FT%TZ) ollama-gateway: $*"
  printf '%s\n' "$line" >&2
  { printf '%s\n' "$line" >>"$ROOT/var/log/ollama-gateway.log"; } 2>/dev/null || true
  { printf '%s\n' "$line" >"$ROOT/dev/console"; } 2>/dev/null || true
}

# retry COMMAND...: mirrors and registries have bad minutes; 8 attempts, pauses of 5 s to 60 s.
retry() {
  local attempt pause_sec=5
  for attempt in 1 2 3 4 5 6 7; do
    if "$@"; then return 0; fi
    log "attempt $attempt failed, again in $pause_sec s: $*"
    sleep "$pause_sec"
    pause_sec=$((pause_sec * 2 > 60 ? 60 : pause_sec * 2))
  done
  "$@" || { log "gave up: $*"; return 1; }
}

installed() {
  dpkg-query --show --showformat '${Status}' "$1" 2>/dev/null | grep -qx 'install ok installed'
}

# A power cut may have left dpkg half-way, and package lists of a template are old: both are put right first. needrestart
# must not restart Docker while it pulls.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
  timeout 1800 dpkg --configure -a &&
    timeout 600 apt-get update --quiet=2 --option APT::Update::Error-Mode=any &&
    timeout 1800 apt-get install --quiet=2 --yes --no-install-recommends "$@"
}

# link_status: nginx's counts of connections; fails where nginx does not answer.
link_status() {
  curl --silent --fail --max-time 5 --unix-socket "$LINK_DIR/status.sock" http://localhost/status
}

# Whether nginx is at work for somebody: `Writing` counts requests from their header to the end of their answer, the one that
# asks for this count among them.
request_in_progress() {
  local writing
  writing="$(link_status | sed -n 's/.*Writing: \([0-9]*\).*/\1/p')" || return 1
  ((writing > 1))
}
