//! Which Secrets manifests refer to, and whether they may.
//!
//! Whoever may write a User must not thereby make the operator read any Secret he likes: a Secret says by its label
//! what it may be used for.
use std::collections::{BTreeSet, HashMap};

use crds::{
    Kind, ObjectRef, Objects, Problem, Secret,
    conditions::Reason,
    secrets::{USE_LABEL, Use, pin_entry, sip_entry},
};
use kube::ResourceExt;

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
    secrets: HashMap<&'a str, &'a Secret>,
    unlabelled: &'a BTreeSet<String>,
}

impl<'a> Labelled<'a> {
    /// An index of these.
    pub fn new(
        namespace: &'a str,
        secrets: &'a [Secret],
        unlabelled: &'a BTreeSet<String>,
    ) -> Self {
        let named = |secret: &'a Secret| Some((secret.metadata.name.as_deref()?, secret));
        Self {
            namespace,
            secrets: secrets.iter().filter_map(named).collect(),
            unlabelled,
        }
    }

    /// The Secret, if it may be used for this.
    pub fn secret(&self, name: &str, purpose: &str) -> Option<&'a Secret> {
        let found = *self.secrets.get(name)?;
        (label(found) == Some(purpose)).then_some(found)
    }

    /// One entry of the Secret, if it may be used for this.
    pub fn bytes(&self, name: &str, key: &str, purpose: &str) -> Option<&'a [u8]> {
        let data = self.secret(name, purpose)?.data.as_ref()?;
        data.get(key).map(|bytes| bytes.0.as_slice())
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
        if label(found) != Some(purpose) {
            return Some(self.not_labelled(problem(Reason::SecretNotLabelled), secret, purpose));
        }
        let has = |key: &&String| {
            found
                .data
                .as_ref()
                .and_then(|data| data.get(*key))
                .is_some_and(|bytes| !bytes.0.is_empty())
        };
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

/// Every reference of these objects to a Secret.
pub fn references(objects: &Objects) -> Vec<Reference> {
    let mut all = Vec::with_capacity(objects.users.len() + objects.handsets.len());
    for user in &objects.users {
        let object = ObjectRef::new(Kind::User, user.name_any());
        let given = user.spec.pin_secret_ref.as_ref();
        let entry = pin_entry(&object.name, given);
        all.push(Reference {
            field: "spec.pinSecretRef",
            secret: entry.name,
            keys: vec![entry.key],
            purpose: Use::Pin.label().unwrap_or_default(),
            generated: given.is_none(),
            object: object.clone(),
        });
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
    }
    for handset in &objects.handsets {
        let object = ObjectRef::new(Kind::Handset, handset.name_any());
        let given = handset.spec.password_secret_ref.as_ref();
        let entry = sip_entry(&object.name, given);
        all.push(Reference {
            field: "spec.passwordSecretRef",
            secret: entry.name,
            keys: vec![entry.key],
            purpose: Use::Sip.label().unwrap_or_default(),
            generated: given.is_none(),
            object,
        });
    }
    for trunk in &objects.trunks {
        if let Some(account) = &trunk.spec.account {
            let entry = &account.password_secret_ref;
            all.push(Reference {
                object: ObjectRef::new(Kind::Trunk, trunk.name_any()),
                field: "spec.account.passwordSecretRef",
                secret: entry.name.clone(),
                keys: vec![entry.key.clone()],
                purpose: TRUNK,
                generated: false,
            });
        }
    }
    for system in &objects.phone_systems {
        all.extend(of_system(system));
    }
    all
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

fn label(secret: &Secret) -> Option<&str> {
    secret
        .metadata
        .labels
        .as_ref()?
        .get(USE_LABEL)
        .map(String::as_str)
}

fn entries(keys: &[String]) -> String {
    match keys {
        [one] => format!("an entry {one}"),
        many => format!("the entries {}", many.join(" and ")),
    }
}
