//! How SIP and media are reached.
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::reference::SecretRef;

/// How SIP and media are reached.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// How packets find a worker. Default: `LoadBalancerPerWorker`.
    #[serde(default)]
    pub mode: NetworkMode,
    /// Signalling.
    #[serde(default)]
    pub sip: SipNetwork,
    /// Audio.
    #[serde(default)]
    pub media: MediaNetwork,
}

/// How packets find a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum NetworkMode {
    /// Workers use their node's network.
    HostNetwork,
    /// A LoadBalancer Service for SIP, and one for each worker's media.
    #[default]
    LoadBalancerPerWorker,
    /// `NodePort` Services.
    NodePort,
}

/// The ports and addresses of signalling.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SipNetwork {
    /// The UDP port. Default: 5060.
    #[serde(default = "SipNetwork::port")]
    #[schemars(range(min = 1))]
    pub udp: u16,
    /// The TCP port. Default: 5060.
    #[serde(default = "SipNetwork::port")]
    #[schemars(range(min = 1))]
    pub tcp: u16,
    /// The TLS port, in use where `tlsSecretRef` is set. Default: 5061.
    #[serde(default = "SipNetwork::tls_port")]
    #[schemars(range(min = 1))]
    pub tls: u16,
    /// The Secret of type `kubernetes.io/tls` with the certificate, labelled `switchboard.dev/use: tls`. Absent: no TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_secret_ref: Option<SecretRef>,
    /// The addresses phones are told. Default: those of the Service's status.
    #[serde(default)]
    pub advertised: AddressPool,
}

/// The ports at which phones find SIP.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SipPorts {
    /// Over UDP.
    pub udp: u16,
    /// Over TCP.
    pub tcp: u16,
    /// Over TLS, where there is a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<u16>,
}

/// A set of addresses.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AddressPool {
    /// IPv4 addresses; IPv6 ones only where something translates, since workers listen on IPv4. Default: learnt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[x_kube(validation = Rule::new("self.all(x, isIP(x))")
        .message("phones are told addresses, no names; write for example addresses: [203.0.113.5]"))]
    #[schemars(length(max = 16), inner(length(max = 45)))]
    pub addresses: Vec<String>,
}

/// The ports and addresses of audio.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.firstPort + self.ports <= 65536")
    .message("the last media port would be above 65535; write a smaller firstPort, for example 20000"))]
pub struct MediaNetwork {
    /// The first UDP port. Default: 20000.
    #[serde(default = "MediaNetwork::first_port")]
    #[schemars(range(min = 1024))]
    pub first_port: u16,
    /// How many ports each worker has. Default: 8.
    #[serde(default = "MediaNetwork::ports")]
    #[schemars(range(min = 1, max = 64))]
    pub ports: u16,
    /// What each slot announces. Default: learnt from its Service's status or its node.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["slot".into()]))]
    #[x_kube(validation = Rule::new("self.all(a, a.addresses.all(x, self.exists_one(b, x in b.addresses)))")
        .message("one address may not serve two slots; give each slot addresses of its own"))]
    // Not at MediaAddress itself, which the status has too: what load balancers say there is not of the author's making.
    #[x_kube(validation = Rule::new("self.all(a, a.addresses.all(x, isIP(x)))")
        .message("phones are told addresses, no names; write for example {slot: 0, addresses: [203.0.113.6]}"))]
    #[schemars(length(max = 64))]
    pub advertised: Vec<MediaAddress>,
}

/// What one slot announces for media.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MediaAddress {
    /// The worker's slot, counted from 0.
    #[schemars(range(max = 63))]
    pub slot: u32,
    /// IPv4 addresses; IPv6 ones only where something translates, since workers listen on IPv4.
    #[x_kube(merge_strategy = ListMerge::Set)]
    #[schemars(length(min = 1, max = 4), inner(length(max = 45)))]
    pub addresses: Vec<String>,
    /// The port that is announced for the first media port. Default: the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub first_port: Option<u16>,
}

impl SipNetwork {
    const fn port() -> u16 {
        5060
    }
    const fn tls_port() -> u16 {
        5061
    }
}

impl Default for SipNetwork {
    fn default() -> Self {
        Self {
            udp: Self::port(),
            tcp: Self::port(),
            tls: Self::tls_port(),
            tls_secret_ref: None,
            advertised: AddressPool::default(),
        }
    }
}

impl MediaNetwork {
    const fn first_port() -> u16 {
        20_000
    }
    const fn ports() -> u16 {
        8
    }
}

impl Default for MediaNetwork {
    fn default() -> Self {
        Self {
            first_port: Self::first_port(),
            ports: Self::ports(),
            advertised: Vec::new(),
        }
    }
}
