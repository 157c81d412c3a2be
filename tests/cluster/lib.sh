# What the scripts of the test cluster share: where it lives, and how its parts are started and ended.
# shellcheck shell=bash
#
# One machine plays three roles, each in a place of its own:
#   network namespace $NODE    the node: control plane, kubelet, containerd and the pods behind it, and the S3 server
#   network namespace $PHONES  the outside world, behind a firewall: whoever wants to ring the office does it from here
#   cgroup $CGROUP             every process of the cluster, so that ending it needs no list of what was started

. "$(dirname "${BASH_SOURCE[0]}")/../../.ci/lib.sh"

CLUSTER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BIN=$(cd "$CLUSTER/../.." && pwd)/.tools/kubernetes/bin
STATE=/var/lib/switchboard-test-cluster
NODE=switchboard-node
PHONES=switchboard-phones
CGROUP=switchboard-test
NODE_ADDRESS=10.77.0.1
PHONES_ADDRESS=10.77.0.2
PODS=10.78.0.0/16
SERVICES=10.96.0.0/16
DNS_ADDRESS=10.96.0.10
CONTAINERD_SOCKET=$STATE/containerd/containerd.sock
export KUBECONFIG=$STATE/pki/admin.conf PATH="$BIN:$PATH"

# `nsenter --net`, not `ip netns exec`: the latter mounts a fresh /sys and hides the cgroups from the kubelet.
in_node() { nsenter --net="/run/netns/$NODE" "$@"; }
in_phones() { nsenter --net="/run/netns/$PHONES" "$@"; }
images() { ctr --address "$CONTAINERD_SOCKET" --namespace k8s.io images "$@"; }

# until_ok WHAT CMD...: tries for two minutes.
until_ok() {
  local what=$1 end=$((SECONDS + 120))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "waited 120 s for $what; the logs are in $STATE/log"
    sleep 0.1
  done
}

# cgroups: our folder in every hierarchy, one in version 2 and a dozen in version 1.
cgroups() { awk -v name="$CGROUP" '$3 == "cgroup" || $3 == "cgroup2" { print $2 "/" name }' /proc/mounts; }

# members: the process ids of everything that runs in the cluster.
members() {
  local folder
  for folder in $(cgroups); do
    [ ! -d "$folder" ] || find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null
  done | sort -un
}

# launch NAME CMD...: starts a part on the node, in the background, its process id and output where they are found again.
launch() {
  local name=$1 folder
  shift
  (
    for folder in $(cgroups); do echo $BASHPID >"$folder/parts/cgroup.procs" || true; done 2>/dev/null
    echo $BASHPID >"$STATE/pids/$name"
    exec nsenter --net="/run/netns/$NODE" setsid "$@" >>"$STATE/log/$name" 2>&1 </dev/null
  ) &
}

runs() { [ -e "$STATE/pids/$1" ] && kill -0 "$(cat "$STATE/pids/$1")" 2>/dev/null; }

# halt NAME: ends a part at once, with what it started itself, and waits until it is gone.
halt() {
  runs "$1" || return 0
  kill -KILL -- "-$(cat "$STATE/pids/$1")"
  gone() { ! runs "$1"; }
  until_ok "$1 to end" gone "$1"
  rm "$STATE/pids/$1"
}
