//! What a leg does every 20 ms.

use std::net::SocketAddr;
use std::time::Duration;

use super::EngineConfig;
use super::command::{Event, LegSpec};
use super::digits::Dial;
use super::leg::{Leg, MediaState};
use super::outgoing::Outgoing;
use super::play::Next;
use super::reception::since;
use super::transcode::Recoder;
use super::turn::Turn;
use crate::clip::Clip;
use crate::codec::Codec;

impl Leg {
    /// Listens, plays and dials the next 20 ms and sees to what time brings.
    pub(super) fn tick(&mut self, config: &EngineConfig, turn: &mut Turn<'_>) {
        self.listen(turn);
        let to = self.destination(config.send_first);
        if !self.dial(to, turn) {
            self.play(to, turn);
        }
        if let Some(why) = self
            .recording
            .as_ref()
            .and_then(|recording| recording.due(turn.now))
        {
            self.end_recording(why, turn);
        }
        if self.reports.due(turn.now) {
            self.report(turn);
        }
        if self.is_lost(config.media_timeout, turn.now) {
            self.media = MediaState::Lost;
            self.stop_decoding(turn);
            turn.tell(Event::MediaLost { leg: self.spec.id });
        }
    }

    /// Decodes what came, where somebody wants its sound.
    fn listen(&mut self, turn: &mut Turn<'_>) {
        let Some(decoding) = &mut self.decoding else {
            return;
        };
        decoding.advance(turn.now);
        let pressed = self
            .digits_in
            .hear(decoding.codec().sample_rate(), decoding.frame());
        if let Some(digit) = pressed {
            self.press(digit, turn);
        }
    }

    /// Sends what a digit in progress needs; `false` if none is.
    fn dial(&mut self, to: Option<SocketAddr>, turn: &mut Turn<'_>) -> bool {
        let codec = self.spec.send.codec;
        let events = self.spec.telephone_event;
        let stream = &mut self.stream;
        let dial = self.digits_out.tick(events.is_some(), codec, || {
            stream.begin(codec.clock_rate(), turn.now)
        });
        match dial {
            Dial::Idle => return false,
            Dial::Event(packet, timestamp) => {
                self.relay.interrupt();
                if let (Some(payload_type), Some(to)) = (events, to) {
                    let header = self.stream.event(payload_type, packet.marker, timestamp);
                    self.stream.count(packet.payload.len());
                    turn.send_rtp(self.spec.port, to, header, &packet.payload);
                }
            }
            Dial::Frame(clip, frame) => self.speak(clip.frame(frame).unwrap_or_default(), to, turn),
            Dial::Pause => {}
            Dial::Done => turn.tell(Event::DigitsSent { leg: self.spec.id }),
        }
        true
    }

    fn play(&mut self, to: Option<SocketAddr>, turn: &mut Turn<'_>) {
        // The far side has not opened its flow yet: wait a little, so that the beginning is not lost.
        if to.is_none()
            && self.awaits()
            && self.spec.direction.sends()
            && since(self.opened, turn.now) < PATIENCE
        {
            return;
        }
        let codec = self.spec.send.codec;
        match self.playback.advance() {
            Next::Idle => {}
            Next::Ended(tag) => {
                turn.tell(Event::PlayEnded {
                    leg: self.spec.id,
                    tag,
                    completed: true,
                });
                self.fall_silent(to, turn);
            }
            Next::Silence => self.speak(silence(codec), to, turn),
            Next::Frame(clip, frame) => self.speak_clip(&clip, frame, to, turn),
        }
    }

    fn speak_clip(
        &mut self,
        clip: &Clip,
        frame: usize,
        to: Option<SocketAddr>,
        turn: &mut Turn<'_>,
    ) {
        let payload = clip.frame(frame).unwrap_or_default();
        let codec = self.spec.send.codec;
        if clip.codec() == codec {
            return self.speak(payload, to, turn);
        }
        let fits = self
            .play_recoder
            .take()
            .filter(|recoder| recoder.makes(codec));
        let mut recoder = fits.unwrap_or_else(|| Box::new(Recoder::new(clip.codec(), codec)));
        let mut recoded = [0; MAX_FRAME];
        let payload = recoder.recode(clip.codec(), payload, &mut recoded);
        self.speak(payload, to, turn);
        self.play_recoder = Some(recoder);
    }

    /// Sends 20 ms of audio, gathered to the leg's ptime.
    pub(super) fn speak(&mut self, frame: &[u8], to: Option<SocketAddr>, turn: &mut Turn<'_>) {
        self.relay.interrupt();
        let Some(to) = to else { return };
        if self.packetizer.is_packet(frame) {
            return send_audio(&self.spec, &mut self.stream, frame, to, turn);
        }
        self.packetizer.push(frame);
        while let Some(payload) = self.packetizer.take() {
            send_audio(&self.spec, &mut self.stream, payload, to, turn);
        }
    }

    /// Sends what is left of what was said: a short last packet is legal, and a silent rest would be heard later.
    pub(super) fn fall_silent(&mut self, to: Option<SocketAddr>, turn: &mut Turn<'_>) {
        if let Some(payload) = self.packetizer.flush()
            && let Some(to) = to
        {
            send_audio(&self.spec, &mut self.stream, payload, to, turn);
        }
    }
}

fn send_audio(
    spec: &LegSpec,
    stream: &mut Outgoing,
    payload: &[u8],
    to: SocketAddr,
    turn: &mut Turn<'_>,
) {
    let codec = spec.send.codec;
    let ticks = codec.units(payload.len());
    let header = stream.speak(spec.send.payload, ticks, codec.clock_rate(), turn.now);
    stream.count(payload.len());
    turn.send_rtp(spec.port, to, header, payload);
}

/// 20 ms of nothing.
fn silence(codec: Codec) -> &'static [u8] {
    match codec {
        Codec::Pcmu => &[0xff; 160],
        Codec::Pcma => &[0xd5; 160],
        // Smallest steps of both bands, up and down in turn.
        Codec::G722 => &[0xfa; 160],
    }
}

/// How long playback waits for the far side's first packet where we may not or cannot send before it.
const PATIENCE: Duration = Duration::from_secs(1);
const MAX_FRAME: usize = 320;
