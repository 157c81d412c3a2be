//! Long recordings, written in parts.

use super::error::{put_error, store_error};
use super::{S3Store, etag_of, headers};
use crate::store::{Condition, ETag, PutError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Writes the parts, then makes them a blob if the condition holds: nothing is visible before. Where that fails, the parts are removed.
pub(super) async fn put(
    store: &S3Store,
    key: &str,
    bytes: &Bytes,
    condition: &Condition,
) -> Result<ETag, PutError> {
    let begun = store
        .client()?
        .create_multipart_upload()
        .bucket(&store.bucket)
        .key(store.object(key))
        .send()
        .await;
    let begun = begun.map_err(|error| put_error(&error, &store.bucket))?;
    let upload = Upload {
        store,
        object: store.object(key),
        id: begun.upload_id.unwrap_or_default(),
    };
    let written = upload.write(bytes, condition).await;
    if written.is_err() {
        upload.abort().await;
    }
    written
}

struct Upload<'a> {
    store: &'a S3Store,
    object: String,
    id: String,
}

impl Upload<'_> {
    async fn write(&self, bytes: &Bytes, condition: &Condition) -> Result<ETag, PutError> {
        let parts = (0..bytes.len()).step_by(PART).zip(1..);
        let parts: Vec<CompletedPart> = stream::iter(parts)
            .map(|(from, number)| {
                let to = bytes.len().min(from + PART);
                self.part(number, bytes.slice(from..to))
            })
            .buffered(PARTS_AT_ONCE)
            .try_collect()
            .await?;
        let (absent, etag) = headers(condition);
        let sent = self
            .store
            .client()?
            .complete_multipart_upload()
            .bucket(&self.store.bucket)
            .key(&self.object)
            .upload_id(&self.id)
            .set_if_none_match(absent)
            .set_if_match(etag)
            .multipart_upload(
                CompletedMultipartUpload::builder()
                    .set_parts(Some(parts))
                    .build(),
            )
            .send()
            .await;
        let written = sent.map_err(|error| put_error(&error, &self.store.bucket))?;
        etag_of(written.e_tag)
    }

    async fn part(&self, number: i32, bytes: Bytes) -> Result<CompletedPart, PutError> {
        let sent = self
            .store
            .client()?
            .upload_part()
            .bucket(&self.store.bucket)
            .key(&self.object)
            .upload_id(&self.id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await;
        let part = sent.map_err(|error| put_error(&error, &self.store.bucket))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag)
            .build())
    }

    /// Parts cost room until they are removed. Where that fails too, the bucket's own rule for unfinished uploads has to.
    async fn abort(&self) {
        let Ok(client) = self.store.client() else {
            return;
        };
        let sent = client
            .abort_multipart_upload()
            .bucket(&self.store.bucket)
            .key(&self.object)
            .upload_id(&self.id)
            .send()
            .await;
        if let Err(error) = sent {
            let error = store_error(&error, &self.store.bucket);
            tracing::warn!(object = self.object, %error, "the parts of an unfinished upload are not removed");
        }
    }
}

/// A blob larger than this is written in parts of this size.
pub(super) const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;
