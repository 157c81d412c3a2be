//! What must be made for a User, and what is no longer needed. Pure.
use std::{collections::BTreeMap, sync::Arc};

use crds::{
    Extension, ExtensionSpec, Handset, HandsetSpec, NameRef, Secret, User, UserSettings,
    UserSettingsSpec,
    extension::ExtensionTarget,
    secrets::{self, GENERATED, USE_LABEL, Use},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::dereference::{Found, is_owned};
use crate::{error::Error, random, restored::Restored};

/// What must be made for a User, and what is no longer needed.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    /// To be made, unless somebody else is quicker.
    pub(super) extension: Option<Extension>,
    /// His own Extension, to be put right: somebody changed what it leads to.
    pub(super) mended: Option<Extension>,
    /// To be made.
    pub(super) handset: Option<Handset>,
    /// To be made.
    pub(super) settings: Option<UserSettings>,
    /// To be made.
    pub(super) secrets: Vec<Secret>,
    /// Old numbers, to be given back.
    pub(super) old_extensions: Vec<Arc<Extension>>,
    /// The handset that was made for him, before he had one of his own.
    pub(super) old_handset: Option<Arc<Handset>>,
    /// To be given back to him, who had it before a restore. It counts as his from then on.
    pub(super) restored: Vec<Restored>,
    /// Whether something must be looked at again after a while.
    pub(super) waits: bool,
}

/// What must be made for this User, who has this already.
pub(super) fn build(user: &User, found: &Found) -> Result<Children, Error> {
    let name = user.name_any();
    let mut children = Children {
        restored: found.restored.clone(),
        ..Children::default()
    };
    numbers(user, found, &mut children);
    handsets(user, found, &mut children);
    if found.settings.is_none() {
        let mut settings = UserSettings::new(&name, UserSettingsSpec::default());
        settings.metadata = owned_by(user, &name);
        children.settings = Some(settings);
    }
    let pin = secrets::pin_entry(&name, None);
    if user.spec.pin_secret_ref.is_none() && !found.secrets.contains(&pin.name) {
        let value = random::pin(user.spec.extension.as_deref())?;
        let metadata = owned_by(user, &pin.name);
        children
            .secrets
            .push(secret(metadata, &pin.key, value, Use::Pin));
    }
    let portal = secrets::portal_entry(&name);
    if !found.secrets.contains(&portal.name) {
        let metadata = owned_by(user, &portal.name);
        let secret = secret(metadata, &portal.key, random::password()?, Use::Portal);
        children.secrets.push(secret);
    }
    Ok(children)
}

/// A generated Secret, labelled for its use.
pub(crate) fn secret(metadata: ObjectMeta, key: &str, value: String, purpose: Use) -> Secret {
    let label = purpose.label().unwrap_or_default().to_owned();
    Secret {
        metadata: ObjectMeta {
            labels: Some([(USE_LABEL.to_owned(), label)].into()),
            annotations: Some([(GENERATED.to_owned(), "true".to_owned())].into()),
            ..metadata
        },
        string_data: Some(BTreeMap::from([(key.to_owned(), value)])),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

/// The metadata of something that goes with its owner.
pub(crate) fn owned_by<K: Resource<DynamicType = ()>>(owner: &K, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: owner.meta().namespace.clone(),
        owner_references: owner.controller_owner_ref(&()).map(|owner| vec![owner]),
        ..ObjectMeta::default()
    }
}

/// His number is made for him, and the old one given back once he has the new one. Whoever holds a number keeps it.
fn numbers(user: &User, found: &Found, children: &mut Children) {
    if let Some(number) = &user.spec.extension {
        match &found.extension {
            None if found.first => children.extension = Some(extension(user, number)),
            Some(existing) if is_owned(&**existing, user) && found.granted(user).is_none() => {
                children.mended = Some(extension(user, number));
            }
            None | Some(_) => {}
        }
    }
    let has_new = user.spec.extension.is_none() || found.granted(user).is_some();
    let is_old =
        |extension: &&Arc<Extension>| Some(extension.name_any()) != user.spec.extension && has_new;
    children.old_extensions = found.made.iter().filter(is_old).cloned().collect();
}

/// A handset of his own name, unless he has one or the name is taken. One that was made goes when he gets another,
/// as soon as no phone is registered to it.
fn handsets(user: &User, found: &Found, children: &mut Children) {
    let name = user.name_any();
    let has_another = found.handsets.iter().any(|it| it.name_any() != name);
    match &found.namesake {
        None if !has_another => {
            let spec = HandsetSpec {
                owner_ref: Some(NameRef::new(&name)),
                ..HandsetSpec::default()
            };
            let mut handset = Handset::new(&name, spec);
            handset.metadata = owned_by(user, &name);
            children.handset = Some(handset);
        }
        Some(made) if has_another && is_owned(&**made, user) => {
            let in_use = made
                .status
                .as_ref()
                .is_some_and(|it| !it.contacts.is_empty());
            children.waits = in_use;
            children.old_handset = (!in_use).then(|| made.clone());
        }
        None | Some(_) => {}
    }
}

fn extension(user: &User, number: &str) -> Extension {
    let target = ExtensionTarget {
        user: Some(NameRef::new(user.name_any())),
        ..ExtensionTarget::default()
    };
    let mut extension = Extension::new(number, ExtensionSpec { target });
    extension.metadata = owned_by(user, number);
    extension
}

#[cfg(test)]
mod tests;
