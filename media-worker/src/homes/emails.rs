//! How many e-mails a user has in his account (spec MB-8): asked in the background when he is about to log in, remembered for a while.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use apps::Emails;
use crds::directory::MailAccount;
use tokio::task::spawn_local;

use crate::mail::Post;

/// What is known of a user's e-mails. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownEmails(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    account: Option<Arc<MailAccount>>,
    asking: bool,
    known: Option<(Instant, Emails)>,
}

impl KnownEmails {
    /// Asks the account's server, unless it was asked a moment ago. Nobody waits for the answer.
    pub(super) fn ask(&self, account: Option<&Arc<MailAccount>>, post: &Post, now: Instant) {
        let Some(account) = account else {
            *self.0.borrow_mut() = State::default();
            return;
        };
        if !self.is_to_ask(account, now) {
            return;
        }
        let (itself, post, account) = (self.clone(), post.clone(), Arc::clone(account));
        spawn_local(async move {
            let counted = post.count(Arc::clone(&account)).await;
            let emails = counted.map_or(Emails::Unavailable, |counts| Emails::Counted {
                new: counts.unseen,
                saved: counts.seen,
            });
            itself.answered(&account, emails, Instant::now());
        });
    }

    /// What is to be said now.
    pub(super) fn told(&self, now: Instant) -> Emails {
        let state = self.0.borrow();
        match (&state.account, state.known) {
            (None, _) => Emails::NoAccount,
            (Some(_), Some((at, emails))) if now.duration_since(at) < TOO_OLD => emails,
            (Some(_), _) => Emails::NotYetKnown,
        }
    }

    fn is_to_ask(&self, account: &Arc<MailAccount>, now: Instant) -> bool {
        let mut state = self.0.borrow_mut();
        if state.account.as_ref() != Some(account) {
            *state = State {
                account: Some(Arc::clone(account)),
                ..State::default()
            };
        }
        let fresh = |(at, _): &(Instant, Emails)| now.duration_since(*at) < FRESH;
        let is_to_ask = !state.asking && !state.known.as_ref().is_some_and(fresh);
        state.asking |= is_to_ask;
        is_to_ask
    }

    fn answered(&self, account: &Arc<MailAccount>, emails: Emails, now: Instant) {
        let mut state = self.0.borrow_mut();
        // The account may have been changed meanwhile.
        if state.account.as_ref() == Some(account) {
            state.asking = false;
            state.known = Some((now, emails));
        }
    }
}

/// Who calls again and again does not make us ask again and again.
const FRESH: Duration = Duration::from_secs(20);
/// Longer than a call; what is older says nothing.
const TOO_OLD: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crds::directory::MailAuth;

    fn account(host: &str) -> Arc<MailAccount> {
        Arc::new(MailAccount {
            host: host.into(),
            port: 993,
            login: MailAuth::Nobody,
        })
    }

    const COUNTED: Emails = Emails::Counted { new: 2, saved: 5 };

    #[test]
    fn an_answer_holds_for_a_while_and_a_server_is_not_asked_twice_at_once() {
        let (known, mail, now) = (KnownEmails::default(), account("mail"), Instant::now());
        assert_eq!(known.told(now), Emails::NoAccount);
        assert!(known.is_to_ask(&mail, now));
        assert!(!known.is_to_ask(&mail, now), "it is being asked");
        assert_eq!(known.told(now), Emails::NotYetKnown);
        known.answered(&mail, COUNTED, now);
        assert!(!known.is_to_ask(&mail, now + FRESH / 2));
        assert!(known.is_to_ask(&mail, now + FRESH * 2));
        assert_eq!(known.told(now + FRESH * 2), COUNTED, "while it is asked");
        assert_eq!(known.told(now + TOO_OLD), Emails::NotYetKnown);
    }

    #[test]
    fn another_account_has_other_mails() {
        let (known, now) = (KnownEmails::default(), Instant::now());
        let (old, new) = (account("old"), account("new"));
        assert!(known.is_to_ask(&old, now));
        assert!(known.is_to_ask(&new, now));
        known.answered(&old, COUNTED, now);
        assert_eq!(known.told(now), Emails::NotYetKnown);
    }
}
