//! A company in memory, and whoever calls there.

mod given;

use std::cell::RefCell;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crds::directory::Caller;
use crds::phone_system::PhoneSystemSpec;
use crds::user_settings::GreetingSlot;
use crds::{
    Directory, Objects, PhoneSystem, Secret, User, UserSettings, UserSettingsSpec, UserSpec,
};
use mailbox::{Message, Sender};
use prompts::Library;

use super::line::Line;
use super::office::{Sample, SimOffice};
use super::person::Person;
use super::state::{Clock, State};
use super::story::Story;
use crate::{Exit, Listener};

/// A company: mary (101), john (102) and zoë (1021, in New York by night), whose PINs are their
/// extension and `7531`; an operator at 0 is john's business when asked for.
pub struct Company {
    state: Rc<RefCell<State>>,
    clock: Clock,
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

    /// The languages that there are prompts in.
    pub fn languages() -> Vec<String> {
        let languages = library().languages();
        languages.map(|(code, _)| code.to_owned()).collect()
    }

    /// The users whose login was expected, in order.
    pub fn expected(&self) -> Vec<Arc<str>> {
        self.state.borrow().expected.clone()
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
