//! The addresses that phones are told: given in the manifest, or learnt. Pure.
use crds::{
    PhoneSystem,
    phone_system::{MediaAddress, NetworkMode, SipPorts},
};

use super::build::{SLOT, first_node_port};

/// What was learnt from Services and nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Learnt<'a> {
    /// From the load balancer of SIP.
    pub sip: &'a [String],
    /// From the load balancer of the slot's media.
    pub media: &'a [String],
    /// From the worker's node.
    pub node: &'a [String],
}

/// Whether phones are told an address of the worker's node.
pub fn needs_node(system: &PhoneSystem) -> bool {
    let network = &system.spec.network;
    let sip_is_given = !network.sip.advertised.addresses.is_empty();
    let mut given = network.media.advertised.iter();
    match network.mode {
        NetworkMode::LoadBalancerPerWorker => false,
        NetworkMode::HostNetwork | NetworkMode::NodePort => {
            !(sip_is_given && given.any(|it| it.slot == SLOT))
        }
    }
}

/// The addresses of SIP.
pub fn sip(system: &PhoneSystem, learnt: Learnt<'_>) -> Vec<String> {
    let network = &system.spec.network;
    let given = &network.sip.advertised.addresses;
    if !given.is_empty() {
        return given.clone();
    }
    match network.mode {
        NetworkMode::LoadBalancerPerWorker => learnt.sip,
        NetworkMode::HostNetwork | NetworkMode::NodePort => learnt.node,
    }
    .to_vec()
}

/// The ports of SIP, where the cluster has chosen them and phones are told of the node itself.
pub fn sip_ports(system: &PhoneSystem, chosen: Option<SipPorts>) -> Option<SipPorts> {
    let network = &system.spec.network;
    let of_node = network.mode == NetworkMode::NodePort;
    chosen.filter(|_| of_node && network.sip.advertised.addresses.is_empty())
}

/// What the slot announces for media; none as long as that is not known.
pub fn media(system: &PhoneSystem, learnt: Learnt<'_>) -> Option<MediaAddress> {
    let network = &system.spec.network;
    if let Some(given) = network.media.advertised.iter().find(|it| it.slot == SLOT) {
        return Some(given.clone());
    }
    let first_port = network.media.first_port;
    let (addresses, first_port) = match network.mode {
        NetworkMode::LoadBalancerPerWorker => (learnt.media, first_port),
        NetworkMode::HostNetwork => (learnt.node, first_port),
        NetworkMode::NodePort => (learnt.node, first_node_port(first_port)),
    };
    let addresses: Vec<String> = addresses.iter().take(MOST).cloned().collect();
    (!addresses.is_empty()).then_some(MediaAddress {
        slot: SLOT,
        addresses,
        first_port: Some(first_port),
    })
}

/// As the schema has it.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn system(network: &str) -> PhoneSystem {
        let yaml = format!(
            "{{metadata: {{name: office}}, spec: {{domain: office.example.com, network: {network}}}}}"
        );
        serde_saphyr::from_str(&yaml).unwrap()
    }

    fn text(addresses: &[&str]) -> Vec<String> {
        addresses.iter().map(|&it| it.to_owned()).collect()
    }

    #[test]
    fn what_the_manifest_gives_goes_before_what_is_learnt() {
        let system = system(
            "{sip: {advertised: {addresses: [203.0.113.5]}}, \
             media: {advertised: [{slot: 0, addresses: [203.0.113.6], firstPort: 40000}]}}",
        );
        let (learnt_sip, learnt_media) = (text(&["198.51.100.1"]), text(&["198.51.100.2"]));
        let learnt = Learnt {
            sip: &learnt_sip,
            media: &learnt_media,
            node: &[],
        };
        assert_eq!(sip(&system, learnt), ["203.0.113.5"]);
        let media = media(&system, learnt).unwrap();
        assert_eq!(
            (media.addresses, media.first_port),
            (text(&["203.0.113.6"]), Some(40_000))
        );
    }

    #[test]
    fn only_whoever_is_told_of_a_node_is_told_its_ports() {
        let chosen = Some(SipPorts {
            udp: 31_060,
            tcp: 31_060,
            tls: None,
        });
        assert_eq!(sip_ports(&system("{mode: NodePort}"), chosen), chosen);
        // Load balancers have ports on the nodes, too.
        assert_eq!(sip_ports(&system("{}"), chosen), None);
        let router = "{mode: NodePort, sip: {advertised: {addresses: [203.0.113.5]}}}";
        assert_eq!(sip_ports(&system(router), chosen), None);
    }

    #[test]
    fn the_node_is_looked_at_only_where_phones_are_told_of_it() {
        let sip = "sip: {advertised: {addresses: [203.0.113.5]}}";
        let media = "media: {advertised: [{slot: 0, addresses: [203.0.113.6]}]}";
        for (network, needs) in [
            ("{}".to_owned(), false),
            ("{mode: HostNetwork}".to_owned(), true),
            (format!("{{mode: NodePort, {sip}}}"), true),
            (format!("{{mode: NodePort, {media}}}"), true),
            (format!("{{mode: NodePort, {sip}, {media}}}"), false),
        ] {
            assert_eq!(needs_node(&system(&network)), needs, "{network}");
        }
    }

    #[test]
    fn each_mode_learns_where_its_packets_arrive() {
        let (balancer, node) = (text(&["198.51.100.2"]), text(&["192.0.2.10"]));
        let learnt = Learnt {
            sip: &balancer,
            media: &balancer,
            node: &node,
        };
        for (mode, address, port) in [
            ("LoadBalancerPerWorker", "198.51.100.2", 20_000),
            ("HostNetwork", "192.0.2.10", 20_000),
            ("NodePort", "192.0.2.10", 31_000),
        ] {
            let system = system(&format!("{{mode: {mode}}}"));
            assert_eq!(sip(&system, learnt), [address], "{mode}");
            let media = media(&system, learnt).unwrap();
            assert_eq!(
                (media.addresses, media.first_port),
                (text(&[address]), Some(port)),
                "{mode}"
            );
        }
        assert_eq!(media(&system("{}"), Learnt::default()), None);
    }
}
