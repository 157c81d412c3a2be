//! Mailboxes that are deleted with their Users, as `deletionPolicy: Delete` asks: the operator clears them, and nothing that
//! is on its way here may bring them back.
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use crds::{Directory, Objects, PhoneSystem, phone_system::DeletionPolicy};
use kube::ResourceExt;

/// Those of this process's life.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    before: Option<Arc<Directory>>,
    mailboxes: BTreeSet<Arc<str>>,
}

impl Deleted {
    /// Those of Users who are going or gone, now that this directory follows. Who is in no directory any more but still `exists`, such as one who can't
    /// be read, keeps his.
    pub(super) fn at(
        &mut self,
        objects: &Objects,
        directory: &Arc<Directory>,
        exists: impl Fn(&str) -> bool,
    ) -> BTreeSet<Arc<str>> {
        let before = self.before.replace(Arc::clone(directory));
        if !objects.phone_systems.iter().any(|it| clears(it)) {
            self.mailboxes.clear();
            return BTreeSet::new();
        }
        let gone = before
            .iter()
            .flat_map(|before| before.users())
            .filter(|user| directory.user(&user.name).is_none() && !exists(&user.name));
        self.mailboxes
            .extend(gone.map(|user| Arc::clone(&user.mailbox)));
        let going: HashSet<String> = objects
            .users
            .iter()
            .filter(|user| user.metadata.deletion_timestamp.is_some())
            .map(|user| user.name_any())
            .collect();
        let theirs = going.iter().filter_map(|name| directory.user(name));
        self.mailboxes
            .extend(theirs.map(|user| Arc::clone(&user.mailbox)));
        // One that was taken over is somebody's again.
        self.mailboxes.retain(|mailbox| {
            let owner = directory.user_of_mailbox(mailbox);
            owner.is_none_or(|owner| going.contains(&*owner.name))
        });
        self.mailboxes.clone()
    }
}

/// Whether the operator clears mailboxes of this system. Those on the worker's own volume stay.
fn clears(system: &PhoneSystem) -> bool {
    system.spec.deletion_policy == DeletionPolicy::Delete && system.spec.storage.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crds::directory::ADOPT_MAILBOX;

    const DELETE: &str = "deletionPolicy: Delete, storage: {s3: {endpoint: 'http://s3.example.com', bucket: voicemail}}";

    /// What a directory is compiled from, and that.
    fn compiled(system: &str, users: &[&str]) -> (Objects, Arc<Directory>) {
        let mut objects = Objects::default();
        let system =
            format!("{{metadata: {{name: office}}, spec: {{domain: a.example, {system}}}}}");
        let system: PhoneSystem = serde_saphyr::from_str(&system).unwrap();
        objects.phone_systems.push(system.into());
        for metadata in users {
            let user = format!("{{metadata: {{{metadata}}}, spec: {{}}}}");
            let user: crds::User = serde_saphyr::from_str(&user).unwrap();
            objects.users.push(user.into());
        }
        let directory = Arc::new(crds::compile(&objects).0);
        (objects, directory)
    }

    /// Mary and John, and then these users, of whom one who has left the directory still exists.
    fn then(system: &str, users: &[&str], exists: &str) -> Vec<String> {
        let mut deleted = Deleted::default();
        let (objects, directory) = compiled(system, &[MARY, JOHN]);
        let none = deleted.at(&objects, &directory, |_| true);
        assert!(none.is_empty(), "{none:?}");
        let (objects, directory) = compiled(system, users);
        let now = deleted.at(&objects, &directory, |name| name == exists);
        now.iter().map(ToString::to_string).collect()
    }

    const MARY: &str = "name: mary, uid: uid-mary";
    const JOHN: &str = "name: john, uid: uid-john";
    const JOHNS: &str = "uid-john";

    #[test]
    fn who_is_going_or_gone_takes_his_mailbox_with_him() {
        assert_eq!(then(DELETE, &[MARY], ""), [JOHNS]);
        let going = format!("{JOHN}, deletionTimestamp: '2026-11-26T10:00:00Z'");
        assert_eq!(then(DELETE, &[MARY, &going], "john"), [JOHNS]);
    }

    #[test]
    fn who_only_cannot_be_read_or_is_followed_by_another_keeps_it() {
        let none = [] as [&str; 0];
        assert_eq!(then(DELETE, &[MARY], "john"), none);
        let adopts =
            format!("name: joe, uid: uid-joe, annotations: {{{ADOPT_MAILBOX}: '{JOHNS}'}}");
        assert_eq!(then(DELETE, &[MARY, &adopts], ""), none);
        assert_eq!(then("deletionPolicy: Retain", &[MARY], ""), none);
        let on_the_volume = "deletionPolicy: Delete";
        assert_eq!(then(on_the_volume, &[MARY], ""), none);
    }
}
