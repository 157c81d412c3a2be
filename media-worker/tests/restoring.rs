//! What a user has deleted and gets back, what he can do with a message whose recording is lost, and what his lamp shows, asked of his home.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use apps::{Inbox, OpenError, Side, Unavailable};
use bytes::Bytes;
use jiff::Timestamp;
use mailbox::disk::RealDisk;
use mailbox::store::Weather;
use mailbox::{
    BlobStore, Folder, Mailbox, MailboxId, Mailboxes, MailboxesOptions, MemoryStore, MessageId,
    played,
};
use media_worker::homes::{Home, HomeContext, Homes, Journal, LoginAnswer, NotRestored};
use media_worker::mail::{self, MailContext};
use media_worker::metrics::Metrics;
use media_worker::random::Random;
use media_worker::report::ReportBoard;
use media_worker::signalling::{LocalAddresses, Signalling, UdpListener};
use media_worker::source::{Manifests, Source};
use media_worker::state::State;
use media_worker::statuses::Statuses;
use prompts::MailCatalogue;
use sip::endpoint::{Endpoint, EndpointConfig};
use sip::syntax::{Limits, Message, Request, parse};
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_mins(1);
const MANIFESTS: &str = "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {name: office}\n\
    spec: {domain: office.example.com}\n---\napiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {name: mary}\n\
    spec: {pinSecretRef: {name: mary-pin, key: pin}}\n---\napiVersion: switchboard.dev/v1alpha1\nkind: Handset\n\
    metadata: {name: mary-desk}\nspec: {ownerRef: {name: mary}}\n---\napiVersion: v1\nkind: Secret\n\
    metadata: {name: mary-pin, labels: {switchboard.dev/use: pin}}\nstringData: {pin: \"13579\"}\n";

/// Mary's home, her mailbox, and a phone that shows her lamp.
struct Scene {
    _folder: TempDir,
    store: Arc<MemoryStore>,
    signalling: Rc<Signalling>,
    mailboxes: Mailboxes,
    mailbox: Mailbox,
    homes: Rc<Homes>,
    home: Home,
    phone: UdpSocket,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self::on(Arc::new(MemoryStore::new()), 1).await;
        scene.lamp_shows("0/0").await;
        scene
    }

    /// A worker on this store, each with a seed of its own. Mary's phone has registered.
    async fn on(store: Arc<MemoryStore>, seed: u8) -> Self {
        let folder = TempDir::new().unwrap();
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).unwrap();
        std::fs::write(manifests.join("office.yaml"), MANIFESTS).unwrap();
        let state = folder.path().join("state");
        let manifests = Manifests::open(&manifests, State::open(&state).unwrap()).unwrap();
        let source = Source::Folder(Arc::new(manifests));
        let first = Arc::clone(&source.snapshots().borrow().directory);
        let (_, directory) = watch::channel(first);
        let disk = RealDisk::open(&state).unwrap();
        let options = MailboxesOptions::new([seed; 32]);
        let (mailboxes, _) = Mailboxes::open(store.clone(), Arc::new(disk), options).unwrap();
        let metrics = Metrics::new().unwrap();
        let room = mail::start(MailContext {
            mailboxes: mailboxes.clone(),
            directory: directory.clone(),
            texts: MailCatalogue::default(),
            worker: "worker".to_owned(),
            metrics: metrics.clone(),
            patience: ::mail::Patience::default(),
        });
        let endpoint = Endpoint::new(EndpointConfig::default(), [2; 32]);
        let udp = UdpListener::bind((LOOPBACK, 0).into()).unwrap();
        let (signalling, _) = Signalling::new(endpoint, udp, LocalAddresses::new(LOOPBACK, None));
        spawn_local(Rc::clone(&signalling).receive_udp());
        spawn_local(Rc::clone(&signalling).run_timers());
        let (journal, _) = Journal::open(&state.join("contacts"), Timestamp::now()).unwrap();
        let homes = Homes::new(HomeContext {
            signalling: Rc::clone(&signalling),
            mailboxes: mailboxes.clone(),
            post: room.unwrap().post,
            journal,
            metrics,
            random: Rc::new(Random::new([3; 32])),
            directory,
            source: Rc::new(source),
            report: ReportBoard::new(""),
            statuses: Statuses::none(),
        });
        let home = homes.of_user(&"mary".into());
        let phone = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();
        let scene = Self {
            _folder: folder,
            store,
            signalling,
            mailbox: mailboxes.mailbox(&MailboxId::new("mary").unwrap()),
            mailboxes,
            homes,
            home,
            phone,
        };
        scene.register().await;
        scene
    }

    async fn register(&self) {
        let request = self.request("REGISTER", "");
        let flow = self.signalling.udp_flow(self.phone.local_addr().unwrap());
        let response = self.home.register("mary-desk".into(), request, flow).await;
        assert!(response.unwrap().status.is_success());
    }

    async fn subscribe(&self) {
        let request = self.request("SUBSCRIBE", "Event: message-summary\r\n");
        let flow = self.signalling.udp_flow(self.phone.local_addr().unwrap());
        let response = self.home.subscribe("mary-desk".into(), request, flow).await;
        assert!(response.unwrap().status.is_success());
    }

    /// A request of Mary's phone.
    fn request(&self, method: &str, headers: &str) -> Request {
        let address = self.phone.local_addr().unwrap();
        let text = format!(
            "{method} sip:office.example.com SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{method}\r\n\
             From: <sip:mary-desk@office.example.com>;tag=1\r\nTo: <sip:mary-desk@office.example.com>\r\nCall-ID: {method}\r\n\
             CSeq: 1 {method}\r\nContact: <sip:mary-desk@{address}>\r\nExpires: 300\r\n{headers}Content-Length: 0\r\n\r\n"
        );
        let Ok(Message::Request(request)) = parse(&Bytes::from(text), &Limits::default()) else {
            unreachable!("it is a {method}");
        };
        request
    }

    /// The next request that the phone gets, which it answers.
    async fn told(&self) -> String {
        let mut buffer = [0; 2048];
        let told = timeout(PATIENCE, self.phone.recv_from(&mut buffer)).await;
        let (length, worker) = told.unwrap().unwrap();
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let is_copied = |line: &&str| copied.iter().any(|name| line.starts_with(name));
        let headers: Vec<&str> = request.lines().filter(is_copied).collect();
        let headers = headers.join("\r\n");
        let answer = format!("SIP/2.0 200 OK\r\n{headers}\r\nContent-Length: 0\r\n\r\n");
        self.phone.send_to(answer.as_bytes(), worker).await.unwrap();
        request
    }

    /// Waits until the lamp shows so many new and saved messages.
    async fn lamp_shows(&self, messages: &str) {
        let wanted = format!("Voice-Message: {messages}");
        let mut buffer = [0; 2048];
        let shown = async {
            loop {
                let length = self.phone.recv(&mut buffer).await.unwrap();
                if String::from_utf8_lossy(&buffer[..length]).contains(&wanted) {
                    return;
                }
            }
        };
        let shown = timeout(PATIENCE, shown).await;
        assert!(shown.is_ok(), "the lamp never shows {messages}");
    }

    /// Somebody leaves Mary a message, which arrives in the store.
    async fn leave(&self) -> MessageId {
        let message = self.promise().await;
        assert!(self.mailboxes.carry_once().await);
        message
    }

    /// Somebody leaves Mary a message, which waits on the worker's disk.
    async fn promise(&self) -> MessageId {
        let draft = played::draft(played::delivery(vec![self.mailbox.id().clone()]));
        let recording = played::speak(&self.mailboxes, draft, Duration::from_secs(2)).unwrap();
        let promise = self.mailboxes.spool().deliver(recording).await.unwrap();
        self.homes.mailbox_changed(&"mary".into()).await;
        promise.message
    }

    /// Mary deletes a message.
    async fn delete(&self, message: &MessageId) {
        self.mailbox
            .delete(message, Timestamp::now())
            .await
            .unwrap();
        self.homes.mailbox_changed(&"mary".into()).await;
    }
}

#[tokio::test]
async fn a_deleted_message_is_where_it_was_again_and_the_lamp_shows_it() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.lamp_shows("1/0").await;
        assert_eq!(scene.home.trash().await, Ok(Vec::new()));
        scene.delete(&message).await;
        scene.lamp_shows("0/0").await;
        let trash = scene.home.trash().await.unwrap();
        assert_eq!(trash.len(), 1);
        assert_eq!(trash[0].id, message);

        scene.home.restore_message(message.clone()).await.unwrap();
        scene.lamp_shows("1/0").await;
        assert_eq!(scene.home.trash().await, Ok(Vec::new()));
        assert_eq!(scene.mailbox.list(Folder::New).await.len(), 1);
        // Twice is once.
        assert_eq!(scene.home.restore_message(message).await, Ok(()));
        assert_eq!(scene.mailbox.list(Folder::New).await.len(), 1);
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn what_was_in_the_trash_for_too_long_is_gone() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.delete(&message).await;
        let later = Timestamp::now() + Duration::from_secs(2);
        let expired = scene.mailbox.expire(Duration::from_secs(1), later).await;
        assert_eq!(expired.unwrap(), 1);
        let restored = scene.home.restore_message(message).await;
        assert_eq!(restored, Err(NotRestored::Gone));
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn what_cannot_be_restored_while_the_store_is_away_can_be_afterwards() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.delete(&message).await;
        scene.lamp_shows("0/0").await;
        scene.store.set_weather(Weather::Away);
        let restored = scene.home.restore_message(message.clone()).await;
        assert_eq!(restored, Err(NotRestored::Unavailable));
        scene.store.set_weather(Weather::Fair);
        assert_eq!(scene.home.restore_message(message).await, Ok(()));
        scene.lamp_shows("1/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn a_message_whose_recording_is_lost_can_be_deleted_by_its_owner() {
    let story = async {
        let scene = Scene::new().await;
        let message = scene.leave().await;
        scene.lamp_shows("1/0").await;
        // Where a message has one recipient, its recording is in its record.
        let record = format!("mailboxes/mary/messages/{message}");
        scene.store.delete(&record).await.unwrap();
        let login = scene.home.login(Side::OwnHandset, "13579").await;
        let Some(LoginAnswer::Admitted(inbox)) = login else {
            panic!("the PIN is right");
        };
        let opened = inbox.open(&message).await;
        assert_eq!(opened.err(), Some(OpenError::Lost));
        inbox.delete(&message).await.unwrap();
        scene.lamp_shows("0/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn while_the_store_is_away_after_a_restart_no_lamp_is_told_that_there_is_nothing() {
    let story = async {
        let before = Scene::new().await;
        before.leave().await;
        let store = Arc::clone(&before.store);
        store.set_weather(Weather::Away);
        let scene = Scene::on(Arc::clone(&store), 2).await;
        // The home answers this after it has asked for the messages in vain.
        assert_eq!(scene.home.trash().await, Err(Unavailable));
        scene.promise().await;
        let told = scene.told().await;
        assert!(
            told.contains("Voice-Message: 1/0"),
            "this one is known: {told}"
        );
        store.set_weather(Weather::Fair);
        // Whoever asks the store for anything finds that it works.
        let john = MailboxId::new("john").unwrap();
        assert!(!scene.mailboxes.mailbox(&john).counts().await.incomplete);
        scene.lamp_shows("2/0").await;
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn who_subscribes_while_the_store_is_away_is_told_nothing_and_later_what_there_is() {
    let story = async {
        let store = Arc::new(MemoryStore::new());
        store.set_weather(Weather::Away);
        let scene = Scene::on(Arc::clone(&store), 1).await;
        scene.subscribe().await;
        let told = scene.told().await;
        assert!(told.contains("Subscription-State: active"), "{told}");
        assert!(!told.contains("Messages-Waiting"), "{told}");
        store.set_weather(Weather::Fair);
        let john = MailboxId::new("john").unwrap();
        assert!(!scene.mailboxes.mailbox(&john).counts().await.incomplete);
        scene.lamp_shows("0/0").await;
    };
    LocalSet::new().run_until(story).await;
}
