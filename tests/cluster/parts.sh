# The parts of the test cluster: for each a function that starts it and returns when it serves.
# shellcheck shell=bash

PARTS=(etcd apiserver controllers scheduler containerd kubelet proxy s3 cloud)
S3_PORT=7070
S3_ACCESS_KEY=switchboard
S3_SECRET_KEY=a-secret-of-the-test-cluster

start_etcd() {
  launch etcd etcd --data-dir "$STATE/etcd" --unsafe-no-fsync \
    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
}

start_apiserver() {
  local pki=$STATE/pki
  launch apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --advertise-address="$NODE_ADDRESS" \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --service-account-key-file="$pki/accounts.key" --service-account-signing-key-file="$pki/accounts.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range="$SERVICES" \
    --authorization-mode=Node,RBAC --allow-privileged --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key"
  until_ok "the API server" in_node kubectl get --raw /readyz
}

start_controllers() {
  launch controllers kube-controller-manager --kubeconfig="$KUBECONFIG" --leader-elect=false --use-service-account-credentials \
    --service-account-private-key-file="$STATE/pki/accounts.key" --root-ca-file="$STATE/pki/ca.crt" \
    --allocate-node-cidrs --cluster-cidr="$PODS" --service-cluster-ip-range="$SERVICES"
}

# Now and then it misses that a volume was bound while it looked at its pod; by itself it would look again after five minutes.
start_scheduler() {
  launch scheduler kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false --pod-max-in-unschedulable-pods-duration=5s
}

start_containerd() {
  launch containerd containerd --config "$STATE/containerd/config.toml"
  until_ok "containerd" ctr --address "$CONTAINERD_SOCKET" version
}

start_kubelet() {
  launch kubelet kubelet --config="$STATE/kubelet/config.yaml" --kubeconfig="$STATE/pki/kubelet.conf" --root-dir="$STATE/kubelet/root" \
    --hostname-override=node --node-ip="$NODE_ADDRESS"
}

start_proxy() {
  launch proxy kube-proxy --kubeconfig="$KUBECONFIG" --proxy-mode=iptables --hostname-override=node --cluster-cidr="$PODS" \
    --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
}

start_s3() {
  mkdir -p "$STATE/s3/voicemail"
  ROOT_ACCESS_KEY=$S3_ACCESS_KEY ROOT_SECRET_KEY=$S3_SECRET_KEY \
    launch s3 versitygw --port "$NODE_ADDRESS:$S3_PORT" --quiet posix "$STATE/s3"
  until_ok "the S3 server" in_node bash -c "exec 3<>/dev/tcp/$NODE_ADDRESS/$S3_PORT"
}

start_cloud() { launch cloud "$CLUSTER/cloud"; }
