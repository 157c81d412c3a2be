//! The way into the room of e-mail, from the thread of calls.

use std::sync::Arc;

use crds::directory::MailAccount;
use crds::report::Finding;
use mail::MailCounts;
use tokio::sync::{mpsc, oneshot, watch};

use super::Refusals;

/// The way into the room. Clones are the same.
#[derive(Clone, Debug)]
pub struct Post {
    pub(super) questions: mpsc::Sender<Question>,
    pub(super) finding: watch::Receiver<Option<Finding>>,
    pub(super) refusals: Refusals,
}

/// How many e-mails there are in an account, and who wants to know; no answer where they can't be counted.
#[derive(Debug)]
pub struct Question {
    /// The account.
    pub account: Arc<MailAccount>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Option<MailCounts>>,
}

impl Post {
    /// Counts the mails of an account; `None` where they can't be counted. Never waits for longer than a mail server is waited for.
    pub async fn count(&self, account: Arc<MailAccount>) -> Option<MailCounts> {
        let (reply, answer) = oneshot::channel();
        // Too many ask at once: those who ask now do without.
        self.questions.try_send(Question { account, reply }).ok()?;
        answer.await.ok().flatten()
    }

    /// Whether the mail server takes e-mails; `None` before the first.
    pub fn finding(&self) -> Option<Finding> {
        self.finding.borrow().clone()
    }

    /// E-mails that will never be taken.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }
}
