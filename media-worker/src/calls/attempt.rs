//! What comes of ringing several phones at once (spec CR-4, CR-5): a value, so that it can be read and tested without phones.

use std::collections::HashMap;
use std::hash::Hash;

/// What is known of the phones that ring.
#[derive(Debug)]
pub(super) struct Attempt<Branch> {
    branches: HashMap<Branch, State>,
    busy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Failed,
}

/// Why nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// At least one phone was busy, and no phone is left.
    Busy,
    /// All phones failed otherwise, were declined or did not exist.
    NoAnswer,
}

impl<Branch: Copy + Eq + Hash> Attempt<Branch> {
    /// These phones ring.
    pub(super) fn new(branches: impl IntoIterator<Item = Branch>) -> Self {
        let branches = branches
            .into_iter()
            .map(|branch| (branch, State::Trying))
            .collect();
        Self {
            branches,
            busy: false,
        }
    }

    /// One more phone rings.
    pub(super) fn begun(&mut self, branch: Branch) {
        self.branches.insert(branch, State::Trying);
    }

    /// A phone has failed with this status. When it was the last, that is the end of the attempt.
    pub(super) fn failed(&mut self, branch: Branch, status: u16) -> Option<Unanswered> {
        if let Some(state) = self.branches.get_mut(&branch) {
            *state = State::Failed;
            self.busy |= is_busy(status);
        }
        self.over()
    }

    /// How the attempt ended, once no phone is left.
    pub(super) fn over(&self) -> Option<Unanswered> {
        let left = self.branches.values().any(|state| *state == State::Trying);
        match (left, self.busy) {
            (true, _) => None,
            (false, true) => Some(Unanswered::Busy),
            (false, false) => Some(Unanswered::NoAnswer),
        }
    }

    /// The phones that still ring, but for one.
    pub(super) fn others(&self, but: Option<Branch>) -> impl Iterator<Item = Branch> {
        self.branches
            .iter()
            .filter(move |(branch, state)| **state == State::Trying && Some(**branch) != but)
            .map(|(branch, _)| *branch)
    }

    /// Whether it is one of the attempt's phones.
    pub(super) fn has(&self, branch: Branch) -> bool {
        self.branches.contains_key(&branch)
    }
}

/// 486 Busy Here, 600 Busy Everywhere. A declined call (603) is unanswered, not busy (CR-4).
fn is_busy(status: u16) -> bool {
    matches!(status, 486 | 600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attempt_goes_on_while_one_phone_rings() {
        let mut attempt = Attempt::new([1, 2]);
        assert_eq!(attempt.failed(1, 486), None);
        assert_eq!(attempt.others(None).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn when_all_have_failed_and_one_was_busy_it_was_busy() {
        let mut attempt = Attempt::new([1, 2]);
        assert_eq!(attempt.failed(1, 486), None);
        assert_eq!(attempt.failed(2, 480), Some(Unanswered::Busy));
    }

    #[test]
    fn declined_and_unreachable_phones_count_as_no_answer() {
        let mut attempt = Attempt::new([1, 2]);
        assert_eq!(attempt.failed(1, 603), None);
        assert_eq!(attempt.failed(2, 408), Some(Unanswered::NoAnswer));
    }

    #[test]
    fn a_phone_that_takes_the_place_of_another_keeps_the_attempt_going() {
        let mut attempt = Attempt::new([1]);
        attempt.begun(2);
        assert_eq!(attempt.failed(1, 503), None);
        assert_eq!(attempt.failed(2, 486), Some(Unanswered::Busy));
    }

    #[test]
    fn nobody_to_ring_is_no_answer_at_once() {
        assert_eq!(Attempt::<u8>::new([]).over(), Some(Unanswered::NoAnswer));
    }

    #[test]
    fn the_others_of_the_winner_are_those_that_still_ring() {
        let mut attempt = Attempt::new([1, 2, 3]);
        attempt.failed(2, 480);
        assert_eq!(attempt.others(Some(1)).collect::<Vec<_>>(), [3]);
    }
}
