//! Media without IO: RTP, codecs, jitter buffer, DTMF, tones, and the engine of a media thread.
#![forbid(unsafe_code)]

pub mod analysis;
pub mod clip;
pub mod codec;
pub mod comfort;
pub mod dtmf;
pub mod engine;
pub mod flac;
pub mod jitter;
pub mod pairs;
pub mod pcm;
pub mod plc;
pub mod recording;
pub mod rtcp;
pub mod rtp;
pub mod silence;
mod source;
pub mod tone;
pub mod wav;
