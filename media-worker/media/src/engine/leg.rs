//! One leg: the media of one party of a call.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::command::{Direction, Event, Expect, LegSpec, RecordEnd};
use super::decoding::Decoding;
use super::demux::{Key, StreamId};
use super::digits::{DigitsIn, DigitsOut};
use super::outgoing::Outgoing;
use super::packetizer::Packetizer;
use super::peer_keys::PeerKeys;
use super::play::Playback;
use super::reception::{Reception, since};
use super::record::Recording;
use super::relay::Relay;
use super::reports::Reports;
use super::stats::LegStats;
use super::transcode::{Recoder, Voice};
use super::turn::Turn;
use crate::codec::Codec;
use crate::comfort;

/// The state of one leg.
pub(super) struct Leg {
    pub(super) spec: LegSpec,
    pub(super) source: Source,
    pub(super) opened: Instant,
    pub(super) heard: Instant,
    pub(super) rtp_heard: Instant,
    pub(super) media: MediaState,
    /// After a re-INVITE another source at the same NAT may take over until then.
    pub(super) rearmed_until: Option<Instant>,
    pub(super) reception: Reception,
    /// What comes in as linear audio, from the first moment that somebody wants it so.
    pub(super) decoding: Option<Box<Decoding>>,
    pub(super) stream: Outgoing,
    pub(super) packetizer: Packetizer,
    pub(super) playback: Playback,
    pub(super) play_recoder: Option<Box<Recoder>>,
    /// Boxed, as most legs record nothing.
    pub(super) recording: Option<Box<Recording>>,
    pub(super) digits_in: DigitsIn,
    pub(super) digits_out: DigitsOut,
    pub(super) peer: Option<Key>,
    pub(super) relay: Relay,
    /// Brings the peer's audio into our codec where they differ.
    pub(super) voice: Option<Box<Voice>>,
    pub(super) peer_keys: PeerKeys,
    pub(super) reports: Reports,
}

/// Where the leg's packets come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing came yet; `spec.remote` says what is expected.
    Waiting,
    /// From exactly here.
    Latched { from: SocketAddr, ssrc: u32 },
}

/// Whether the signalling side was told that the far side is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaState {
    Flowing,
    Lost,
}

/// What a payload number means on a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Audio(Codec),
    TelephoneEvent,
    ComfortNoise,
    Unknown,
}

impl Leg {
    /// A leg that waits, with the random start that RFC 3550 wants of its stream.
    pub(super) fn new(spec: LegSpec, random: [u32; 3], now: Instant) -> Self {
        let [sequence, timestamp, phase] = random;
        Self {
            source: Source::Waiting,
            opened: now,
            heard: now,
            rtp_heard: now,
            media: MediaState::Flowing,
            rearmed_until: None,
            reception: Reception::default(),
            decoding: None,
            stream: Outgoing::new(spec.local_ssrc, sequence as u16, timestamp),
            packetizer: Packetizer::new(spec.ptime, spec.send.codec),
            playback: Playback::default(),
            play_recoder: None,
            recording: None,
            digits_in: DigitsIn::new(&spec),
            digits_out: DigitsOut::default(),
            peer: None,
            relay: Relay::default(),
            voice: None,
            peer_keys: PeerKeys::default(),
            reports: Reports::new(phase, now),
            spec,
        }
    }

    /// What the payload number means here.
    pub(super) fn meaning(&self, payload: u8) -> Meaning {
        if let Some(format) = self
            .spec
            .receive
            .iter()
            .find(|format| format.payload == payload)
        {
            return Meaning::Audio(format.codec);
        }
        if self.spec.telephone_event == Some(payload) {
            return Meaning::TelephoneEvent;
        }
        if payload == comfort::PAYLOAD_TYPE {
            Meaning::ComfortNoise
        } else {
            Meaning::Unknown
        }
    }

    /// Where to send, if anywhere now: into the flow that the far side opened, or to the announced address if we may go first.
    pub(super) fn destination(&self, send_first: bool) -> Option<SocketAddr> {
        if !self.spec.direction.sends() {
            return None;
        }
        match (self.source, self.spec.remote) {
            (Source::Latched { from, .. }, _) => Some(from),
            (Source::Waiting, Expect::Announced(address)) if send_first && address.port() != 0 => {
                Some(address)
            }
            (Source::Waiting, Expect::Announced(_) | Expect::BehindNat { .. }) => None,
        }
    }

    /// Whether we say something ourselves now.
    pub(super) fn is_speaking(&self) -> bool {
        self.playback.is_playing() || self.digits_out.is_dialing()
    }

    /// Whether the leg's next packet may be a first one.
    pub(super) fn awaits(&self) -> bool {
        self.source == Source::Waiting
    }

    /// Whether a re-INVITE lets another source take over.
    pub(super) fn rearmed(&self, now: Instant) -> bool {
        self.rearmed_until.is_some_and(|until| now < until)
    }

    /// Whether a packet with the leg's SSRC but from elsewhere is the same far side after a move: the old source is silent and the
    /// sequence goes on.
    pub(super) fn may_move(&self, sequence: u16, now: Instant) -> bool {
        let silence = since(self.rtp_heard, now);
        silence >= SILENCE_BEFORE_MOVE && self.reception.continues(sequence, silence)
    }

    /// The stream the leg has.
    pub(super) fn stream_id(&self) -> Option<StreamId> {
        match self.source {
            Source::Waiting => None,
            Source::Latched { from, ssrc } => Some(StreamId {
                port: self.spec.port,
                from,
                ssrc,
            }),
        }
    }

    /// Takes on a new address, direction and formats; the engine has taken care of the tables.
    pub(super) fn redirect(&mut self, spec: LegSpec, now: Instant) {
        self.is_there(now);
        self.packetizer = Packetizer::new(spec.ptime, spec.send.codec);
        self.digits_in.redirect(&spec);
        self.play_recoder = None;
        self.peer_keys = PeerKeys::default();
        self.relay.interrupt();
        // Our SSRC stays: it is the same stream to the far side (RFC 3550 section 8).
        self.spec = LegSpec {
            local_ssrc: self.spec.local_ssrc,
            ..spec
        };
    }

    pub(super) fn direct(&mut self, direction: Direction, now: Instant) {
        self.is_there(now);
        self.spec.direction = direction;
    }

    /// The far side shows that it is there: by a packet or by its signalling.
    pub(super) fn is_there(&mut self, now: Instant) {
        self.heard = now;
        self.media = MediaState::Flowing;
    }

    /// Whether the far side has been silent for too long. One that holds the call may send nothing.
    pub(super) fn is_lost(&self, media_timeout: Duration, now: Instant) -> bool {
        let direction = self.spec.direction;
        self.media == MediaState::Flowing
            && direction.sends()
            && direction.receives()
            && since(self.heard, now) >= media_timeout
    }

    /// Ends the recording, if one is made.
    pub(super) fn end_recording(&mut self, why: RecordEnd, turn: &mut Turn<'_>) {
        if let Some(recording) = self.recording.take() {
            recording.end(self.spec.id, why, turn);
        }
    }

    /// Ends the playback, if there is one.
    pub(super) fn stop_playing(&mut self, turn: &mut Turn<'_>) {
        self.packetizer.clear();
        if let Some(tag) = self.playback.stop() {
            turn.tell(Event::PlayEnded {
                leg: self.spec.id,
                tag,
                completed: false,
            });
        }
    }

    /// Listens no more, and counts what was heard.
    pub(super) fn stop_decoding(&mut self, turn: &mut Turn<'_>) {
        if let Some(decoding) = self.decoding.take() {
            let counters = decoding.counters();
            turn.counters.late += counters.late;
            turn.counters.concealed += counters.lost;
        }
    }

    pub(super) fn stats(&self) -> LegStats {
        LegStats {
            received: self.reception.received(),
            sent: self.stream.packets,
            lost: self.reception.lost(),
            jitter: self.reception.jitter(),
            round_trip: self.reports.round_trip(),
        }
    }
}

const SILENCE_BEFORE_MOVE: Duration = Duration::from_millis(500);
