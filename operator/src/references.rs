//! Which Secrets manifests refer to, and whether they may.
//!
//! Whoever may write a User must not thereby make the operator read any Secret he likes: a Secret says by its label
//! what it may be used for.
use std::collections::{BTreeSet, HashMap};

use crds::{
    Handset, Kind, ObjectRef, Objects, Problem, SecretKeyRef, Trunk, User,
    conditions::Reason,
    secrets::{Entries, USE_LABEL, Use, pin_entry, sip_entry},
};
use kube::{Resource, ResourceExt};

use crate::kept::KeptSecret;

/// The label's value for credentials of object storage.
pub const S3: &str = "s3";
/// The label's value for a certificate.
pub const TLS: &str = "tls";
/// The label's value for the login to a mail server.
pub const SMTP: &str = "smtp";
/// The label's value for the login to an e-mail account.
pub const IMAP: &str = "imap";
/// The label's value for the password of an account at a trunk's far side.
pub const TRUNK: &str = "trunk";
/// The label's value for what the operator itself makes for a system. No manifest can refer to such a Secret.
pub const SYSTEM: &str = "system";

/// One Secret that an object refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Whose.
    pub object: ObjectRef,
    /// Where it stands in the manifest.
    pub field: &'static str,
    /// The Secret's name.
    pub secret: String,
    /// The entries it must have.
    pub keys: Vec<String>,
    /// The label's value it must have.
    pub purpose: &'static str,
    /// Whether the operator makes it if it does not exist.
    pub generated: bool,
}

/// The labelled Secrets of a namespace, and the names of Secrets that exist without the label.
#[derive(Debug)]
pub struct Labelled<'a> {
    namespace: &'a str,
    secrets: HashMap<&'a str, &'a KeptSecret>,
    unlabelled: &'a BTreeSet<String>,
}

impl<'a> Labelled<'a> {
    /// An index of these.
    pub fn new(
        namespace: &'a str,
        secrets: impl IntoIterator<Item = &'a KeptSecret>,
        unlabelled: &'a BTreeSet<String>,
    ) -> Self {
        let named = |secret: &'a KeptSecret| Some((secret.meta().name.as_deref()?, secret));
        Self {
            namespace,
            secrets: secrets.into_iter().filter_map(named).collect(),
            unlabelled,
        }
    }

    /// The Secret, if it may be used for this.
    pub fn secret(&self, name: &str, purpose: &str) -> Option<&'a KeptSecret> {
        let found = *self.secrets.get(name)?;
        (found.purpose() == purpose).then_some(found)
    }

    /// One entry of the Secret, if it may be used for this.
    pub fn bytes(&self, name: &str, key: &str, purpose: &str) -> Option<&'a [u8]> {
        self.secret(name, purpose)?.bytes(key)
    }

    /// What is wrong with a reference.
    pub fn problem(&self, reference: &Reference) -> Option<Problem> {
        let Reference {
            secret, purpose, ..
        } = reference;
        let problem = |reason| Problem::error(reference.object.clone(), reference.field, reason);
        let Some(found) = self.secrets.get(secret.as_str()) else {
            return if self.unlabelled.contains(secret) {
                Some(self.not_labelled(problem(Reason::SecretNotLabelled), secret, purpose))
            } else if reference.generated {
                None
            } else {
                Some(
                    problem(Reason::SecretMissing)
                        .because(format!("there is no Secret {secret}"))
                        .remedy(format!(
                            "create it with {} and the label {USE_LABEL}: {purpose}",
                            entries(&reference.keys)
                        )),
                )
            };
        };
        if found.purpose() != *purpose {
            return Some(self.not_labelled(problem(Reason::SecretNotLabelled), secret, purpose));
        }
        let has = |key: &&String| found.bytes(key).is_some_and(|bytes| !bytes.is_empty());
        let missing = reference.keys.iter().find(|key| !has(key))?;
        Some(
            problem(Reason::SecretMissing)
                .because(format!("the Secret {secret} has no entry {missing}"))
                .remedy(format!("write {missing} into the Secret")),
        )
    }

    fn not_labelled(&self, problem: Problem, secret: &str, purpose: &str) -> Problem {
        problem
            .because(format!(
                "the Secret {secret} lacks the label that allows its use here"
            ))
            .remedy(format!(
                "if it is meant for this, run: kubectl -n {} label --overwrite secret {secret} {USE_LABEL}={purpose}",
                self.namespace
            ))
    }
}

/// Whatever is labelled, by name: what it may be used for is judged here, and what is in it by [`crds::compile_with`].
impl Entries for Labelled<'_> {
    fn get(&self, entry: &SecretKeyRef) -> Option<&[u8]> {
        self.secrets.get(entry.name.as_str())?.bytes(&entry.key)
    }

    fn is_initial(&self, entry: &SecretKeyRef) -> bool {
        let found = self.secrets.get(entry.name.as_str());
        found.is_some_and(|it| it.is_initial())
    }
}

/// Every reference of these objects to a Secret.
pub fn references(objects: &Objects) -> impl Iterator<Item = Reference> {
    let users = objects.users.iter().flat_map(|it| of_user(it));
    let handsets = objects.handsets.iter().map(|it| of_handset(it));
    let trunks = objects.trunks.iter().filter_map(|it| of_trunk(it));
    let systems = objects.phone_systems.iter().flat_map(|it| of_system(it));
    users.chain(handsets).chain(trunks).chain(systems)
}

/// The references of a user.
pub fn of_user(user: &User) -> Vec<Reference> {
    let object = ObjectRef::new(Kind::User, user.name_any());
    let given = user.spec.pin_secret_ref.as_ref();
    let entry = pin_entry(&object.name, given);
    let mut all = vec![Reference {
        field: "spec.pinSecretRef",
        secret: entry.name,
        keys: vec![entry.key],
        purpose: Use::Pin.label().unwrap_or_default(),
        generated: given.is_none(),
        object: object.clone(),
    }];
    if let Some(imap) = &user.spec.voicemail.imap {
        let secret = &imap.credentials_secret_ref.name;
        let field = "spec.voicemail.imap.credentialsSecretRef";
        all.push(login(
            object,
            field,
            secret,
            IMAP,
            &["username", "password"],
        ));
    }
    all
}

/// The reference of a phone.
pub fn of_handset(handset: &Handset) -> Reference {
    let object = ObjectRef::new(Kind::Handset, handset.name_any());
    let given = handset.spec.password_secret_ref.as_ref();
    let entry = sip_entry(&object.name, given);
    Reference {
        field: "spec.passwordSecretRef",
        secret: entry.name,
        keys: vec![entry.key],
        purpose: Use::Sip.label().unwrap_or_default(),
        generated: given.is_none(),
        object,
    }
}

/// The reference of a trunk, if it has an account.
pub fn of_trunk(trunk: &Trunk) -> Option<Reference> {
    let entry = &trunk.spec.account.as_ref()?.password_secret_ref;
    Some(Reference {
        object: ObjectRef::new(Kind::Trunk, trunk.name_any()),
        field: "spec.account.passwordSecretRef",
        secret: entry.name.clone(),
        keys: vec![entry.key.clone()],
        purpose: TRUNK,
        generated: false,
    })
}

/// The references of a telephone system.
pub fn of_system(system: &crds::PhoneSystem) -> Vec<Reference> {
    let object = ObjectRef::new(Kind::PhoneSystem, system.name_any());
    let spec = &system.spec;
    let s3 = spec
        .storage
        .as_ref()
        .and_then(|it| it.s3.credentials_secret_ref.as_ref());
    let smtp = spec
        .mail
        .as_ref()
        .and_then(|it| it.smtp.credentials_secret_ref.as_ref());
    let tls = spec.network.sip.tls_secret_ref.as_ref();
    let found = [
        s3.map(|it| {
            let field = "spec.storage.s3.credentialsSecretRef";
            login(
                object.clone(),
                field,
                &it.name,
                S3,
                &["accessKeyId", "secretAccessKey"],
            )
        }),
        smtp.map(|it| {
            let field = "spec.mail.smtp.credentialsSecretRef";
            login(
                object.clone(),
                field,
                &it.name,
                SMTP,
                &["username", "password"],
            )
        }),
        tls.map(|it| {
            let field = "spec.network.sip.tlsSecretRef";
            login(
                object.clone(),
                field,
                &it.name,
                TLS,
                &["tls.crt", "tls.key"],
            )
        }),
    ];
    found.into_iter().flatten().collect()
}

/// Of a telephone system, those that its workers mount as files. The others are compiled into their credentials.
pub fn mounted(system: &crds::PhoneSystem) -> Vec<Reference> {
    let mut all = of_system(system);
    all.retain(|it| [S3, TLS].contains(&it.purpose));
    all
}

fn login(
    object: ObjectRef,
    field: &'static str,
    secret: &str,
    purpose: &'static str,
    keys: &[&str],
) -> Reference {
    Reference {
        object,
        field,
        secret: secret.to_owned(),
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        purpose,
        generated: false,
    }
}

fn entries(keys: &[String]) -> String {
    match keys {
        [one] => format!("an entry {one}"),
        many => format!("the entries {}", many.join(" and ")),
    }
}
