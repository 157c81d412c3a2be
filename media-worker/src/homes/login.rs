//! Logins to the mailbox, and what wrong PINs lead to (spec MC-A5).

use std::time::Duration;

use apps::{Side, Verdict};
use crds::directory::UserEntry;
use crds::pin::{MAX_DIGITS, PinVerifier};
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
        match self.attempt(&user, side, |verifier| verifier.verify(pin)) {
            Verdict::Admitted => match (self.mailbox(&user), self.itself.upgrade()) {
                (Some(mailbox), Some(inbox)) => LoginAnswer::Admitted(HomeInbox::new(
                    mailbox,
                    user.limits,
                    Home { inbox },
                    self.emails.clone(),
                )),
                (None, _) | (_, None) => LoginAnswer::Unavailable,
            },
            Verdict::Wrong => LoginAnswer::Wrong,
            Verdict::LockedOut(_) => LoginAnswer::LockedOut,
            Verdict::Locked(left) => LoginAnswer::Locked(left),
        }
    }

    /// Where the PIN of the user ends in what he dialled at his phone. Of all beginnings one has the PIN's length: it is one try.
    pub(super) fn account_pin(&mut self, digits: &str) -> Option<usize> {
        let user = self.user()?;
        let mut length = None;
        let verdict = self.attempt(&user, Side::OwnHandset, |pin| {
            let verify = |length: &usize| digits.get(..*length).is_some_and(|it| pin.verify(it));
            length = (1..=digits.len().min(MAX_DIGITS)).find(verify);
            length.is_some()
        });
        match verdict {
            Verdict::Admitted => length,
            Verdict::Wrong | Verdict::LockedOut(_) | Verdict::Locked(_) => None,
        }
    }

    /// One try of a PIN, noted and journalled.
    fn attempt(
        &mut self,
        user: &UserEntry,
        side: Side,
        right: impl FnOnce(&PinVerifier) -> bool,
    ) -> Verdict {
        let now = Timestamp::now();
        let lockout = self.lockouts.get(&side).copied().unwrap_or_default();
        let (lockout, verdict) = lockout.attempt(now, || right(&user.pin));
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
        if let Verdict::LockedOut(length) = verdict {
            self.locked(user, side, length, now);
        }
        verdict
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
