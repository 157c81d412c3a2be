//! A caller at little cost: one UDP socket, no media of its own, one thing at a time.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sip::digest::{self, Algorithm, Challenge, Ha1, Secret};
use sip::syntax::{Method, Uri};

use crate::office::DOMAIN;
use crate::wire::{self, Audio};

/// A user agent that registers, calls and hangs up.
#[derive(Debug)]
pub struct Line {
    socket: UdpSocket,
    own: SocketAddr,
    account: Account,
    count: u32,
    patience: Duration,
    gone: Arc<AtomicBool>,
    traffic: Arc<Traffic>,
}

/// A call that is up.
#[derive(Clone, Debug)]
pub struct Dialog {
    ids: Ids,
    target: String,
    /// Where the far side wants our audio, and what it sends with.
    pub audio: Option<Audio>,
}

/// Why a request did not lead to a 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another final answer came.
    Refused(u16),
    /// No answer came in time.
    NoAnswer,
}

/// Datagrams that lines and desks have exchanged with the worker, seen from the worker.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Sent to it.
    pub received: Flow,
    /// Sent by it.
    pub sent: Flow,
}

/// Datagrams of one direction.
#[derive(Debug, Default)]
pub struct Flow {
    datagrams: AtomicU64,
    bytes: AtomicU64,
}

#[derive(Clone, Debug)]
struct Ids {
    call: String,
    from: String,
    to: String,
    sequence: u32,
}

#[derive(Clone, Debug)]
struct Account {
    user: String,
    password: String,
    challenge: Option<(Challenge, Ha1)>,
    uses: u32,
}

impl Flow {
    /// Notes one datagram.
    pub fn add(&self, bytes: usize) {
        self.datagrams.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Datagrams so far, and their mean size in bytes.
    pub fn total(&self) -> (u64, usize) {
        let datagrams = self.datagrams.load(Ordering::Relaxed);
        let bytes = self.bytes.load(Ordering::Relaxed);
        (datagrams, (bytes / datagrams.max(1)) as usize)
    }
}

impl Line {
    /// A line to `server` with the username and password of a handset.
    pub fn new(server: SocketAddr, user: &str, password: &str) -> Self {
        Self::on(
            UdpSocket::bind((wire::phones_address(), 0)).expect("a UDP port"),
            server,
            user,
            password,
        )
    }

    /// The same on a socket that is there already.
    pub fn on(socket: UdpSocket, server: SocketAddr, user: &str, password: &str) -> Self {
        socket.connect(server).expect("a UDP socket connects");
        let own = socket.local_addr().expect("its address");
        let account = Account {
            user: user.to_owned(),
            password: password.to_owned(),
            challenge: None,
            uses: 0,
        };
        Self {
            socket,
            own,
            account,
            count: 0,
            patience: PATIENCE,
            gone: Arc::default(),
            traffic: Arc::default(),
        }
    }

    /// Counts its datagrams here too.
    #[must_use]
    pub fn counted(mut self, traffic: &Arc<Traffic>) -> Self {
        self.traffic = Arc::clone(traffic);
        self
    }

    /// Waits this long for an answer.
    #[must_use]
    pub fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Waits for no answer any more once `gone` says that the worker is.
    #[must_use]
    pub fn until(mut self, gone: &Arc<AtomicBool>) -> Self {
        self.gone = Arc::clone(gone);
        self
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.own
    }

    /// Registers a contact of this line for `seconds`.
    ///
    /// # Errors
    /// Anything but 200.
    pub fn register(&mut self, seconds: u32) -> Result<(), Failure> {
        let user = self.account.user.clone();
        let headers = format!("Contact: <sip:{user}@{}>;expires={seconds}\r\n", self.own);
        let mut ids = self.ids(&format!("<sip:{user}@{DOMAIN}>"));
        self.request("REGISTER", &format!("sip:{DOMAIN}"), &mut ids, &headers, "")
            .map(|_| ())
    }

    /// Forgets the challenge, so that the next request is challenged.
    pub fn forget(&mut self) {
        self.account.challenge = None;
    }

    /// The value of an Authorization header for a request that somebody else sends; empty before the first challenge.
    pub fn credentials(&mut self, method: &str, uri: &str) -> String {
        self.account.answer(method, uri).unwrap_or_default()
    }

    /// Calls a number and waits for the answer.
    ///
    /// # Errors
    /// Anything but 200.
    pub fn call(&mut self, number: &str, audio: &Audio) -> Result<Dialog, Failure> {
        let uri = format!("sip:{number}@{DOMAIN}");
        let mut ids = self.ids(&format!("<{uri}>"));
        let headers = format!(
            "Contact: <sip:{}@{}>\r\nContent-Type: application/sdp\r\n",
            self.account.user, self.own
        );
        let answer = self.request("INVITE", &uri, &mut ids, &headers, &audio.sdp())?;
        wire::header(&answer, "To").clone_into(&mut ids.to);
        let target = wire::uri(wire::header(&answer, "Contact")).to_owned();
        let audio = Audio::read(wire::body(&answer));
        let dialog = Dialog { ids, target, audio };
        let ack = self.text(("ACK", &dialog.target), "ACK", &dialog.ids, "", "");
        self.send(&ack);
        Ok(dialog)
    }

    /// Hangs up.
    ///
    /// # Errors
    /// Anything but 200.
    pub fn hang_up(&mut self, mut dialog: Dialog) -> Result<(), Failure> {
        let target = dialog.target.clone();
        dialog.ids.sequence += 1;
        self.request("BYE", &target, &mut dialog.ids, "", "")
            .map(|_| ())
    }

    /// Calls a number and hangs up; the Contact of the answer and where it wants audio. None when it isn't answered.
    pub fn offered_by(&mut self, number: &str) -> Option<(String, SocketAddr)> {
        let dialog = self.call(number, &Audio::nowhere(1)).ok()?;
        let offered = (dialog.target.clone(), dialog.audio?.address);
        self.hang_up(dialog).ok()?;
        Some(offered)
    }

    /// Any request outside of a dialog; the answer of 200.
    ///
    /// # Errors
    /// Anything but 200.
    pub fn ask(&mut self, method: &str, uri: &str, headers: &str) -> Result<String, Failure> {
        let mut ids = self.ids(&format!("<{uri}>"));
        self.request(method, uri, &mut ids, headers, "")
    }

    /// Waits for a request from the worker and answers it with 200; none when none comes in time.
    pub fn await_request(&mut self, bound: Duration) -> Option<String> {
        let end = Instant::now() + bound;
        while Instant::now() < end {
            let Some(message) = self.receive(end) else {
                continue;
            };
            self.stray(&message);
            if wire::method(&message).is_some() {
                return Some(message);
            }
        }
        None
    }

    fn request(
        &mut self,
        method: &str,
        uri: &str,
        ids: &mut Ids,
        headers: &str,
        body: &str,
    ) -> Result<String, Failure> {
        let mut challenged = false;
        loop {
            let credentials = self
                .account
                .answer(method, uri)
                .map(|value| format!("Authorization: {value}\r\n"));
            let headers = format!("{}{headers}", credentials.unwrap_or_default());
            let request = self.text((method, uri), method, ids, &headers, body);
            let answer = self.transact(&request, method, ids)?;
            let status = wire::status(&answer).unwrap_or_default();
            if method == "INVITE" && status >= 300 {
                let to = Ids {
                    to: wire::header(&answer, "To").to_owned(),
                    ..ids.clone()
                };
                // RFC 3261 section 17.1.1.3: it belongs to the transaction of its INVITE.
                let ack = self.text(("ACK", uri), "INVITE", &to, "", "");
                self.send(&ack);
            }
            match status {
                200..300 => return Ok(answer),
                401 if !challenged => {
                    challenged = true;
                    self.account.challenged(&answer);
                    ids.sequence += 1;
                }
                status => return Err(Failure::Refused(status)),
            }
        }
    }

    fn transact(&mut self, request: &str, method: &str, ids: &Ids) -> Result<String, Failure> {
        let sequence = format!("{} {method}", ids.sequence);
        let end = Instant::now() + self.patience;
        let mut interval = T1;
        let mut resend = Instant::now();
        let mut provisional = false;
        while Instant::now() < end && !self.gone.load(Ordering::SeqCst) {
            if !provisional && Instant::now() >= resend {
                self.send(request);
                resend = Instant::now() + interval;
                interval = (2 * interval).min(T2);
            }
            let Some(message) = self.receive(resend.min(end).min(Instant::now() + GLANCE)) else {
                continue;
            };
            let status = wire::status(&message);
            let ours = wire::header(&message, "CSeq") == sequence
                && wire::header(&message, "Call-ID") == ids.call;
            match status {
                Some(200..) if ours => return Ok(message),
                Some(_) if ours => {
                    provisional = method == "INVITE";
                    resend = end;
                }
                Some(_) => {}
                None => self.stray(&message),
            }
        }
        Err(Failure::NoAnswer)
    }

    /// What the worker asks while we wait for something else is granted.
    fn stray(&self, message: &str) {
        if wire::method(message).is_some_and(|method| method != "ACK") {
            self.send(&wire::response(message, 200, "line", "", ""));
        }
    }

    fn ids(&mut self, to: &str) -> Ids {
        self.count += 1;
        let Self {
            own,
            account,
            count,
            ..
        } = self;
        Ids {
            call: format!("{count}-{}-{}", account.user, own.port()),
            from: format!("<sip:{}@{DOMAIN}>;tag=f{count}", account.user),
            to: to.to_owned(),
            sequence: 1,
        }
    }

    fn text(
        &self,
        (method, uri): (&str, &str),
        branch: &str,
        ids: &Ids,
        headers: &str,
        body: &str,
    ) -> String {
        let Ids {
            call,
            from,
            to,
            sequence,
        } = ids;
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {};rport;branch=z9hG4bK{call}{branch}{sequence}\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {sequence} {method}\r\nUser-Agent: line\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            self.own,
            body.len()
        )
    }

    fn send(&self, message: &str) {
        self.traffic.received.add(message.len());
        // A worker that has just been killed refuses; the retransmission finds the next one.
        let _ = self.socket.send(message.as_bytes());
    }

    fn receive(&self, until: Instant) -> Option<String> {
        let mut buffer = [0; 8192];
        let wait = until
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        self.socket
            .set_read_timeout(Some(wait))
            .expect("a time-out can be set");
        let length = match self.socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(error) => {
                if error.kind() == std::io::ErrorKind::ConnectionRefused {
                    std::thread::sleep(Duration::from_millis(5));
                }
                return None;
            }
        };
        self.traffic.sent.add(length);
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }
}

impl Account {
    /// The value of an Authorization header; none before the first challenge.
    fn answer(&mut self, method: &str, uri: &str) -> Option<String> {
        let (challenge, ha1) = self.challenge.as_ref()?;
        self.uses += 1;
        let method: Method = method.parse().expect("a method");
        let uri = Uri::parse(uri).expect("a URI");
        Some(digest::answer(
            challenge,
            &method,
            &uri,
            &self.user,
            Secret::Ha1(ha1),
            "c0ffee",
            self.uses,
        ))
    }

    fn challenged(&mut self, answer: &str) {
        let challenge = wire::headers(answer, "WWW-Authenticate")
            .filter_map(|value| Challenge::parse(value).ok())
            .find(|challenge| challenge.algorithm == Algorithm::Md5)
            .expect("MD5 is offered");
        let ha1 = digest::ha1(
            challenge.algorithm,
            &self.user,
            &challenge.realm,
            &self.password,
        );
        self.challenge = Some((challenge, ha1));
        self.uses = 0;
    }
}

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
/// So often somebody who waits looks whether the worker is still there.
const GLANCE: Duration = Duration::from_millis(200);
/// Longer than the 32 s of RFC 3261's timer B: a machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
