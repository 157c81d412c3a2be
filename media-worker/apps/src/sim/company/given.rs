//! What a test gives a company before anybody calls.

use std::time::Duration;

use crds::extension::ExtensionTarget;
use crds::phone_system::Class;
use crds::user::Permission;
use crds::user_settings::GreetingSlot;
use crds::{
    AutoAttendant, AutoAttendantSpec, Extension, ExtensionSpec, MessageAlias, MessageAliasSpec,
    NameRef, Objects, Presence, Secret, Shared, User, UserSpec,
};
use mailbox::{Folder, Message, Sender};

use super::Company;
use crate::Emails;
use crate::sim::inbox::Stored;
use crate::sim::office::Sample;
use crate::sim::state::Trouble;

impl Company {
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
            spec(objects, user).class = Some("staff".into());
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
        self.with(|objects| spec(objects, user).presence = Some(presence))
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
}

fn spec<'a>(objects: &'a mut Objects, user: &str) -> &'a mut UserSpec {
    let named = |it: &&mut Shared<User>| it.metadata.name.as_deref() == Some(user);
    &mut objects.users.iter_mut().find(named).expect("a user").spec
}

/// The language that `##` switches to.
const ALTERNATE: &str = "es";
