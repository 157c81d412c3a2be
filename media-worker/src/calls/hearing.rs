//! Whether callers' audio arrives: what the operator shows as `MediaReachable`.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use media::engine::LegId;

/// Whether callers are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// No call has been long enough to tell.
    NoCallYet,
    /// At least one of the last calls.
    Some,
    /// None of the last calls.
    None,
}

/// The last answered calls.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    legs: HashMap<LegId, Leg>,
    /// Each with whether a leg of it was heard; the newest last.
    calls: VecDeque<(u64, bool)>,
}

#[derive(Debug)]
struct Leg {
    call: u64,
    opened: Option<Instant>,
    heard: bool,
}

impl Hearing {
    /// A leg of `call` has its place.
    pub(super) fn begun(&mut self, leg: LegId, call: u64) {
        let new = Leg {
            call,
            opened: None,
            heard: false,
        };
        self.legs.insert(leg, new);
    }

    /// Its audio may come from now on.
    pub(super) fn opened(&mut self, leg: LegId) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.opened = Some(Instant::now());
        }
    }

    /// Its audio has come.
    pub(super) fn heard_leg(&mut self, leg: LegId) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.heard = true;
            let call = leg.call;
            self.note(call, true);
        }
    }

    /// It has gone. A call that was over at once tells nothing.
    pub(super) fn ended(&mut self, leg: LegId) {
        let Some(leg) = self.legs.remove(&leg) else {
            return;
        };
        let long = leg.opened.is_some_and(|at| at.elapsed() >= TELLING);
        if long && !leg.heard {
            self.note(leg.call, false);
        }
    }

    /// What the last calls say.
    pub(super) fn heard(&self) -> Heard {
        if self.calls.iter().any(|(_, heard)| *heard) {
            Heard::Some
        } else if self.calls.len() >= CALLS {
            Heard::None
        } else {
            Heard::NoCallYet
        }
    }

    fn note(&mut self, call: u64, heard: bool) {
        if let Some((_, known)) = self.calls.iter_mut().find(|(known, _)| *known == call) {
            *known |= heard;
            return;
        }
        self.calls.push_back((call, heard));
        if self.calls.len() > CALLS {
            self.calls.pop_front();
        }
    }
}

/// So many calls in which nothing was heard are no chance.
const CALLS: usize = 5;
/// Phones send audio from the first moment on.
const TELLING: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(hearing: &mut Hearing, leg: LegId, call: u64) {
        hearing.begun(leg, call);
        if let Some(leg) = hearing.legs.get_mut(&leg) {
            leg.opened = Instant::now().checked_sub(TELLING);
        }
        hearing.ended(leg);
    }

    #[test]
    fn five_calls_without_audio_and_not_fewer_say_that_nothing_arrives() {
        let mut hearing = Hearing::default();
        for call in 1..5 {
            silent(&mut hearing, call, call);
            assert_eq!(hearing.heard(), Heard::NoCallYet);
        }
        silent(&mut hearing, 5, 5);
        assert_eq!(hearing.heard(), Heard::None);
    }

    #[test]
    fn the_first_packet_says_that_audio_arrives_until_five_calls_were_silent() {
        let mut hearing = Hearing::default();
        hearing.begun(1, 1);
        hearing.opened(1);
        hearing.heard_leg(1);
        assert_eq!(hearing.heard(), Heard::Some);
        for call in 2..7 {
            silent(&mut hearing, call, call);
        }
        assert_eq!(hearing.heard(), Heard::None);
    }

    #[test]
    fn a_call_that_was_over_at_once_tells_nothing() {
        let mut hearing = Hearing::default();
        for call in 1..9 {
            hearing.begun(call, call);
            hearing.opened(call);
            hearing.ended(call);
        }
        assert_eq!(hearing.heard(), Heard::NoCallYet);
    }

    #[test]
    fn one_leg_that_is_heard_is_enough_for_a_call() {
        let mut hearing = Hearing::default();
        for call in 1..5 {
            silent(&mut hearing, call, call);
        }
        hearing.begun(50, 5);
        hearing.heard_leg(50);
        silent(&mut hearing, 51, 5);
        assert_eq!(hearing.heard(), Heard::Some);
    }
}
