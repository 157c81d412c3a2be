//! Where messages are kept, as the options say, and what is reported of it.

mod left_behind;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use crds::conditions::Reason;
use crds::report::Finding;
use mailbox::{
    BlobStore, FolderStore, OwnedStore, Owner, S3Credentials, S3Options, S3Store, Storage, Trouble,
};

pub use left_behind::LeftBehind;

use crate::cli::{Bucket, S3Service, Slot};

/// The bucket, claimed for `owner` with the first request; without one, the folder `store` in the state folder.
///
/// # Errors
/// When the folder can't be used, or a bucket is to be used by nobody in particular.
pub async fn open(
    options: &Bucket,
    owner: Option<Owner>,
    state: &Path,
) -> anyhow::Result<Arc<dyn BlobStore>> {
    let Some(bucket) = given(options.bucket.as_ref()) else {
        let store = FolderStore::open(state.join("store"))
            .with_context(|| format!("{} can't be used as a store", state.display()))?;
        return Ok(Arc::new(store));
    };
    let owner = owner.context(
        "a bucket belongs to one PhoneSystem: give its UID with --system-uid \
         (kubectl get phonesystem NAME -o jsonpath='{.metadata.uid}')",
    )?;
    let adopts = given(options.adopt.as_ref());
    let options = s3(&options.service, bucket, options.prefix.clone());
    Ok(Arc::new(OwnedStore::new(
        Arc::new(S3Store::open(options).await),
        owner,
        adopts,
    )))
}

/// How a bucket of this service is reached.
pub fn s3(service: &S3Service, bucket: String, prefix: String) -> S3Options {
    S3Options {
        endpoint: given(service.endpoint.as_ref()),
        region: service.region.clone(),
        bucket,
        prefix,
        credentials: match &service.credentials {
            Some(folder) if !folder.as_os_str().is_empty() => S3Credentials::Folder(folder.clone()),
            Some(_) | None => S3Credentials::Environment,
        },
    }
}

/// Whose a bucket is to be; none without a UID.
pub fn owner(slot: &Slot) -> Option<Owner> {
    (!slot.system_uid.is_empty()).then(|| Owner {
        uid: slot.system_uid.clone(),
        name: format!("{}/{}", slot.namespace, slot.system),
    })
}

/// The name that a worker's call details are stored under, whether it stores them or its sidecar.
pub fn worker_name(slot: &Slot) -> String {
    format!("{}-worker-{}", slot.system, slot.slot)
}

/// What a worker's report says of it, and of mailboxes that lie elsewhere; nothing before the first try.
pub fn finding(storage: &Storage, left_behind: Option<&str>) -> Option<Finding> {
    let (ok, reason, message) = match storage {
        Storage::Untried => return None,
        Storage::Writable => {
            let but = left_behind.map(|said| format!("; but {said}"));
            let message = format!("messages are stored{}", but.unwrap_or_default());
            (true, Reason::Writable, message)
        }
        Storage::Troubled(trouble) => (false, reason(trouble), trouble.to_string()),
    };
    Some(Finding {
        ok,
        reason: reason.to_string(),
        message,
    })
}

fn reason(trouble: &Trouble) -> Reason {
    match trouble {
        Trouble::Away(_) => Reason::StorageAway,
        Trouble::CredentialsRefused(_) => Reason::CredentialsRefused,
        Trouble::BucketMissing(_) => Reason::BucketMissing,
        Trouble::PrefixTaken { .. } => Reason::PrefixTaken,
        Trouble::Full(_) => Reason::StorageFull,
    }
}

/// An empty variable of the environment is none.
fn given(option: Option<&String>) -> Option<String> {
    option.filter(|text| !text.is_empty()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_the_reason_and_the_remedy() {
        assert_eq!(finding(&Storage::Untried, None), None);
        let well = finding(&Storage::Writable, None).unwrap();
        assert!(well.ok);
        assert_eq!(well.message, "messages are stored");
        let elsewhere = finding(&Storage::Writable, Some("two lie elsewhere")).unwrap();
        assert!(elsewhere.ok && elsewhere.message.ends_with("; but two lie elsewhere"));
        let missing = Trouble::BucketMissing("voicemail".to_owned());
        let told = finding(&Storage::Troubled(missing), None).unwrap();
        assert_eq!((told.ok, &*told.reason), (false, "BucketMissing"));
        assert!(told.message.contains("create it"), "{}", told.message);
    }

    #[tokio::test]
    async fn a_bucket_without_an_owner_is_refused_with_the_command_that_helps() {
        let options = Bucket {
            bucket: Some("voicemail".to_owned()),
            ..Bucket::default()
        };
        let refused = open(&options, None, Path::new("nowhere"))
            .await
            .err()
            .unwrap();
        assert!(refused.to_string().contains("--system-uid"), "{refused}");
    }
}
