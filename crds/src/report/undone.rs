//! What users set by phone and the API server refuses, in a worker's report.
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Report;

/// A change by phone that held until the API server refused it for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoneSettings {
    /// The User who had been told that it is kept.
    pub user: String,
    /// When it was undone.
    pub at: Timestamp,
    /// What the API server says.
    pub why: String,
}

impl UndoneSettings {
    /// Whether it was so short a time ago that whoever hears of it first is to tell people.
    pub fn is_news(&self, now: Timestamp) -> bool {
        now.duration_since(self.at) < TOLD_FOR
    }
}

impl Report {
    /// Tells of one more; those of long ago are forgotten, and of too many the oldest.
    pub fn undo(&mut self, undone: UndoneSettings, now: Timestamp) {
        self.undone.retain(|other| other.is_news(now));
        if self.undone.len() >= MOST_UNDONE {
            self.undone.remove(0);
        }
        self.undone.push(undone);
    }
}

/// An operator that was away for so long has not heard of it.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// So many are told of: a policy that refuses more has been heard of.
const MOST_UNDONE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_undone_long_ago_is_forgotten_and_many_stay_bounded() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut report = Report::default();
        let mut undo = |user: i64, second| {
            let undone = UndoneSettings {
                user: format!("u{user}"),
                at: at(second),
                why: "refused".to_owned(),
            };
            report.undo(undone, at(second));
            let users = report.undone.iter().map(|it| it.user.clone());
            users.collect::<Vec<_>>()
        };
        assert_eq!(undo(0, 0), ["u0"]);
        assert_eq!(undo(1, 3599), ["u0", "u1"]);
        assert_eq!(undo(2, 3600), ["u1", "u2"]);
        let mut last = Vec::new();
        for user in 3..500 {
            last = undo(user, 3600);
        }
        assert_eq!((last.len(), last[99].as_str()), (100, "u499"));
    }
}
