//! The speech codecs, as encoders and decoders with state and no allocation per frame.

use audio_codec::g722::{Bitrate, G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder as _, Encoder as _};

/// A codec that legs can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: 16 kHz audio under an 8 kHz RTP clock (RFC 3551 4.5.2).
    G722,
}

impl Codec {
    /// Every codec, the widest band first.
    pub const ALL: [Codec; 3] = [Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// Samples per second of the decoded audio.
    pub const fn sample_rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma => 8_000,
            Codec::G722 => 16_000,
        }
    }

    /// RTP timestamp units per second. G.722's is 8000 by a historical error that RFC 3551 4.5.2 keeps.
    pub const fn clock_rate(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8_000,
        }
    }

    /// The static RTP payload type (RFC 3551 table 4), where the codec has one.
    pub const fn static_payload(self) -> Option<u8> {
        match self {
            Codec::Pcmu => Some(0),
            Codec::Pcma => Some(8),
            Codec::G722 => Some(9),
        }
    }

    /// The codec of a static RTP payload type.
    pub const fn from_static_payload(payload_type: u8) -> Option<Codec> {
        match payload_type {
            0 => Some(Codec::Pcmu),
            8 => Some(Codec::Pcma),
            9 => Some(Codec::G722),
            _ => None,
        }
    }

    /// The encoding name of `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
        }
    }

    /// The codec of an encoding name, which is case-insensitive (RFC 4855 3).
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Payload bytes of `ms` milliseconds.
    pub const fn bytes(self, ms: usize) -> usize {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 8 * ms,
        }
    }

    /// Decoded samples of `bytes` payload bytes.
    pub const fn samples(self, bytes: usize) -> usize {
        match self {
            Codec::Pcmu | Codec::Pcma => bytes,
            Codec::G722 => 2 * bytes,
        }
    }

    /// RTP timestamp units of `bytes` payload bytes.
    pub const fn units(self, bytes: usize) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => bytes as u32,
        }
    }
}

/// An encoder; G.722 carries state from frame to frame, so one belongs to one stream.
pub struct Encoder(EncoderState);

impl Encoder {
    /// An encoder at the start of a stream.
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => EncoderState::Pcmu(PcmuEncoder::new()),
            Codec::Pcma => EncoderState::Pcma(PcmaEncoder::new()),
            Codec::G722 => EncoderState::G722(Box::new(G722Encoder::new())),
        })
    }

    /// The codec it encodes to.
    pub fn codec(&self) -> Codec {
        match self.0 {
            EncoderState::Pcmu(_) => Codec::Pcmu,
            EncoderState::Pcma(_) => Codec::Pcma,
            EncoderState::G722(_) => Codec::G722,
        }
    }

    /// Encodes samples at the codec's rate and returns the bytes written: as many whole ones as `pcm` gives and `out` takes.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> usize {
        let samples_per_byte = self.codec().samples(1);
        let bytes = out.len().min(pcm.len() / samples_per_byte);
        let pcm = pcm.get(..bytes * samples_per_byte).unwrap_or_default();
        match &mut self.0 {
            EncoderState::Pcmu(encoder) => encoder.encode_into(pcm, out),
            EncoderState::Pcma(encoder) => encoder.encode_into(pcm, out),
            EncoderState::G722(encoder) => encoder.encode_into(pcm, out),
        }
        .unwrap_or(0)
    }
}

/// A decoder; G.722 carries state from frame to frame, so one belongs to one stream.
pub struct Decoder(DecoderState);

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(codec: Codec) -> Self {
        Self(match codec {
            Codec::Pcmu => DecoderState::Pcmu(PcmuDecoder::new()),
            Codec::Pcma => DecoderState::Pcma(PcmaDecoder::new()),
            Codec::G722 => DecoderState::G722(Box::new(G722Decoder::new())),
        })
    }

    /// The codec it decodes.
    pub fn codec(&self) -> Codec {
        match self.0 {
            DecoderState::Pcmu(_) => Codec::Pcmu,
            DecoderState::Pcma(_) => Codec::Pcma,
            DecoderState::G722(_) => Codec::G722,
        }
    }

    /// Decodes to samples at the codec's rate and returns how many were written: what of `payload` fits into `out`.
    pub fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let bytes = payload.len().min(out.len() / self.codec().samples(1));
        let payload = payload.get(..bytes).unwrap_or_default();
        match &mut self.0 {
            DecoderState::Pcmu(decoder) => decoder.decode_into(payload, out),
            DecoderState::Pcma(decoder) => decoder.decode_into(payload, out),
            DecoderState::G722(decoder) => decoder.decode_into(payload, out),
        }
        .unwrap_or(0)
    }
}

/// Decodes G.722's lower band alone, at 8 kHz: where speech has its energy, at half the work.
pub(crate) struct LowBand(Box<G722Decoder>);

impl LowBand {
    pub(crate) fn new() -> Self {
        Self(Box::new(G722Decoder::with_options(
            Bitrate::Mode1_64000,
            false,
            true,
        )))
    }

    /// One sample per payload byte; returns how many were written.
    pub(crate) fn decode(&mut self, payload: &[u8], out: &mut [i16]) -> usize {
        let fits = payload
            .get(..payload.len().min(out.len()))
            .unwrap_or_default();
        self.0.decode_into(fits, out).unwrap_or(0)
    }
}

enum EncoderState {
    Pcmu(PcmuEncoder),
    Pcma(PcmaEncoder),
    G722(Box<G722Encoder>),
}

enum DecoderState {
    Pcmu(PcmuDecoder),
    Pcma(PcmaDecoder),
    G722(Box<G722Decoder>),
}
