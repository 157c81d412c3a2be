//! From session descriptions to octets.

use std::net::IpAddr;

use bytes::Bytes;
use sdp_types::{AddrType, NetType};

use super::attributes::write;
use super::session::{Attribute, Direction, Media, Session};

impl Session {
    /// The description as it goes into a body of type `application/sdp`.
    pub fn to_bytes(&self) -> Bytes {
        let mut octets = Vec::with_capacity(512);
        // Writing to a Vec does not fail.
        let _: std::io::Result<()> = self.lines().write(&mut octets);
        // No larger than it is: a session may keep it.
        octets.into_boxed_slice().into()
    }

    fn lines(&self) -> sdp_types::Session {
        let origin = &self.origin;
        let addrtype = if origin.address.contains(':') {
            AddrType::Ip6
        } else {
            AddrType::Ip4
        };
        let mut session = sdp_types::Session::new(
            sdp_types::Origin {
                username: Some(origin.username.clone()),
                sess_id: origin.session.clone(),
                sess_version: origin.version,
                nettype: NetType::In,
                addrtype,
                unicast_address: origin.address.clone(),
            },
            &self.name,
        );
        session.connection = self.connection.map(connection);
        session.attributes = self
            .attributes
            .iter()
            .map(line)
            .chain(self.direction.map(of_direction))
            .collect();
        session.medias = self.media.iter().map(media).collect();
        session
    }
}

fn media(media: &Media) -> sdp_types::Media {
    sdp_types::Media {
        media: media.kind.as_str().into(),
        port: media.port,
        num_ports: media.ports,
        proto: media.proto.clone(),
        fmt: media.formats.join(" "),
        media_title: None,
        connections: media.connection.map(connection).into_iter().collect(),
        bandwidths: Vec::new(),
        key: None,
        attributes: write(media),
    }
}

fn connection(address: IpAddr) -> sdp_types::Connection {
    sdp_types::Connection::from_ip_addr(address)
}

fn line(attribute: &Attribute) -> sdp_types::Attribute {
    sdp_types::Attribute {
        attribute: attribute.name.clone(),
        value: attribute.value.clone(),
    }
}

fn of_direction(direction: Direction) -> sdp_types::Attribute {
    sdp_types::Attribute {
        attribute: direction.as_str().into(),
        value: None,
    }
}
