//! What a worker tells the operator about itself: the answer to `GET /report`.
//!
//! The operator asks with `?pod=UID&after=REVISION&keeps=loaded`, the UID of the worker's Pod, and gets an answer when the report has changed since, or after a
//! while in any case. So `Ready` follows within milliseconds, and no worker writes what it has loaded to the API server. Calls change the report
//! each second and what is loaded does not, so it is left out where it is as it was in that revision, which who says `keeps=loaded` has kept.
mod generations;
mod undone;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    generations::{Generations, Uid},
    undone::UndoneSettings,
};

/// The path it is served at, beside `/metrics`.
pub const PATH: &str = "/report";

/// The value of `keeps` in the question of who keeps what was loaded in the revision that he names.
pub const KEEPS_LOADED: &str = "loaded";

/// The state of one worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Grows with each change of this report; the `after` of the next question. No other process of the Pod has had it.
    pub revision: u64,
    /// The UID of the worker's Pod, so that an answer is not taken for another's.
    pub pod_uid: String,
    /// The generation loaded of every object of ours; none where it is as it was in the revision that the question named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded: Option<Generations>,
    /// The `resourceVersion` loaded of every shard of the credentials, by its number.
    pub credentials: BTreeMap<u32, String>,
    /// Calls in progress.
    pub calls: u32,
    /// Phones registered.
    pub registrations: u32,
    /// Whether it refuses new calls because it is to go.
    pub draining: bool,
    /// Bytes of recordings not yet in object storage.
    pub spool_bytes: u64,
    /// Whether object storage takes what is written; none before the first try.
    pub storage: Option<Finding>,
    /// Whether the TLS certificate can be used; none where there is to be no TLS.
    #[serde(default)]
    pub certificate: Option<Finding>,
    /// Whether callers' audio arrives: none before the first answered call, false when the last five heard none.
    pub media: Option<Finding>,
    /// Logins to mailboxes that were locked of late, and still are (spec MC-A5). The operator makes Events of them, so that
    /// workers need no right to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<LockedLogin>,
    /// What users set by phone and the API server refused of late; each becomes an Event too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<UndoneSettings>,
    /// Whether the mail server takes e-mails; none before the first.
    #[serde(default)]
    pub mail: Option<Finding>,
    /// The last e-mails that were given up, oldest first.
    #[serde(default)]
    pub refused_mails: Vec<RefusedMail>,
}

/// An e-mail that was given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedMail {
    /// When, in the form of RFC 3339.
    pub at: String,
    /// The User whose message it tells of.
    pub user: String,
    /// A reason of [`crate::conditions::Reason`], as text.
    pub reason: String,
    /// For people: why, and what to do next.
    pub message: String,
}

/// Logins of a user from one side that are locked: somebody tried PINs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockedLogin {
    /// The User.
    pub user: String,
    /// From where: `his own handset`, `another handset`, `outside`.
    pub side: String,
    /// Until when.
    pub until: Timestamp,
    /// For how long in all.
    pub seconds: u64,
}

impl LockedLogin {
    /// Whether they still are.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until > now
    }
}

impl Report {
    /// The generation loaded of the object with this UID.
    pub fn generation(&self, uid: &str) -> Option<i64> {
        self.loaded.as_ref()?.get(uid)
    }

    /// Tells of one more locked login; those whose time is over are forgotten, and of too many the oldest.
    pub fn lock(&mut self, locked: LockedLogin, now: Timestamp) {
        self.locked.retain(|other| other.holds(now));
        if self.locked.len() >= MOST_LOCKED {
            self.locked.remove(0);
        }
        self.locked.push(locked);
    }
}

/// So many locked logins are told of: whoever locks more has been heard of.
const MOST_LOCKED: usize = 100;

/// Whether something works, and what to do if not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// It does.
    pub ok: bool,
    /// A reason of [`crate::conditions::Reason`], as text.
    pub reason: String,
    /// For people: what is the matter and what to do next.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_that_are_over_are_forgotten_and_many_stay_bounded() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let locked = |user: i64, until| LockedLogin {
            user: format!("u{user}"),
            side: "outside".to_owned(),
            until: at(until),
            seconds: 60,
        };
        let mut report = Report::default();
        report.lock(locked(0, 60), at(0));
        report.lock(locked(1, 120), at(60));
        let users = |report: &Report| report.locked.iter().map(|it| it.user.clone()).collect();
        let left: Vec<String> = users(&report);
        assert_eq!(left, ["u1"]);
        for user in 2..500 {
            report.lock(locked(user, 1000), at(60));
        }
        let left: Vec<String> = users(&report);
        assert_eq!((left.len(), left.last().unwrap().as_str()), (100, "u499"));
    }
}
