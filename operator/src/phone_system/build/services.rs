//! The Services through which phones reach a worker.
use crds::phone_system::NetworkMode;
use k8s_openapi::{
    api::core::v1::{Service, ServicePort, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::Source;
use crate::names;

/// Signalling, for all workers together. The caller's address is kept: registrations and limits go by it.
pub(super) fn sip(source: Source<'_>) -> Option<Service> {
    let system = source.name();
    let sip = &source.system.spec.network.sip;
    let mut ports = vec![
        port(SIP_UDP, "UDP", sip.udp, source.sip_port()),
        port(SIP_TCP, "TCP", sip.tcp, source.sip_port()),
    ];
    if source.has_tls() {
        ports.push(port(SIP_TLS, "TCP", sip.tls, source.tls_port()));
    }
    Some(Service {
        metadata: source.shared(&names::sip_service(&system)),
        spec: Some(ServiceSpec {
            selector: Some(names::labels(&system)),
            ports: Some(ports),
            ..spec(source)?
        }),
        ..Service::default()
    })
}

/// The media of one slot. It leads to the worker before that is Ready and while it drains, since calls go on then.
pub(super) fn media(source: Source<'_>, slot: u32) -> Option<Service> {
    let system = source.name();
    let network = &source.system.spec.network;
    let ports = (0_u16..).zip(source.media_ports()).map(|(n, number)| {
        let port = port(&format!("media-{n}"), "UDP", number, number);
        let node_port = match network.mode {
            NetworkMode::NodePort => Some(i32::from(first_node_port(network.media.first_port) + n)),
            NetworkMode::HostNetwork | NetworkMode::LoadBalancerPerWorker => None,
        };
        ServicePort { node_port, ..port }
    });
    Some(Service {
        metadata: source.of_slot(&names::media_service(&system, slot), slot),
        spec: Some(ServiceSpec {
            selector: Some(names::slot_labels(&system, slot)),
            ports: Some(ports.collect()),
            publish_not_ready_addresses: Some(true),
            ..spec(source)?
        }),
        ..Service::default()
    })
}

/// The node's port for the first media port: the same where the API server allows it, else one that it does allow.
/// What is announced must be a row of ports, so they cannot be left to chance.
pub(in crate::phone_system) fn first_node_port(first_port: u16) -> u16 {
    if NODE_PORTS.contains(&first_port) {
        first_port
    } else {
        FIRST_NODE_PORT
    }
}

/// What both have in common; none in the node's network.
fn spec(source: Source<'_>) -> Option<ServiceSpec> {
    let type_ = match source.system.spec.network.mode {
        NetworkMode::HostNetwork => return None,
        NetworkMode::LoadBalancerPerWorker => "LoadBalancer",
        NetworkMode::NodePort => "NodePort",
    };
    Some(ServiceSpec {
        type_: Some(type_.to_owned()),
        external_traffic_policy: Some("Local".to_owned()),
        ..ServiceSpec::default()
    })
}

fn port(name: &str, protocol: &str, outside: u16, inside: u16) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        port: i32::from(outside),
        target_port: Some(IntOrString::Int(i32::from(inside))),
        ..ServicePort::default()
    }
}

/// The name of the SIP Service's port for UDP.
pub(in crate::phone_system) const SIP_UDP: &str = "sip-udp";
/// For TCP.
pub(in crate::phone_system) const SIP_TCP: &str = "sip-tcp";
/// For TLS.
pub(in crate::phone_system) const SIP_TLS: &str = "sip-tls";
/// Those of an API server that was not told others, but for the last: at most 64 ports must follow.
const NODE_PORTS: std::ops::Range<u16> = 30_000..32_700;
const FIRST_NODE_PORT: u16 = 31_000;
