//! Users, with what they changed by phone or web.
use std::{collections::HashMap, sync::Arc, time::Duration};

use kube::ResourceExt;

use super::{Known, in_order, mail, not_found, secret, system, validate};
use crate::{
    Kind, ObjectRef, Objects, Problem, SecretKeyRef, User, UserSettingsSpec,
    conditions::Reason,
    directory::{MailboxLimits, Permissions, PinOrigin, UserEntry},
    phone_system::Class,
    pin::{self, PinKey, PinVerifier, WeakPin},
    secrets::pin_entry,
    user::Voicemail,
};

/// Every user by name; numbers and handsets are filled in afterwards.
pub(super) fn compile(
    objects: &Objects,
    people: &[&User],
    system: &system::Compiled,
    known: &Known<'_>,
    zones: &mut system::Zones,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, UserEntry> {
    let settings: HashMap<&str, &UserSettingsSpec> =
        in_order(&objects.user_settings, Kind::UserSettings, problems)
            .into_iter()
            .map(|s| (s.metadata.name.as_deref().unwrap_or_default(), &s.spec))
            .collect();
    let unset = UserSettingsSpec::default();
    let mut users = HashMap::with_capacity(objects.users.len());
    for user in people {
        let name = user.metadata.name.as_deref().unwrap_or_default();
        let object = ObjectRef::new(Kind::User, name);
        validate::user(&object, &user.spec, problems);
        let chosen = settings.get(name).copied().unwrap_or(&unset);
        let mut entry = person(name, user, chosen, system, zones, &object, problems);
        entry.imap = user.spec.voicemail.imap.as_ref().map(|imap| {
            let account = mail::account(&object, imap, known, problems);
            Arc::new(account)
        });
        mail::check(&object, &entry, &system.entry, problems);
        (entry.pin, entry.pin_origin) =
            verifier(&entry, user, chosen, system, known, &object, problems);
        users.insert(entry.name.clone(), entry);
    }
    check_references(objects, &users, problems);
    users
}

fn person(
    name: &str,
    user: &User,
    chosen: &UserSettingsSpec,
    system: &system::Compiled,
    zones: &mut system::Zones,
    object: &ObjectRef,
    problems: &mut Vec<Problem>,
) -> UserEntry {
    let spec = &user.spec;
    let name: Arc<str> = name.into();
    let class = spec.class.as_ref().and_then(|class| {
        let classes = system.classes.as_ref()?;
        let found = classes.get(class);
        if found.is_none() {
            problems.push(unknown_class(object, class, classes));
        }
        found
    });
    let class_permissions = class.map(|c| c.permissions.as_slice()).unwrap_or_default();
    let language = spec.language.as_deref().or(chosen.language.as_deref());
    let zone = spec
        .time_zone
        .as_deref()
        .and_then(|zone| zones.get(zone, object, "spec.timeZone", problems));
    UserEntry {
        mailbox: user
            .metadata
            .uid
            .as_deref()
            .map_or_else(|| name.clone(), Into::into),
        display_name: spec
            .display_name
            .as_deref()
            .map_or_else(|| name.clone(), Into::into),
        extension: None,
        language: language.map_or_else(|| system.entry.language.clone(), Into::into),
        time_zone: zone.unwrap_or_else(|| system.entry.time_zone.clone()),
        presence: spec.presence.or(chosen.presence).unwrap_or_default(),
        presence_managed: spec.presence.is_some(),
        pin: PinVerifier::nothing(name.clone(), system.entry.pin_key.clone()),
        pin_origin: PinOrigin::Nowhere,
        limits: limits(&spec.voicemail),
        announce_only: chosen.announce_only.clone(),
        permissions: class_permissions
            .iter()
            .chain(&spec.permissions)
            .copied()
            .collect::<Permissions>(),
        barred_prefixes: class
            .map(|c| c.barred_prefixes.clone())
            .unwrap_or_default()
            .into(),
        handsets: Vec::new(),
        hot_desk: chosen
            .hot_desk
            .as_ref()
            .map(|desk| desk.handset_ref.name.as_str().into()),
        monitored_by: sorted(&spec.voicemail),
        email: spec.email.as_deref().map(Into::into),
        email_mode: chosen.email.as_ref().unwrap_or(&spec.voicemail.email).mode,
        imap: None,
        accept: spec.follow_me.accept,
        quick_transfer: spec.quick_transfer.as_deref().map(Into::into),
        name,
    }
}

/// The PIN in the Secret, as far as it is known here.
struct Stored {
    verifier: PinVerifier,
    origin: PinOrigin,
}

/// The PIN he chose goes before the one in the Secret, unless the Secret has another one since.
fn verifier(
    entry: &UserEntry,
    user: &User,
    chosen: &UserSettingsSpec,
    system: &system::Compiled,
    known: &Known<'_>,
    object: &ObjectRef,
    problems: &mut Vec<Problem>,
) -> (PinVerifier, PinOrigin) {
    let (name, key) = (&entry.name, &system.entry.pin_key);
    let given = pin_entry(name, user.spec.pin_secret_ref.as_ref());
    let stored = stored(name, key, &given, known);
    let readable = known.secrets.text(&given).filter(|pin| !pin.is_empty());
    if readable.is_some_and(|pin| !pin::can_be_entered(pin)) {
        problems.push(no_digits(object));
    }
    if let Some(text) = &chosen.pin_verifier {
        match PinVerifier::hashed(name.clone(), key.clone(), text) {
            Some(verifier) if holds(chosen, stored.as_ref()) => {
                return (verifier, PinOrigin::Chosen);
            }
            Some(_) => {}
            None => problems.push(damaged(name)),
        }
    }
    if let Some(Stored { verifier, origin }) = stored {
        if let Some(pin) = readable
            && pin::check(pin, user.spec.extension.as_deref()).is_err()
        {
            problems.push(
                Problem::warning(object.clone(), "spec.pinSecretRef", Reason::WeakPin)
                    // More would nearly tell the PIN to whoever reads statuses.
                    .because(GUESSED)
                    .remedy(ANOTHER_PIN),
            );
        }
        return (verifier, origin);
    }
    if readable.is_none() {
        // Nothing is found, which is reported.
        let _ = secret(known.secrets, &given, object, "spec.pinSecretRef", problems);
    }
    (
        PinVerifier::nothing(name.clone(), key.clone()),
        PinOrigin::Nowhere,
    )
}

fn stored(
    name: &Arc<str>,
    key: &Arc<PinKey>,
    given: &SecretKeyRef,
    known: &Known<'_>,
) -> Option<Stored> {
    let (verifier, initial) = if let Some(compiled) = known.credentials.user(name) {
        let verifier = PinVerifier::hashed(name.clone(), key.clone(), &compiled.pin_verifier)?;
        (verifier, compiled.initial)
    } else {
        let pin = known.secrets.text(given).filter(|pin| !pin.is_empty())?;
        if !pin::can_be_entered(pin) {
            return None;
        }
        let verifier = PinVerifier::plain(name.clone(), key.clone(), pin);
        (verifier, known.secrets.is_initial(given))
    };
    let origin = if initial {
        PinOrigin::Initial
    } else {
        PinOrigin::Given
    };
    Some(Stored { verifier, origin })
}

/// Whether the PIN he chose replaced the one that is in the Secret now; where there is none now, it holds.
fn holds(chosen: &UserSettingsSpec, stored: Option<&Stored>) -> bool {
    match (&chosen.pin_replaces, stored) {
        (Some(replaced), Some(stored)) => stored.verifier.text().as_ref() == Some(replaced),
        (None, _) | (_, None) => true,
    }
}

/// It would lock out its owner, whatever he enters, so that one he chose before goes on to hold.
fn no_digits(object: &ObjectRef) -> Problem {
    Problem::error(object.clone(), "spec.pinSecretRef", Reason::WeakPin)
        .because(WeakPin::NotDigits.to_string())
        .remedy(ANOTHER_PIN)
}

const GUESSED: &str = "the PIN in it is easily guessed: a PIN has 5 to 32 digits, and is neither the extension nor a run such as 12345 nor one digit repeated";
const ANOTHER_PIN: &str =
    "write another PIN into the Secret, or leave pinSecretRef out and one is generated";

fn damaged(user: &str) -> Problem {
    Problem::error(
        ObjectRef::new(Kind::UserSettings, user),
        "spec.pinVerifier",
        Reason::InvalidValue,
    )
    .because("this is no verifier that a phone or the portal wrote; the PIN in the Secret holds")
    .remedy("remove the field and let the user choose a PIN again")
}

fn limits(voicemail: &Voicemail) -> MailboxLimits {
    MailboxLimits {
        max_messages: voicemail.max_messages,
        max_total: Duration::from_secs(u64::from(voicemail.max_minutes) * 60),
        max_message_length: voicemail.max_message_length.get(),
        min_message_length: voicemail
            .min_message_length
            .get()
            .min(voicemail.max_message_length.get()),
        trash_retention: voicemail.trash_retention.get(),
    }
}

fn sorted(voicemail: &Voicemail) -> Vec<Arc<str>> {
    let mut names: Vec<Arc<str>> = voicemail
        .monitored_by
        .iter()
        .map(|r| r.name.as_str().into())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn unknown_class(object: &ObjectRef, class: &str, classes: &HashMap<String, Class>) -> Problem {
    let mut names: Vec<&str> = classes.keys().map(String::as_str).collect();
    names.sort_unstable();
    let remedy = if names.is_empty() {
        "add it to PhoneSystem.spec.classes, or leave class out".to_owned()
    } else {
        format!(
            "write one of {}, or add it to PhoneSystem.spec.classes",
            names.join(", ")
        )
    };
    Problem::error(object.clone(), "spec.class", Reason::NotFound)
        .because(format!("the PhoneSystem has no class {class}"))
        .remedy(remedy)
}

fn check_references(
    objects: &Objects,
    users: &HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) {
    for user in &objects.users {
        for (i, watcher) in user.spec.voicemail.monitored_by.iter().enumerate() {
            if !users.contains_key(watcher.name.as_str()) {
                let object = ObjectRef::new(Kind::User, user.name_any());
                let field = format!("spec.voicemail.monitoredBy[{i}].name");
                problems.push(not_found(&object, field, "User", &watcher.name));
            }
        }
    }
    for settings in &objects.user_settings {
        let name = settings.name_any();
        if !users.contains_key(name.as_str()) {
            let object = ObjectRef::new(Kind::UserSettings, name.clone());
            problems.push(
                Problem::warning(object, "metadata.name", Reason::NotFound)
                    .because(format!(
                        "there is no User {name} whose settings these could be"
                    ))
                    .remedy("delete the settings, or create the User"),
            );
        }
    }
}
