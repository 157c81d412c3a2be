//! A phone for tests: an endpoint at an address, with the events it told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use netsim::{Datagram, Link, Network, Node};
use sip::digest::Account;
use sip::syntax::{Headers, Message, NameAddr, Request, Response, Uri, parse};
use sip::transport::{Flow, Protocol};
use sip::{Endpoint, EndpointConfig, Event, Invite, Output, ServerTx, SessionEvent, SessionId};

pub(crate) const ALICE: &str = "192.0.2.1:5060";
pub(crate) const BOB: &str = "192.0.2.2:5060";
pub(crate) const OFFER: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";
pub(crate) const ANSWER: &[u8] = b"v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\n";

/// A session event without its message, for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Invite,
    Progress(u16, Option<Bytes>, u32),
    Answered(Option<Bytes>),
    Failed(u16),
    Confirmed(Option<Bytes>),
    Cancelled(Option<String>),
    Offer(Option<Bytes>),
    Answer(Bytes),
    OfferFailed(u16),
    Request(String),
    Ended(String),
    Response(Result<u16, sip::RequestError>),
}

/// An endpoint and what came of it.
pub(crate) struct Phone {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) heard: Vec<Heard>,
    pub(crate) sent: Vec<Message>,
    pub(crate) session: Option<SessionId>,
    pub(crate) request: Option<(ServerTx, Request)>,
    pub(crate) answered: Option<Response>,
    out: VecDeque<Datagram<Bytes>>,
    pub(crate) answers_with: Option<&'static [u8]>,
}

impl Phone {
    pub(crate) fn new(address: &str) -> Self {
        Self::with(address, EndpointConfig::default())
    }

    pub(crate) fn with(address: &str, config: EndpointConfig) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let mut seed = [address.port() as u8; 32];
        seed[0] = address.ip().to_string().bytes().last().unwrap();
        Self {
            endpoint: Endpoint::new(config, seed),
            address,
            heard: Vec::new(),
            sent: Vec::new(),
            session: None,
            request: None,
            answered: None,
            out: VecDeque::new(),
            answers_with: None,
        }
    }

    pub(crate) fn flow(&self, to: &str) -> Flow {
        Flow {
            protocol: Protocol::Udp,
            local: self.address,
            remote: to.parse().unwrap(),
            connection: 0,
        }
    }

    pub(crate) fn call(
        &mut self,
        to: &str,
        offer: Option<&'static [u8]>,
        now: Instant,
    ) -> SessionId {
        self.call_with(to, offer, Headers::new(), now)
    }

    pub(crate) fn call_with(
        &mut self,
        to: &str,
        offer: Option<&'static [u8]>,
        headers: Headers,
        now: Instant,
    ) -> SessionId {
        self.invite(to, offer, headers, None, now)
    }

    /// Calls with an account, for whoever asks.
    pub(crate) fn call_as(
        &mut self,
        account: Account,
        to: &str,
        offer: &'static [u8],
        now: Instant,
    ) -> SessionId {
        self.invite(to, Some(offer), Headers::new(), Some(account), now)
    }

    fn invite(
        &mut self,
        to: &str,
        offer: Option<&'static [u8]>,
        headers: Headers,
        account: Option<Account>,
        now: Instant,
    ) -> SessionId {
        let target = Uri::parse(format!("sip:bob@{to}")).unwrap();
        let invite = Invite {
            target: target.clone(),
            flow: self.flow(to),
            from: NameAddr::new(Uri::parse(format!("sip:alice@{}", self.address)).unwrap()),
            to: NameAddr::new(target),
            route: Vec::new(),
            headers,
            offer: offer.map(Bytes::from_static),
            account,
        };
        let session = self.endpoint.invite(invite, now);
        self.session = Some(session);
        self.drain(now);
        session
    }

    pub(crate) fn id(&self) -> SessionId {
        self.session.unwrap()
    }

    /// Takes what was heard so far.
    pub(crate) fn take(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// Takes what was sent so far, as "METHOD" or "status METHOD".
    pub(crate) fn take_sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent).iter().map(summary).collect()
    }

    pub(crate) fn drain(&mut self, now: Instant) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { flow, bytes } => {
                    self.sent
                        .push(parse(&bytes, &sip::syntax::Limits::default()).unwrap());
                    self.out.push_back(Datagram {
                        from: flow.local,
                        to: flow.remote,
                        payload: bytes,
                    });
                }
                Output::Close(_) => {}
                Output::Event(event) => self.note(*event, now),
            }
        }
    }

    fn note(&mut self, event: Event, now: Instant) {
        let heard = match event {
            Event::Invite { session, .. } => {
                self.session = Some(session);
                if let Some(sdp) = self.answers_with {
                    self.endpoint
                        .accept(session, Bytes::from_static(sdp), Headers::new(), now);
                }
                Heard::Invite
            }
            Event::Request { tx, request, .. } => {
                let method = request.method.to_string();
                self.request = Some((tx, request));
                Heard::Request(method)
            }
            Event::Response { result, .. } => Heard::Response(result.map(|response| {
                let status = response.status.code();
                self.answered = Some(response);
                status
            })),
            Event::Session {
                event: SessionEvent::Trying,
                ..
            } => return,
            Event::Session { event, .. } => self.session_event(event),
        };
        self.heard.push(heard);
    }

    fn session_event(&mut self, event: SessionEvent) -> Heard {
        match event {
            SessionEvent::Trying => Heard::Progress(100, None, 0),
            SessionEvent::Progress {
                response,
                sdp,
                branch,
            } => Heard::Progress(response.status.code(), sdp, branch),
            SessionEvent::Answered { response, sdp, .. } => {
                self.answered = Some(response);
                Heard::Answered(sdp)
            }
            SessionEvent::Failed { response } => Heard::Failed(response.status.code()),
            SessionEvent::Confirmed { sdp } => Heard::Confirmed(sdp),
            SessionEvent::Cancelled { reason } => {
                Heard::Cancelled(reason.map(|reason| reason.to_string()))
            }
            SessionEvent::Offer { sdp } => Heard::Offer(sdp),
            SessionEvent::Answer { sdp } => Heard::Answer(sdp),
            SessionEvent::OfferFailed { status } => Heard::OfferFailed(status.code()),
            SessionEvent::Request { tx, request } => {
                let method = request.method.to_string();
                self.request = Some((tx, request));
                Heard::Request(method)
            }
            SessionEvent::Ended { reason } => Heard::Ended(format!("{reason:?}")),
        }
    }
}

/// A message in short.
pub(crate) fn summary(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => {
            let method = response.headers.cseq().unwrap().unwrap().method;
            format!("{} {method}", response.status.code())
        }
    }
}

impl Node<Bytes> for Phone {
    fn owns(&self, address: SocketAddr) -> bool {
        self.address == address
    }

    fn receive(&mut self, datagram: Datagram<Bytes>, now: Instant) {
        let flow = Flow {
            protocol: Protocol::Udp,
            local: datagram.to,
            remote: datagram.from,
            connection: 0,
        };
        self.endpoint.handle_datagram(flow, &datagram.payload, now);
        self.drain(now);
    }

    fn timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(now);
        self.drain(now);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout()
    }

    fn transmit(&mut self) -> Option<Datagram<Bytes>> {
        self.out.pop_front()
    }
}

/// Two phones and the network between them.
pub(crate) struct Pair {
    pub(crate) network: Network<Bytes>,
    pub(crate) alice: Phone,
    pub(crate) bob: Phone,
}

impl Pair {
    pub(crate) fn new(link: Link) -> Self {
        Self::seeded(1, link)
    }

    pub(crate) fn seeded(seed: u64, link: Link) -> Self {
        Self {
            network: Network::new(seed, link),
            alice: Phone::new(ALICE),
            bob: Phone::new(BOB),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.network.now()
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let now = self.now();
        self.alice.drain(now);
        self.bob.drain(now);
        self.network
            .run_for(&mut [&mut self.alice, &mut self.bob], time);
    }

    pub(crate) fn run_ms(&mut self, time: u64) {
        self.run(Duration::from_millis(time));
    }

    /// Runs until Bob's phone rings, as long as the INVITE is sent again.
    pub(crate) fn run_until_it_rings(&mut self) -> Option<SessionId> {
        for _ in 0..63 {
            self.run_ms(500);
            if self.bob.session.is_some() {
                break;
            }
        }
        self.bob.session
    }

    /// An answered call, its events forgotten.
    pub(crate) fn talk(&mut self) {
        self.alice.call(BOB, Some(OFFER), self.network.now());
        self.run_ms(50);
        let now = self.now();
        self.bob.endpoint.accept(
            self.bob.id(),
            Bytes::from_static(ANSWER),
            Headers::new(),
            now,
        );
        self.run_ms(50);
        assert!(self.bob.take().contains(&Heard::Confirmed(None)));
        assert!(
            self.alice
                .take()
                .iter()
                .any(|heard| matches!(heard, Heard::Answered(_)))
        );
        self.alice.take_sent();
        self.bob.take_sent();
    }
}
