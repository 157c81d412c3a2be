//! The last e-mails that were given up, for those who should know.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crds::conditions::Reason;
use crds::report::RefusedMail;
use jiff::Timestamp;

/// The last e-mails that were given up. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    last: VecDeque<RefusedMail>,
}

impl Refusals {
    /// The e-mails to this user is given up.
    pub(super) fn add(&self, user: &str, reason: Reason, message: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.last.len() >= MOST_KEPT {
            kept.last.pop_front();
        }
        kept.last.push_back(RefusedMail {
            at: Timestamp::now().to_string(),
            user: user.to_owned(),
            reason: reason.to_string(),
            message,
        });
    }

    /// The last, oldest first.
    pub fn last(&self) -> Vec<RefusedMail> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last.iter().cloned().collect()
    }
}

/// More at once are one trouble.
const MOST_KEPT: usize = 16;
