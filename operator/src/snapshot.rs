//! One namespace, compiled: what is wrong with each object, who wants and has what, and the workers' credentials.
//!
//! The problems are those of [`crds::compile`], which workers and `media-worker check` use too, so that all say the
//! same. Secrets are judged here, since only the cluster has labels.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crds::{
    Kind, ObjectRef, Objects, PhoneSystem, Problem, Shared, User,
    conditions::Reason,
    report::{Generations, Uid},
};
use k8s_openapi::jiff::Timestamp;
use kube::{Resource, ResourceExt};

use crate::{
    caches::{Cache, Caches},
    credentials::{self, Compiled},
    ours::{Ours, generation, object_ref},
    references::{Labelled, references},
    restored::made_for,
};

/// What is known of a namespace at one moment. It does not change.
#[derive(Debug, Default)]
pub struct Snapshot {
    seen: Generations,
    /// What is wrong with an object, sorted; most have none.
    problems: HashMap<Uid, Vec<Problem>>,
    extensions_of: HashMap<String, Vec<String>>,
    handsets_of: HashMap<String, Vec<String>>,
    wanting: HashMap<String, Vec<String>>,
    going_mailboxes: HashMap<String, String>,
    /// The telephone system in force.
    pub system: Option<Arc<PhoneSystem>>,
    /// The credentials, one for each shard; none as long as the system has no keys.
    pub shards: Vec<Arc<Compiled>>,
}

impl Snapshot {
    /// Compiles what the caches hold, and tells of which objects something else was found than in `earlier`, or for the first
    /// time. `unlabelled` are the names of Secrets that exist without our label; what is as it was is taken over from `earlier`.
    pub fn of(
        caches: &Caches,
        namespace: &str,
        unlabelled: &BTreeSet<String>,
        earlier: &Self,
    ) -> Result<(Self, Vec<ObjectRef>), serde_json::Error> {
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
        let changed = snapshot.changed(&objects, earlier);
        Ok((snapshot, changed))
    }

    /// What is wrong with this object, sorted, if it was seen in its present generation.
    pub fn problems<K: Ours>(&self, object: &K) -> Option<&[Problem]> {
        let uid = object.meta().uid.as_deref()?;
        (self.seen.get(uid)? == generation(object)).then(|| self.problems_of(&uid.into()))
    }

    fn problems_of(&self, uid: &Uid) -> &[Problem] {
        self.problems.get(uid).map_or(&[], Vec::as_slice)
    }

    /// Whether nothing was found yet.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
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
        let of_secrets = references(objects).filter_map(|it| secrets.problem(&it));
        let of_secrets: Vec<Problem> = of_secrets.collect();
        let may_not_be_used = |problem: &Problem| {
            let mut refused = of_secrets.iter();
            refused.any(|it| it.object == problem.object && it.field == problem.field)
        };
        let compiled = problems
            .into_iter()
            .filter(|problem| problem.reason != Reason::SecretMissing)
            // Of a Secret that is meant for something else nobody is told what is in it.
            .filter(|problem| problem.reason != Reason::WeakPin || !may_not_be_used(problem));
        let mut found: HashMap<ObjectRef, Vec<Problem>> = HashMap::new();
        for problem in compiled.chain(of_secrets.iter().cloned()) {
            let object = problem.object.clone();
            found.entry(object).or_default().push(problem);
        }
        let mut seen = Vec::new();
        macro_rules! see {
            ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {$(
                for object in &objects.$list {
                    let Some(uid) = object.meta().uid.as_deref() else {
                        continue;
                    };
                    seen.push((uid, generation(&**object)));
                    if let Some(mut problems) = found.remove(&object_ref(&**object)) {
                        problems.sort();
                        self.problems.insert(uid.into(), problems);
                    }
                }
            )+};
        }
        crds::each_kind!(see);
        self.seen = seen.into_iter().collect();
    }

    fn changed(&self, objects: &Objects, earlier: &Self) -> Vec<ObjectRef> {
        let mut changed = Vec::new();
        macro_rules! compare {
            ($($(#[$doc:meta])+ $kind:ident in $list:ident,)+) => {$(
                let differs = |object: &&Shared<_>| self.differs(&***object, earlier);
                changed.extend(objects.$list.iter().filter(differs).map(|it| object_ref(&**it)));
            )+};
        }
        crds::each_kind!(compare);
        changed
    }

    fn differs<K: Ours>(&self, object: &K, earlier: &Self) -> bool {
        let Some(uid) = object.meta().uid.as_deref() else {
            return false;
        };
        if earlier.seen.get(uid) != Some(generation(object)) {
            return true;
        }
        let uid = uid.into();
        self.problems_of(&uid) != earlier.problems_of(&uid)
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
        users.sort_by(|one, other| seniority(&***one).cmp(&seniority(&***other)));
        for user in users {
            if let Some(number) = &user.spec.extension {
                let wanting = self.wanting.entry(number.clone()).or_insert_with(one);
                wanting.push(user.name_any());
            }
        }
    }
}

/// The oldest comes first, among equals the first by name: as [`crds::compile`] orders them.
fn seniority<K: Resource>(object: &K) -> (Option<Timestamp>, Option<&str>) {
    let meta = object.meta();
    let age = meta.creation_timestamp.as_ref().map(|time| time.0);
    (age, meta.name.as_deref())
}

/// Room for one: hardly anybody has more.
fn one() -> Vec<String> {
    Vec::with_capacity(1)
}

/// The User that owns an object the operator made for him, or did so before it was restored from a backup.
pub fn owning_user<K: Resource>(object: &K) -> Option<String> {
    let owners = object.owner_references();
    let owner = owners.iter().find(|owner| {
        owner.kind == Kind::User.as_str() && owner.api_version.starts_with(crds::GROUP)
    });
    let restored = || made_for(object).filter(|it| it.kind == Kind::User);
    owner
        .map(|owner| owner.name.clone())
        .or_else(|| restored().map(|it| it.name))
}

/// The oldest, as [`crds::compile`] chooses.
fn in_force(systems: &Cache<PhoneSystem>) -> Option<Arc<PhoneSystem>> {
    let systems = systems.all().into_iter();
    systems.min_by(|one, other| seniority(&**one).cmp(&seniority(&**other)))
}
