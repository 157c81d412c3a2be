//! A session description as values.

use std::net::IpAddr;

use super::format::Payload;

/// A session description. What is not understood is kept as attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who made it, and which version of it this is.
    pub origin: Origin,
    /// The name on the `s=` line.
    pub name: String,
    /// The address for all media that have none of their own; `None` when absent.
    pub connection: Option<IpAddr>,
    /// The direction of all media that have none of their own.
    pub direction: Option<Direction>,
    /// All other attributes of the session.
    pub attributes: Vec<Attribute>,
    /// The media, in order.
    pub media: Vec<Media>,
}

/// The `o=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Of the maker; `-` when there is none.
    pub username: String,
    /// The session's number, as written.
    pub session: String,
    /// The description's version, one more with each change (RFC 3264 section 8).
    pub version: u64,
    /// The maker's address, as written.
    pub address: String,
}

/// One `m=` line and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// What is sent.
    pub kind: Kind,
    /// Where it is awaited; 0 when it is refused or ended.
    pub port: u16,
    /// How many pairs of ports, when said.
    pub ports: Option<u16>,
    /// `RTP/AVP`, `RTP/SAVP`, `udptl` and so on, as written.
    pub proto: String,
    /// The formats, as written on the line.
    pub formats: Vec<String>,
    /// What the formats mean, for those over RTP; in their order of preference.
    pub payloads: Vec<Payload>,
    /// The address, when another than the session's.
    pub connection: Option<IpAddr>,
    /// The direction, when another than the session's.
    pub direction: Option<Direction>,
    /// Milliseconds of audio in a packet that the maker wants to receive.
    pub ptime: Option<u16>,
    /// The most milliseconds in a packet that the maker can receive.
    pub maxptime: Option<u16>,
    /// Whether RTCP comes on the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// The port of RTCP, when said (RFC 3605).
    pub rtcp_port: Option<u16>,
    /// The synchronization sources announced (RFC 5576).
    pub ssrcs: Vec<u32>,
    /// All other attributes.
    pub attributes: Vec<Attribute>,
}

/// What a medium is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Fax (T.38).
    Image,
    /// Anything else, as written.
    Other(String),
}

/// Which way media flow, seen from the maker of the description (RFC 3264 section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From the maker only: what one says who puts the other on hold.
    SendOnly,
    /// To the maker only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

/// An attribute that is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Before the colon.
    pub name: String,
    /// Behind the colon.
    pub value: Option<String>,
}

impl Session {
    /// The address of a medium of this session.
    pub fn address(&self, media: &Media) -> Option<IpAddr> {
        media.connection.or(self.connection)
    }

    /// The direction of a medium of this session. An address of zeros means that the maker does not receive (the old
    /// way to hold, RFC 3264 section 8.4).
    pub fn direction(&self, media: &Media) -> Direction {
        let direction = media
            .direction
            .or(self.direction)
            .unwrap_or(Direction::SendRecv);
        let deaf = self
            .address(media)
            .is_some_and(|address| address.is_unspecified());
        if deaf {
            Direction::from_flags(direction.sends(), false)
        } else {
            direction
        }
    }
}

impl Kind {
    /// As on the `m=` line.
    pub fn as_str(&self) -> &str {
        match self {
            Kind::Audio => "audio",
            Kind::Video => "video",
            Kind::Image => "image",
            Kind::Other(name) => name,
        }
    }
}

impl Direction {
    /// Whether the maker sends.
    pub fn sends(self) -> bool {
        match self {
            Direction::SendRecv | Direction::SendOnly => true,
            Direction::RecvOnly | Direction::Inactive => false,
        }
    }

    /// Whether the maker receives.
    pub fn receives(self) -> bool {
        match self {
            Direction::SendRecv | Direction::RecvOnly => true,
            Direction::SendOnly | Direction::Inactive => false,
        }
    }

    /// The direction of these two flags.
    pub fn from_flags(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The same, seen from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Direction::from_flags(self.receives(), self.sends())
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Direction) -> Self {
        Direction::from_flags(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// The name of the attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [
            Direction::SendRecv,
            Direction::SendOnly,
            Direction::RecvOnly,
            Direction::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.as_str() == name)
    }
}
