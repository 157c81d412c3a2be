//! Putting right what can be.

use super::{Finding, Wrong};
use crate::ids::{MailboxId, day_of};
use crate::mailbox::MailboxError;
use crate::mailboxes::Mailboxes;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// It is right now.
    Done,
    /// It is left as it is.
    Left,
}

/// Puts right what was found, as far as that can be done without losing anything; what became of each finding, in order.
///
/// A message whose recording is gone is removed. A recording that nobody refers to is removed once it is a week old: until then a worker
/// may hold a message that refers to it; and only where everything can be read that may do so.
pub async fn repair(
    mailboxes: &Mailboxes,
    findings: &[Finding],
    now: Timestamp,
) -> Result<Vec<Repair>, MailboxError> {
    let is_unread = |it: &Finding| matches!(it.wrong, Wrong::Unreadable(_) | Wrong::IndexLost(_));
    let all_read = !findings.iter().any(is_unread);
    let mut rebuilt: BTreeSet<MailboxId> = BTreeSet::new();
    let mut repairs = Vec::with_capacity(findings.len());
    for Finding { key, wrong } in findings {
        let repair = match wrong {
            Wrong::IndexLost(id) | Wrong::NotIndexed(id) => {
                if rebuilt.insert(id.clone()) {
                    mailboxes.mailbox(id).rebuild().await?;
                }
                Repair::Done
            }
            Wrong::RecordMissing(id, message) => {
                mailboxes.mailbox(id).rewrite_record(message).await?;
                Repair::Done
            }
            Wrong::AudioMissing(id, message) => {
                mailboxes.mailbox(id).remove(message).await?;
                Repair::Done
            }
            Wrong::StatesDiffer(id) => {
                mailboxes.mailbox(id).rewrite_states().await?;
                Repair::Done
            }
            Wrong::Orphan(day) if is_old(day, now) && all_read => {
                mailboxes.shared.store.delete(key).await?;
                Repair::Done
            }
            Wrong::Orphan(_)
            | Wrong::Foreign
            | Wrong::Unreadable(_)
            | Wrong::GreetingMissing(_)
            | Wrong::AudioDamaged(_)
            | Wrong::Undelivered => Repair::Left,
        };
        repairs.push(repair);
    }
    Ok(repairs)
}

impl Finding {
    /// Whether it passes without anybody doing anything: a worker removes recordings that nobody refers to any more, such as
    /// a greeting that was replaced. Where none has within a week, something is wrong.
    pub fn will_pass(&self, now: Timestamp) -> bool {
        matches!(&self.wrong, Wrong::Orphan(day) if !is_old(day, now))
    }
}

/// Whether that day is more than a week ago.
fn is_old(day: &str, now: Timestamp) -> bool {
    let week = SignedDuration::try_from(A_WEEK).unwrap_or_default();
    let first_kept = now.checked_sub(week).map(day_of).unwrap_or_default();
    *day < *first_kept
}

const A_WEEK: Duration = Duration::from_hours(7 * 24);
