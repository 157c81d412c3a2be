//! What users set by phone and the API server refuses, as Events of these Users.
use crds::report::{Report, UndoneSettings};
use jiff::Timestamp;

use super::news::News;
use crate::context::Context;

/// What one worker has told of, so that each is one Event.
#[derive(Debug, Default)]
pub(super) struct Undone(News<UndoneSettings>);

impl Undone {
    /// Makes an Event of each that is news. A User that there is not any more is passed over.
    pub(super) async fn tell(&mut self, context: &Context, report: &Report) {
        let now = Timestamp::now();
        for undone in self.0.of(&report.undone, |it| it.is_news(now)) {
            let Some(user) = context.caches.users.get(&undone.user) else {
                continue;
            };
            let note = format!(
                "what he set by phone (presence, announce-only or PIN) is undone, since the API server refuses his UserSettings: {}. \
                 If an admission policy or webhook does, have it let them through; then he sets it again",
                undone.why
            );
            context.warn(&*user, "SettingsUndone", note).await;
        }
    }
}
