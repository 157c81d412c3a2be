//! Logins to the mailbox, and what wrong PINs lead to (spec MC-A5).

use std::time::Duration;

use apps::{Side, Verdict};
use crds::directory::UserEntry;
use crds::report::LockedLogin;
use jiff::Timestamp;
use tracing::warn;

use super::Home;
use super::home::HomeState;
use super::inbox::{HomeInbox, LoginAnswer};
use super::journal::{Entry, StoredLockouts};

impl HomeState {
    /// Whether the PIN is right, and what a wrong one leads to.
    pub(super) fn login(&mut self, side: Side, pin: &str) -> LoginAnswer {
        let Some(user) = self.user() else {
            return LoginAnswer::Unavailable;
        };
        let now = Timestamp::now();
        let lockout = self.lockouts.get(&side).copied().unwrap_or_default();
        let (lockout, verdict) = lockout.attempt(now, || user.pin.verify(pin));
        self.lockouts.insert(side, lockout);
        self.lockouts
            .retain(|_, lockout| !lockout.is_forgotten(now));
        self.context().journal.keep(Entry::Lockouts(StoredLockouts {
            user: user.name.to_string(),
            sides: self
                .lockouts
                .iter()
                .map(|(&side, &it)| (side, it))
                .collect(),
        }));
        self.count(verdict);
        match verdict {
            Verdict::Admitted => match (self.mailbox(&user), self.itself.upgrade()) {
                (Some(mailbox), Some(inbox)) => {
                    LoginAnswer::Admitted(HomeInbox::new(mailbox, user.limits, Home { inbox }))
                }
                (None, _) | (_, None) => LoginAnswer::Unavailable,
            },
            Verdict::Wrong => LoginAnswer::Wrong,
            Verdict::LockedOut(length) => {
                self.locked(&user, side, length, now);
                LoginAnswer::LockedOut
            }
            Verdict::Locked(left) => LoginAnswer::Locked(left),
        }
    }

    fn count(&self, verdict: Verdict) {
        let result = match verdict {
            Verdict::Admitted => "ok",
            Verdict::Wrong | Verdict::LockedOut(_) => "wrong_pin",
            Verdict::Locked(_) => "locked",
        };
        let logins = &self.context().metrics.mailbox_logins_total;
        logins.with_label_values(&[result]).inc();
    }

    /// Whoever runs the system hears of a lock: from the log, and in the cluster by an Event.
    fn locked(&self, user: &UserEntry, side: Side, length: Duration, now: Timestamp) {
        let seconds = length.as_secs();
        let side = match side {
            Side::OwnHandset => "his own handset",
            Side::OtherHandset => "another handset",
            Side::Outside => "outside",
        };
        warn!(user = %user.name, side, seconds, "too many wrong PINs: logins are locked");
        let locked = LockedLogin {
            user: user.name.to_string(),
            side: side.to_owned(),
            until: now.saturating_add(length).unwrap_or(Timestamp::MAX),
            seconds,
        };
        self.context()
            .report
            .change(|report| report.lock(locked, now));
    }
}
