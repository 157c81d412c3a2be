//! Who gets a message: each recipient for whom his mailbox has room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use apps::{Begun, Forwards, LeftOut, Office, Refusal, WhyLeftOut};
use crds::directory::{Caller, UserEntry};
use futures::stream::{self, StreamExt};
use mailbox::{Delivery, Draft, DraftKind, Forwarded, MailboxId, Place, Room};
use tracing::warn;

use super::office::{CallOffice, Recording};
use crate::homes::limits;

/// Somebody whose mailbox takes the message.
struct Taker {
    mailbox: MailboxId,
    /// How long it may be for him.
    most: Duration,
    place: Place,
}

/// Those who get it and those who do not.
#[derive(Default)]
struct Asked {
    takers: Vec<Taker>,
    left_out: Vec<LeftOut>,
}

impl CallOffice {
    /// Opens a recording for whoever has room.
    pub(super) async fn begin_message(
        &self,
        to: &[&UserEntry],
        from: &Caller,
        forwards: Option<Forwards<'_>>,
    ) -> Result<Begun<Recording>, Refusal> {
        let Asked { takers, left_out } = self.ask(to, forwards).await;
        let Some(longest) = takers.iter().map(|taker| taker.most).max() else {
            self.counted("mailbox_full");
            return Err(Refusal::Full(left_out));
        };
        let forwarded = match forwards {
            Some(forwards) => Some(self.forwarded(forwards).ok_or(Refusal::Unavailable)?),
            None => None,
        };
        // An introduction does not count towards anybody's minutes.
        let less = |taker: &&Taker| forwards.is_none() && taker.most < longest;
        let most: BTreeMap<_, _> = takers
            .iter()
            .filter(less)
            .map(|taker| (taker.mailbox.clone(), taker.most))
            .collect();
        let names = self.names(&takers);
        let (recipients, places) = takers
            .into_iter()
            .map(|taker| (taker.mailbox, taker.place))
            .unzip();
        let delivery = Delivery {
            recipients,
            sender: self.sender(from),
            received: self.now(),
            most,
            forwards: forwarded,
        };
        let shortest = to.iter().map(|user| user.limits.min_message_length);
        let draft = Draft {
            kind: DraftKind::Message(Box::new(delivery)),
            codec: self.codec,
            min_length: shortest.min().unwrap_or_default(),
            places,
        };
        let spool = self.exchange.mailboxes.spool();
        match spool.begin(draft) {
            Ok(id) => Ok(Begun {
                recording: Recording::new(id, names, spool),
                max_length: longest,
                left_out,
            }),
            Err(error) => {
                warn!(%error, "a message can't be taken");
                self.counted("refused");
                Err(Refusal::Unavailable)
            }
        }
    }

    /// Whom a message is to, for the log: of a thousand recipients a few tell enough.
    fn names(&self, takers: &[Taker]) -> String {
        let user = |taker: &Taker| self.directory.user_of_mailbox(taker.mailbox.as_str());
        let named = takers.iter().take(MOST_NAMED).filter_map(user);
        let mut names = named.map(|user| &*user.name).collect::<Vec<_>>().join(", ");
        if takers.len() > MOST_NAMED {
            names.push_str(", …");
        }
        names
    }

    /// For whom a message became too long while it was spoken.
    pub(super) fn too_long_for(&self, mailboxes: &[MailboxId]) -> Vec<LeftOut> {
        let of = |mailbox: &MailboxId| self.directory.user_of_mailbox(mailbox.as_str());
        let users = mailboxes.iter().filter_map(of);
        users
            .map(|user| left_out(user, WhyLeftOut::TooLong))
            .collect()
    }

    /// Asks every mailbox for a place.
    async fn ask(&self, to: &[&UserEntry], forwards: Option<Forwards<'_>>) -> Asked {
        let asking = stream::iter(to).map(|user| self.place(user, forwards));
        let mut answers = asking.buffered(MAILBOXES_AT_ONCE);
        let mut asked = Asked::default();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(taker) => asked.takers.push(taker),
                Err(left_out) => asked.left_out.push(left_out),
            }
        }
        asked
    }

    async fn place(
        &self,
        user: &UserEntry,
        forwards: Option<Forwards<'_>>,
    ) -> Result<Taker, LeftOut> {
        let Some(mailbox) = self.mailbox(user) else {
            return Err(left_out(user, WhyLeftOut::Unavailable));
        };
        match (mailbox.room(&limits(&user.limits)).await, forwards) {
            (Room::Full, _) => Err(left_out(user, WhyLeftOut::Full)),
            (Room::Ok { max_length, .. }, Some(forwards))
                if max_length < forwards.message.duration =>
            {
                Err(left_out(user, WhyLeftOut::TooLong))
            }
            (Room::Ok { mut place, .. }, Some(forwards)) => {
                place.shorten(forwards.message.duration);
                Ok(Taker {
                    mailbox: mailbox.id().clone(),
                    most: user.limits.max_message_length,
                    place,
                })
            }
            (Room::Ok { max_length, place }, None) => Ok(Taker {
                mailbox: mailbox.id().clone(),
                most: max_length,
                place,
            }),
        }
    }

    fn forwarded(&self, forwards: Forwards<'_>) -> Option<Forwarded> {
        Some(Forwarded {
            from: self.mailbox(forwards.owner)?.id().clone(),
            message: forwards.message.clone(),
        })
    }
}

fn left_out(user: &UserEntry, why: WhyLeftOut) -> LeftOut {
    LeftOut {
        user: Arc::clone(&user.name),
        why,
    }
}

const MOST_NAMED: usize = 3;
/// A thousand recipients are asked within a breath, and the store is not asked for all at once.
const MAILBOXES_AT_ONCE: usize = 32;
