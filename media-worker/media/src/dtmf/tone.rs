//! A digit as one hears it (ITU-T Q.23).

use super::Digit;

/// Fills `out` with a digit's two tones at a sample rate, beginning `first` samples into the press: together 7 dB below full
/// scale.
pub fn tone(digit: Digit, rate: u32, first: usize, out: &mut [i16]) {
    let (row, column) = digit.frequencies();
    for (index, sample) in (first..).zip(out) {
        *sample = ((wave(row, rate, index) + wave(column, rate, index)) * AMPLITUDE) as i16;
    }
}

fn wave(hz: u16, rate: u32, index: usize) -> f64 {
    (std::f64::consts::TAU * f64::from(hz) * index as f64 / f64::from(rate.max(1))).sin()
}

const AMPLITUDE: f64 = 7000.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtmf::Detector;

    #[test]
    fn every_digit_is_heard_as_itself_in_pieces_of_any_length() {
        for rate in [8000, 16_000] {
            for digit in Digit::ALL {
                let mut pcm = vec![0; rate as usize / 10];
                for (n, piece) in pcm.chunks_mut(123).enumerate() {
                    tone(digit, rate, n * 123, piece);
                }
                pcm.extend(vec![0; rate as usize / 10]);
                let mut heard = Vec::new();
                Detector::new(rate).listen(&pcm, |digit| heard.push(digit));
                assert_eq!(heard, [digit]);
            }
        }
    }
}
