//! What a leg does every 20 ms.

use std::net::SocketAddr;
use std::time::Duration;

use super::EngineConfig;
use super::command::Event;
use super::digits::Dial;
use super::leg::{Leg, MediaState};
use super::play::Next;
use super::reception::since;
use super::transcode::Recoder;
use super::turn::Turn;
use crate::clip::Clip;
use crate::codec::Codec;

impl Leg {
    /// Plays and dials the next 20 ms and sees to what time brings.
    pub(super) fn tick(&mut self, config: &EngineConfig, turn: &mut Turn<'_>) {
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
        if self.media == MediaState::Flowing
            && self.spec.direction.receives()
            && since(self.heard, turn.now) >= config.media_timeout
        {
            self.media = MediaState::Lost;
            turn.tell(Event::MediaLost { leg: self.spec.id });
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
                self.packetizer.clear();
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
    fn speak(&mut self, frame: &[u8], to: Option<SocketAddr>, turn: &mut Turn<'_>) {
        self.relay.interrupt();
        let Some(to) = to else { return };
        let codec = self.spec.send.codec;
        if let Some(payload) = self.packetizer.push(frame) {
            let ticks = codec.units(payload.len());
            let header =
                self.stream
                    .speak(self.spec.send.payload, ticks, codec.clock_rate(), turn.now);
            self.stream.count(payload.len());
            turn.send_rtp(self.spec.port, to, header, payload);
        }
    }
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
