//! What we can do, to be offered or compared with an offer.

use std::net::IpAddr;

use super::format::Payload;
use super::session::Direction;

/// One audio stream as we would have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Encodings in order of preference, with the numbers that we offer them under.
    pub audio: Vec<Payload>,
    /// The number that we offer RFC 4733 events under; `None` to do without them.
    pub telephone_event: Option<u8>,
    /// The address where we await RTP, as it is reached from outside.
    pub address: IpAddr,
    /// The port where we await RTP and RTCP.
    pub port: u16,
    /// The source that we send from, announced by `a=ssrc` (RFC 5576).
    pub ssrc: u32,
    /// The name that belongs to it in RTCP.
    pub cname: String,
    /// What we want of the stream; anything but both ways to hold.
    pub direction: Direction,
    /// Milliseconds of audio in a packet.
    pub ptime: u16,
}

/// Which description of ours this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The session's number: the same in all descriptions of one call.
    pub session: u64,
    /// One more with each change (RFC 3264 section 8).
    pub version: u64,
}

impl Capabilities {
    /// G.722, G.711 and events, both ways, 20 ms.
    pub fn telephony(address: IpAddr, port: u16, ssrc: u32) -> Self {
        Capabilities {
            audio: [9, 8, 0]
                .into_iter()
                .filter_map(Payload::of_static_number)
                .collect(),
            telephone_event: Some(101),
            address,
            port,
            ssrc,
            cname: "switchboard".into(),
            direction: Direction::SendRecv,
            ptime: 20,
        }
    }

    /// All payloads of our offer, events last.
    pub(crate) fn payloads(&self) -> Vec<Payload> {
        let events = self.telephone_event.map(Payload::telephone_event);
        self.audio.iter().cloned().chain(events).collect()
    }
}
