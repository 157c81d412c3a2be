//! RTP packets (RFC 3550) over `rtp-rs`, and what one stream's sequence numbers tell.

use rtp_rs::{RtpPacketBuilder, RtpReader, RtpReaderError, Seq};

pub use crate::source::{Arrival, Source, Unwrapper};

/// One RTP packet as it arrived, borrowing its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The header fields.
    pub header: Header,
    /// The payload without padding.
    pub payload: &'a [u8],
}

/// The fields of an RTP header that matter to us; CSRCs and extensions are skipped on reading and never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Begins a talk spurt or an event (RFC 3551 4.1).
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp, in units of the payload's clock.
    pub timestamp: u32,
    /// The synchronization source.
    pub ssrc: u32,
}

impl Header {
    /// Bytes of a header as we write it.
    pub const LEN: usize = 12;

    /// Writes a packet into `out` and returns its length, `None` if it does not fit.
    pub fn write(&self, payload: &[u8], out: &mut [u8]) -> Option<usize> {
        RtpPacketBuilder::new()
            .marked(self.marker)
            .payload_type(self.payload_type)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(payload)
            .build_into(out)
            .ok()
    }
}

/// Why a datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than its header.
    #[error("truncated RTP packet")]
    Truncated,
    /// Another version than 2.
    #[error("not RTP version 2")]
    Version,
    /// More padding than packet, or none where the header promises some.
    #[error("invalid RTP padding")]
    Padding,
}

/// Reads an RTP packet.
pub fn parse(datagram: &[u8]) -> Result<Packet<'_>, ParseError> {
    let reader = RtpReader::new(datagram).map_err(|error| match error {
        RtpReaderError::BufferTooShort(_) | RtpReaderError::HeadersTruncated { .. } => {
            ParseError::Truncated
        }
        RtpReaderError::UnsupportedVersion(_) => ParseError::Version,
        RtpReaderError::PaddingLengthInvalid(_) => ParseError::Padding,
    })?;
    let header = Header {
        marker: reader.mark(),
        payload_type: reader.payload_type(),
        sequence: reader.sequence_number().into(),
        timestamp: reader.timestamp(),
        ssrc: reader.ssrc(),
    };
    Ok(Packet {
        header,
        payload: reader.payload(),
    })
}

/// What a datagram on a media port is, by its first bytes (RFC 7983, RFC 5761 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An RTP packet, to be parsed.
    Rtp,
    /// An RTCP packet, to be parsed.
    Rtcp,
    /// A STUN message.
    Stun,
    /// A DTLS record.
    Dtls,
    /// Anything else: to be counted and dropped.
    Unknown,
}

/// Tells RTP, RTCP, STUN and DTLS on one port apart.
pub fn classify(datagram: &[u8]) -> Kind {
    match datagram {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        // RFC 5761 4: RTCP packet types 192 to 223 are RTP's payload types 64 to 95 with the marker.
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Unknown,
    }
}
