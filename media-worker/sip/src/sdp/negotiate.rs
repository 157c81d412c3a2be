//! Offer and answer (RFC 3264).

use std::net::SocketAddr;

use super::capabilities::{Capabilities, Version};
use super::format::{Format, Payload};
use super::session::{Attribute, Direction, Kind, Media, Origin, Session};
use crate::syntax::StatusCode;

/// What offer and answer came to: one audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Which of the media it is.
    pub index: usize,
    /// Where to send RTP, as announced; an address of zeros while on hold the old way.
    pub remote: SocketAddr,
    /// Where to send RTCP, when not to the same place.
    pub remote_rtcp: Option<SocketAddr>,
    /// What to send.
    pub send: Format,
    /// All that may come, in the order of the answer; what we send is among them.
    pub formats: Vec<Format>,
    /// RFC 4733 events.
    pub telephone_event: Option<Format>,
    /// The direction, seen from us.
    pub direction: Direction,
    /// The source that the far side announced.
    pub ssrc: Option<u32>,
    /// Milliseconds of audio in the packets that we send.
    pub ptime: u16,
}

/// Why no stream comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// No audio is offered, or only with port 0.
    #[error("there is no audio")]
    NoAudio,
    /// Audio is offered only over a profile that we don't speak (SRTP, WebRTC).
    #[error("audio is offered only over an unsupported profile")]
    Profile,
    /// No encoding is common to both sides.
    #[error("no encoding is common to both sides")]
    NoCommonEncoding,
    /// The stream has no address, or one of another family that no packet could reach.
    #[error("the audio has no usable address")]
    NoAddress,
    /// The answer does not fit our offer (RFC 3264 section 6).
    #[error("the answer does not fit the offer")]
    Mismatch,
    /// The far side refused the stream with port 0.
    #[error("the far side refused the audio")]
    Rejected,
}

impl Refusal {
    /// The response to a request with such an offer.
    pub fn status(self) -> StatusCode {
        StatusCode::NOT_ACCEPTABLE_HERE
    }
}

/// Our offer: one audio stream (RFC 3264 section 5).
pub fn offer(capabilities: &Capabilities, version: Version) -> Session {
    let media = Media {
        rtcp_port: Some(capabilities.port),
        rtcp_mux: true,
        ..stream(
            capabilities,
            capabilities.payloads(),
            capabilities.direction,
        )
    };
    session(capabilities, version, vec![media])
}

/// The answer to an offer: the first audio stream that we can serve is taken, all others are refused with port 0
/// (RFC 3264 section 6).
///
/// # Errors
/// No stream can be served; the request is to be answered with [`Refusal::status`].
pub fn answer(
    offer: &Session,
    capabilities: &Capabilities,
    version: Version,
) -> Result<(Session, Agreed), Refusal> {
    let mut worst = Refusal::NoAudio;
    let mut chosen = None;
    for (index, media) in offer.media.iter().enumerate() {
        match chosen_from(offer, index, media, capabilities) {
            Ok(found) if chosen.is_none() => chosen = Some(found),
            Ok(_) | Err(Refusal::NoAudio) => {}
            Err(refusal) => worst = refusal,
        }
    }
    let (agreed, payloads) = chosen.ok_or(worst)?;
    let answers = offer.media.iter().enumerate().map(|(index, media)| {
        if index == agreed.index {
            accepted(media, &agreed, payloads.clone(), capabilities)
        } else {
            refused(media)
        }
    });
    Ok((session(capabilities, version, answers.collect()), agreed))
}

/// What the answer to our offer means.
///
/// # Errors
/// The far side refused the stream, or its answer does not fit the offer: the call is to be ended.
pub fn agree(our_offer: &Session, answer: &Session) -> Result<Agreed, Refusal> {
    let (Some(ours), Some(theirs)) = (our_offer.media.first(), answer.media.first()) else {
        return Err(Refusal::Mismatch);
    };
    if theirs.port == 0 {
        return Err(Refusal::Rejected);
    }
    if answer.media.len() != our_offer.media.len()
        || theirs.kind != ours.kind
        || theirs.proto != ours.proto
    {
        return Err(Refusal::Mismatch);
    }
    let formats = matched(&theirs.payloads, &ours.payloads, Numbering::OfBothSides);
    let direction = our_offer
        .direction(ours)
        .and(answer.direction(theirs).reversed());
    agreed(0, answer, theirs, formats, direction, ours.ptime)
}

/// Whose numbers the formats of an answer have.
#[derive(Clone, Copy)]
enum Numbering {
    /// We answer, and take over those of the offer.
    OfOffer,
    /// The far side answered, maybe with numbers of its own.
    OfBothSides,
}

fn chosen_from(
    offer: &Session,
    index: usize,
    media: &Media,
    capabilities: &Capabilities,
) -> Result<(Agreed, Vec<Payload>), Refusal> {
    if media.kind != Kind::Audio || media.port == 0 {
        return Err(Refusal::NoAudio);
    }
    if !media.proto.eq_ignore_ascii_case("RTP/AVP") {
        return Err(Refusal::Profile);
    }
    let formats = matched(
        &media.payloads,
        &capabilities.payloads(),
        Numbering::OfOffer,
    );
    let direction = capabilities
        .direction
        .and(offer.direction(media).reversed());
    let agreed = agreed(
        index,
        offer,
        media,
        formats,
        direction,
        Some(capabilities.ptime),
    )?;
    let payloads = agreed
        .formats
        .iter()
        .chain(&agreed.telephone_event)
        .map(|format| echoed(format, &media.payloads));
    let payloads = payloads.collect();
    Ok((agreed, payloads))
}

/// The far side's payloads that we have too, in its order.
fn matched(theirs: &[Payload], ours: &[Payload], numbering: Numbering) -> Vec<Format> {
    let pairs = theirs
        .iter()
        .filter_map(|their| Some((their, ours.iter().find(|our| our.is_same_encoding(their))?)));
    pairs
        .map(|(their, our)| Format {
            name: our.name.clone(),
            clock: our.clock_rate(),
            channels: our.channels,
            send: their.number,
            receive: match numbering {
                Numbering::OfOffer => their.number,
                Numbering::OfBothSides => our.number,
            },
            fmtp: their.fmtp.clone(),
        })
        .collect()
}

fn agreed(
    index: usize,
    session: &Session,
    media: &Media,
    formats: Vec<Format>,
    direction: Direction,
    ptime: Option<u16>,
) -> Result<Agreed, Refusal> {
    let is_event = |format: &Format| format.name.eq_ignore_ascii_case("telephone-event");
    let (events, mut formats): (Vec<_>, Vec<_>) = formats.into_iter().partition(is_event);
    let mut seen = Vec::new();
    formats.retain(|format| {
        !seen.contains(&format.receive) && {
            seen.push(format.receive);
            true
        }
    });
    let is_voice = |format: &&Format| !format.name.eq_ignore_ascii_case("CN");
    let send = formats
        .iter()
        .find(is_voice)
        .cloned()
        .ok_or(Refusal::NoCommonEncoding)?;
    // Events are stamped by the clock of the voice that they interrupt (RFC 4733 section 2.5.1).
    let telephone_event = events.into_iter().find(|event| event.clock == send.clock);
    let address = session.address(media).ok_or(Refusal::NoAddress)?;
    let rtcp_port = if media.rtcp_mux {
        media.port
    } else {
        media.rtcp_port.unwrap_or(media.port.saturating_add(1))
    };
    Ok(Agreed {
        index,
        remote: SocketAddr::new(address, media.port),
        remote_rtcp: Some(rtcp_port)
            .filter(|port| *port != media.port)
            .map(|port| SocketAddr::new(address, port)),
        send,
        formats,
        telephone_event,
        direction,
        ssrc: media.ssrcs.first().copied(),
        ptime: packet_time(media, ptime),
    })
}

/// What the far side wants, within reason and below its maximum.
fn packet_time(media: &Media, ours: Option<u16>) -> u16 {
    let wanted = media
        .ptime
        .filter(|ptime| PTIMES.contains(ptime) && ptime % 10 == 0);
    let wanted = wanted.or(ours).unwrap_or(20);
    media
        .maxptime
        .filter(|most| PTIMES.contains(most))
        .map_or(wanted, |most| wanted.min(most - most % 10))
}

/// Our line for a format that the far side offered: its number, its clock as it wrote it, our parameters.
fn echoed(format: &Format, offered: &[Payload]) -> Payload {
    let offered = offered.iter().find(|payload| payload.number == format.send);
    let events = Payload::telephone_event(format.send);
    Payload {
        number: format.send,
        name: format.name.clone(),
        clock: offered.map_or(format.clock, |payload| payload.clock),
        channels: format.channels,
        fmtp: if offered.is_some_and(Payload::is_telephone_event) {
            events.fmtp
        } else {
            None
        },
    }
}

fn accepted(
    offered: &Media,
    agreed: &Agreed,
    payloads: Vec<Payload>,
    capabilities: &Capabilities,
) -> Media {
    Media {
        proto: offered.proto.clone(),
        rtcp_mux: offered.rtcp_mux,
        // RTCP comes on the port of RTP in any case (RFC 3605 says so to who does not know RFC 5761).
        rtcp_port: (!offered.rtcp_mux).then_some(capabilities.port),
        ..stream(capabilities, payloads, agreed.direction)
    }
}

/// Port 0, and the formats as they were (RFC 3264 section 6).
fn refused(offered: &Media) -> Media {
    Media {
        kind: offered.kind.clone(),
        port: 0,
        ports: None,
        proto: offered.proto.clone(),
        formats: offered.formats.clone(),
        payloads: Vec::new(),
        connection: None,
        direction: None,
        ptime: None,
        maxptime: None,
        rtcp_mux: false,
        rtcp_port: None,
        ssrcs: Vec::new(),
        attributes: Vec::new(),
    }
}

fn stream(capabilities: &Capabilities, payloads: Vec<Payload>, direction: Direction) -> Media {
    let cname = format!("{} cname:{}", capabilities.ssrc, capabilities.cname);
    Media {
        kind: Kind::Audio,
        port: capabilities.port,
        ports: None,
        proto: "RTP/AVP".into(),
        formats: payloads
            .iter()
            .map(|payload| payload.number.to_string())
            .collect(),
        payloads,
        connection: None,
        direction: Some(direction),
        ptime: Some(capabilities.ptime),
        maxptime: None,
        rtcp_mux: false,
        rtcp_port: None,
        ssrcs: vec![capabilities.ssrc],
        attributes: vec![Attribute {
            name: "ssrc".into(),
            value: Some(cname),
        }],
    }
}

fn session(capabilities: &Capabilities, version: Version, media: Vec<Media>) -> Session {
    Session {
        origin: Origin {
            username: "-".into(),
            session: version.session.to_string(),
            version: version.version,
            address: capabilities.address.to_string(),
        },
        name: "-".into(),
        connection: Some(capabilities.address),
        direction: None,
        attributes: Vec::new(),
        media,
    }
}

const PTIMES: std::ops::RangeInclusive<u16> = 10..=120;
