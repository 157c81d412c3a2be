//! Where the engine puts packets and recorded audio.

use std::net::SocketAddr;

/// Takes packets to send.
pub trait Sink {
    /// Sends `packet` from the local port of that index. Must copy: the engine reuses the bytes.
    fn send(&mut self, port: usize, to: SocketAddr, packet: &[u8]);
}

/// Takes recorded audio.
pub trait RecordSink {
    /// One packet's payload, as it arrived. `rtp_timestamp` runs on over a change of stream: it starts at 0 with the
    /// recording and counts the codec's RTP clock.
    fn frame(&mut self, recording: u64, rtp_timestamp: u32, payload: &[u8]);
    /// No frame of this recording follows.
    fn ended(&mut self, recording: u64);
}

/// For engines that never record.
impl RecordSink for () {
    fn frame(&mut self, _recording: u64, _rtp_timestamp: u32, _payload: &[u8]) {}
    fn ended(&mut self, _recording: u64) {}
}
