//! What the signalling side tells a media thread, and what it hears back.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use smallvec::SmallVec;

use super::stats::LegStats;
use crate::clip::Clip;
use crate::codec::Codec;
use crate::dtmf::Digit;

/// Names a leg; chosen by the caller, unique within the worker.
pub type LegId = u64;

/// One order to the engine. An order to a leg that is closed already is ignored: it crossed with the close.
#[derive(Debug, Clone)]
pub enum Command {
    /// Starts a leg.
    Open(LegSpec),
    /// A re-INVITE or UPDATE: the leg of the same id gets this address, direction and formats. Playback, recording and bridge go on.
    Redirect(LegSpec),
    /// Changes only the direction (hold and resume).
    Direct {
        /// The leg.
        leg: LegId,
        /// From our point of view.
        direction: Direction,
    },
    /// Ends the leg: everything on it ends, and [`Event::Closed`] follows.
    Close(LegId),
    /// Plays the items in order, instead of what plays now.
    Play {
        /// The leg that hears it.
        leg: LegId,
        /// What to play.
        items: Vec<PlayItem>,
        /// Comes back in [`Event::PlayEnded`].
        tag: u64,
    },
    /// Stops playing at the next tick.
    StopPlay {
        /// The leg.
        leg: LegId,
    },
    /// Records what the far side says, in the leg's send codec.
    Record {
        /// The leg.
        leg: LegId,
        /// The recording's id in the [`RecordSink`](super::RecordSink).
        recording: u64,
        /// This much silence ends it, and is left out of it but for one second.
        silence: Option<Duration>,
        /// It never gets longer than this.
        max: Duration,
    },
    /// Ends the recording.
    StopRecord {
        /// The leg.
        leg: LegId,
    },
    /// Each of the two hears the other.
    Bridge {
        /// One leg.
        a: LegId,
        /// The other.
        b: LegId,
    },
    /// Ends the bridge that the leg is in.
    Unbridge {
        /// Either leg.
        leg: LegId,
    },
    /// Sends digits one after the other, as the far side understands them.
    SendDigits {
        /// The leg.
        leg: LegId,
        /// What to dial.
        digits: SmallVec<[Digit; 16]>,
    },
}

/// All that SDP and signalling say about a leg.
#[derive(Debug, Clone)]
pub struct LegSpec {
    /// Its name.
    pub id: LegId,
    /// Index of the local port that it sends from and receives on.
    pub port: usize,
    /// Where its first packet comes from.
    pub remote: Expect,
    /// The far side's SSRC as announced (`a=ssrc`, RFC 5576).
    pub remote_ssrc: Option<u32>,
    /// Our SSRC, as announced.
    pub local_ssrc: u32,
    /// What we send.
    pub send: Format,
    /// What we accept; telephone-event apart.
    pub receive: SmallVec<[Format; 4]>,
    /// The payload number of telephone-event (RFC 4733), if agreed.
    pub telephone_event: Option<u8>,
    /// Listen for DTMF tones in the audio. Works only without telephone-event, which always wins.
    pub inband_dtmf: bool,
    /// Milliseconds of audio in a packet we send: a multiple of 10 up to 120 (others become 20).
    pub ptime: u16,
    /// From our point of view.
    pub direction: Direction,
    /// Whether the far side takes RTCP on its RTP port (RFC 5761); without it we send none.
    pub rtcp_mux: bool,
}

/// A payload number and its codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The number in the RTP header, 0 to 127.
    pub payload: u8,
    /// What it stands for.
    pub codec: Codec,
}

/// Where a leg's first packet comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// From the address in SDP.
    Announced(SocketAddr),
    /// From any port of the address that the signalling comes from: SDP's address is private, so the far side is behind a NAT.
    BehindNat {
        /// Source address of the signalling.
        signalling: IpAddr,
    },
}

impl Expect {
    /// The IP address, whatever the port.
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Announced(address) => address.ip(),
            Self::BehindNat { signalling } => *signalling,
        }
    }
}

/// Which way media flows, from our point of view (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// We only send.
    SendOnly,
    /// We only receive.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we may send.
    pub fn sends(self) -> bool {
        match self {
            Self::SendRecv | Self::SendOnly => true,
            Self::RecvOnly | Self::Inactive => false,
        }
    }

    /// Whether we listen.
    pub fn receives(self) -> bool {
        match self {
            Self::SendRecv | Self::RecvOnly => true,
            Self::SendOnly | Self::Inactive => false,
        }
    }
}

/// One thing to play.
#[derive(Debug, Clone)]
pub enum PlayItem {
    /// Once. A clip in another codec than the leg sends is transcoded as it plays.
    Clip(Clip),
    /// Again and again until stopped: ringback, music.
    Loop(Clip),
    /// Nothing, for so long.
    Silence(Duration),
}

/// What happened on a leg.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The far side pressed a key.
    Digit {
        /// The leg.
        leg: LegId,
        /// The key.
        digit: Digit,
    },
    /// Playback is over.
    PlayEnded {
        /// The leg.
        leg: LegId,
        /// As given with [`Command::Play`].
        tag: u64,
        /// Whether it was heard to the end.
        completed: bool,
    },
    /// A recording is over; all its frames were handed to the sink.
    RecordEnded {
        /// The leg.
        leg: LegId,
        /// The recording.
        recording: u64,
        /// What ended it.
        why: RecordEnd,
        /// From start to end, trailing silence included as far as it is recorded.
        duration: Duration,
        /// Whether anybody spoke in it.
        spoken: bool,
        /// Loudness of the speech in it, in dB relative to full scale.
        level: f32,
    },
    /// All digits of [`Command::SendDigits`] are sent.
    DigitsSent {
        /// The leg.
        leg: LegId,
    },
    /// The leg's audio comes from here: after opening, after a redirect, or because the far side moved.
    FirstPacket {
        /// The leg.
        leg: LegId,
        /// The source.
        from: SocketAddr,
        /// The stream's SSRC.
        ssrc: u32,
    },
    /// Neither RTP nor RTCP came for the time-out, though the call is not held. Told once until the far side shows that it is there.
    MediaLost {
        /// The leg.
        leg: LegId,
    },
    /// The leg is closed; nothing of it follows.
    Closed {
        /// The leg.
        leg: LegId,
        /// What passed over it.
        stats: LegStats,
    },
}

/// What ended a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// [`Command::StopRecord`].
    Stopped,
    /// The speaker fell silent.
    Silence,
    /// It reached its greatest length.
    MaxLength,
    /// The leg was closed.
    LegClosed,
}
