//! What is known after a start, and what a home does while its mailbox is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use apps::{Lockout, Side};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use mailbox::store::{Blob, Condition, ETag, PutError, StoreError};
use mailbox::{BlobStore, MemoryStore};
use media_worker::homes::{Entry, LoginAnswer, StoredContact, StoredContacts, StoredLockouts};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::scene::{Office, PATIENCE, Scene, lamp_shows, new_phone};

/// A store that answers no reader before it is let go: a bucket that drops packets.
struct Held {
    store: Arc<MemoryStore>,
    answers: Semaphore,
    waiting: AtomicUsize,
    most: AtomicUsize,
}

impl Held {
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            answers: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    fn let_go(&self) {
        self.answers.close();
    }

    /// Done when so many readers wait.
    async fn has(&self, readers: usize) {
        let waiting = async {
            while self.waiting.load(Ordering::SeqCst) < readers {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let waiting = timeout(PATIENCE, waiting).await;
        assert!(waiting.is_ok(), "{readers} never ask at once");
    }

    async fn wait(&self, key: &str) {
        // Who looks for e-mails to be sent is none of ours.
        if !key.starts_with("mailboxes/") {
            return;
        }
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(waiting, Ordering::SeqCst);
        // An error says that it was let go.
        let _ = self.answers.acquire().await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl BlobStore for Held {
    async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
        self.wait(key).await;
        self.store.get(key).await
    }

    async fn put(&self, key: &str, bytes: Bytes, condition: Condition) -> Result<ETag, PutError> {
        self.store.put(key, bytes, condition).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.store.delete(key).await
    }

    async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.wait(prefix).await;
        self.store.list(prefix, start_after, limit).await
    }
}

#[tokio::test]
async fn while_a_mailbox_is_read_its_owner_registers_calls_and_logs_in() {
    let story = async {
        let store = Arc::new(Held::new());
        let office = Office::of(&["mary"], store.clone(), 1);
        let scene = Scene::in_office(office, Arc::clone(&store.store)).await;
        store.has(1).await;
        let answered = async {
            scene.subscribe().await;
            assert!(scene.home.begin_call().await.is_some());
            let login = scene.home.login(Side::OwnHandset, "13579").await;
            assert!(matches!(login, Some(LoginAnswer::Admitted(_))));
        };
        let answered = timeout(PATIENCE, answered).await;
        assert!(answered.is_ok(), "the home waits for the store");
        assert_eq!(store.most.load(Ordering::SeqCst), 1, "one reads for all");
        store.let_go();
        scene.lamp_shows("0/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn after_a_start_phones_and_locks_are_known_while_the_store_says_nothing() {
    let story = async {
        let names: Vec<String> = (0..20).map(|number| format!("u{number}")).collect();
        let people: Vec<&str> = names.iter().map(String::as_str).collect();
        let store = Arc::new(Held::new());
        let office = Office::of(&people, store.clone(), 1);
        let mut phones = Vec::new();
        let mut entries = Vec::new();
        for name in &people {
            let phone = new_phone().await;
            entries.push(registered(name, &phone));
            phones.push(phone);
        }
        entries.push(locked("u0"));
        let restored = timeout(PATIENCE, office.homes.restore(entries)).await;
        assert!(restored.is_ok(), "phones are known once the store answers");

        for name in &people {
            let home = office.homes.of_user(&(*name).into());
            let contacts = home.contacts(format!("{name}-desk").into()).await;
            assert_eq!(contacts.len(), 1, "{name}");
        }
        let home = office.homes.of_user(&"u0".into());
        let login = home.login(Side::Outside, "13579").await;
        assert!(matches!(login, Some(LoginAnswer::Locked(_))));
        // Some mailboxes are read at once, and not all.
        store.has(16).await;
        store.let_go();
        for phone in &phones {
            lamp_shows(phone, "0/0").await;
        }
        assert_eq!(store.most.load(Ordering::SeqCst), 16);
    };
    LocalSet::new().run_until(story).await;
}

/// What the journal kept of somebody's phone.
fn registered(name: &str, phone: &UdpSocket) -> Entry {
    let remote = phone.local_addr().unwrap();
    let contact = StoredContact {
        uri: format!("sip:{name}-desk@{remote}"),
        remote,
        expires_at: Timestamp::now() + Duration::from_mins(5),
        call_id: "before".to_owned(),
        cseq: 1,
        user_agent: None,
    };
    Entry::Contacts(StoredContacts {
        handset: format!("{name}-desk"),
        contacts: vec![contact],
    })
}

/// What the journal kept of three wrong PINs from outside.
fn locked(name: &str) -> Entry {
    let now = Timestamp::now();
    let wrong = |lockout: Lockout| lockout.attempt(now, || false).0;
    let lockout = wrong(wrong(wrong(Lockout::default())));
    Entry::Lockouts(StoredLockouts {
        user: name.to_owned(),
        sides: vec![(Side::Outside, lockout)],
    })
}
