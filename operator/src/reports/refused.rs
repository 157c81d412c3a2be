//! E-mails that workers have given up: each an Event of its User.
use std::time::Duration;

use crds::{User, conditions::Reason, report::Report};
use jiff::Timestamp;

use crate::context::Context;

/// What of a worker's refusals has been told.
pub(super) struct Refused {
    told: Timestamp,
}

impl Refused {
    /// What was given up before is told by now: by an operator before this one.
    pub(super) fn new() -> Self {
        let now = Timestamp::now();
        Self {
            told: now.checked_sub(OVERLAP).unwrap_or(now),
        }
    }

    /// Tells what is new.
    pub(super) async fn tell(&mut self, context: &Context, report: &Report) {
        for mail in &report.refused_mails {
            let Ok(at) = mail.at.parse::<Timestamp>() else {
                continue;
            };
            if at <= self.told {
                continue;
            }
            self.told = at;
            let user = context.caches.users.get(&mail.user);
            let known = Reason::ALL.iter().find(|it| it.as_str() == mail.reason);
            let reason = known.copied().unwrap_or(Reason::MailRefused);
            if let Some(user) = user {
                let user: &User = &user;
                context
                    .warn(user, reason.as_str(), mail.message.clone())
                    .await;
            }
        }
    }
}

/// One operator follows another within this time, and clocks differ by less.
const OVERLAP: Duration = Duration::from_secs(30);
