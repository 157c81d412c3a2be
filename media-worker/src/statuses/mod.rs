//! What the API server shows of phones and mailboxes: written by the worker that holds them, on change, a few a second.
//!
//! Homes tell a [`Statuses`]; nobody waits for it, and of several changes to one object the last is written. Standalone
//! there is nobody to tell.
mod known;
mod told;
mod writer;

use std::sync::Arc;

use crds::trunk::Registration;
use crds::user::MessageCounts;
use tokio::sync::mpsc;

use crate::source::{Cluster, Scope};

/// Where homes tell what has changed.
#[derive(Clone, Debug, Default)]
pub struct Statuses {
    news: Option<mpsc::UnboundedSender<News>>,
}

/// A phone registered under a handset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// The SIP URI it registered.
    pub uri: String,
    /// What it calls itself.
    pub user_agent: Option<String>,
}

/// What is known of a shared file that callers are to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It can be played.
    Playable,
    /// There is no such file.
    Missing,
    /// It can't be played, for this reason.
    NotPlayable(String),
}

/// What a home tells.
#[derive(Debug)]
enum News {
    /// These phones are registered under a handset now.
    Phones(Arc<str>, Vec<Phone>),
    /// So many messages are in a user's mailbox now.
    Messages(Arc<str>, MessageCounts),
    /// A trunk stands so, for this reason, and carries so many calls now.
    Trunk(Arc<str>, Registration, Arc<str>, u32),
    /// A shared file is in this state now.
    File(Arc<str>, FileState),
    /// What was registered before the start has been told: from now on a handset that nobody spoke of has no phone.
    Restored,
}

impl Statuses {
    /// Tells nobody: standalone.
    pub fn none() -> Self {
        Self::default()
    }

    /// Writes what it is told to the API server, beside the source's watches.
    pub fn start(cluster: &Cluster, scope: &Scope) -> Self {
        let (news, told) = mpsc::unbounded_channel();
        cluster.spawn(writer::write(cluster.into(), scope.clone(), told));
        Self { news: Some(news) }
    }

    /// These phones are registered under a handset now.
    pub fn phones(&self, handset: &Arc<str>, phones: Vec<Phone>) {
        self.tell(|| News::Phones(Arc::clone(handset), phones));
    }

    /// So many messages are in a user's mailbox now.
    pub fn messages(&self, user: &Arc<str>, counts: MessageCounts) {
        self.tell(|| News::Messages(Arc::clone(user), counts));
    }

    /// A trunk stands so and carries so many calls now; `why` is told where it does not stand well.
    pub fn trunk(&self, trunk: &Arc<str>, registration: Registration, why: Arc<str>, calls: u32) {
        self.tell(|| News::Trunk(Arc::clone(trunk), registration, why, calls));
    }

    /// A shared file that callers are to hear is in this state now.
    pub fn file(&self, file: &Arc<str>, state: FileState) {
        self.tell(|| News::File(Arc::clone(file), state));
    }

    /// What was registered before the start has been told.
    pub fn restored(&self) {
        self.tell(|| News::Restored);
    }

    fn tell(&self, news: impl FnOnce() -> News) {
        if let Some(writer) = &self.news {
            // The writer lives as long as the process.
            let _ = writer.send(news());
        }
    }
}
