//! What the homes of a company in memory hold, what is wrong with them today, and what time it is there.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crds::directory::UserEntry;
use crds::user_settings::GreetingSlot;
use crds::{Directory, Objects, Shared, UserSettings, UserSettingsSpec};
use jiff::Timestamp;
use mailbox::Message;

use super::office::Sample;
use crate::{Emails, Lockout, Side};

/// What does not work today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// Mailboxes cannot be opened.
    Login,
    /// The store is away and was never read: only messages that just came are known.
    Away,
    /// Messages are deleted elsewhere, just after they were listed.
    Gone,
    /// Messages cannot be read.
    Open,
    /// The recordings of messages are lost.
    Lost,
    /// Messages can be neither saved nor deleted.
    Change,
    /// Nothing can be recorded.
    Begin,
    /// Nothing can be delivered.
    Deliver,
    /// What was recorded cannot be heard.
    Playback,
    /// Settings, greetings and names can be neither read nor changed.
    Settings,
    /// Settings, greetings and names can be read but not changed.
    Saving,
}

/// What the homes hold.
#[derive(Debug)]
pub(super) struct State {
    objects: Objects,
    pub(super) directory: Arc<Directory>,
    pub(super) messages: HashMap<String, Vec<Message>>,
    pub(super) greetings: HashMap<(String, GreetingSlot), Sample>,
    pub(super) names: HashMap<String, Sample>,
    pub(super) files: HashMap<String, Sample>,
    pub(super) lockouts: HashMap<(Arc<str>, Side), Lockout>,
    pub(super) emails: HashMap<String, Emails>,
    /// Whose login was expected, in order.
    pub(super) expected: Vec<Arc<str>>,
    pub(super) troubles: HashSet<Trouble>,
    /// Outside calls that each user has begun.
    pub(super) outside_calls: HashMap<Arc<str>, u32>,
    pub(super) open_recordings: i32,
    pub(super) made: u32,
}

impl State {
    pub(super) fn of(objects: Objects) -> Self {
        Self {
            directory: compile(&objects),
            objects,
            messages: HashMap::new(),
            greetings: HashMap::new(),
            names: HashMap::new(),
            files: HashMap::new(),
            lockouts: HashMap::new(),
            emails: HashMap::new(),
            expected: Vec::new(),
            troubles: HashSet::new(),
            outside_calls: HashMap::new(),
            open_recordings: 0,
            made: 0,
        }
    }

    /// Changes the objects that the directory is made of.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Objects)) {
        change(&mut self.objects);
        self.directory = compile(&self.objects);
    }

    /// Changes what a user has set by phone.
    pub(super) fn set(&mut self, user: &str, change: impl FnOnce(&mut UserSettingsSpec)) {
        self.change(|objects| change(settings(objects, user)));
    }

    pub(super) fn is_full(&self, user: &UserEntry) -> bool {
        let messages = self.messages.get(&*user.name).into_iter().flatten();
        let kept = messages
            .filter(|message| message.state.folder().is_some())
            .count();
        kept >= user.limits.max_messages as usize
    }
}

/// Virtual time.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Rc<Cell<Duration>>);

impl Clock {
    pub(super) fn get(&self) -> Duration {
        self.0.get()
    }

    pub(super) fn set(&self, now: Duration) {
        self.0.set(now);
    }

    /// The time of day: it began on Thursday, the first of October 2026, at three in the
    /// afternoon in Rochester.
    pub(super) fn timestamp(&self) -> Timestamp {
        let began: Timestamp = "2026-10-01T19:00:00Z".parse().unwrap();
        began + self.get()
    }
}

fn settings<'a>(objects: &'a mut Objects, user: &str) -> &'a mut UserSettingsSpec {
    let named = |s: &&mut Shared<UserSettings>| s.metadata.name.as_deref() == Some(user);
    &mut objects
        .user_settings
        .iter_mut()
        .find(named)
        .expect("a user")
        .spec
}

fn compile(objects: &Objects) -> Arc<Directory> {
    let (directory, problems) = crds::compile(objects);
    assert!(problems.is_empty(), "{problems:#?}");
    Arc::new(directory)
}
