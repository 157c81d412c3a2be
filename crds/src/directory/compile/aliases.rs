//! Message aliases, each with the members whom there are; numbers are filled in afterwards.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Problem, in_order, not_found, validate};
use crate::{
    Kind, MessageAlias, ObjectRef, Objects,
    conditions::Reason,
    directory::{AliasEntry, UserEntry},
};

/// Every alias by name. Members who do not exist are reported and left out.
pub(super) fn compile(
    objects: &Objects,
    users: &HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, AliasEntry> {
    in_order(&objects.message_aliases, Kind::MessageAlias, problems)
        .into_iter()
        .map(|alias| {
            let entry = entry(alias, users, problems);
            (entry.name.clone(), entry)
        })
        .collect()
}

fn entry(
    alias: &MessageAlias,
    users: &HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) -> AliasEntry {
    let name: Arc<str> = alias.metadata.name.as_deref().unwrap_or_default().into();
    let object = ObjectRef::new(Kind::MessageAlias, &*name);
    validate::message_alias(&object, &alias.spec, problems);
    let mut seen = HashSet::new();
    let mut members = Vec::with_capacity(alias.spec.members.len());
    for (i, member) in alias.spec.members.iter().enumerate() {
        let field = format!("spec.members[{i}].name");
        match users.get(member.name.as_str()) {
            None => problems.push(not_found(&object, field, "User", &member.name)),
            Some(user) if !seen.insert(&user.name) => problems.push(
                Problem::warning(object.clone(), field, Reason::Duplicate)
                    .because(format!("{} is a member already", user.name))
                    .remedy("name each User once"),
            ),
            Some(user) => members.push(user.name.clone()),
        }
    }
    let display_name = alias.spec.display_name.as_deref();
    AliasEntry {
        display_name: display_name.map_or_else(|| name.clone(), Into::into),
        extension: None,
        members,
        name,
    }
}
