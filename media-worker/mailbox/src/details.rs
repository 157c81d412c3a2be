//! Call details (CD-1): every call, kept in the store by day, readable per user.
//!
//! They are journalled in the spool with the call's end and stored in batches, one object per batch, day and worker.

use crate::ids::day_of;
use crate::layout;
use crate::mailbox::MailboxError;
use crate::mailboxes::Shared;
use crate::store::{Condition, StoreError, list_all};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDetail {
    /// The Call-ID of its first leg, which logs carry as well.
    pub call: String,
    /// When it began.
    pub time: Timestamp,
    /// Which way it went, seen from the system.
    pub direction: Direction,
    /// Who called.
    pub from: Party,
    /// Whom.
    pub to: Party,
    /// Who or what answered, if anything did.
    pub answered_by: Option<Answerer>,
    /// From answer to end; zero where nobody answered.
    pub duration: Duration,
    /// The route taken, in words of the route's author.
    pub route: Option<String>,
    /// What became of it.
    pub result: CallResult,
}

/// Which way a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// Between users of the system.
    Internal,
    /// From outside.
    Incoming,
    /// To outside.
    Outgoing,
}

/// One end of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The User, if it was one.
    pub user: Option<String>,
    /// Number or extension.
    pub number: Option<String>,
    /// Name shown.
    pub name: Option<String>,
}

/// Who or what answered a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answerer {
    /// A user, at that device or number.
    User {
        /// The User.
        user: String,
        /// Where he answered.
        device: String,
    },
    /// The mailbox of a user.
    Mailbox {
        /// The User.
        user: String,
    },
    /// An application, such as the message center.
    Application {
        /// Which.
        name: String,
    },
    /// Someone outside.
    Outside,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallResult {
    /// It was answered.
    Answered,
    /// The caller gave up.
    Cancelled,
    /// Nobody answered.
    NoAnswer,
    /// Busy.
    Busy,
    /// Declined, or not allowed.
    Rejected,
    /// There is no such number.
    NotFound,
    /// Something went wrong.
    Failed,
}

/// Whose calls are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DetailsOf {
    /// Those a User made, received or answered.
    User(String),
    /// All.
    Everyone,
}

impl CallDetail {
    /// Whether a user may see it as his.
    pub fn concerns(&self, name: &str) -> bool {
        let answered = match &self.answered_by {
            Some(Answerer::User { user, .. } | Answerer::Mailbox { user }) => user == name,
            Some(Answerer::Application { .. } | Answerer::Outside) | None => false,
        };
        answered || self.from.user.as_deref() == Some(name) || self.to.user.as_deref() == Some(name)
    }
}

impl DetailsOf {
    fn includes(&self, detail: &CallDetail) -> bool {
        match self {
            Self::User(name) => detail.concerns(name),
            Self::Everyone => true,
        }
    }
}

/// Stores what the spool has, a batch per day.
pub(crate) async fn store(shared: &Shared) -> Result<(), MailboxError> {
    let details = shared.spool.details().await?;
    for batch in details.chunks(MOST_IN_BATCH) {
        let mut days: BTreeMap<String, Vec<&(u64, CallDetail)>> = BTreeMap::new();
        for numbered in batch {
            days.entry(day_of(numbered.1.time))
                .or_default()
                .push(numbered);
        }
        for (day, of_day) in days {
            // The first detail names the batch: storing it again after a crash, perhaps with more, replaces it.
            let Some((number, first)) = of_day.first() else {
                continue;
            };
            let key = format!(
                "{}{day}/{}.{:x}.{number}",
                layout::DETAILS,
                shared.worker,
                first.time.as_millisecond()
            );
            let mut lines = Vec::new();
            for (_, detail) in of_day {
                lines.extend(crate::record::to_bytes(detail));
                lines.push(b'\n');
            }
            shared
                .store
                .put(&key, lines.into(), Condition::Always)
                .await?;
        }
        if let Some((last, _)) = batch.last() {
            shared.spool.details_stored(*last)?;
        }
    }
    Ok(())
}

/// The calls of one day, stored or on their way.
pub(crate) async fn read(
    shared: &Shared,
    of: &DetailsOf,
    day: Date,
) -> Result<Vec<CallDetail>, StoreError> {
    let day = day.strftime("%Y%m%d").to_string();
    // Asked first: what is stored meanwhile is seen twice rather than not at all.
    let waiting = shared.spool.details().await.unwrap_or_default();
    let mut found: Vec<CallDetail> = Vec::new();
    for key in list_all(&*shared.store, &format!("{}{day}/", layout::DETAILS)).await? {
        let Some(blob) = shared.store.get(&key).await? else {
            continue;
        };
        let lines = blob
            .bytes
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty());
        found.extend(
            lines
                .filter_map(|line| serde_json::from_slice(line).ok())
                .filter(|detail| of.includes(detail)),
        );
    }
    let of_day = waiting
        .into_iter()
        .map(|(_, detail)| detail)
        .filter(|detail| day_of(detail.time) == day);
    found.extend(of_day.filter(|detail| of.includes(detail)));
    found.sort_by(|a, b| (a.time, &a.call).cmp(&(b.time, &b.call)));
    found.dedup();
    Ok(found)
}

const MOST_IN_BATCH: usize = 1000;
