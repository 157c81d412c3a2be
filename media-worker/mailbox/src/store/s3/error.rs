//! What the service's errors mean to us.

use crate::store::{Medium, PutError, StoreError};
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;

/// A failed request.
pub(super) fn store_error<E>(error: &SdkError<E, HttpResponse>, bucket: &str) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    let said = said(error);
    match (error.code(), status) {
        (Some("NoSuchBucket"), _) => StoreError::BucketMissing(bucket.to_owned()),
        // The second is versitygw's word, with status 404.
        (_, Some(401 | 403)) | (Some("XAdminUserNotFound"), _) => {
            StoreError::CredentialsRefused(said)
        }
        _ if causes(error).any(<dyn Error>::is::<CredentialsError>) => {
            StoreError::CredentialsRefused(said)
        }
        _ => StoreError::Away(said),
    }
}

/// A failed write.
pub(super) fn put_error<E>(error: &SdkError<E, HttpResponse>, bucket: &str) -> PutError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    match (error.code(), status) {
        // 404: the version to be replaced is gone.
        (Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey"), _)
        | (_, Some(412)) => PutError::Precondition,
        (Some(code), _) if FULL.contains(&code) => PutError::Full(Medium::Bucket),
        (_, Some(507)) => PutError::Full(Medium::Bucket),
        _ => store_error(error, bucket).into(),
    }
}

/// Whether there was no such object.
pub(super) fn is_missing_key<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    error.code() == Some("NoSuchKey")
}

/// The service fails, or what is said cannot be used.
pub(super) fn away(why: &str) -> StoreError {
    StoreError::Away(why.to_owned())
}

/// In the service's words; where it did not answer, in those of the innermost cause, the only ones that tell anything.
fn said<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{message} ({code})"),
        (Some(code), None) => code.to_owned(),
        (None, _) => causes(error)
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string),
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// AWS has no quotas; these are other services' words.
const FULL: [&str; 4] = [
    "QuotaExceeded",
    "XMinioAdminBucketQuotaExceeded",
    "XMinioStorageFull",
    "InsufficientStorage",
];
