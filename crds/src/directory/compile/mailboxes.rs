//! Whose mailbox is which: a user has his own, by his UID, unless he takes over that of a User who was deleted.
use std::{collections::HashMap, sync::Arc};

use crate::{Kind, ObjectRef, Problem, User, conditions::Reason, directory::UserEntry};

/// The annotation of a User that names the UID of a deleted User whose mailbox he takes over.
pub const ADOPT_MAILBOX: &str = "switchboard.dev/adopt-mailbox";

/// Gives those who are annotated the mailbox that they ask for, the oldest first. A mailbox that is somebody's stays his.
/// Returns whose each mailbox is.
pub(super) fn adopt(
    people: &[&User],
    users: &mut HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, Arc<str>> {
    let mut holders: HashMap<Arc<str>, Arc<str>> = users
        .values()
        .map(|user| (user.mailbox.clone(), user.name.clone()))
        .collect();
    for user in people {
        let name = user.metadata.name.as_deref().unwrap_or_default();
        let Some(asked) = asked(user) else { continue };
        let object = || ObjectRef::new(Kind::User, name);
        let Some(entry) = users.get_mut(name).filter(|entry| *entry.mailbox != *asked) else {
            continue;
        };
        if !is_uid(asked) {
            problems.push(malformed(object(), asked));
        } else if let Some(holder) = holders.get(asked) {
            problems.push(taken(object(), holder, asked));
        } else {
            entry.mailbox = asked.into();
            holders.insert(entry.mailbox.clone(), entry.name.clone());
        }
    }
    holders.retain(|mailbox, name| users.get(name).is_some_and(|it| it.mailbox == *mailbox));
    holders
}

fn asked(user: &User) -> Option<&str> {
    let annotations = user.metadata.annotations.as_ref()?;
    annotations.get(ADOPT_MAILBOX).map(String::as_str)
}

/// It becomes part of a key in object storage.
fn is_uid(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(good)
}

fn malformed(object: ObjectRef, asked: &str) -> Problem {
    Problem::error(object, field(), Reason::InvalidValue)
        .because(format!("{asked:?} is no UID"))
        .remedy("write the metadata.uid of the User whose mailbox it was, as a backup of the resources has it")
}

fn taken(object: ObjectRef, holder: &str, asked: &str) -> Problem {
    Problem::error(object, field(), Reason::MailboxTaken)
        .because(format!("the mailbox {asked} belongs to User {holder}"))
        .remedy("remove the annotation, or delete that User or his annotation first")
}

fn field() -> String {
    format!("metadata.annotations[{ADOPT_MAILBOX}]")
}

const LONGEST: usize = 128;
