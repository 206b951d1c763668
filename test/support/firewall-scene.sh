#!/usr/bin/env bash
# A machine as its firewall sees it, in three network namespaces: the machine (this one), a container behind docker0, and the
# network with the metadata service and a neighbour. Prints who reaches whom, one line each.
# Usage, as root: unshare --net --mount firewall-scene.sh NODE RULES...
set -euo pipefail
node="$1"
shift

# Names of namespaces are files: not those of the host.
mount -t tmpfs tmpfs /run
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward
for name in container network; do
  ip netns add "$name"
  ip -netns "$name" link set lo up
done
ip link add docker0 type veth peer name eth0 netns container
ip address add 172.17.0.1/16 dev docker0
ip link set docker0 up
ip -netns container address add 172.17.0.2/16 dev eth0
ip -netns container link set eth0 up
ip -netns container route add default via 172.17.0.1

ip link add ens3 type veth peer name eth0 netns network
ip address add 203.0.113.10/24 dev ens3
ip link set ens3 up
ip -netns network address add 203.0.113.1/24 dev eth0
ip -netns network link set eth0 up
ip -netns network address add 169.254.169.254/32 dev eth0
ip -netns network route add default via 203.0.113.10
ip route add 169.254.169.254/32 dev ens3

# As a unit would at two boots in a row.
for rules in "$@" "$@"; do nft --file "$rules"; done

# Returns when the server listens.
listen() {
  local ready
  exec {ready}< <(
    exec ip netns exec "$1" "$node" -e 'require("net").createServer((s) => s.end()).listen(+process.argv[1], () => console.log())' "$2"
  )
  servers+=("$!")
  read -r -u "$ready"
}
servers=()
trap 'kill "${servers[@]}"' EXIT
listen network 80
listen container 11434

reaches() {
  local who="$1" address="$2" port="$3"
  shift 3
  # shellcheck disable=SC2016
  if timeout 1 "$@" bash -c 'exec 4<>"/dev/tcp/$0/$1"' "$address" "$port" 2>/dev/null; then
    echo "$who: reached"
  else
    echo "$who: kept out"
  fi
}
reaches 'root to the metadata service' 169.254.169.254 80 env
reaches 'anybody else to the metadata service' 169.254.169.254 80 setpriv --reuid 65534 --clear-groups
reaches 'a container to the metadata service' 169.254.169.254 80 ip netns exec container
reaches 'a container to the rest of the world' 203.0.113.1 80 ip netns exec container
reaches 'the machine to the container' 172.17.0.2 11434 env
reaches 'a neighbour to the container' 172.17.0.2 11434 ip netns exec network
