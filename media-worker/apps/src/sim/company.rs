//! A company in memory: people, their messages, and what is wrong with the storage today.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crds::directory::{Caller, UserEntry};
use crds::extension::ExtensionTarget;
use crds::phone_system::{Class, PhoneSystemSpec};
use crds::user::Permission;
use crds::user_settings::GreetingSlot;
use crds::{
    AutoAttendant, AutoAttendantSpec, Directory, Extension, ExtensionSpec, MessageAlias,
    MessageAliasSpec, NameRef, Objects, PhoneSystem, Presence, Secret, Shared, User, UserSettings,
    UserSettingsSpec, UserSpec,
};
use jiff::Timestamp;
use mailbox::{Folder, Message, Sender};
use prompts::Library;

use super::inbox::Stored;
use super::line::Line;
use super::office::{Sample, SimOffice};
use super::person::Person;
use super::story::Story;
use crate::{Emails, Exit, Listener, Lockout, Side};

/// A company: mary (101), john (102) and zoë (1021, in New York by night), whose PINs are their
/// extension and `7531`; an operator at 0 is john's business when asked for.
pub struct Company {
    state: Rc<RefCell<State>>,
    clock: Clock,
}

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
    fn of(objects: Objects) -> Self {
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

impl Default for Company {
    fn default() -> Self {
        Self::new()
    }
}

impl Company {
    /// A company in good order.
    pub fn new() -> Self {
        let mut objects = Objects::default();
        let mut system = PhoneSystemSpec {
            domain: "office.example.com".into(),
            ..Default::default()
        };
        system.time_zone = "America/New_York".into();
        objects
            .phone_systems
            .push(PhoneSystem::new("office", system).into());
        objects.secrets.push(secret(
            "office-keys",
            &[("pin", "a key"), ("nonce", "a key")],
        ));
        for (name, display_name, extension) in PEOPLE {
            let spec = UserSpec {
                display_name: Some(display_name.into()),
                extension: Some(extension.into()),
                ..UserSpec::default()
            };
            objects.users.push(User::new(name, spec).into());
            objects
                .user_settings
                .push(UserSettings::new(name, UserSettingsSpec::default()).into());
            let pin = pin(extension);
            objects
                .secrets
                .push(secret(&format!("{name}-pin"), &[("pin", &pin)]));
            objects.secrets.push(secret(
                &format!("{name}-sip"),
                &[("password", "nobody registers")],
            ));
        }
        Self {
            state: Rc::new(RefCell::new(State::of(objects))),
            clock: Clock::default(),
        }
    }

    /// Changes the objects that the directory is made of.
    #[must_use]
    pub fn with(self, change: impl FnOnce(&mut Objects)) -> Self {
        self.state.borrow_mut().change(change);
        self
    }

    /// This user answers the operator's number.
    #[must_use]
    pub fn with_operator(self, user: &str) -> Self {
        let target = ExtensionTarget {
            user: Some(NameRef::new(user)),
            ..Default::default()
        };
        self.with(|objects| {
            objects
                .extensions
                .push(Extension::new("0", ExtensionSpec { target }).into());
        })
    }

    /// A user may use outside lines, but for numbers that begin with `+1900`.
    #[must_use]
    pub fn with_outside_line(self, user: &str) -> Self {
        self.with(|objects| {
            let system = &mut objects.phone_systems[0].spec;
            system.dial_plan.numbers.area_code = Some("585".into());
            system.classes.push(Class {
                name: "staff".into(),
                permissions: vec![Permission::OutsideLine],
                barred_prefixes: vec!["+1900".into()],
            });
            let named = |it: &&mut Shared<User>| it.metadata.name.as_deref() == Some(user);
            let spec = &mut objects.users.iter_mut().find(named).expect("a user").spec;
            spec.class = Some("staff".into());
        })
    }

    /// A user is somewhere else.
    #[must_use]
    pub fn with_presence(self, user: &str, presence: Presence) -> Self {
        self.state
            .borrow_mut()
            .set(user, |settings| settings.presence = Some(presence));
        self
    }

    /// A user only announces with this greeting.
    #[must_use]
    pub fn with_announce_only(self, user: &str, slot: GreetingSlot) -> Self {
        self.state
            .borrow_mut()
            .set(user, |settings| settings.announce_only.push(slot));
        self
    }

    /// A user's presence is set in his manifest.
    #[must_use]
    pub fn with_managed_presence(self, user: &str, presence: Presence) -> Self {
        self.with(|objects| {
            let named = |it: &&mut Shared<User>| it.metadata.name.as_deref() == Some(user);
            let user = objects.users.iter_mut().find(named).expect("a user");
            user.spec.presence = Some(presence);
        })
    }

    /// A user's PIN is for the first login only.
    #[must_use]
    pub fn with_initial_pin(self, user: &str) -> Self {
        self.with(|objects| {
            let name = format!("{user}-pin");
            let named = |it: &&mut Secret| it.metadata.name.as_ref() == Some(&name);
            let secret = objects.secrets.iter_mut().find(named).expect("his PIN");
            let initial = (crds::secrets::INITIAL.to_owned(), "true".to_owned());
            secret.metadata.annotations = Some([initial].into());
        })
    }

    /// Everybody is spoken to in this language.
    #[must_use]
    pub fn with_language(self, language: &str) -> Self {
        self.with(|objects| {
            objects.phone_systems[0].spec.languages.default = language.into();
        })
    }

    /// The languages that there are prompts in.
    pub fn languages() -> Vec<String> {
        let languages = library().languages();
        languages.map(|(code, _)| code.to_owned()).collect()
    }

    /// A user may send to everybody.
    #[must_use]
    pub fn with_send_to_all(self, user: &str) -> Self {
        self.with(|objects| {
            let spec = spec(objects, user);
            spec.permissions.push(Permission::SendToAll);
        })
    }

    /// A user's mailbox takes so many messages of this length.
    #[must_use]
    pub fn with_room(self, user: &str, messages: u32, longest: &str) -> Self {
        self.with(|objects| {
            let voicemail = &mut spec(objects, user).voicemail;
            voicemail.max_messages = messages;
            voicemail.max_message_length = longest.parse().expect("a length");
        })
    }

    /// A message alias with this number and these members.
    #[must_use]
    pub fn with_alias(self, name: &str, number: &str, members: &[&str]) -> Self {
        let spec = MessageAliasSpec {
            extension: number.into(),
            display_name: None,
            members: members.iter().map(|name| NameRef::new(*name)).collect(),
        };
        self.with(|objects| {
            objects
                .message_aliases
                .push(MessageAlias::new(name, spec).into());
        })
    }

    /// An auto attendant.
    #[must_use]
    pub fn with_attendant(self, name: &str, spec: AutoAttendantSpec) -> Self {
        self.with(|objects| {
            let attendant = AutoAttendant::new(name, spec);
            objects.auto_attendants.push(attendant.into());
        })
    }

    /// A recording of 6 s among the shared files, heard as `[file]`.
    #[must_use]
    pub fn with_file(self, file: &str) -> Self {
        let sample = Sample::new(file, Duration::from_secs(6));
        self.state.borrow_mut().files.insert(file.into(), sample);
        self
    }

    /// The system has an alternate language, Spanish.
    #[must_use]
    pub fn with_alternate_language(self) -> Self {
        self.with(|objects| {
            objects.phone_systems[0].spec.languages.alternate = Some(ALTERNATE.into());
        })
    }

    /// This is known of a user's e-mails.
    #[must_use]
    pub fn with_emails(self, user: &str, emails: Emails) -> Self {
        self.state.borrow_mut().emails.insert(user.into(), emails);
        self
    }

    /// The users whose login was expected, in order.
    pub fn expected(&self) -> Vec<Arc<str>> {
        self.state.borrow().expected.clone()
    }

    /// Something does not work.
    #[must_use]
    pub fn with_trouble(self, trouble: Trouble) -> Self {
        self.state.borrow_mut().troubles.insert(trouble);
        self
    }

    /// A user has recorded a greeting of 6 s, heard as `[user's slot greeting]`.
    #[must_use]
    pub fn with_greeting(self, user: &str, slot: GreetingSlot) -> Self {
        let sample = Sample::new(
            &format!("{user}'s {slot:?} greeting"),
            Duration::from_secs(6),
        );
        self.state
            .borrow_mut()
            .greetings
            .insert((user.into(), slot), sample);
        self
    }

    /// A user has recorded his name, heard as `[user's name]`.
    #[must_use]
    pub fn with_name(self, user: &str) -> Self {
        let sample = Sample::new(&format!("{user}'s name"), Duration::from_secs(1));
        self.state.borrow_mut().names.insert(user.into(), sample);
        self
    }

    /// A message of 20 s, received an hour ago, heard as `[message m1]`, `[message m2]`, ….
    #[must_use]
    pub fn with_message(self, to: &str, folder: Folder, sender: Sender) -> Self {
        let received = self.clock.timestamp() - Duration::from_hours(1);
        let mut message = Stored::new(&self.state, sender, received, Duration::from_secs(20));
        message.state = folder.into();
        self.state
            .borrow_mut()
            .messages
            .entry(to.into())
            .or_default()
            .push(message);
        self
    }

    /// Changes the last message that a user got.
    #[must_use]
    pub fn with_last_message(self, user: &str, change: impl FnOnce(&mut Message)) -> Self {
        let mut state = self.state.borrow_mut();
        change(
            state
                .messages
                .get_mut(user)
                .and_then(|all| all.last_mut())
                .expect("a message"),
        );
        drop(state);
        self
    }

    /// A user of the company, as the sender of a message.
    pub fn sender(&self, user: &str) -> Sender {
        let directory = self.directory();
        let entry = directory.user(user).expect("a user");
        Sender::Internal {
            user: user.to_owned(),
            extension: entry.extension.as_deref().unwrap_or_default().to_owned(),
            name: entry.display_name.to_string(),
        }
    }

    /// All messages of a user, also those in the trash.
    pub fn messages(&self, user: &str) -> Vec<Message> {
        self.state
            .borrow()
            .messages
            .get(user)
            .cloned()
            .unwrap_or_default()
    }

    /// The directory as it is now.
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.state.borrow().directory)
    }

    /// What a caller of this user would hear as the greeting of this slot, by its name.
    pub fn greeting(&self, user: &str, slot: GreetingSlot) -> Option<String> {
        let state = self.state.borrow();
        let greeting = state.greetings.get(&(user.to_owned(), slot))?;
        Some(greeting.name().to_owned())
    }

    /// How long a user's name sounds, if he has recorded it.
    pub fn name_length(&self, user: &str) -> Option<Duration> {
        self.state.borrow().names.get(user).map(Sample::length)
    }

    /// Time passes.
    pub fn wait(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }

    /// Lets a person go through an application. Fails if he could not follow his script, or if a
    /// recording was neither delivered nor discarded.
    pub fn run(
        &self,
        person: Person,
        application: impl AsyncFnOnce(&mut Line<'_>, &SimOffice) -> Exit,
    ) -> Story {
        let began = self.clock.get();
        let office = SimOffice {
            directory: self.directory(),
            state: self.state.clone(),
            clock: self.clock.clone(),
        };
        let listener = self.listener(&person.caller);
        let (clock, state) = (self.clock.clone(), self.state.clone());
        let mut line = Line::new(person, listener, library(), clock, state);
        let exit = now(application(&mut line, &office));
        line.fall_silent();
        let unfinished = line.unfinished();
        let story = Story {
            exit,
            length: self.clock.get().saturating_sub(began),
            language: crate::Call::listener(&line).language.to_string(),
            heard: line.heard,
            steps: line.steps,
        };
        if let Some(step) = unfinished {
            panic!(
                "the call ended before {step}: {:?}\n{}",
                story.exit,
                story.transcript()
            );
        }
        assert_eq!(
            self.state.borrow().open_recordings,
            0,
            "recordings left\n{}",
            story.transcript()
        );
        story
    }

    fn listener(&self, caller: &Caller) -> Listener {
        let directory = self.directory();
        let system = directory.system();
        match caller.user().and_then(|user| directory.user(user)) {
            Some(user) => Listener {
                language: user.language.clone(),
                zone: user.time_zone.clone(),
            },
            None => Listener {
                language: system.language.clone(),
                zone: system.time_zone.clone(),
            },
        }
    }
}

/// The PIN of whoever has this extension.
fn pin(extension: &str) -> String {
    format!("{extension}7531")
}

fn secret(name: &str, entries: &[(&str, &str)]) -> Secret {
    let mut secret = Secret::default();
    secret.metadata.name = Some(name.to_owned());
    let entries = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    secret.string_data = Some(entries.collect());
    secret
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

fn spec<'a>(objects: &'a mut Objects, user: &str) -> &'a mut UserSpec {
    let named = |it: &&mut Shared<User>| it.metadata.name.as_deref() == Some(user);
    &mut objects.users.iter_mut().find(named).expect("a user").spec
}

fn compile(objects: &Objects) -> Arc<Directory> {
    let (directory, problems) = crds::compile(objects);
    assert!(problems.is_empty(), "{problems:#?}");
    Arc::new(directory)
}

/// The prompts of this source tree.
pub(super) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../prompts");
        Library::load(&folder).expect("the prompts")
    })
}

/// What comes of a future that waits for nothing: time here is virtual.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => {
            panic!("an application waits for something other than its call and office")
        }
    }
}

const PEOPLE: [(&str, &str, &str); 3] = [
    ("mary", "Mary", "101"),
    ("john", "John", "102"),
    ("zoe", "佐伊", "1021"),
];
/// The language that `##` switches to.
pub(super) const ALTERNATE: &str = "es";
