//! What is wrong is told apart, so that a condition can say the remedy.

use mailbox::store::{Condition, StoreError};
use mailbox::{BlobStore, OwnedStore, Owner, S3Options, S3Store};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use switchboard_tests::s3::{ACCESS_KEY, S3, SECRET_KEY};
use tokio::time::timeout;

#[tokio::test]
async fn a_bucket_that_is_missing_is_named() {
    let service = S3::start();
    let options = S3Options {
        bucket: "elsewhere".to_owned(),
        ..service.options("")
    };
    let missing = StoreError::BucketMissing("elsewhere".to_owned());
    let store = S3Store::open(options).await;
    assert_eq!(store.list("", None, 1).await, Err(missing.clone()));
    assert_eq!(store.get("a").await.err(), Some(missing.clone()));
    let put = store.put("a", "1".into(), Condition::Always).await;
    assert_eq!(put, Err(missing.into()));
}

#[tokio::test]
async fn refused_credentials_are_told_and_rotated_ones_used_at_once() {
    let service = S3::start();
    let store = S3Store::open(service.options("")).await;
    for (id, secret) in [("nobody", SECRET_KEY), (ACCESS_KEY, "wrong")] {
        service.write_credentials(id, secret);
        let refused = store.get("a").await.unwrap_err();
        assert!(
            matches!(refused, StoreError::CredentialsRefused(_)),
            "{refused}"
        );
    }
    service.write_credentials(ACCESS_KEY, SECRET_KEY);
    assert!(store.get("a").await.unwrap().is_none());
    std::fs::remove_file(service.credentials().join("accessKeyId")).unwrap();
    let missing = store.get("a").await.unwrap_err();
    assert!(
        matches!(&missing, StoreError::CredentialsRefused(why) if why.contains("accessKeyId")),
        "{missing}"
    );
}

#[tokio::test]
async fn a_service_that_is_away_is_away_until_it_is_back() {
    let mut service = S3::start();
    let store = S3Store::open(service.options("")).await;
    let etag = store.put("a", "1".into(), Condition::Always).await.unwrap();
    service.stop();
    let away = store.get("a").await.unwrap_err();
    assert!(
        matches!(&away, StoreError::Away(why) if why.contains("refused")),
        "{away}"
    );
    service.start_again();
    assert_eq!(store.get("a").await.unwrap().unwrap().etag, etag);
}

#[tokio::test]
async fn a_service_that_never_answers_keeps_nobody_waiting_for_long() {
    let service = S3::start();
    // The system takes connections for it; nobody reads from them.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = S3Options {
        endpoint: Some(format!("http://{}", silent.local_addr().unwrap())),
        ..service.options("")
    };
    let store = S3Store::open(options).await;
    let read = timeout(Duration::from_secs(20), store.get("a")).await;
    let away = read.expect("an answer in time").unwrap_err();
    assert!(matches!(away, StoreError::Away(_)), "{away}");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_it_is_there() {
    let service = S3::start_tls();
    let store = S3Store::open(service.options("")).await;
    let authority = service.credentials().join("ca.crt");
    for (wrong, says) in [(None, "certificate"), (Some("no PEM"), "ca.crt")] {
        if let Some(wrong) = wrong {
            std::fs::write(&authority, wrong).unwrap();
        }
        let away = store.get("a").await.unwrap_err();
        assert!(
            matches!(&away, StoreError::Away(why) if why.contains(says)),
            "{away}"
        );
    }
    std::fs::write(&authority, service.certificate()).unwrap();
    store.put("a", "1".into(), Condition::Always).await.unwrap();
}

#[tokio::test]
async fn a_prefix_that_another_system_has_is_refused_and_the_other_named() {
    let service = S3::start();
    let system = |uid: &str| Owner {
        uid: uid.to_owned(),
        name: "telephony/office".to_owned(),
    };
    let bucket: Arc<dyn BlobStore> = Arc::new(S3Store::open(service.options("office/")).await);
    let first = OwnedStore::new(bucket.clone(), system("1"), None);
    first.put("a", "1".into(), Condition::Always).await.unwrap();
    let second = OwnedStore::new(bucket, system("2"), None);
    let taken = StoreError::PrefixTaken {
        owner: system("1"),
        claimant: system("2"),
    };
    assert_eq!(second.get("a").await.err(), Some(taken.clone()));
    let put = second.put("a", "2".into(), Condition::Always).await;
    assert_eq!(put, Err(taken.into()));
}
