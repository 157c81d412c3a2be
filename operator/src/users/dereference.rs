//! What there is already of what a User needs.
use std::{collections::BTreeSet, sync::Arc};

use crds::{Extension, Handset, Kind, ObjectRef, User, UserSettings, secrets};
use kube::{Resource, ResourceExt};

use crate::{
    context::Context,
    ours::object_ref,
    references::{self, Reference},
    restored::Restored,
};

/// What there is already of what a User needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The Extension of the number he asks for, whomever it leads to.
    pub(super) extension: Option<Arc<Extension>>,
    /// Whether no older User asks for the same number.
    pub(super) first: bool,
    /// The Extensions made for him, of whatever number.
    pub(super) made: Vec<Arc<Extension>>,
    /// The Handset of his own name, whosesoever.
    pub(super) namesake: Option<Arc<Handset>>,
    /// The Handsets that say they are his.
    pub(super) handsets: Vec<Arc<Handset>>,
    /// What he changed by phone or web.
    pub(super) settings: Option<Arc<UserSettings>>,
    /// The names of those Secrets he needs that exist, with or without our label.
    pub(super) secrets: BTreeSet<String>,
    /// What was restored from a backup and is to become his again.
    pub(super) restored: Vec<Restored>,
}

impl Found {
    /// What the caches hold for this User.
    pub(super) fn of(user: &User, context: &Context) -> Self {
        let name = user.name_any();
        let caches = &context.caches;
        let snapshot = context.snapshot();
        let number = user.spec.extension.as_deref();
        let unlabelled = context.unlabelled();
        let wanted = [
            secrets::pin_entry(&name, user.spec.pin_secret_ref.as_ref()).name,
            secrets::portal_entry(&name).name,
        ];
        let exists =
            |secret: &String| caches.secrets.get(secret).is_some() || unlabelled.contains(secret);
        Self {
            extension: number.and_then(|number| caches.extensions.get(number)),
            first: number.is_some_and(|number| snapshot.wanting(number).first() == Some(&name)),
            made: snapshot
                .extensions_of(&name)
                .iter()
                .filter_map(|number| caches.extensions.get(number))
                .filter(|extension| is_owned(&**extension, user))
                .collect(),
            namesake: caches.handsets.get(&name),
            handsets: snapshot
                .handsets_of(&name)
                .iter()
                .filter_map(|handset| caches.handsets.get(handset))
                .collect(),
            settings: caches.user_settings.get(&name),
            secrets: wanted.into_iter().filter(exists).collect(),
            restored: restored(user, context),
        }
    }

    /// The Extension of the number he asks for, if it leads to him.
    pub(super) fn granted(&self, user: &User) -> Option<&Arc<Extension>> {
        let extension = self.extension.as_ref();
        extension.filter(|extension| leads_to(extension, user))
    }
}

/// Whether whoever dials this number reaches this User.
fn leads_to(extension: &Extension, user: &User) -> bool {
    let target = extension.spec.target.user.as_ref();
    target.is_some_and(|target| target.name == user.name_any())
}

/// What the operator had made for him when the backup was taken, his old numbers too. An Extension or Handset that leads to
/// somebody else by now, a person has written anew.
fn restored(user: &User, context: &Context) -> Vec<Restored> {
    let (name, himself) = (user.name_any(), object_ref(user));
    let (caches, snapshot) = (&context.caches, context.snapshot());
    let is_of_his = |handset: &Arc<Handset>| {
        let owner = handset.spec.owner_ref.as_ref();
        owner.is_some_and(|owner| owner.name == name)
    };
    let numbers = snapshot.extensions_of(&name).iter();
    let extensions = numbers.filter_map(|number| caches.extensions.get(number));
    let mut all: Vec<Restored> = extensions
        .filter(|extension| leads_to(extension, user))
        .filter_map(|extension| Restored::of(&*extension, &himself))
        .collect();
    let handset = caches.handsets.get(&name).filter(is_of_his);
    all.extend(handset.and_then(|it| Restored::of(&*it, &himself)));
    let settings = caches.user_settings.get(&name);
    all.extend(settings.and_then(|it| Restored::of(&*it, &himself)));
    for entry in [
        secrets::pin_entry(&name, None),
        secrets::portal_entry(&name),
    ] {
        let secret = caches.secrets.get(&entry.name);
        all.extend(secret.and_then(|it| Restored::of(&*it, &himself)));
    }
    all
}

/// Whether this very User, not an earlier one of his name, owns the object.
pub(super) fn is_owned<K: Resource>(object: &K, user: &User) -> bool {
    let owners = object.owner_references();
    user.metadata.uid.is_some()
        && owners
            .iter()
            .any(|owner| Some(&owner.uid) == user.metadata.uid.as_ref())
}

/// The Secrets that he refers to.
pub(super) fn references(user: &User) -> Vec<Reference> {
    let mut all = references::of_user(user);
    let portal = secrets::portal_entry(&user.name_any());
    all.push(Reference {
        object: ObjectRef::new(Kind::User, user.name_any()),
        field: "",
        secret: portal.name,
        keys: vec![portal.key],
        purpose: secrets::Use::Portal.label().unwrap_or_default(),
        generated: true,
    });
    all
}
