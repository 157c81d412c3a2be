//! A worker's homes, and Mary, who has a phone and a mailbox.

use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use mailbox::disk::RealDisk;
use mailbox::{
    BlobStore, Mailbox, MailboxId, Mailboxes, MailboxesOptions, MemoryStore, MessageId, played,
};
use media_worker::homes::{Home, HomeContext, Homes, Journal};
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
use sip::transport::Flow;
use tempfile::TempDir;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::spawn_local;
use tokio::time::timeout;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
const SYSTEM: &str = "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {name: office}\n\
    spec: {domain: office.example.com}\n";

/// The manifests of a user with one handset.
fn person(name: &str) -> String {
    format!(
        "---\napiVersion: switchboard.dev/v1alpha1\nkind: User\nmetadata: {{name: {name}}}\n\
         spec: {{pinSecretRef: {{name: {name}-pin, key: pin}}}}\n---\napiVersion: switchboard.dev/v1alpha1\nkind: Handset\n\
         metadata: {{name: {name}-desk}}\nspec: {{ownerRef: {{name: {name}}}}}\n---\napiVersion: v1\nkind: Secret\n\
         metadata: {{name: {name}-pin, labels: {{switchboard.dev/use: pin}}}}\nstringData: {{pin: \"13579\"}}\n"
    )
}

/// The homes of a worker.
pub(crate) struct Office {
    _folder: TempDir,
    signalling: Rc<Signalling>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) homes: Rc<Homes>,
}

impl Office {
    /// Those of these people on this store; each worker on it has a seed of its own.
    pub(crate) fn of(people: &[&str], store: Arc<dyn BlobStore>, seed: u8) -> Self {
        let folder = TempDir::new().unwrap();
        let manifests = folder.path().join("manifests");
        std::fs::create_dir(&manifests).unwrap();
        let people: String = people.iter().map(|name| person(name)).collect();
        std::fs::write(manifests.join("office.yaml"), format!("{SYSTEM}{people}")).unwrap();
        let state = folder.path().join("state");
        let manifests = Manifests::open(&manifests, || State::open(&state)).unwrap();
        let source = Source::Folder(Arc::new(manifests));
        let first = Arc::clone(&source.snapshots().borrow().directory);
        let (_, directory) = watch::channel(first);
        let disk = RealDisk::open(&state).unwrap();
        let options = MailboxesOptions::new([seed; 32]);
        let (mailboxes, _) = Mailboxes::open(store, Arc::new(disk), options).unwrap();
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
        Self {
            _folder: folder,
            signalling,
            mailboxes,
            homes,
        }
    }
}

/// Mary's home, her mailbox, and a phone that shows her lamp.
pub(crate) struct Scene {
    pub(crate) office: Office,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) mailbox: Mailbox,
    pub(crate) home: Home,
    phone: UdpSocket,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let scene = Self::on(Arc::new(MemoryStore::new()), 1).await;
        scene.lamp_shows("0/0").await;
        scene
    }

    /// A worker on this store, each with a seed of its own. Mary's phone has registered.
    pub(crate) async fn on(store: Arc<MemoryStore>, seed: u8) -> Self {
        Self::in_office(Office::of(&["mary"], store.clone(), seed), store).await
    }

    /// The same in an office that is there already.
    pub(crate) async fn in_office(office: Office, store: Arc<MemoryStore>) -> Self {
        let scene = Self {
            store,
            mailbox: office.mailboxes.mailbox(&MailboxId::new("mary").unwrap()),
            home: office.homes.of_user(&"mary".into()),
            office,
            phone: new_phone().await,
        };
        scene.register().await;
        scene
    }

    async fn register(&self) {
        let request = self.request("REGISTER", "");
        let flow = self.flow();
        let response = self.home.register("mary-desk".into(), request, flow).await;
        assert!(response.unwrap().status.is_success());
    }

    pub(crate) async fn subscribe(&self) {
        let request = self.request("SUBSCRIBE", "Event: message-summary\r\n");
        let flow = self.flow();
        let response = self.home.subscribe("mary-desk".into(), request, flow).await;
        assert!(response.unwrap().status.is_success());
    }

    fn flow(&self) -> Flow {
        let address = self.phone.local_addr().unwrap();
        self.office.signalling.udp_flow(address)
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
    pub(crate) async fn told(&self) -> String {
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
    pub(crate) async fn lamp_shows(&self, messages: &str) {
        lamp_shows(&self.phone, messages).await;
    }

    /// Somebody leaves Mary a message, which arrives in the store.
    pub(crate) async fn leave(&self) -> MessageId {
        let message = self.promise().await;
        assert!(self.office.mailboxes.carry_once().await);
        message
    }

    /// Somebody leaves Mary a message, which waits on the worker's disk.
    pub(crate) async fn promise(&self) -> MessageId {
        let draft = played::draft(played::delivery(vec![self.mailbox.id().clone()]));
        let mailboxes = &self.office.mailboxes;
        let recording = played::speak(mailboxes, draft, Duration::from_secs(2)).unwrap();
        let promise = mailboxes.spool().deliver(recording).await.unwrap();
        self.office.homes.mailbox_changed(&"mary".into()).await;
        promise.message
    }

    /// Mary deletes a message.
    pub(crate) async fn delete(&self, message: &MessageId) {
        self.mailbox
            .delete(message, Timestamp::now())
            .await
            .unwrap();
        self.office.homes.mailbox_changed(&"mary".into()).await;
    }
}

/// A phone that has not registered yet.
pub(crate) async fn new_phone() -> UdpSocket {
    UdpSocket::bind((LOOPBACK, 0)).await.unwrap()
}

/// Waits until the lamp of a phone shows so many new and saved messages.
pub(crate) async fn lamp_shows(phone: &UdpSocket, messages: &str) {
    let wanted = format!("Voice-Message: {messages}");
    let mut buffer = [0; 2048];
    let shown = async {
        loop {
            let length = phone.recv(&mut buffer).await.unwrap();
            if String::from_utf8_lossy(&buffer[..length]).contains(&wanted) {
                return;
            }
        }
    };
    let shown = timeout(PATIENCE, shown).await;
    assert!(shown.is_ok(), "the lamp never shows {messages}");
}
