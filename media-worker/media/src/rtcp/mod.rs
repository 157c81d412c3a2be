//! RTCP (RFC 3550 6): reading compound packets without allocation, and building our reports.

mod build;

pub use build::{Report, interval};

use std::time::Duration;

/// A compound packet whose structure has been checked (RFC 3550 A.2); iterate over its packets.
#[derive(Clone, Copy, Debug)]
pub struct Compound<'a> {
    bytes: &'a [u8],
}

/// One packet of a compound.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// SR (RFC 3550 6.4.1).
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// What he sent.
        sender: SenderInfo,
        /// What he received.
        blocks: ReportBlocks<'a>,
    },
    /// RR (RFC 3550 6.4.2).
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// What he received.
        blocks: ReportBlocks<'a>,
    },
    /// SDES (RFC 3550 6.5): the first chunk's source and canonical name.
    SourceDescription {
        /// Who is described; 0 in an empty packet.
        ssrc: u32,
        /// His CNAME.
        cname: Option<&'a [u8]>,
    },
    /// BYE (RFC 3550 6.6): the first source that leaves.
    Goodbye {
        /// Who leaves; `None` in an empty one.
        ssrc: Option<u32>,
    },
    /// APP, feedback, extended reports: not for us.
    Other {
        /// The RTCP packet type.
        packet_type: u8,
    },
}

/// What a sender says of its sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// The wall clock.
    pub ntp: Ntp,
    /// The RTP timestamp of the same instant.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

/// A reception report block (RFC 3550 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Of 256, since the last report.
    pub fraction_lost: u8,
    /// Since the start, 24 bits, negative with duplicates.
    pub cumulative_lost: i32,
    /// Cycles and the highest sequence number received.
    pub highest_sequence: u32,
    /// In timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the last SR's NTP time; 0 for none.
    pub last_sr: u32,
    /// From that SR to this report, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    /// The round trip (RFC 3550 6.4.1, A − LSR − DLSR) when this block, about us, arrives at `now`. `None` if he has
    /// not heard an SR of ours, or the result is absurd, as with a stepped clock.
    pub fn round_trip(&self, now: Ntp) -> Option<Duration> {
        if self.last_sr == 0 {
            return None;
        }
        let trip = now
            .middle()
            .wrapping_sub(self.last_sr)
            .wrapping_sub(self.delay_since_last_sr);
        let duration = Duration::from_micros((u64::from(trip) * 1_000_000) >> 16);
        (duration <= MAX_ROUND_TRIP).then_some(duration)
    }
}

/// An NTP timestamp: seconds since 1900 in 32.32 fixed point (RFC 3550 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ntp(pub u64);

impl Ntp {
    /// From the time since the Unix epoch.
    pub fn from_unix(since_epoch: Duration) -> Ntp {
        let seconds = since_epoch.as_secs().wrapping_add(UNIX_EPOCH_IN_NTP) & u64::from(u32::MAX);
        let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
        Ntp(seconds << 32 | fraction)
    }

    /// The middle 32 bits, as LSR carries them.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Why a datagram is no RTCP compound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Shorter than its lengths say, or than its type needs.
    #[error("truncated RTCP packet")]
    Truncated,
    /// Another version than 2.
    #[error("not RTCP version 2")]
    Version,
    /// Padding in another than the last packet, or more than there is.
    #[error("invalid RTCP padding")]
    Padding,
}

/// Checks a compound packet. That it begins with a report is not demanded: RFC 5506 dropped it, and phones do.
pub fn parse(datagram: &[u8]) -> Result<Compound<'_>, ParseError> {
    let mut rest = datagram;
    if rest.is_empty() {
        return Err(ParseError::Truncated);
    }
    while !rest.is_empty() {
        let (packet, after) = split(rest)?;
        if packet.padded && !after.is_empty() {
            return Err(ParseError::Padding);
        }
        packet.check()?;
        rest = after;
    }
    Ok(Compound { bytes: datagram })
}

impl<'a> Compound<'a> {
    /// The packets in order.
    pub fn packets(&self) -> impl Iterator<Item = Packet<'a>> + use<'a> {
        let mut rest = self.bytes;
        std::iter::from_fn(move || {
            let (packet, after) = split(rest).ok()?;
            rest = after;
            packet.read()
        })
    }
}

/// Report blocks, read as they are iterated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    bytes: &'a [u8],
}

impl<'a> ReportBlocks<'a> {
    /// The blocks in order.
    pub fn iter(&self) -> impl Iterator<Item = ReportBlock> + use<'a> {
        self.bytes.chunks_exact(BLOCK_LEN).filter_map(|block| {
            let lost = word(block, 4)?;
            Some(ReportBlock {
                ssrc: word(block, 0)?,
                fraction_lost: (lost >> 24) as u8,
                // The 24 bits are signed.
                cumulative_lost: (lost << 8) as i32 >> 8,
                highest_sequence: word(block, 8)?,
                jitter: word(block, 12)?,
                last_sr: word(block, 16)?,
                delay_since_last_sr: word(block, 20)?,
            })
        })
    }
}

/// One packet's header and body, without padding.
struct Raw<'a> {
    count: usize,
    packet_type: u8,
    padded: bool,
    body: &'a [u8],
}

fn split(bytes: &[u8]) -> Result<(Raw<'_>, &[u8]), ParseError> {
    let &[first, packet_type, high, low, ..] = bytes else {
        return Err(ParseError::Truncated);
    };
    if first >> 6 != 2 {
        return Err(ParseError::Version);
    }
    let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
    let (packet, rest) = bytes
        .split_at_checked(length)
        .ok_or(ParseError::Truncated)?;
    let padded = first & 0x20 != 0;
    let padding = if padded {
        packet.last().copied().map_or(0, usize::from)
    } else {
        0
    };
    if padded && (padding == 0 || !padding.is_multiple_of(4)) {
        return Err(ParseError::Padding);
    }
    let end = length.checked_sub(padding).ok_or(ParseError::Padding)?;
    let body = packet.get(4..end).ok_or(ParseError::Padding)?;
    Ok((
        Raw {
            count: usize::from(first & 0x1f),
            packet_type,
            padded,
            body,
        },
        rest,
    ))
}

impl<'a> Raw<'a> {
    fn check(&self) -> Result<(), ParseError> {
        let needed = match self.packet_type {
            SR => 4 + SENDER_LEN + self.count * BLOCK_LEN,
            RR => 4 + self.count * BLOCK_LEN,
            BYE => 4 * self.count,
            SDES if self.count > 0 => 4,
            _ => 0,
        };
        if self.body.len() < needed {
            Err(ParseError::Truncated)
        } else {
            Ok(())
        }
    }

    fn blocks(&self, start: usize) -> Option<ReportBlocks<'a>> {
        Some(ReportBlocks {
            bytes: self.body.get(start..start + self.count * BLOCK_LEN)?,
        })
    }

    fn read(&self) -> Option<Packet<'a>> {
        Some(match self.packet_type {
            SR => Packet::SenderReport {
                ssrc: word(self.body, 0)?,
                sender: SenderInfo {
                    ntp: Ntp(u64::from(word(self.body, 4)?) << 32 | u64::from(word(self.body, 8)?)),
                    rtp_timestamp: word(self.body, 12)?,
                    packets: word(self.body, 16)?,
                    octets: word(self.body, 20)?,
                },
                blocks: self.blocks(4 + SENDER_LEN)?,
            },
            RR => Packet::ReceiverReport {
                ssrc: word(self.body, 0)?,
                blocks: self.blocks(4)?,
            },
            SDES => Packet::SourceDescription {
                ssrc: word(self.body, 0).unwrap_or(0),
                cname: self.body.get(4..).and_then(cname),
            },
            BYE => Packet::Goodbye {
                ssrc: (self.count > 0).then(|| word(self.body, 0)).flatten(),
            },
            packet_type => Packet::Other { packet_type },
        })
    }
}

fn cname(mut items: &[u8]) -> Option<&[u8]> {
    while let [kind, length, rest @ ..] = items {
        let (text, after) = rest.split_at_checked(usize::from(*length))?;
        match *kind {
            0 => return None,
            CNAME => return Some(text),
            _ => items = after,
        }
    }
    None
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

const SR: u8 = 200;
const RR: u8 = 201;
const SDES: u8 = 202;
const BYE: u8 = 203;
const CNAME: u8 = 1;
const SENDER_LEN: usize = 20;
const BLOCK_LEN: usize = 24;
const UNIX_EPOCH_IN_NTP: u64 = 2_208_988_800;
const MAX_ROUND_TRIP: Duration = Duration::from_mins(1);
