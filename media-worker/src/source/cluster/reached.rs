//! How far sides reach this worker, as the operator wrote it into the `PhoneSystem`'s status.
use std::net::IpAddr;

use crds::PhoneSystem;

use crate::source::{Reached, ReachedMedia, ReachedSip};

/// What the status says of the worker in this slot; an address that is none is left out.
pub(super) fn read(system: &PhoneSystem, slot: u32) -> Reached {
    let Some(status) = &system.status else {
        return Reached::default();
    };
    let sip = &system.spec.network.sip;
    let chosen = status.sip_ports;
    let media = status.media.iter().find(|media| media.slot == slot);
    Reached {
        sip: addresses(&status.addresses).map(|addresses| ReachedSip {
            addresses,
            udp: chosen.map_or(sip.udp, |ports| ports.udp),
            tcp: chosen.map_or(sip.tcp, |ports| ports.tcp),
            tls: chosen.and_then(|ports| ports.tls).unwrap_or(sip.tls),
        }),
        media: media.and_then(|media| {
            Some(ReachedMedia {
                addresses: addresses(&media.addresses)?,
                first_port: media.first_port,
            })
        }),
    }
}

fn addresses(texts: &[String]) -> Option<Vec<IpAddr>> {
    let parsed: Vec<IpAddr> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    (!parsed.is_empty()).then_some(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crds::{
        PhoneSystemSpec,
        phone_system::{MediaAddress, PhoneSystemStatus, SipPorts},
    };

    #[test]
    fn the_ports_that_the_cluster_has_chosen_go_before_those_of_the_manifest() {
        let mut system = PhoneSystem::new("office", PhoneSystemSpec::default());
        system.status = Some(PhoneSystemStatus {
            addresses: vec!["203.0.113.5".into()],
            sip_ports: Some(SipPorts {
                udp: 31_060,
                tcp: 31_061,
                tls: None,
            }),
            ..PhoneSystemStatus::default()
        });
        let sip = read(&system, 0).sip.unwrap();
        assert_eq!((sip.udp, sip.tcp, sip.tls), (31_060, 31_061, 5061));
    }

    #[test]
    fn each_slot_has_media_of_its_own_and_all_share_the_addresses_of_sip() {
        let mut system = PhoneSystem::new("office", PhoneSystemSpec::default());
        assert_eq!(read(&system, 0), Reached::default());
        let media = |slot, address: &str| MediaAddress {
            slot,
            addresses: vec![address.into()],
            first_port: Some(30_000),
        };
        system.spec.network.sip.udp = 5070;
        system.status = Some(PhoneSystemStatus {
            addresses: vec!["203.0.113.5".into(), "pending".into()],
            media: vec![media(0, "203.0.113.6"), media(1, "203.0.113.7")],
            ..PhoneSystemStatus::default()
        });
        let reached = read(&system, 1);
        let sip = reached.sip.unwrap();
        assert_eq!(sip.addresses, ["203.0.113.5".parse::<IpAddr>().unwrap()]);
        assert_eq!(sip.udp, 5070);
        assert_eq!(
            reached.media,
            Some(ReachedMedia {
                addresses: vec!["203.0.113.7".parse().unwrap()],
                first_port: Some(30_000)
            })
        );
    }
}
