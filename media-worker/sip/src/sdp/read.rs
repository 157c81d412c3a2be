//! From octets to session descriptions.

use std::net::IpAddr;

use super::attributes::{kept, read};
use super::format::Payload;
use super::session::{Direction, Kind, Media, Origin, Session};

/// Octets are not a session description.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Malformed; says where.
    #[error("the session description is malformed: {0}")]
    Syntax(String),
    /// An address is a host name or of another network; names are not looked up.
    #[error("{0} is no IP address")]
    Address(String),
    /// More than the limit of octets, media, formats or attributes.
    #[error("the session description is too large")]
    TooLarge,
}

impl Session {
    /// Reads a session description.
    ///
    /// # Errors
    /// It is malformed, or larger than any telephone needs.
    pub fn parse(octets: &[u8]) -> Result<Session, SdpError> {
        if octets.len() > MOST_OCTETS {
            return Err(SdpError::TooLarge);
        }
        let read = sdp_types::Session::parse(octets)
            .map_err(|error| SdpError::Syntax(error.to_string()))?;
        if read.medias.len() > MOST_MEDIA {
            return Err(SdpError::TooLarge);
        }
        let direction = read
            .attributes
            .iter()
            .find_map(|line| Direction::from_name(&line.attribute));
        let others = read
            .attributes
            .iter()
            .filter(|line| Direction::from_name(&line.attribute).is_none());
        Ok(Session {
            origin: Origin {
                username: read.origin.username.clone().unwrap_or_else(|| "-".into()),
                session: read.origin.sess_id.clone(),
                version: read.origin.sess_version,
                address: read.origin.unicast_address.clone(),
            },
            connection: read.connection.as_ref().map(address).transpose()?,
            direction,
            attributes: others.map(kept).collect(),
            media: read.medias.iter().map(media).collect::<Result<_, _>>()?,
            name: read.session_name,
        })
    }
}

fn media(line: &sdp_types::Media) -> Result<Media, SdpError> {
    let formats: Vec<String> = line.fmt.split_ascii_whitespace().map(Into::into).collect();
    if formats.len() > MOST_FORMATS || line.attributes.len() > MOST_ATTRIBUTES {
        return Err(SdpError::TooLarge);
    }
    let over_rtp = line.proto.to_ascii_uppercase().contains("RTP/");
    let mut media = Media {
        kind: kind(&line.media),
        port: line.port,
        ports: line.num_ports,
        proto: line.proto.clone(),
        payloads: if over_rtp {
            payloads(&formats)
        } else {
            Vec::new()
        },
        formats,
        connection: line.connections.first().map(address).transpose()?,
        direction: None,
        ptime: None,
        maxptime: None,
        rtcp_mux: false,
        rtcp_port: None,
        ssrcs: Vec::new(),
        attributes: Vec::new(),
    };
    for attribute in &line.attributes {
        read(&mut media, attribute);
    }
    // A dynamic number that no rtpmap explained means nothing.
    media.payloads.retain(|payload| !payload.name.is_empty());
    Ok(media)
}

fn kind(name: &str) -> Kind {
    match name {
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        "image" => Kind::Image,
        other => Kind::Other(other.into()),
    }
}

/// The numbers on the `m=` line, each once; the dynamic ones still nameless.
fn payloads(formats: &[String]) -> Vec<Payload> {
    let mut payloads: Vec<Payload> = Vec::with_capacity(formats.len());
    for number in formats
        .iter()
        .filter_map(|format| format.parse().ok())
        .filter(|number| *number < 128)
    {
        if !payloads.iter().any(|payload| payload.number == number) {
            payloads.push(
                Payload::of_static_number(number).unwrap_or_else(|| Payload::new(number, "", 0)),
            );
        }
    }
    payloads
}

fn address(line: &sdp_types::Connection) -> Result<IpAddr, SdpError> {
    let not_ip = |_| SdpError::Address(line.connection_address.clone());
    line.try_address().map(|address| address.ip).map_err(not_ip)
}

const MOST_OCTETS: usize = 32_768;
const MOST_MEDIA: usize = 32;
const MOST_FORMATS: usize = 64;
const MOST_ATTRIBUTES: usize = 256;
