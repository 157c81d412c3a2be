//! Blobs in a bucket of an S3 service.

mod client;
mod credentials;
mod error;
mod large;

pub use credentials::{S3Credentials, S3Keys};

use super::{Blob, BlobStore, Condition, ETag, Put, PutError, StoreError, check_key};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use client::Clients;
use error::{away, put_error, store_error};
use futures::stream::{self, StreamExt};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::timeout;

/// Where the bucket is, and how it is reached.
#[derive(Clone, Debug)]
pub struct S3Options {
    /// The service's URL; then buckets are addressed by path. Without it, AWS.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What every key begins with; `/` is put between where it does not end so.
    pub prefix: String,
    /// Who we are there.
    pub credentials: S3Credentials,
}

/// Blobs as objects under a prefix of one bucket. Objects whose keys are none of ours are not seen.
///
/// A conditional write whose answer was lost is asked again, and then fails its own condition: after [`PutError::Precondition`], whoever
/// writes has to look at what is there, which every writer of ours does.
pub struct S3Store {
    clients: Clients,
    bucket: String,
    prefix: String,
}

impl S3Store {
    /// The store; nothing is asked of the service yet.
    pub async fn open(options: S3Options) -> Self {
        let clients = Clients::new(&options).await;
        let S3Options {
            bucket, mut prefix, ..
        } = options;
        if !prefix.is_empty() && !prefix.ends_with('/') {
            prefix.push('/');
        }
        Self {
            clients,
            bucket,
            prefix,
        }
    }

    fn client(&self) -> Result<Client, StoreError> {
        self.clients.current()
    }

    fn object(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn put_small(
        &self,
        key: &str,
        bytes: Bytes,
        condition: &Condition,
    ) -> Result<ETag, PutError> {
        let (absent, etag) = headers(condition);
        let sent = self
            .client()?
            .put_object()
            .bucket(&self.bucket)
            .key(self.object(key))
            .set_if_none_match(absent)
            .set_if_match(etag)
            .body(ByteStream::from(bytes))
            .send()
            .await;
        let written = sent.map_err(|error| put_error(&error, &self.bucket))?;
        etag_of(written.e_tag)
    }

    /// A page of objects, which may have fewer keys of ours, and whether there are more.
    async fn page(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, bool), StoreError> {
        let sent = self
            .client()?
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(self.object(prefix))
            .set_start_after(start_after.map(|after| self.object(after)))
            .max_keys(i32::try_from(limit).unwrap_or(i32::MAX).min(PAGE))
            .customize()
            .config_override(client::reading())
            .send()
            .await;
        let page = sent.map_err(|error| store_error(&error, &self.bucket))?;
        let objects = page.contents.unwrap_or_default().into_iter();
        let keys = objects.filter_map(|object| {
            let key = object.key?;
            key.strip_prefix(&self.prefix).map(str::to_owned)
        });
        Ok((keys.collect(), page.is_truncated.unwrap_or(false)))
    }
}

#[async_trait]
impl BlobStore for S3Store {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        check_key(key)?;
        let asked = self
            .client()?
            .get_object()
            .bucket(&self.bucket)
            .key(self.object(key))
            .customize()
            .config_override(client::reading());
        match asked.send().await {
            Ok(object) => whole(object).await.map(Some),
            Err(error) if error::is_missing_key(&error) => Ok(None),
            Err(error) => Err(store_error(&error, &self.bucket)),
        }
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        check_key(key)?;
        if bytes.len() > large::PART {
            large::put(self, key, &bytes, &condition).await
        } else {
            self.put_small(key, bytes, &condition).await
        }
    }

    async fn put_all(&self, puts: Vec<Put>) -> Vec<Result<ETag, PutError>> {
        let failed: OnceLock<PutError> = OnceLock::new();
        let mut answers = Vec::with_capacity(puts.len());
        let one = async |put: &Put| {
            // What has not begun when one fails is not tried: it would wait as long to fail as well.
            if let Some(error) = failed.get() {
                return Err(error.clone());
            }
            let (bytes, condition) = (put.bytes.clone(), put.condition.clone());
            let answer = self.put(&put.key, bytes, condition).await;
            if let Err(error) = &answer
                && *error != PutError::Precondition
            {
                let _ = failed.set(error.clone());
            }
            answer
        };
        for equals in puts.chunk_by(|one, next| one.rank == next.rank) {
            let written = stream::iter(equals).map(&one).buffered(PUTS_AT_ONCE);
            answers.extend(written.collect::<Vec<_>>().await);
        }
        answers
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        check_key(key)?;
        let sent = self
            .client()?
            .delete_object()
            .bucket(&self.bucket)
            .key(self.object(key))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            // Some services say so; it is gone all the same.
            Err(error) if error::is_missing_key(&error) => Ok(()),
            Err(error) => Err(store_error(&error, &self.bucket)),
        }
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut keys: Vec<String> = Vec::new();
        let mut after = start_after.map(str::to_owned);
        loop {
            let wanted = limit - keys.len();
            let (page, more) = self.page(prefix, after.as_deref(), wanted).await?;
            after = page.last().cloned().or(after);
            let empty = page.is_empty();
            keys.extend(page.into_iter().filter(|key| check_key(key).is_ok()));
            if !more || empty || keys.len() >= limit {
                return Ok(keys);
            }
        }
    }
}

/// The headers `If-None-Match` and `If-Match`.
fn headers(condition: &Condition) -> (Option<String>, Option<String>) {
    match condition {
        Condition::Always => (None, None),
        Condition::IfAbsent => (Some("*".to_owned()), None),
        Condition::IfMatch(etag) => (None, Some(etag.0.clone())),
    }
}

/// As the service writes it, quotation marks included.
fn etag_of(etag: Option<String>) -> Result<ETag, PutError> {
    let missing = || away("the service names no version of what was written");
    Ok(ETag(etag.ok_or_else(missing)?))
}

async fn whole(object: GetObjectOutput) -> Result<Blob, StoreError> {
    let etag = object
        .e_tag
        .ok_or_else(|| away("the service names no version of what it has"))?;
    let read = timeout(READ_WHOLE, object.body.collect()).await;
    let body = read
        .map_err(|_| away("an object took too long to read"))?
        .map_err(|error| away(&error.to_string()))?;
    Ok(Blob {
        bytes: body.into_bytes(),
        etag: ETag(etag),
    })
}

const PAGE: i32 = 1000;
/// Enough to fill the way to the service, few enough to leave it to others too.
const PUTS_AT_ONCE: usize = 16;
/// For the longest recording over a slow line.
const READ_WHOLE: Duration = Duration::from_mins(1);
