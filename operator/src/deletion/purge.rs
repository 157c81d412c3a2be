//! Clears object storage.
use crds::{PhoneSystem, phone_system::S3};
use kube::ResourceExt;
use mailbox::{MailboxId, Owner, S3Credentials, S3Keys, S3Options, S3Store, purge as mailboxes};

use crate::{
    context::Context,
    phone_system::build::prefix,
    references::{Labelled, S3 as PURPOSE},
};

/// What is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purge {
    /// One mailbox.
    Mailbox(String),
    /// Everything of the system.
    Everything,
}

impl Purge {
    /// What people are told once it is deleted.
    pub(super) fn done(&self, system: &PhoneSystem) -> String {
        let what = match (self, &system.spec.storage) {
            (Self::Mailbox(name), _) => format!("his mailbox {name} is"),
            (Self::Everything, Some(storage)) => {
                format!(
                    "what was in s3://{}/{} is",
                    storage.s3.bucket,
                    prefix(system)
                )
            }
            (Self::Everything, None) => "the worker's volume with all mailboxes is".to_owned(),
        };
        format!("{what} deleted for good, as the PhoneSystem's spec.deletionPolicy asks")
    }
}

/// Why it could not be deleted.
#[derive(Debug, thiserror::Error)]
pub(super) enum Hindrance {
    /// The operator acts for whoever gave it credentials, and never by rights of its own.
    #[error(
        "spec.storage.s3.credentialsSecretRef of the PhoneSystem names no Secret, and the operator uses no identity of its own"
    )]
    NoCredentials,
    /// The Secret is not there, may not be used, or lacks something.
    #[error(
        "there is no Secret {0} labelled switchboard.dev/use=s3 with accessKeyId and secretAccessKey"
    )]
    SecretMissing(String),
    /// The mailbox cannot be one.
    #[error("{0}")]
    Name(#[from] mailbox::BadName),
    /// Object storage does not do it.
    #[error("{0}")]
    Store(#[from] mailbox::store::StoreError),
}

/// Deletes it from object storage, if there is any.
pub(super) async fn purge(
    context: &Context,
    system: &PhoneSystem,
    what: &Purge,
) -> Result<(), Hindrance> {
    let Some(storage) = &system.spec.storage else {
        return Ok(());
    };
    let options = S3Options {
        endpoint: storage.s3.endpoint.clone(),
        region: storage.s3.region.clone(),
        bucket: storage.s3.bucket.clone(),
        prefix: prefix(system),
        credentials: S3Credentials::Keys(keys(context, &storage.s3)?),
    };
    let owner = Owner {
        uid: system.uid().unwrap_or_default(),
        name: format!("{}/{}", context.namespace, system.name_any()),
    };
    let store = S3Store::open(options).await;
    match what {
        Purge::Mailbox(name) => {
            mailboxes::mailbox(&store, &owner, &MailboxId::new(name)?).await?;
        }
        Purge::Everything => {
            mailboxes::system(&store, &owner).await?;
        }
    }
    Ok(())
}

fn keys(context: &Context, s3: &S3) -> Result<S3Keys, Hindrance> {
    let reference = s3.credentials_secret_ref.as_ref();
    let name = &reference.ok_or(Hindrance::NoCredentials)?.name;
    let stored = context.caches.secrets.get(name);
    let unlabelled = context.unlabelled();
    let labelled = Labelled::new(&context.namespace, stored.as_deref(), &unlabelled);
    let text = |key: &str| {
        let bytes = labelled.bytes(name, key, PURPOSE)?;
        Some(std::str::from_utf8(bytes).ok()?.trim_end().to_owned())
    };
    let missing = || Hindrance::SecretMissing(name.clone());
    Ok(S3Keys {
        access_key_id: text("accessKeyId").ok_or_else(missing)?,
        secret_access_key: text("secretAccessKey").ok_or_else(missing)?,
        authority: text("ca.crt"),
    })
}
