#!/usr/bin/env bash
# Turns a plain Ubuntu 24.04 into an Ollama server. systemd runs it at every boot: until it has ended well once to go on
# where a reboot or a power cut stopped it, afterwards to re-assert the container. So each step first looks at what is
# already there, and no step trusts a record of an earlier run.
set -Eeuo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
load_settings
readonly STATE_DIR="$ROOT/var/lib/ollama-gateway"
if [[ "$BOOTSTRAP_GPU" == 1 ]]; then
  # shellcheck source=/dev/null
  source "${BASH_SOURCE[0]%/*}/gpu.sh"
fi

install_programs() {
  local package missing=()
  # Its welcome page is not wanted; our nginx has a unit of its own.
  systemctl mask --quiet nginx.service
  for package in docker.io nginx nftables unattended-upgrades ca-certificates curl gnupg; do
    installed "$package" || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  log "step: installing ${missing[*]}"
  retry apt_install "${missing[@]}"
}

# Before the container, for which the metadata service must be closed. The link may come up long before Ollama.
assert_units() {
  systemctl enable --quiet --now \
    ollama-gateway-firewall.service ollama-gateway-link.service ollama-gateway-updates.timer
}

pull_image() {
  if docker image inspect "$BOOTSTRAP_IMAGE" >/dev/null 2>&1; then return; fi
  log "step: pulling $BOOTSTRAP_IMAGE"
  retry timeout 1800 docker pull --quiet "$BOOTSTRAP_IMAGE"
  log "pulled $BOOTSTRAP_IMAGE"
}

# Keeps the container as long as it was made from the present settings.
assert_container() {
  local settings label name
  settings="$(sha256sum "$SETTINGS_FILE" | cut -c 1-16)"
  label="$(docker inspect --format '{{index .Config.Labels "ollama-gateway.settings"}}' ollama 2>/dev/null || true)"
  if [[ "$label" == "$settings" ]]; then
    log 'step: starting Ollama'
    docker start ollama >/dev/null
    return
  fi
  log 'step: making the Ollama container'
  docker rm --force ollama >/dev/null 2>&1 || true
  mkdir -p "$ROOT/var/lib/ollama"
  local options=(
    --detach --name ollama --restart unless-stopped
    --label "ollama-gateway.settings=$settings"
    --publish "127.0.0.1:$BOOTSTRAP_OLLAMA_PORT:11434"
    --volume "$ROOT/var/lib/ollama:/root/.ollama"
  )
  # By name only: docker reads the value from its environment, where no shell quoting can go wrong.
  for name in "${!OLLAMA_@}"; do options+=(--env "$name"); done
  if [[ "$BOOTSTRAP_GPU" == 1 ]]; then options+=(--gpus all); fi
  docker run "${options[@]}" "$BOOTSTRAP_IMAGE" >/dev/null
}

wait_until_it_answers() {
  log 'step: waiting for Ollama to answer'
  curl --silent --fail --output /dev/null --max-time 5 --retry 100 --retry-delay 3 --retry-max-time 300 \
    --retry-all-errors "http://127.0.0.1:$BOOTSTRAP_OLLAMA_PORT/"
  log "step: waiting for the link on port $BOOTSTRAP_LINK_PORT to answer"
  retry link_status >/dev/null
}

main() {
  local pull
  log "bootstrap $BOOTSTRAP_VERSION of launch $BOOTSTRAP_LAUNCH_ID begins"
  mkdir -p "$STATE_DIR"
  install_programs
  assert_units
  if [[ "$BOOTSTRAP_GPU" == 1 ]]; then
    install_container_toolkit
    # The two long downloads side by side: a minute less of a GPU that computes nothing.
    pull_image & pull=$!
    install_driver
    wait "$pull"
    require_gpu
  else
    pull_image
  fi
  assert_container
  wait_until_it_answers
  printf '%s\n' "$BOOTSTRAP_LAUNCH_ID" >"$STATE_DIR/bootstrapped"
  log 'done: Ollama answers'
}

trap 'log "failed in line $LINENO: $BASH_COMMAND"' ERR
main
