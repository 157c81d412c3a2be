//! Locked logins that workers tell of, as Events of their Users.
use crds::report::{LockedLogin, Report};
use jiff::Timestamp;

use super::news::News;
use crate::context::Context;

/// What one worker has told of, so that each lock is one Event.
#[derive(Debug, Default)]
pub(super) struct Told(News<LockedLogin>);

impl Told {
    /// Makes an Event of each lock that is news. A User that there is not any more is passed over.
    pub(super) async fn tell(&mut self, context: &Context, report: &Report) {
        let now = Timestamp::now();
        for locked in self.0.of(&report.locked, |it| it.holds(now)) {
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
}
