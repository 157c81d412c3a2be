//! Hears speech and tones in audio.

use std::time::Duration;

use super::tonality::{Background, Piece, Pitch};

/// Something heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Heard {
    /// Somebody begins to speak.
    SpeechBegins,
    /// He ended, after this time.
    SpeechEnds(Duration),
    /// A steady tone of 150 ms to a second: what one speaks after.
    Beep {
        /// Its frequency.
        hz: f64,
        /// How long it was.
        length: Duration,
    },
    /// A longer tone, such as a ringing one.
    Tone {
        /// Its frequency.
        hz: f64,
        /// How long it was.
        length: Duration,
    },
}

/// Something heard, and when it was. A beep or tone is told when it has ended, with the time at which it began.
pub type Noted = (Duration, Heard);

/// Listens to audio as it comes, and says what it hears. Times count from wherever the user counts them.
#[derive(Debug)]
pub struct Ear {
    background: Background,
    /// What has come and is not yet a whole piece.
    rest: Vec<i16>,
    rate: u32,
    /// The time of the end of what was judged.
    now: Duration,
    speech: Speech,
    /// Sound without a pause, to be speech once it is no mere click.
    sound: Option<Span>,
    tone: Option<(Span, Pitch)>,
    noted: Vec<Noted>,
}

#[derive(Debug)]
enum Speech {
    None,
    Spoken(Span),
}

#[derive(Clone, Copy, Debug)]
struct Span {
    begin: Duration,
    end: Duration,
}

impl Span {
    fn length(self) -> Duration {
        self.end.saturating_sub(self.begin)
    }
}

impl Default for Ear {
    fn default() -> Self {
        Ear {
            background: Background::new(),
            rest: Vec::new(),
            rate: 0,
            now: Duration::ZERO,
            speech: Speech::None,
            sound: None,
            tone: None,
            noted: Vec::new(),
        }
    }
}

impl Ear {
    /// Takes audio that begins at a time. Small gaps (lost packets) are passed over, larger ones are silence, and audio
    /// older than what was heard is dropped.
    pub fn hear(&mut self, at: Duration, pcm: &[i16], rate: u32) -> Vec<Noted> {
        if rate < 1_000 {
            return Vec::new();
        }
        if rate != self.rate {
            self.rest.clear();
            self.rate = rate;
        }
        let expected = self.now + self.length_of(self.rest.len());
        if at + TOLERANCE < expected {
            return Vec::new();
        }
        if at > expected + TOLERANCE {
            self.rest.clear();
            if at > expected + BRIDGED {
                self.pause(at);
            }
            self.now = at;
        }
        self.rest.extend_from_slice(pcm);
        let length = (rate / PIECES_PER_SECOND) as usize;
        let whole = self.rest.len() - self.rest.len() % length;
        let ready: Vec<i16> = self.rest.drain(..whole).collect();
        for piece in ready.chunks_exact(length) {
            let judged = self.background.judge(piece, rate);
            self.take(judged);
        }
        std::mem::take(&mut self.noted)
    }

    /// Nothing has come up to a time: what was going on is over if that is long.
    pub fn silence_until(&mut self, at: Duration) -> Vec<Noted> {
        if at > self.now + HANGOVER {
            self.rest.clear();
            self.pause(at);
            self.now = at;
        }
        std::mem::take(&mut self.noted)
    }

    /// The call is over: whatever was going on ends.
    pub fn finish(&mut self) -> Vec<Noted> {
        self.end_tone();
        self.end_speech();
        std::mem::take(&mut self.noted)
    }

    fn take(&mut self, piece: Piece) {
        let span = Span {
            begin: self.now,
            end: self.now + PIECE,
        };
        self.now = span.end;
        match piece {
            Piece::Quiet => self.pause(span.end),
            Piece::Sound => {
                self.end_tone();
                self.extend_sound(span);
            }
            Piece::Pure(pitch) => self.extend_tone(span, pitch),
        }
    }

    fn pause(&mut self, until: Duration) {
        self.end_tone();
        self.sound = None;
        if let Speech::Spoken(span) = &self.speech
            && until >= span.end + HANGOVER
        {
            self.end_speech();
        }
    }

    fn extend_sound(&mut self, span: Span) {
        let begin = self.sound.map_or(span.begin, |sound| sound.begin);
        let sound = Span {
            begin,
            end: span.end,
        };
        self.sound = Some(sound);
        if sound.length() < CLICK {
            return;
        }
        match &mut self.speech {
            Speech::Spoken(spoken) => spoken.end = sound.end,
            Speech::None => {
                self.noted.push((sound.begin, Heard::SpeechBegins));
                self.speech = Speech::Spoken(sound);
            }
        }
    }

    fn extend_tone(&mut self, span: Span, pitch: Pitch) {
        match &mut self.tone {
            Some((tone, before)) if before.is_steady_with(pitch) => {
                tone.end = span.end;
                if tone.length() >= MIN_BEEP {
                    // What sounded just before it was its edge.
                    self.sound = None;
                    self.end_speech();
                }
            }
            Some(_) | None => {
                self.end_tone();
                self.tone = Some((span, pitch));
            }
        }
    }

    /// A short tone was a part of what else sounded.
    fn end_tone(&mut self) {
        let Some((span, Pitch { hz, .. })) = self.tone.take() else {
            return;
        };
        let length = span.length();
        if length < MIN_BEEP {
            self.extend_sound(span);
        } else if length <= MAX_BEEP {
            self.noted.push((span.begin, Heard::Beep { hz, length }));
        } else {
            self.noted.push((span.begin, Heard::Tone { hz, length }));
        }
    }

    fn end_speech(&mut self) {
        if let Speech::Spoken(span) = std::mem::replace(&mut self.speech, Speech::None) {
            self.noted
                .push((span.end, Heard::SpeechEnds(span.length())));
        }
    }

    fn length_of(&self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / u64::from(self.rate.max(1)))
    }
}

const PIECES_PER_SECOND: u32 = 50;
const PIECE: Duration = Duration::from_millis(20);
/// A pause between two words is shorter.
const HANGOVER: Duration = Duration::from_millis(700);
/// Any shorter sound is no speech.
const CLICK: Duration = Duration::from_millis(60);
/// Six whole pieces: a tone of 150 ms may have no more where it does not begin with one.
const MIN_BEEP: Duration = Duration::from_millis(120);
const MAX_BEEP: Duration = Duration::from_secs(1);
/// Less than a packet.
const TOLERANCE: Duration = Duration::from_millis(5);
/// A few lost packets.
const BRIDGED: Duration = Duration::from_millis(80);

#[cfg(test)]
mod tests {
    use super::*;
    use media::clip::Clip;
    use media::codec::{Codec, Decoder};
    use media::tone::{Step, render};

    const RATE: u32 = 8_000;

    /// As it sounds behind G.711.
    fn through_g711(pcm: &[i16]) -> Vec<i16> {
        let clip = Clip::encode_native(pcm, Codec::Pcmu);
        let mut heard = vec![0; clip.bytes().len()];
        Decoder::new(Codec::Pcmu).decode(clip.bytes(), &mut heard);
        heard
    }

    fn heard(cadence: &[Step]) -> Vec<Noted> {
        let pcm = through_g711(&render(cadence, RATE));
        let mut ear = Ear::default();
        let mut noted = Vec::new();
        for (index, packet) in pcm.chunks(160).enumerate() {
            noted.extend(ear.hear(PIECE * index as u32, packet, RATE));
        }
        noted.extend(ear.finish());
        noted
    }

    fn voice(ms: u16) -> Step {
        Step {
            hz: &[210, 420, 630, 1310],
            ms,
        }
    }

    fn pause(ms: u16) -> Step {
        Step { hz: &[], ms }
    }

    fn beep(ms: u16) -> Step {
        Step { hz: &[1000], ms }
    }

    fn near(one: Duration, ms: u64) -> bool {
        one.abs_diff(Duration::from_millis(ms)) <= Duration::from_millis(40)
    }

    #[test]
    fn a_greeting_and_its_beep_are_told_apart_and_timed() {
        let noted = heard(&[
            pause(500),
            voice(1200),
            pause(300),
            voice(800),
            pause(200),
            beep(400),
            pause(1000),
        ]);
        let [
            (begin, Heard::SpeechBegins),
            (end, Heard::SpeechEnds(spoken)),
            (at, Heard::Beep { hz, length }),
        ] = noted[..]
        else {
            panic!("{noted:?}");
        };
        assert!(near(begin, 500) && near(end, 2800) && near(spoken, 2300));
        assert!(near(at, 3000) && near(length, 400) && (hz - 1000.0).abs() < 10.0);
    }

    #[test]
    fn a_pause_longer_than_between_words_ends_speech() {
        let noted = heard(&[voice(500), pause(900), voice(500), pause(900)]);
        let begins = noted
            .iter()
            .filter(|(_, what)| *what == Heard::SpeechBegins);
        assert_eq!(begins.count(), 2, "{noted:?}");
        assert_eq!(noted.len(), 4);
    }

    #[test]
    fn a_beep_that_does_not_begin_with_a_packet_is_heard() {
        let noted = heard(&[pause(507), beep(150), pause(1003)]);
        assert!(matches!(noted[..], [(_, Heard::Beep { .. })]), "{noted:?}");
    }

    #[test]
    fn short_blips_and_ringing_tones_are_no_beeps() {
        assert!(heard(&[pause(300), beep(40), pause(900)]).is_empty());
        let noted = heard(&[
            Step {
                hz: &[425],
                ms: 1500,
            },
            pause(1000),
        ]);
        assert!(matches!(noted[..], [(_, Heard::Tone { .. })]), "{noted:?}");
    }

    #[test]
    fn silence_has_nothing_in_it() {
        assert!(heard(&[pause(5000)]).is_empty());
    }

    #[test]
    fn a_lost_packet_does_not_split_a_beep() {
        let pcm = render(&[beep(400), pause(200)], RATE);
        let mut ear = Ear::default();
        let mut noted = Vec::new();
        for (index, packet) in pcm.chunks(160).enumerate().filter(|(index, _)| *index != 9) {
            noted.extend(ear.hear(PIECE * index as u32, packet, RATE));
        }
        assert!(
            matches!(noted[..], [(_, Heard::Beep { length, .. })] if near(length, 400)),
            "{noted:?}"
        );
    }

    #[test]
    fn packets_that_stop_end_speech() {
        let mut ear = Ear::default();
        ear.hear(Duration::ZERO, &render(&[voice(1000)], RATE), RATE);
        assert!(ear.silence_until(Duration::from_millis(1200)).is_empty());
        let noted = ear.silence_until(Duration::from_secs(2));
        assert!(
            matches!(noted[..], [(at, Heard::SpeechEnds(_))] if near(at, 1000)),
            "{noted:?}"
        );
    }
}
