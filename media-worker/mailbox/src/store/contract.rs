//! What every blob store must do: run these against an empty one of each kind.

use super::{BlobStore, Condition, Put, PutError, StoreError, list_all};
use bytes::Bytes;
use std::sync::Arc;
use tokio::task::JoinSet;

/// A way in which a store breaks its contract.
#[derive(Debug, thiserror::Error)]
#[error("the store breaks its contract: {0}")]
pub struct Breach(String);

/// Checks an empty store against the whole contract; leaves blobs behind under `contract/`.
pub async fn check(store: Arc<dyn BlobStore>) -> Result<(), Breach> {
    reads_what_was_written(&*store).await?;
    writes_only_where_absent(&*store).await?;
    writes_only_over_the_version_read(&*store).await?;
    one_of_many_writers_wins(store.clone()).await?;
    writes_several_each_under_its_condition(&*store).await?;
    lists_in_byte_order(&*store).await?;
    refuses_bad_keys(&*store).await
}

async fn reads_what_was_written(store: &dyn BlobStore) -> Result<(), Breach> {
    let key = "contract/read";
    ensure(store.get(key).await?.is_none(), "a missing blob was found")?;
    store.delete(key).await?;
    let etag = store
        .put(key, Bytes::from_static(b"one"), Condition::Always)
        .await?;
    let blob = store
        .get(key)
        .await?
        .ok_or_else(|| breach("a written blob is missing"))?;
    ensure(
        &blob.bytes[..] == b"one" && blob.etag == etag,
        "a blob reads otherwise than it was written",
    )?;
    store.put(key, Bytes::new(), Condition::Always).await?;
    let empty = store
        .get(key)
        .await?
        .ok_or_else(|| breach("an empty blob is missing"))?;
    ensure(empty.bytes.is_empty(), "an empty blob is not empty")?;
    store.delete(key).await?;
    ensure(store.get(key).await?.is_none(), "a deleted blob was found")
}

async fn writes_only_where_absent(store: &dyn BlobStore) -> Result<(), Breach> {
    let key = "contract/absent";
    store
        .put(key, Bytes::from_static(b"first"), Condition::IfAbsent)
        .await?;
    let second = store
        .put(key, Bytes::from_static(b"second"), Condition::IfAbsent)
        .await;
    ensure(
        second == Err(PutError::Precondition),
        "IfAbsent wrote over a blob",
    )?;
    store.delete(key).await?;
    store
        .put(key, Bytes::from_static(b"third"), Condition::IfAbsent)
        .await?;
    Ok(())
}

async fn writes_only_over_the_version_read(store: &dyn BlobStore) -> Result<(), Breach> {
    let key = "contract/match";
    let one = store
        .put(key, Bytes::from_static(b"one"), Condition::Always)
        .await?;
    let two = store
        .put(
            key,
            Bytes::from_static(b"two"),
            Condition::IfMatch(one.clone()),
        )
        .await?;
    let stale = store
        .put(key, Bytes::from_static(b"three"), Condition::IfMatch(one))
        .await;
    ensure(
        stale == Err(PutError::Precondition),
        "IfMatch wrote over another version",
    )?;
    store.delete(key).await?;
    let gone = store
        .put(key, Bytes::from_static(b"four"), Condition::IfMatch(two))
        .await;
    ensure(
        gone == Err(PutError::Precondition),
        "IfMatch wrote where nothing was",
    )
}

/// Every writer adds one to a number, again until the condition holds: none is lost.
async fn one_of_many_writers_wins(store: Arc<dyn BlobStore>) -> Result<(), Breach> {
    let key = "contract/count";
    store
        .put(key, Bytes::from_static(b"0"), Condition::Always)
        .await?;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(add_one(store.clone(), key));
    }
    while let Some(added) = writers.join_next().await {
        added.map_err(|error| Breach(error.to_string()))??;
    }
    let blob = store
        .get(key)
        .await?
        .ok_or_else(|| breach("the count is missing"))?;
    ensure(
        blob.bytes == WRITERS.to_string().as_bytes(),
        "of concurrent conditional writes one was lost",
    )
}

async fn add_one(store: Arc<dyn BlobStore>, key: &str) -> Result<(), Breach> {
    loop {
        let blob = store
            .get(key)
            .await?
            .ok_or_else(|| breach("the count is missing"))?;
        let count: u32 = std::str::from_utf8(&blob.bytes)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        match store
            .put(
                key,
                (count + 1).to_string().into(),
                Condition::IfMatch(blob.etag),
            )
            .await
        {
            Ok(_) => return Ok(()),
            Err(PutError::Precondition) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn writes_several_each_under_its_condition(store: &dyn BlobStore) -> Result<(), Breach> {
    let keys = [
        "contract/several/a",
        "contract/several/b",
        "contract/several/c",
    ];
    store
        .put(keys[1], "first".into(), Condition::Always)
        .await?;
    let puts = keys.iter().zip(0..).map(|(key, rank)| Put {
        key: (*key).to_owned(),
        bytes: Bytes::from_static(b"several"),
        condition: Condition::IfAbsent,
        rank,
    });
    let answers = store.put_all(puts.collect()).await;
    ensure(
        matches!(&answers[..], [Ok(_), Err(PutError::Precondition), Ok(_)]),
        "of several writes, one was not answered by itself",
    )?;
    for (key, answer) in keys.iter().zip(answers) {
        let there = store.get(key).await?;
        let there = there.ok_or_else(|| breach("one of several blobs is missing"))?;
        ensure(
            answer.map_or(&there.bytes[..] == b"first", |etag| there.etag == etag),
            "one of several blobs is another than was answered",
        )?;
    }
    Ok(())
}

async fn lists_in_byte_order(store: &dyn BlobStore) -> Result<(), Breach> {
    let keys = [
        "contract/list/a",
        "contract/list/a-b/c",
        "contract/list/a.b",
        "contract/list/b/1",
        "contract/list/b/2",
    ];
    for key in keys.iter().rev() {
        store.put(key, Bytes::new(), Condition::Always).await?;
    }
    let all = list_all(store, "contract/list/").await?;
    ensure(all == keys, "a listing is not in byte order")?;
    let part = store.list("contract/list/", Some(keys[1]), 2).await?;
    ensure(
        part == keys[2..4],
        "a page is not what comes after its start",
    )?;
    ensure(
        store.list("contract/list/b", None, 9).await? == keys[3..],
        "a prefix within a name was not matched",
    )?;
    let after_folder = store.list("contract/list/", Some(keys[3]), 9).await?;
    ensure(
        after_folder == keys[4..],
        "a listing does not go on within a folder",
    )?;
    ensure(
        store.list("contract/nothing/", None, 9).await?.is_empty(),
        "nothing was listed as something",
    )
}

async fn refuses_bad_keys(store: &dyn BlobStore) -> Result<(), Breach> {
    for key in ["", "/", "a//b", "../a", "a/..", "a/.b", "ä", "a b", "a/"] {
        let refused = store.put(key, Bytes::new(), Condition::Always).await;
        ensure(
            matches!(refused, Err(PutError::Store(StoreError::BadKey(_)))),
            "a bad key was taken",
        )?;
        ensure(
            matches!(store.get(key).await, Err(StoreError::BadKey(_))),
            "a bad key was read",
        )?;
    }
    Ok(())
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), Breach> {
    if holds {
        Ok(())
    } else {
        Err(breach(otherwise))
    }
}

fn breach(what: &str) -> Breach {
    Breach(what.to_owned())
}

impl From<StoreError> for Breach {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<PutError> for Breach {
    fn from(error: PutError) -> Self {
        Self(error.to_string())
    }
}

const WRITERS: u32 = 12;
