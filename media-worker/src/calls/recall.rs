//! `*#`, by which a caller who is connected, or whose call rings, wants something else (spec MC-O2).

use std::time::{Duration, Instant};

use media::dtmf::Digit;
use media::engine::Event;
use sip::endpoint::SessionEvent;

use super::info;
use super::party::Party;

/// Whether a caller has dialled `*#`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Recall {
    /// It means nothing.
    #[default]
    Off,
    /// It is listened for.
    Listening,
    /// `*` has come, then.
    Star(Instant),
}

impl Recall {
    /// Whether an event of the media completes it.
    pub(super) fn hears(&mut self, event: &Event, caller: &Party) -> bool {
        let of_caller = |leg| caller.media.seat().is_some_and(|seat| seat.leg() == leg);
        match event {
            Event::Digit { leg, digit, .. } if of_caller(*leg) => {
                self.takes(*digit, Instant::now())
            }
            Event::Digit { .. }
            | Event::PlayEnded { .. }
            | Event::RecordEnded { .. }
            | Event::DigitsSent { .. }
            | Event::FirstPacket { .. }
            | Event::MediaLost { .. }
            | Event::Closed { .. } => false,
        }
    }

    /// Whether an INFO of the caller completes it. It is answered as ever.
    pub(super) fn hears_info(&mut self, event: &SessionEvent) -> bool {
        let SessionEvent::Request { request, .. } = event else {
            return false;
        };
        let (digit, _) = info::key(request);
        digit.is_some_and(|digit| self.takes(digit, Instant::now()))
    }

    fn takes(&mut self, digit: Digit, now: Instant) -> bool {
        let begun = match *self {
            Self::Off => return false,
            Self::Listening => false,
            Self::Star(since) => now.duration_since(since) < TOGETHER,
        };
        let face = digit.to_char();
        *self = if face == '*' {
            Self::Star(now)
        } else {
            Self::Listening
        };
        begun && face == '#'
    }
}

/// The two keys belong together within this time.
const TOGETHER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(recall: &mut Recall, keys: &str) -> bool {
        let now = Instant::now();
        let digits = keys.chars().filter_map(Digit::from_char);
        digits.fold(false, |_, digit| recall.takes(digit, now))
    }

    #[test]
    fn star_and_pound_together_recall_and_nothing_else_does() {
        for (keys, recalls) in [
            ("*#", true),
            ("**#", true),
            ("#", false),
            ("*1#", false),
            ("1*#", true),
        ] {
            assert_eq!(dial(&mut Recall::Listening, keys), recalls, "{keys}");
            assert!(!dial(&mut Recall::Off, keys), "{keys}");
        }
    }

    #[test]
    fn what_is_pressed_long_after_does_not_belong_to_it() {
        let mut recall = Recall::Listening;
        let now = Instant::now();
        let key = |face| Digit::from_char(face).unwrap();
        assert!(!recall.takes(key('*'), now));
        assert!(!recall.takes(key('#'), now + TOGETHER));
        assert!(!recall.takes(key('*'), now));
        assert!(recall.takes(key('#'), now + TOGETHER / 2));
    }
}
