# shellcheck shell=bash
# NVIDIA driver and container toolkit. Sourced by bootstrap.sh on GPU types only.
#
# Branch 580 serves every GPU that Exoscale rents: it is NVIDIA's long-term branch, new enough for Blackwell (RTX PRO 6000,
# B300) and for the CUDA 13 of current Ollama images, and the last one for Pascal and Volta (the old `gpu` and `gpu2`).
# Packages are named outright: `ubuntu-drivers --gpgpu` picks another branch from one month to the next.
readonly DRIVER=580-server
readonly TOOLKIT_REPOSITORY=https://nvidia.github.io/libnvidia-container
# NVIDIA CORPORATION (Open Source Projects) <cudatools@nvidia.com>
readonly TOOLKIT_KEY=C95B321B61E88C1809C4F759DDCAE044F796ECB0

# Blackwell runs on the open kernel modules only, GPUs before Turing (device ids below 0x1e00) on the closed ones only.
module_flavour() {
  local device
  for device in "$ROOT"/sys/bus/pci/devices/*; do
    if [[ "$(<"$device/vendor")" != 0x10de || "$(<"$device/class")" != 0x03* ]]; then continue; fi
    if (($(<"$device/device") < 0x1e00)); then echo "$DRIVER"; else echo "$DRIVER-open"; fi
    return
  done
  log 'no NVIDIA GPU on the PCI bus'
  return 1
}

# Kernel series of the template: 24.04's own, or the newer one of its point releases.
kernel_series() {
  case "$(uname -r)" in
    6.8.*) echo generic ;;
    *) echo generic-hwe-24.04 ;;
  esac
}

driver_works() {
  timeout 120 nvidia-smi --list-gpus 2>/dev/null | grep -q '^GPU '
}

reboots() {
  cat "$STATE_DIR/reboots" 2>/dev/null || echo 0
}

# Canonical's prebuilt modules (no compiler, half a minute), which bring the kernel they were built for; where the archive
# has none that fit, or they gave no GPU after a reboot, DKMS builds them.
install_driver() {
  local flavour series
  if driver_works; then return; fi
  flavour="$(module_flavour)"
  series="$(kernel_series)"
  local packages=("nvidia-headless-no-dkms-$flavour" "nvidia-utils-$DRIVER")
  local prebuilt="linux-modules-nvidia-$flavour-$series"
  if (($(reboots) == 0)) && apt-get install --simulate "$prebuilt" "${packages[@]}" >/dev/null 2>&1; then
    log "step: installing NVIDIA driver $flavour with prebuilt modules"
    retry apt_install "$prebuilt" "${packages[@]}"
  else
    log "step: installing NVIDIA driver $flavour and building its modules"
    retry apt_install "linux-$series" "nvidia-dkms-$flavour" "${packages[@]}"
  fi
}

# Returns with a GPU, or reboots (the new kernel and its modules may need that), or fails after two reboots in vain.
require_gpu() {
  modprobe nvidia || true
  if driver_works; then
    log "GPU: $(nvidia-smi --list-gpus | paste --serial --delimiters ' ')"
    rm -f "$STATE_DIR/reboots"
    return
  fi
  # Ollama would answer from the CPU, far too slowly: no answer is the better news for the gateway.
  docker stop ollama >/dev/null 2>&1 || true
  if (($(reboots) >= 2)); then
    log "no GPU after two reboots, nvidia-smi says: $(timeout 120 nvidia-smi 2>&1 | tail -n 1)"
    return 1
  fi
  echo "$(($(reboots) + 1))" >"$STATE_DIR/reboots"
  log 'rebooting for the GPU driver, the bootstrap goes on by itself'
  # cloud-init must have recorded its first run, or it takes the next boot for a new machine.
  timeout 120 cloud-init status --wait >/dev/null 2>&1 || true
  systemctl reboot
  exit 0
}

install_container_toolkit() {
  if ! installed nvidia-container-toolkit; then
    log 'step: installing the NVIDIA container toolkit'
    trust_toolkit_repository
    retry apt_install nvidia-container-toolkit
  fi
  if ! grep -q nvidia-container-runtime "$ROOT/etc/docker/daemon.json"; then
    nvidia-ctk runtime configure --runtime=docker
    systemctl restart docker
  fi
}

# Only the key of that fingerprint leaves the download: whatever else it holds signs nothing here.
trust_toolkit_repository() {
  local work keyring="$ROOT/usr/share/keyrings/nvidia-container-toolkit.gpg"
  work="$(mktemp --directory)"
  retry curl --fail --silent --show-error --location --max-time 60 --output "$work/key" "$TOOLKIT_REPOSITORY/gpgkey"
  gpg --homedir "$work" --batch --quiet --no-autostart --import "$work/key"
  gpg --homedir "$work" --batch --yes --no-autostart --output "$keyring" --export "$TOOLKIT_KEY"
  rm -rf "$work"
  if [[ ! -s "$keyring" ]]; then
    log "the key of $TOOLKIT_REPOSITORY is not $TOOLKIT_KEY"
    return 1
  fi
  echo "deb [signed-by=$keyring] $TOOLKIT_REPOSITORY/stable/deb/\$(ARCH) /" \
    >"$ROOT/etc/apt/sources.list.d/nvidia-container-toolkit.list"
}
