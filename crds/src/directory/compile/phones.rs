//! Handsets and their SIP accounts.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Known, Problem, in_order, not_found, secret, validate};
use crate::{
    HandsetSpec, Kind, NameRef, ObjectRef, Objects, User,
    conditions::Reason,
    directory::{Account, Ha1s, System, UserEntry},
    phone_system::MessagesKey,
    secrets::sip_entry,
};

/// Accounts by username, and usernames by handset.
pub(super) type Accounts = (HashMap<Arc<str>, Arc<Account>>, HashMap<Arc<str>, Arc<str>>);

/// Every handset, and one for each user who has none: of his name, unless a Handset of that name exists.
pub(super) fn compile(
    objects: &Objects,
    people: &[&User],
    system: &System,
    users: &mut HashMap<Arc<str>, UserEntry>,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> Accounts {
    let given = in_order(&objects.handsets, Kind::Handset, problems);
    let logins = logins(users);
    let size = given.len() + users.len();
    let mut phones = Phones {
        system,
        known,
        logins,
        users,
        problems,
        accounts: HashMap::with_capacity(size),
        usernames: HashMap::with_capacity(size),
    };
    let mut taken = HashSet::with_capacity(given.len());
    let mut owning = HashSet::with_capacity(given.len());
    for handset in given {
        let name = handset.metadata.name.as_deref().unwrap_or_default();
        phones.add(name, &handset.spec, &ObjectRef::new(Kind::Handset, name));
        taken.insert(name);
        owning.extend(
            handset
                .spec
                .owner_ref
                .as_ref()
                .map(|owner| owner.name.as_str()),
        );
    }
    for user in people {
        let name = user.metadata.name.as_deref().unwrap_or_default();
        if !owning.contains(name) && !taken.contains(name) {
            let spec = HandsetSpec {
                owner_ref: Some(NameRef::new(name)),
                ..HandsetSpec::default()
            };
            phones.add(name, &spec, &ObjectRef::new(Kind::User, name));
        }
    }
    for user in phones.users.values_mut() {
        user.handsets.sort();
    }
    let exists = |name: &str| taken.contains(name) || phones.usernames.contains_key(name);
    check_logins(objects, exists, phones.problems);
    (phones.accounts, phones.usernames)
}

/// A key that is to open what this version does not have opens what there is, and one is told so (spec MC-A3).
pub(super) fn messages_key(
    object: &ObjectRef,
    field: &str,
    key: Option<MessagesKey>,
    problems: &mut Vec<Problem>,
) {
    if key == Some(MessagesKey::Visual) {
        problems.push(
            Problem::warning(object.clone(), field, Reason::NotAvailableYet)
                .because("this version shows no messages on phones: their key opens the spoken message center")
                .remedy("keep Visual for a later version, or write Audio"),
        );
    }
}

/// The accounts so far, and what each further one is made from.
struct Phones<'a> {
    system: &'a System,
    known: &'a Known<'a>,
    logins: HashMap<Arc<str>, Arc<str>>,
    users: &'a mut HashMap<Arc<str>, UserEntry>,
    problems: &'a mut Vec<Problem>,
    accounts: HashMap<Arc<str>, Arc<Account>>,
    usernames: HashMap<Arc<str>, Arc<str>>,
}

impl Phones<'_> {
    /// Adds a handset, unless it has no username of its own.
    fn add(&mut self, name: &str, spec: &HandsetSpec, object: &ObjectRef) {
        validate::handset(object, spec, self.problems);
        messages_key(object, "spec.messagesKey", spec.messages_key, self.problems);
        let owner = owner(spec, object, self.users, self.problems);
        let Some(username) = username(name, spec, object, &self.accounts, self.problems) else {
            return;
        };
        let ha1 = self.hashes(name, &username, spec, object);
        let handset: Arc<str> = name.into();
        let user = owner.clone().or_else(|| self.logins.get(name).cloned());
        let of = user.as_deref().and_then(|user| self.users.get(user));
        let account = Account {
            handset: handset.clone(),
            username: username.clone(),
            display_name: of.map_or_else(|| handset.clone(), |user| user.display_name.clone()),
            extension: of.and_then(|user| user.extension.clone()),
            ha1,
            owner: owner.clone(),
            user,
        };
        if let Some(owner) = owner.and_then(|owner| self.users.get_mut(&owner)) {
            owner.handsets.push(handset.clone());
        }
        self.usernames.insert(handset, username.clone());
        self.accounts.insert(username, Arc::new(account));
    }
}

impl Phones<'_> {
    /// What the handset's password is checked with; a missing one is reported.
    fn hashes(
        &mut self,
        name: &str,
        username: &str,
        spec: &HandsetSpec,
        object: &ObjectRef,
    ) -> Option<Ha1s> {
        let realm = &self.system.domain;
        let compiled = self.known.credentials.handset(name);
        compiled
            .and_then(|it| it.hashes(username, realm))
            .or_else(|| {
                let entry = sip_entry(name, spec.password_secret_ref.as_ref());
                let field = "spec.passwordSecretRef";
                let password = secret(self.known.secrets, &entry, object, field, self.problems)?;
                Some(Ha1s::new(username, realm, password))
            })
    }
}

/// Which user is logged in to which shared handset; of two, the first by name.
fn logins(users: &HashMap<Arc<str>, UserEntry>) -> HashMap<Arc<str>, Arc<str>> {
    let mut logins: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    for user in users.values() {
        if let Some(handset) = &user.hot_desk {
            let held = logins
                .entry(handset.clone())
                .or_insert_with(|| user.name.clone());
            if user.name < *held {
                *held = user.name.clone();
            }
        }
    }
    logins
}

/// Reports logins to handsets that do not exist.
fn check_logins(objects: &Objects, exists: impl Fn(&str) -> bool, problems: &mut Vec<Problem>) {
    for settings in &objects.user_settings {
        let Some(desk) = &settings.spec.hot_desk else {
            continue;
        };
        let name = &desk.handset_ref.name;
        if !exists(name) {
            let whose = settings.metadata.name.as_deref().unwrap_or_default();
            let object = ObjectRef::new(Kind::UserSettings, whose);
            let field = "spec.hotDesk.handsetRef.name";
            problems.push(not_found(&object, field, "Handset", name));
        }
    }
}

fn owner(
    spec: &HandsetSpec,
    object: &ObjectRef,
    users: &HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) -> Option<Arc<str>> {
    let name = &spec.owner_ref.as_ref()?.name;
    let found = users.get(name.as_str()).map(|user| user.name.clone());
    if found.is_none() {
        problems.push(not_found(object, "spec.ownerRef.name", "User", name));
    }
    found
}

fn username(
    name: &str,
    spec: &HandsetSpec,
    object: &ObjectRef,
    accounts: &HashMap<Arc<str>, Arc<Account>>,
    problems: &mut Vec<Problem>,
) -> Option<Arc<str>> {
    let username = spec.username.as_deref().unwrap_or(name);
    if !validate::is_username(username) {
        return None;
    }
    if let Some(other) = accounts.get(username) {
        problems.push(
            Problem::error(object.clone(), "spec.username", Reason::UsernameTaken)
                .because(format!(
                    "the Handset {} has the username {username} already",
                    other.handset
                ))
                .remedy("write another username")
                .leaving_out(),
        );
        return None;
    }
    Some(username.into())
}
