//! Handsets and their SIP accounts.
use std::{collections::HashMap, sync::Arc};

use super::{Problem, in_order, not_found, secret, validate};
use crate::{
    HandsetSpec, Kind, NameRef, ObjectRef, Objects,
    conditions::Reason,
    directory::{Account, Ha1s, System, UserEntry},
    secrets::{Index, sip_entry},
};

/// Accounts by username, and usernames by handset.
pub(super) type Accounts = (HashMap<Arc<str>, Account>, HashMap<Arc<str>, Arc<str>>);

/// Every handset, and one for each user who has none: of his name, unless a Handset of that name exists.
pub(super) fn compile(
    objects: &Objects,
    system: &System,
    users: &mut HashMap<Arc<str>, UserEntry>,
    secrets: &Index<'_>,
    problems: &mut Vec<Problem>,
) -> Accounts {
    let logins = logins(users);
    let mut accounts: HashMap<Arc<str>, Account> =
        HashMap::with_capacity(objects.handsets.len() + users.len());
    let mut usernames = HashMap::with_capacity(objects.handsets.len() + users.len());
    let mut add = |name: &str,
                   spec: &HandsetSpec,
                   object: &ObjectRef,
                   users: &mut HashMap<Arc<str>, UserEntry>,
                   problems: &mut Vec<Problem>| {
        validate::handset(object, spec, problems);
        let handset: Arc<str> = name.into();
        let owner = owner(spec, object, users, problems);
        let username = username(name, spec, object, &accounts, problems)?;
        let user = owner.clone().or_else(|| logins.get(name).cloned());
        let of = user.as_deref().and_then(|user| users.get(user));
        let entry = sip_entry(name, spec.password_secret_ref.as_ref());
        let password = secret(secrets, &entry, object, "spec.passwordSecretRef", problems);
        let account = Account {
            handset: handset.clone(),
            username: username.clone(),
            display_name: of.map_or_else(|| handset.clone(), |user| user.display_name.clone()),
            extension: of.and_then(|user| user.extension.clone()),
            ha1: password.map(|password| Ha1s::new(&username, &system.domain, password)),
            owner: owner.clone(),
            user,
        };
        if let Some(owner) = owner.and_then(|owner| users.get_mut(&owner)) {
            owner.handsets.push(handset.clone());
        }
        usernames.insert(handset, username.clone());
        accounts.insert(username, account);
        Some(())
    };
    let given = in_order(&objects.handsets, Kind::Handset, problems);
    for handset in &given {
        let name = handset.metadata.name.as_deref().unwrap_or_default();
        let _ = add(
            name,
            &handset.spec,
            &ObjectRef::new(Kind::Handset, name),
            users,
            problems,
        );
    }
    let taken: std::collections::HashSet<&str> = given
        .iter()
        .filter_map(|handset| handset.metadata.name.as_deref())
        .collect();
    let owning: std::collections::HashSet<&str> = given
        .iter()
        .filter_map(|handset| Some(handset.spec.owner_ref.as_ref()?.name.as_str()))
        .collect();
    for user in in_order(&objects.users, Kind::User, &mut Vec::new()) {
        let name = user.metadata.name.as_deref().unwrap_or_default();
        if !owning.contains(name) && !taken.contains(name) {
            let spec = HandsetSpec {
                owner_ref: Some(NameRef::new(name)),
                ..HandsetSpec::default()
            };
            let _ = add(
                name,
                &spec,
                &ObjectRef::new(Kind::User, name),
                users,
                problems,
            );
        }
    }
    for user in users.values_mut() {
        user.handsets.sort();
    }
    (accounts, usernames)
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
    accounts: &HashMap<Arc<str>, Account>,
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
                .remedy("write another username"),
        );
        return None;
    }
    Some(username.into())
}
