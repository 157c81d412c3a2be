//! Who a worker is and what it may do, and the Secrets that are its own.
use std::collections::BTreeMap;

use crds::{
    Kind, PhoneSystem, Secret,
    credentials::{SHARD_ENTRY, SHARDS, shard_name},
    secrets::{NONCE_KEY, PIN_KEY, USE_LABEL, key_entry},
};
use k8s_openapi::{
    ByteString,
    api::{
        core::v1::ServiceAccount,
        rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt;

use super::Source;
use crate::{
    credentials::Compiled, error::Error, names, random, references::SYSTEM, users::owned_by,
};

pub(super) fn service_account(source: Source<'_>) -> ServiceAccount {
    ServiceAccount {
        metadata: source.shared(&names::worker(&source.name())),
        ..ServiceAccount::default()
    }
}

/// It reads our Kinds, writes its own parts of four statuses and what users change, and reads no Secret but its own.
pub(super) fn role(source: Source<'_>) -> Role {
    let system = source.name();
    let mut own_secrets: Vec<String> = (0..SHARDS).map(|n| shard_name(&system, n)).collect();
    own_secrets.push(key_entry(&system, PIN_KEY).name);
    let named = PolicyRule {
        resource_names: Some(own_secrets),
        ..rule("", &["secrets"], &["get", "watch", "list"])
    };
    let definitions = Kind::OURS.iter().filter_map(|kind| kind.definition());
    let plurals: Vec<String> = definitions.map(|it| it.spec.names.plural).collect();
    let kinds: Vec<&str> = plurals.iter().map(String::as_str).collect();
    Role {
        metadata: source.shared(&names::worker(&system)),
        rules: Some(vec![
            rule(crds::GROUP, &kinds, &["get", "list", "watch"]),
            rule(
                crds::GROUP,
                &[
                    "users/status",
                    "handsets/status",
                    "trunks/status",
                    "autoattendants/status",
                ],
                &["patch"],
            ),
            rule(crds::GROUP, &["usersettings"], &["create", "patch"]),
            named,
        ]),
    }
}

pub(super) fn role_binding(source: Source<'_>) -> RoleBinding {
    let name = names::worker(&source.name());
    RoleBinding {
        metadata: source.shared(&name),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "Role".to_owned(),
            name: name.clone(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name,
            namespace: source.system.namespace(),
            ..Subject::default()
        }]),
    }
}

/// New keys of a system; they are made once.
pub fn keys(system: &PhoneSystem) -> Result<Secret, Error> {
    let name = key_entry(&system.name_any(), PIN_KEY).name;
    let mut data = BTreeMap::new();
    for key in [PIN_KEY, NONCE_KEY] {
        data.insert(key.to_owned(), ByteString(random::key()?.to_vec()));
    }
    Ok(own_secret(system, &name, data))
}

/// The Secret of a shard of the compiled credentials.
pub fn shard(system: &PhoneSystem, number: u32, compiled: &Compiled) -> Secret {
    let entry = (SHARD_ENTRY.to_owned(), ByteString(compiled.json.clone()));
    let name = shard_name(&system.name_any(), number);
    own_secret(system, &name, [entry].into())
}

/// Whether this Secret holds the shard, and is labelled and owned as it should be.
pub fn is_shard(stored: &Secret, system: &PhoneSystem, compiled: &Compiled) -> bool {
    let wanted = own_secret(system, &stored.name_any(), BTreeMap::new());
    let labels = wanted.labels().iter();
    let entry = stored.data.as_ref().and_then(|it| it.get(SHARD_ENTRY));
    entry.is_some_and(|it| it.0 == compiled.json)
        && labels
            .clone()
            .all(|(key, value)| stored.labels().get(key) == Some(value))
        && stored.owner_references() == wanted.owner_references()
}

fn own_secret(system: &PhoneSystem, name: &str, data: BTreeMap<String, ByteString>) -> Secret {
    let mut labels = names::labels(&system.name_any());
    labels.insert(USE_LABEL.to_owned(), SYSTEM.to_owned());
    Secret {
        metadata: ObjectMeta {
            labels: Some(labels),
            ..owned_by(system, name)
        },
        data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}
