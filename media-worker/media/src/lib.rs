//! Media without IO: RTP, codecs, jitter buffer, DTMF, tones, and the engine of a media thread.
#![forbid(unsafe_code)]

pub mod clip;
pub mod codec;
pub mod dtmf;
pub mod pcm;
pub mod plc;
pub mod recording;
pub mod rtp;
pub mod silence;
mod source;
pub mod tone;
pub mod wav;
