//! Ears: what a phone has heard, judged by its tones and its speech.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::time::Duration;

use media::analysis;
use media::pcm::Pcm;
use media::tone::{Plan, Tone};

use crate::office::Office;

/// What a phone has recorded, so far.
#[derive(Clone, Debug)]
pub struct Sound {
    pcm: Pcm,
}

/// What one piece of sound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Silence,
    Tone,
    Speech,
}

impl Sound {
    /// Reads a WAV file of 16-bit mono samples. One that is still being written is read as far as it has come, whatever
    /// its header says; one that is not there is silence.
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        Self {
            pcm: wave(&bytes).unwrap_or(Pcm {
                samples: Vec::new(),
                rate: 8000,
            }),
        }
    }

    /// Sound from samples.
    pub fn of(pcm: Pcm) -> Self {
        Self { pcm }
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        self.pcm.duration()
    }

    /// What was heard from this moment on.
    #[must_use]
    pub fn since(&self, moment: Duration) -> Self {
        let before = self.samples_in(moment).min(self.pcm.samples.len());
        Self::of(Pcm {
            samples: self.pcm.samples[before..].to_vec(),
            rate: self.pcm.rate,
        })
    }

    /// For how many seconds this frequency alone was heard.
    pub fn seconds_of(&self, hz: f64) -> f64 {
        self.pieces()
            .filter(|piece| !is_silent(piece) && self.share(piece, hz) > TONE_SHARE)
            .count() as f64
            * PIECE.as_secs_f64()
    }

    /// For how many seconds these two frequencies together, and nothing else, were heard.
    pub fn seconds_of_two(&self, one: f64, other: f64) -> f64 {
        let both = |piece: &&[i16]| {
            let (one, other) = (self.share(piece, one), self.share(piece, other));
            one.min(other) > EACH_SHARE && one + other > TONE_SHARE
        };
        self.pieces()
            .filter(|piece| !is_silent(piece))
            .filter(both)
            .count() as f64
            * PIECE.as_secs_f64()
    }

    /// When this frequency was first heard alone for a quarter of a second.
    pub fn first(&self, hz: f64) -> Option<Duration> {
        let heard: Vec<bool> = self
            .pieces()
            .map(|piece| !is_silent(piece) && self.share(piece, hz) > TONE_SHARE)
            .collect();
        let enough = (FIRST_HEARD.as_millis() / PIECE.as_millis()) as usize;
        let at = heard
            .windows(enough)
            .position(|pieces| pieces.iter().all(|heard| *heard))?;
        Some(PIECE * at as u32)
    }

    /// The share of this frequency in the energy of all that was not silence, 0 to 1.
    pub fn purity(&self, hz: f64) -> f64 {
        let (mut tone, mut all) = (0.0, 0.0);
        for piece in self.pieces().filter(|piece| !is_silent(piece)) {
            let energy = 10f64.powf(analysis::level(piece) / 10.0);
            tone += energy * self.share(piece, hz);
            all += energy;
        }
        if all > 0.0 { tone / all } else { 0.0 }
    }

    /// How many samples are at full scale.
    pub fn clipped(&self) -> usize {
        self.pcm
            .samples
            .iter()
            .filter(|sample| sample.unsigned_abs() >= FULL_SCALE)
            .count()
    }

    /// For how many seconds something sounded that is neither silence nor one or two steady tones.
    pub fn speech_seconds(&self) -> f64 {
        let kinds = self.kinds();
        // Where a tone begins, a piece or two can't be told from speech.
        let runs = kinds.split(|kind| *kind != Kind::Speech).map(<[Kind]>::len);
        runs.filter(|run| *run >= SHORTEST_SPEECH).sum::<usize>() as f64 * PIECE.as_secs_f64()
    }

    /// How many times the beep before a recording was heard. A phone that is not run for a moment tears it.
    pub fn beeps(&self) -> usize {
        let cadence = Plan::default().cadence(Tone::Beep);
        let Some((hz, ms)) = cadence
            .first()
            .and_then(|step| Some((*step.hz.first()?, step.ms)))
        else {
            return 0;
        };
        let beeping: Vec<usize> = self
            .pieces()
            .enumerate()
            .filter(|(_, piece)| !is_silent(piece) && self.share(piece, f64::from(hz)) > TONE_SHARE)
            .map(|(index, _)| index)
            .collect();
        let whole = f64::from(ms) / 1000.0 / PIECE.as_secs_f64();
        let is_beep = |pieces: &&[usize]| {
            let length = pieces[pieces.len() - 1] - pieces[0] + 1;
            pieces.len() as f64 >= 0.6 * whole && (length as f64) < 2.0 * whole
        };
        beeping
            .chunk_by(|one, next| next - one <= TORN + 1)
            .filter(is_beep)
            .count()
    }

    /// How well any stretch of what was heard is like a part of these words as they were recorded: 0 to 1. The same recording
    /// through any codec comes near 1, other words of the same voice stay below 0.7. The better one counts of a part before the
    /// middle and one after it, so that a phone that is not run for a moment tears but one of them; in the middle itself some
    /// prompts have the same words.
    pub fn likeness(&self, words: &Pcm) -> f64 {
        let heard = coarse(&self.pcm.samples, self.pcm.rate);
        let length = words.samples.len();
        let half = (LIKENESS.as_millis() as usize * words.rate as usize / 1000 / 2).min(length / 2);
        let part = |quarters: usize| {
            let middle = (length * quarters / 4).clamp(half, length - half);
            let part = &words.samples[middle - half..middle + half];
            most_alike(&heard, &coarse(part, words.rate))
        };
        part(1).max(part(3))
    }

    fn pieces(&self) -> impl Iterator<Item = &[i16]> {
        self.pcm.samples.chunks_exact(self.samples_in(PIECE).max(1))
    }

    fn share(&self, piece: &[i16], hz: f64) -> f64 {
        let lost = analysis::tone_level(piece, self.pcm.rate, hz) - analysis::level(piece);
        10f64.powf(lost / 10.0).min(1.0)
    }

    fn kinds(&self) -> Vec<Kind> {
        let length = self.samples_in(PIECE).max(1);
        let kind = |(index, piece): (usize, &[i16])| {
            if is_silent(piece) {
                Kind::Silence
            } else if self.unforeseen(index * length, length) < STEADY {
                Kind::Tone
            } else {
                Kind::Speech
            }
        };
        self.pieces().enumerate().map(kind).collect()
    }

    /// The share of a piece's energy that does not follow from what was heard 30 ms before. One or two steady tones follow
    /// wholly, whatever their pitch; speech has moved on by then.
    fn unforeseen(&self, start: usize, length: usize) -> f64 {
        let offsets = [30, 33, 36, 39].map(|ms| self.samples_in(Duration::from_millis(ms)));
        let [.., furthest] = offsets;
        if start < furthest {
            return 1.0;
        }
        let samples = &self.pcm.samples;
        let at = |index: usize| f64::from(samples[index]);
        let (mut matrix, mut energy) = ([[0.0; 5]; 4], 0.0);
        for index in start..start + length {
            let past = offsets.map(|offset| at(index - offset));
            for (row, a) in matrix.iter_mut().zip(past) {
                for (cell, b) in row.iter_mut().zip(past) {
                    *cell += a * b;
                }
                row[4] += a * at(index);
            }
            energy += at(index) * at(index);
        }
        let right = matrix.map(|row| row[4]);
        let foreseen: f64 = solve(matrix)
            .iter()
            .zip(right)
            .map(|(weight, product)| weight * product)
            .sum();
        1.0 - foreseen / energy.max(1.0)
    }

    fn samples_in(&self, time: Duration) -> usize {
        (time.as_millis() as usize * self.pcm.rate as usize) / 1000
    }
}

/// A WAV file of ten seconds of a tone, written once for each office and pitch.
pub fn tone_file(office: &Office, hz: f64) -> PathBuf {
    let path = office.path(&format!("tone-{hz}.wav"));
    if !path.exists() {
        let bytes =
            media::wav::write(&tone(hz, RATE, Duration::from_secs(10))).expect("a tone as WAV");
        std::fs::write(&path, bytes).expect("the tone is written");
    }
    path
}

/// A tone at -12 dBFS.
pub fn tone(hz: f64, rate: u32, length: Duration) -> Pcm {
    let count = (length.as_secs_f64() * f64::from(rate)) as usize;
    let sample =
        |index: usize| (8_000.0 * (TAU * hz * index as f64 / f64::from(rate)).sin()) as i16;
    Pcm {
        samples: (0..count).map(sample).collect(),
        rate,
    }
}

/// The same sound at a low rate, each sample the mean of those it stands for: enough to know words by, and quick to compare.
fn coarse(samples: &[i16], rate: u32) -> Vec<f64> {
    let of_each = (rate / COARSE).max(1) as usize;
    let mean = |some: &[i16]| some.iter().map(|sample| f64::from(*sample)).sum::<f64>();
    samples
        .chunks_exact(of_each)
        .map(|some| mean(some) / of_each as f64)
        .collect()
}

/// How well the likest stretch of what was heard is like this part of some words: 0 to 1.
fn most_alike(heard: &[f64], part: &[f64]) -> f64 {
    let wanted: f64 = part.iter().map(|sample| sample * sample).sum();
    let mut energy = 0.0;
    let mut most: f64 = 0.0;
    for (end, sample) in heard.iter().enumerate() {
        energy += sample * sample;
        let Some(start) = (end + 1).checked_sub(part.len()) else {
            continue;
        };
        // Where nearly nothing sounds, the words are not.
        if energy > wanted / 100.0 {
            let product: f64 = heard[start..].iter().zip(part).map(|(a, b)| a * b).sum();
            most = most.max(product / (wanted * energy).sqrt());
        }
        energy -= heard[start] * heard[start];
    }
    most
}

/// The samples of a RIFF file. Sizes are not believed: who writes as he records sets them last.
fn wave(bytes: &[u8]) -> Option<Pcm> {
    let mut rest = bytes.strip_prefix(b"RIFF")?.get(8..)?;
    let mut rate = None;
    loop {
        let (name, size) = (rest.get(..4)?, rest.get(4..8)?);
        let size = u32::from_le_bytes(size.try_into().ok()?) as usize;
        let content = rest.get(8..)?;
        match name {
            b"fmt " => rate = Some(u32::from_le_bytes(content.get(4..8)?.try_into().ok()?)),
            b"data" => {
                let samples = content
                    .chunks_exact(2)
                    .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
                return Some(Pcm {
                    samples,
                    rate: rate?,
                });
            }
            _ => {}
        }
        rest = content.get(size + size % 2..)?;
    }
}

fn is_silent(piece: &[i16]) -> bool {
    analysis::level(piece) < SILENT
}

/// Solves four equations with some regularization: for a single tone they say the same thing twice.
fn solve(mut matrix: [[f64; 5]; 4]) -> [f64; 4] {
    for (index, row) in matrix.iter_mut().enumerate() {
        row[index] = row[index] * 1.000_1 + 1.0;
    }
    for pivot in 0..4 {
        let top = matrix[pivot].map(|value| value / matrix[pivot][pivot]);
        for (_, row) in matrix
            .iter_mut()
            .enumerate()
            .filter(|(index, _)| *index != pivot)
        {
            let factor = row[pivot];
            for (cell, above) in row.iter_mut().zip(top) {
                *cell -= factor * above;
            }
        }
        matrix[pivot] = top;
    }
    matrix.map(|row| row[4])
}

/// So long a tone is no key and no accident.
const FIRST_HEARD: Duration = Duration::from_millis(250);
const PIECE: Duration = Duration::from_millis(40);
const SILENT: f64 = -45.0;
/// Of a piece's energy in one frequency, to call it that tone.
const EACH_SHARE: f64 = 0.25;
const TONE_SHARE: f64 = 0.8;
/// Of a piece's energy that may be unforeseen in a steady tone.
const STEADY: f64 = 0.15;
/// Pieces.
const SHORTEST_SPEECH: usize = 3;
/// So many pieces may be missing within a beep.
const TORN: usize = 3;
const FULL_SCALE: u16 = 32_124;
/// Of a recording, how much is looked for at a time.
const LIKENESS: Duration = Duration::from_millis(600);
/// Samples a second.
const COARSE: u32 = 4000;
/// What PJSIP reads without resampling.
const RATE: u32 = 16_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn join(parts: &[Pcm]) -> Sound {
        let samples = parts.iter().flat_map(|part| part.samples.clone()).collect();
        Sound::of(Pcm {
            samples,
            rate: 8000,
        })
    }

    fn seconds_of_tone(hz: f64, seconds: f64) -> Pcm {
        tone(hz, 8000, Duration::from_secs_f64(seconds))
    }

    fn pause(seconds: f64) -> Pcm {
        Pcm {
            samples: vec![0; (seconds * 8000.0) as usize],
            rate: 8000,
        }
    }

    #[test]
    fn a_tone_is_measured_and_is_no_speech() {
        let sound = join(&[
            pause(0.5),
            seconds_of_tone(440.0, 2.0),
            pause(0.3),
            seconds_of_tone(700.0, 1.0),
        ]);
        assert!((sound.seconds_of(440.0) - 2.0).abs() < 0.1);
        assert!(
            (sound.purity(440.0) - 2.0 / 3.0).abs() < 0.05,
            "{}",
            sound.purity(440.0)
        );
        assert!(sound.speech_seconds() < 0.01, "{}", sound.speech_seconds());
    }

    #[test]
    fn ringback_of_two_tones_is_no_speech() {
        let (low, high) = (seconds_of_tone(440.0, 2.0), seconds_of_tone(480.0, 2.0));
        let both = low
            .samples
            .iter()
            .zip(&high.samples)
            .map(|(a, b)| a / 2 + b / 2)
            .collect();
        let sound = join(&[
            pause(1.0),
            Pcm {
                samples: both,
                rate: 8000,
            },
            pause(1.0),
        ]);
        assert!(sound.speech_seconds() < 0.01, "{}", sound.speech_seconds());
    }

    #[test]
    fn a_voice_whose_pitch_moves_is_speech_and_no_beep() {
        let voice_samples: Vec<i16> = (0..16_000)
            .map(|index| {
                let time = f64::from(index) / 8000.0;
                let pitch = 120.0 + 40.0 * (TAU * 3.0 * time).sin();
                let voice: f64 = (1..12)
                    .map(|n| (TAU * pitch * f64::from(n) * time).sin() / f64::from(n))
                    .sum();
                (4000.0 * voice) as i16
            })
            .collect();
        let sound = Sound::of(Pcm {
            samples: voice_samples,
            rate: 8000,
        });
        assert!(sound.speech_seconds() > 1.5, "{}", sound.speech_seconds());
        assert_eq!(sound.beeps(), 0);
    }

    #[test]
    fn beeps_are_counted_and_longer_tones_are_none() {
        let sound = join(&[
            pause(0.5),
            seconds_of_tone(1000.0, 0.4),
            pause(1.0),
            seconds_of_tone(1000.0, 0.4),
            pause(0.2),
        ]);
        assert_eq!(sound.beeps(), 2);
        assert_eq!(join(&[seconds_of_tone(1000.0, 3.0)]).beeps(), 0);
        let half = || seconds_of_tone(1000.0, 0.2);
        assert_eq!(join(&[pause(0.4), half(), pause(0.08), half()]).beeps(), 1);
        assert_eq!(join(&[pause(0.4), half(), pause(0.4), half()]).beeps(), 0);
    }

    #[test]
    fn recorded_words_are_known_among_others() {
        let recorded = |prompt: &str| {
            let file = crate::root().join(format!("prompts/en/prompts/{prompt}.flac"));
            let pcm = prompts::read_flac(&file).unwrap();
            Pcm {
                samples: pcm.samples.clone(),
                rate: pcm.rate,
            }
        };
        let (goodbye, welcome) = (recorded("menu-goodbye"), recorded("login-welcome"));
        let by_phone = |words: &Pcm| words.resampled(8000).unwrap();
        let heard = join(&[pause(0.37), by_phone(&welcome), pause(0.2)]);
        assert!(heard.likeness(&welcome) > 0.8);
        assert!(heard.likeness(&goodbye) < 0.6);
        let heard = join(&[by_phone(&goodbye), pause(1.0), by_phone(&welcome)]);
        assert!(heard.likeness(&welcome) > 0.8);
        assert!(heard.likeness(&goodbye) > 0.8);
        // A part of it is enough.
        let whole = by_phone(&welcome);
        let part = Pcm {
            samples: whole.samples[..whole.samples.len() * 3 / 4].to_vec(),
            rate: whole.rate,
        };
        assert!(join(&[part]).likeness(&welcome) > 0.8);
        // At their middle both have the same words.
        let busy = join(&[by_phone(&recorded("announce-busy"))]);
        assert!(busy.likeness(&recorded("announce-no-answer")) < 0.6);
        assert!(join(&[pause(2.0)]).likeness(&goodbye) < 0.01);
        assert!(join(&[]).likeness(&goodbye) < 0.01);
    }

    #[test]
    fn a_file_still_being_written_is_read_as_far_as_it_has_come() {
        let mut bytes = media::wav::write(&seconds_of_tone(440.0, 1.0)).unwrap();
        bytes[40..44].fill(0);
        bytes.truncate(44 + 8000);
        let pcm = wave(&bytes).unwrap();
        assert_eq!((pcm.samples.len(), pcm.rate), (4000, 8000));
        assert!(wave(b"RIFF").is_none());
    }
}
