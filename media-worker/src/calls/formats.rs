//! Between SDP's names of encodings and directions and the media engine's.

use media::codec::Codec;
use media::engine;
use sip::sdp::{Capabilities, Direction, Format, Kind, Media, Payload, Session};

use super::media::Seat;

/// The encodings to offer: those named first, then the others we speak, best first. Numbers are RFC 3551's, or dynamic ones.
pub(super) fn capabilities(seat: &Seat, prefer: &[Codec], direction: Direction) -> Capabilities {
    let address = seat.address();
    let mut codecs: Vec<Codec> = prefer.to_vec();
    codecs.extend(OURS.into_iter().filter(|codec| !prefer.contains(codec)));
    Capabilities {
        audio: codecs.into_iter().filter_map(payload).collect(),
        direction,
        ..Capabilities::telephony(address.ip(), address.port(), seat.ssrc())
    }
}

/// What we send by an agreed encoding.
pub(super) fn sent(format: &Format) -> Option<engine::Format> {
    Some(engine::Format {
        payload: format.send,
        codec: Codec::from_name(&format.name)?,
    })
}

/// What we receive by an agreed encoding.
pub(super) fn received(format: &Format) -> Option<engine::Format> {
    Some(engine::Format {
        payload: format.receive,
        codec: Codec::from_name(&format.name)?,
    })
}

/// The codecs that a description names for its audio, in its order.
pub(super) fn named_in(session: &Session) -> Vec<Codec> {
    let mut named = Vec::new();
    for codec in audio(session)
        .iter()
        .flat_map(|media| &media.payloads)
        .filter_map(|payload| Codec::from_name(&payload.name))
    {
        if !named.contains(&codec) {
            named.push(codec);
        }
    }
    named
}

/// The first audio stream that is not refused.
pub(super) fn audio(session: &Session) -> Option<&Media> {
    session
        .media
        .iter()
        .find(|media| media.kind == Kind::Audio && media.port != 0)
}

/// The direction of a description's audio, from its writer's point of view.
pub(super) fn direction_of(session: &Session) -> Direction {
    audio(session).map_or(Direction::SendRecv, |media| session.direction(media))
}

/// The engine's word for a direction.
pub(super) fn direction(direction: Direction) -> engine::Direction {
    match direction {
        Direction::SendRecv => engine::Direction::SendRecv,
        Direction::SendOnly => engine::Direction::SendOnly,
        Direction::RecvOnly => engine::Direction::RecvOnly,
        Direction::Inactive => engine::Direction::Inactive,
    }
}

fn payload(codec: Codec) -> Option<Payload> {
    Payload::of_static_number(codec.static_payload()?)
}

const OURS: [Codec; 3] = [Codec::G722, Codec::Pcma, Codec::Pcmu];
