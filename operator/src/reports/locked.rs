//! Locked logins that workers tell of, as Events of their Users.
use std::collections::HashSet;

use crds::report::{LockedLogin, Report};

use crate::context::Context;

/// What one worker has told of, so that each lock is one Event.
#[derive(Debug, Default)]
pub(super) struct Told(HashSet<LockedLogin>);

impl Told {
    /// Makes an Event of each lock that is news. A User that there is not any more is passed over.
    pub(super) async fn tell(&mut self, context: &Context, report: &Report) {
        for locked in self.news(report) {
            let Some(user) = context.caches.users.get(&locked.user) else {
                continue;
            };
            let minutes = locked.seconds.div_ceil(60);
            let note = format!(
                "too many wrong PINs from {}: mailbox logins from there are locked for {minutes} min. \
                 If he has forgotten his PIN, write another one into its Secret",
                locked.side
            );
            context.warn(&*user, "LoginLocked", note).await;
        }
    }

    fn news(&mut self, report: &Report) -> Vec<LockedLogin> {
        self.0.retain(|told| report.locked.contains(told));
        let new: Vec<LockedLogin> = report
            .locked
            .iter()
            .filter(|locked| !self.0.contains(locked))
            .cloned()
            .collect();
        self.0.extend(new.iter().cloned());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(user: &str, seconds: u64) -> LockedLogin {
        LockedLogin {
            user: user.to_owned(),
            side: "outside".to_owned(),
            until: jiff::Timestamp::from_second(1_800_000_000).unwrap(),
            seconds,
        }
    }

    #[test]
    fn each_lock_is_told_once_and_the_next_round_again() {
        let mut told = Told::default();
        let mut report = Report {
            locked: vec![locked("mary", 60), locked("john", 60)],
            ..Report::default()
        };
        assert_eq!(told.news(&report), report.locked);
        assert_eq!(told.news(&report), []);
        report.locked = vec![locked("john", 60), locked("mary", 120)];
        assert_eq!(told.news(&report), [locked("mary", 120)]);
        assert_eq!(told.0.len(), 2, "what is over is forgotten");
    }
}
