//! Media without IO: RTP, codecs, jitter buffer, DTMF, tones, and the engine of a media thread.
