#!/usr/bin/env bash
# Installs security updates once a day, at a moment without a request. Ubuntu's own timers would do it at any moment, restart
# Docker beneath a stream and change the driver beneath a model. So they are off, needrestart does not run, and what cannot
# change beneath a running answer is left alone (apt.conf): a machine gets that by being replaced. Libraries and nginx change
# on the disk and are used from the next boot on; a gateway stops its machine whenever it is idle.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "${BASH_SOURCE[0]%/*}/lib.sh"
readonly DONE_FILE="$ROOT/var/lib/ollama-gateway/updated"

if [[ -n "$(find "$DONE_FILE" -mmin -1440 2>/dev/null)" ]]; then exit 0; fi
if request_in_progress; then exit 0; fi
log 'installing security updates'
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
timeout 1800 dpkg --configure -a
timeout 600 apt-get update --quiet=2
timeout 3600 unattended-upgrade
touch "$DONE_FILE"
log 'security updates are installed'
