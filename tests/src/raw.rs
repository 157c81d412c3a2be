//! A phone made by hand: for what a well-behaved phone never does, and for many callers at little cost.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use sip::digest::{Algorithm, Challenge, Secret};
use sip::syntax::{Method, Uri};

use crate::office::DOMAIN;
use crate::wire;

/// Which digest algorithm to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// RFC 2617's.
    Md5,
    /// RFC 8760's.
    Sha256,
}

/// A SIP response as text.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// The whole message.
    pub text: String,
}

impl Answer {
    fn read(text: String) -> Option<Self> {
        let line = text.lines().next()?.strip_prefix("SIP/2.0 ")?;
        let (status, reason) = line.split_once(' ')?;
        Some(Self {
            status: status.parse().ok()?,
            reason: reason.to_owned(),
            text,
        })
    }

    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        wire::headers(&self.text, name).collect()
    }

    /// The names of all headers, in order.
    pub fn header_names(&self) -> Vec<String> {
        self.text
            .lines()
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| Some(line.split_once(':')?.0.to_owned()))
            .collect()
    }
}

/// A UDP socket that speaks SIP by hand.
#[derive(Debug)]
pub struct RawPhone {
    socket: UdpSocket,
    server: SocketAddr,
    cseq: u32,
    call: String,
    tag: String,
    user: String,
    password: String,
}

impl RawPhone {
    /// A phone that sends to `server`.
    pub fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a UDP port");
        let own = socket.local_addr().expect("its address").port();
        Self {
            socket,
            server,
            cseq: 0,
            call: format!("raw-{own}"),
            tag: format!("t{own}"),
            user: String::new(),
            password: String::new(),
        }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().expect("the socket is bound")
    }

    /// Sends bytes as they are.
    pub fn send(&self, bytes: &[u8]) {
        self.socket
            .send_to(bytes, self.server)
            .expect("the datagram is sent");
    }

    /// The next datagram, within `bound`.
    pub fn receive(&self, bound: Duration) -> Option<String> {
        let mut buffer = [0; 8192];
        self.socket
            .set_read_timeout(Some(bound))
            .expect("a time-out can be set");
        let length = self.socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// Registers this phone, answering the challenge; the last answer.
    pub fn register(&mut self, user: &str, password: &str, algorithm: Digest) -> Answer {
        user.clone_into(&mut self.user);
        password.clone_into(&mut self.password);
        let contact = format!("Contact: <sip:{user}@{}>;expires=300\r\n", self.address());
        self.request(
            "REGISTER",
            &format!("sip:{DOMAIN}"),
            &format!("sip:{user}@{DOMAIN}"),
            &contact,
            "",
            Some(algorithm),
        )
    }

    /// Sends a request with credentials where they are asked for; the last answer that is final.
    pub fn request(
        &mut self,
        method: &str,
        uri: &str,
        to: &str,
        headers: &str,
        body: &str,
        algorithm: Option<Digest>,
    ) -> Answer {
        let first = self.transact(method, uri, to, headers, body);
        if first.status != 401 {
            return first;
        }
        let Some(algorithm) = algorithm else {
            return first;
        };
        let wanted = match algorithm {
            Digest::Md5 => Algorithm::Md5,
            Digest::Sha256 => Algorithm::Sha256,
        };
        let challenge = first
            .header("WWW-Authenticate")
            .into_iter()
            .filter_map(|value| Challenge::parse(value).ok())
            .find(|challenge| challenge.algorithm == wanted)
            .expect("the wanted algorithm is offered");
        let (named, target): (Method, _) = (
            method.parse().expect("a method"),
            Uri::parse(uri).expect("a URI"),
        );
        let secret = Secret::Password(&self.password);
        let credentials =
            sip::digest::answer(&challenge, &named, &target, &self.user, secret, "c0ffee", 1);
        if method == "INVITE" {
            self.ack(uri, to, &first);
        }
        let headers = format!("{headers}Authorization: {credentials}\r\n");
        self.transact(method, uri, to, &headers, body)
    }

    /// The answer to a request that carries no credentials.
    pub fn request_without_credentials(&mut self, method: &str, uri: &str) -> Answer {
        let contact = format!(
            "Contact: <sip:raw@{}>\r\nEvent: message-summary\r\n",
            self.address()
        );
        self.request(method, uri, uri, &contact, "", None)
    }

    /// Waits for an INVITE to this user; those to others are retransmissions of what was answered before.
    pub fn expect_call_to(&mut self, user: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        while Instant::now() < end {
            let Some(text) = self.receive(Duration::from_millis(500)) else {
                continue;
            };
            if text.starts_with(&format!("INVITE sip:{user}@")) {
                return text;
            }
            others.push(text);
        }
        panic!("no call to {user} came, but {others:#?}");
    }

    /// Waits for a request of this method from the worker.
    pub fn expect_request(&mut self, method: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let Some(text) = self.receive(Duration::from_millis(500)) else {
                continue;
            };
            if text.starts_with(&format!("{method} ")) {
                return text;
            }
        }
        panic!("no {method} came");
    }

    /// Answers a request with a status and no body.
    pub fn answer(&mut self, request: &str, status: u16) {
        let user = match &*self.user {
            "" => "raw",
            user => user,
        };
        let contact = format!("Contact: <sip:{user}@{}>\r\n", self.address());
        self.send(wire::response(request, status, &self.tag, &contact, "").as_bytes());
    }

    fn transact(&mut self, method: &str, uri: &str, to: &str, headers: &str, body: &str) -> Answer {
        self.cseq += 1;
        let Self {
            cseq, call, tag, ..
        } = self;
        let from = if self.user.is_empty() {
            "raw"
        } else {
            &self.user
        };
        let own = self.socket.local_addr().expect("bound");
        let request = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bK-{call}-{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:{from}@{DOMAIN}>;tag={tag}\r\nTo: <{to}>\r\nCall-ID: {call}-{method}\r\nCSeq: {cseq} {method}\r\n{headers}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            self.send(request.as_bytes());
            let pause = Instant::now() + Duration::from_millis(500);
            while let Some(text) = self.receive(
                pause
                    .saturating_duration_since(Instant::now())
                    .max(Duration::from_millis(1)),
            ) {
                let ours = wire::header(&text, "CSeq") == format!("{} {method}", self.cseq);
                if let Some(answer) =
                    Answer::read(text).filter(|answer| ours && answer.status >= 200)
                {
                    return answer;
                }
                if Instant::now() >= pause {
                    break;
                }
            }
        }
        panic!("{method} was not answered");
    }

    fn ack(&self, uri: &str, to: &str, answer: &Answer) {
        let Self {
            cseq,
            call,
            tag,
            user,
            ..
        } = self;
        let own = self.address();
        let to_tag = answer
            .header("To")
            .first()
            .and_then(|to| to.split_once(";tag="))
            .map_or("", |(_, tag)| tag)
            .to_owned();
        self.send(
            format!(
                "ACK {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bK-{call}-{cseq}\r\nMax-Forwards: 70\r\n\
                 From: <sip:{user}@{DOMAIN}>;tag={tag}\r\nTo: <{to}>;tag={to_tag}\r\nCall-ID: {call}-INVITE\r\nCSeq: {cseq} ACK\r\nContent-Length: 0\r\n\r\n"
            )
            .as_bytes(),
        );
    }
}

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
