//! One namespace, compiled: what is wrong with each object, who wants and has what, and the workers' credentials.
//!
//! The problems are those of [`crds::compile`], which workers and `media-worker check` use too, so that all say the
//! same. Secrets are judged here, since only the cluster has labels.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crds::{
    Kind, ObjectRef, Objects, PhoneSystem, Problem, Shared, User, conditions::Reason, report::Uid,
};
use kube::{Resource, ResourceExt};

use crate::{
    caches::{Cache, Caches},
    credentials::{self, Compiled},
    ours::{Ours, generation, object_ref},
    references::{Labelled, references},
};

/// What is known of a namespace at one moment. It does not change.
#[derive(Debug, Default)]
pub struct Snapshot {
    judged: HashMap<ObjectRef, Judged>,
    extensions_of: HashMap<String, Vec<String>>,
    handsets_of: HashMap<String, Vec<String>>,
    wanting: HashMap<String, Vec<String>>,
    going_mailboxes: HashMap<String, String>,
    /// The telephone system in force.
    pub system: Option<Arc<PhoneSystem>>,
    /// The credentials, one for each shard; none as long as the system has no keys.
    pub shards: Vec<Arc<Compiled>>,
}

/// What was found of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    uid: Option<Uid>,
    generation: i64,
    /// What is wrong with it, sorted.
    pub problems: Vec<Problem>,
}

impl Snapshot {
    /// Compiles what the caches hold. `unlabelled` are the names of Secrets that exist without our label; what is as it
    /// was is taken over from `earlier`.
    pub fn of(
        caches: &Caches,
        namespace: &str,
        unlabelled: &BTreeSet<String>,
        earlier: &Self,
    ) -> Result<Self, serde_json::Error> {
        let objects = caches.objects();
        let secrets = caches.secrets.all();
        let secrets = secrets.iter().map(|it| &**it);
        let secrets = Labelled::new(namespace, secrets, unlabelled);
        let system = in_force(&caches.phone_systems);
        let shards = match &system {
            Some(system) => credentials::compile(&objects, system, &secrets, &earlier.shards)?,
            None => Vec::new(),
        };
        let mut snapshot = Self {
            system,
            shards,
            ..Self::default()
        };
        snapshot.judge(&objects, &secrets);
        snapshot.index(&objects);
        Ok(snapshot)
    }

    /// What was found of this object, if it was seen in its present generation.
    pub fn judged<K: Ours>(&self, object: &K) -> Option<&Judged> {
        let judged = self.judged.get(&object_ref(object))?;
        let same = judged.uid == uid(object) && judged.generation == generation(object);
        same.then_some(judged)
    }

    /// Whether nothing was found yet.
    pub fn is_empty(&self) -> bool {
        self.judged.is_empty()
    }

    /// The objects that were found otherwise, or not at all, in an earlier snapshot.
    pub fn changed_since<'a>(&'a self, earlier: &'a Self) -> impl Iterator<Item = &'a ObjectRef> {
        self.judged
            .iter()
            .filter(|(object, judged)| earlier.judged.get(object) != Some(judged))
            .map(|(object, _)| object)
    }

    /// The numbers whose Extensions were made for this User.
    pub fn extensions_of(&self, user: &str) -> &[String] {
        self.extensions_of.get(user).map_or(&[], Vec::as_slice)
    }

    /// The Handsets that belong to this User.
    pub fn handsets_of(&self, user: &str) -> &[String] {
        self.handsets_of.get(user).map_or(&[], Vec::as_slice)
    }

    /// The Users who ask for this number, the oldest first.
    pub fn wanting(&self, number: &str) -> &[String] {
        self.wanting.get(number).map_or(&[], Vec::as_slice)
    }

    /// The mailbox of a User who is being deleted.
    pub fn mailbox_of_deleted(&self, user: &User) -> Option<String> {
        self.going_mailboxes.get(&user.name_any()).cloned()
    }

    fn judge(&mut self, objects: &Objects, secrets: &Labelled<'_>) {
        macro_rules! see {
            ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {$(see(&mut self.judged, &objects.$list);)+};
        }
        crds::each_kind!(see);
        let (directory, problems) = crds::compile_with(objects, secrets);
        let going = objects
            .users
            .iter()
            .filter(|user| user.metadata.deletion_timestamp.is_some());
        self.going_mailboxes = going
            .filter_map(|user| {
                let entry = directory.user(&user.name_any())?;
                Some((user.name_any(), entry.mailbox.to_string()))
            })
            .collect();
        let compiled = problems
            .into_iter()
            .filter(|problem| problem.reason != Reason::SecretMissing);
        let of_secrets = references(objects).filter_map(|it| secrets.problem(&it));
        for problem in compiled.chain(of_secrets) {
            if let Some(judged) = self.judged.get_mut(&problem.object) {
                judged.problems.push(problem);
            }
        }
        for judged in self.judged.values_mut() {
            judged.problems.sort();
        }
    }

    fn index(&mut self, objects: &Objects) {
        for extension in &objects.extensions {
            if let Some(user) = owning_user(&**extension) {
                let numbers = self.extensions_of.entry(user).or_insert_with(one);
                numbers.push(extension.name_any());
            }
        }
        for handset in &objects.handsets {
            if let Some(owner) = &handset.spec.owner_ref {
                let handsets = self
                    .handsets_of
                    .entry(owner.name.clone())
                    .or_insert_with(one);
                handsets.push(handset.name_any());
            }
        }
        let mut users: Vec<_> = objects.users.iter().collect();
        users.sort_by_key(|user| {
            let age = user.metadata.creation_timestamp.as_ref().map(|time| time.0);
            (age, user.name_any())
        });
        for user in users {
            if let Some(number) = &user.spec.extension {
                let wanting = self.wanting.entry(number.clone()).or_insert_with(one);
                wanting.push(user.name_any());
            }
        }
    }
}

/// Room for one: hardly anybody has more.
fn one() -> Vec<String> {
    Vec::with_capacity(1)
}

/// The User that owns an object the operator made for him.
pub fn owning_user<K: Resource>(object: &K) -> Option<String> {
    let owners = object.owner_references();
    let owner = owners.iter().find(|owner| {
        owner.kind == Kind::User.as_str() && owner.api_version.starts_with(crds::GROUP)
    })?;
    Some(owner.name.clone())
}

/// The oldest, among equals the first by name: as [`crds::compile`] chooses.
fn in_force(systems: &Cache<PhoneSystem>) -> Option<Arc<PhoneSystem>> {
    systems.all().into_iter().min_by_key(|system| {
        let age = system
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0);
        (age, system.name_any())
    })
}

fn see<K: Ours>(judged: &mut HashMap<ObjectRef, Judged>, objects: &[Shared<K>]) {
    judged.reserve(objects.len());
    judged.extend(objects.iter().map(|object| {
        let found = Judged {
            uid: uid(&**object),
            generation: generation(&**object),
            problems: Vec::new(),
        };
        (object_ref(&**object), found)
    }));
}

fn uid<K: Resource>(object: &K) -> Option<Uid> {
    object.meta().uid.as_deref().map(Uid::from)
}
