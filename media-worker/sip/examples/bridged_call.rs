//! How long the endpoint in the middle of bridged calls works per call: two sessions, INVITE to BYE on both sides.
//!
//! `cargo run --release -p switchboard-sip --example bridged_call`
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "measures real time"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sip::syntax::{Headers, NameAddr, StatusCode, Uri};
use sip::transport::{Flow, Protocol};
use sip::{Endpoint, EndpointConfig, Event, Invite, Output, SessionEvent, SessionId};

const CALLS: u32 = 5000;
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

/// An endpoint, the time it has worked, and what it has said.
struct Party {
    endpoint: Endpoint,
    worked: Duration,
    sent: Vec<(Flow, Bytes)>,
    events: Vec<Event>,
}

impl Party {
    fn new(seed: u8) -> Self {
        let endpoint = Endpoint::new(EndpointConfig::default(), [seed; 32]);
        Self {
            endpoint,
            worked: Duration::ZERO,
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn work<T>(&mut self, act: impl FnOnce(&mut Endpoint) -> T) -> T {
        let start = Instant::now();
        let result = act(&mut self.endpoint);
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { flow, bytes } => self.sent.push((flow, bytes)),
                Output::Close(_) => {}
                Output::Event(event) => self.events.push(*event),
            }
        }
        self.worked += start.elapsed();
        result
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 5060))
}

fn flow(from: u8, to: u8) -> Flow {
    Flow {
        protocol: Protocol::Udp,
        local: address(from),
        remote: address(to),
        connection: 0,
    }
}

/// Hands messages over until all is quiet; parties are the caller 1, the middle 2 and the called 3.
fn settle(parties: &mut [Party; 3], now: Instant) {
    loop {
        let mut quiet = true;
        for from in 0..3 {
            for (flow, bytes) in std::mem::take(&mut parties[from].sent) {
                quiet = false;
                let to = (0..3)
                    .find(|to| address(*to as u8 + 1) == flow.remote)
                    .unwrap();
                let back = Flow {
                    local: flow.remote,
                    remote: flow.local,
                    ..flow
                };
                parties[to].work(|endpoint| endpoint.handle_datagram(back, &bytes, now));
            }
        }
        if quiet {
            return;
        }
    }
}

fn invite(from: u8, to: u8) -> Invite {
    let target = Uri::parse(format!("sip:bob@192.0.2.{to}")).unwrap();
    Invite {
        target: target.clone(),
        flow: flow(from, to),
        from: NameAddr::new(Uri::parse("sip:alice@office.example").unwrap()),
        to: NameAddr::new(target),
        route: Vec::new(),
        headers: Headers::new(),
        offer: Some(Bytes::from_static(SDP)),
        account: None,
    }
}

fn incoming(events: &mut Vec<Event>) -> SessionId {
    let found = events.drain(..).find_map(|event| match event {
        Event::Invite { session, .. } => Some(session),
        Event::Request { .. } | Event::Session { .. } | Event::Response { .. } => None,
    });
    found.unwrap()
}

fn call(parties: &mut [Party; 3], now: Instant) {
    let sdp = || Bytes::from_static(SDP);
    parties[0].work(|endpoint| endpoint.invite(invite(1, 2), now));
    settle(parties, now);
    let inner = incoming(&mut parties[1].events);
    let outer = parties[1].work(|endpoint| endpoint.invite(invite(2, 3), now));
    settle(parties, now);
    let called = incoming(&mut parties[2].events);
    parties[2]
        .work(|endpoint| endpoint.progress(called, StatusCode::RINGING, None, Headers::new(), now));
    settle(parties, now);
    parties[1]
        .work(|endpoint| endpoint.progress(inner, StatusCode::RINGING, None, Headers::new(), now));
    settle(parties, now);
    parties[2].work(|endpoint| endpoint.accept(called, sdp(), Headers::new(), now));
    settle(parties, now);
    parties[1].work(|endpoint| endpoint.accept(inner, sdp(), Headers::new(), now));
    settle(parties, now);
    parties[2].work(|endpoint| endpoint.end(called, None, now));
    settle(parties, now);
    let ended = |event: &Event| matches!(event, Event::Session { session, event: SessionEvent::Ended { .. } } if *session == outer);
    assert!(parties[1].events.iter().any(ended));
    parties[1].work(|endpoint| endpoint.end(inner, None, now));
    settle(parties, now);
    for party in parties {
        party.events.clear();
    }
}

fn main() {
    let mut parties = [Party::new(1), Party::new(2), Party::new(3)];
    let mut now = Instant::now();
    for _ in 0..CALLS {
        call(&mut parties, now);
        now += Duration::from_millis(20);
        for party in &mut parties {
            party.work(|endpoint| endpoint.handle_timeout(now));
        }
        settle(&mut parties, now);
    }
    let per_call = parties[1].worked / CALLS;
    println!(
        "{CALLS} bridged calls, 50 a second: {per_call:?} of endpoint time each in the middle"
    );
}
