//! The whole probe against a small callee in the same process: an endpoint, a socket for RTP, a greeting and a beep.

mod expecting;
mod held_up;

use std::io::Write;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media::clip::{Clip, Pcm};
use media::codec::Codec;
use media::dtmf::{Digit, Receiver};
use media::rtp::{self, Header};
use media::tone::{Step, render};
use sip::digest::{Algorithm, Challenge, Credentials, Secret, answer as digest_answer};
use sip::sdp::{Agreed, Capabilities, Session as Description, Version, answer};
use sip::syntax::{HeaderName, Headers, Method, Request, StatusCode};
use sip::transport::{Flow, Protocol};
use sip::{Endpoint, EndpointConfig, Event, Output, SessionEvent, SessionId};

use super::{Outcome, run};
use crate::cli;

#[test]
fn a_message_is_left_after_the_beep() {
    let folder = tempfile::tempdir().unwrap();
    let (message, heard) = (
        folder.path().join("message.wav"),
        folder.path().join("heard.wav"),
    );
    let pcm = Pcm {
        samples: render(&[VOICE], 16_000),
        rate: 16_000,
    };
    std::fs::write(&message, media::wav::write(&pcm).unwrap()).unwrap();
    let (outcome, printed, callee) = probe_against(&Script::ANSWERS, |options| {
        options.leave_message = Some(Some(message));
        options.record = Some(heard.clone());
        options.keys = Some("1#".to_owned());
    });
    assert_eq!(outcome, Outcome::Done, "{printed}");
    assert_eq!(callee.keys, "1#");
    assert!(!printed.contains('#'), "they may be a PIN: {printed}");
    assert_eq!(callee.voiced, 40, "{printed}");
    assert!(callee.ended, "{printed}");
    in_order(
        &printed,
        &[
            "ringing (180)",
            "answered (200): PCMU",
            "pressing 2 keys",
            "speech begins",
            "speech ends: 1.0 s",
            "beep",
            "speaking",
            "message spoken",
            "hung up",
            "done",
        ],
    );
    let kept = media::wav::read(&std::fs::read(heard).unwrap()).unwrap();
    assert!(kept.duration() > Duration::from_secs(2), "{printed}");
}

#[test]
fn a_password_that_is_asked_for_is_given() {
    let script = Script {
        password: Some("secret"),
        greeting: &[VOICE],
        ..Script::ANSWERS
    };
    let (outcome, printed, callee) = probe_against(&script, |options| {
        options.handset = Some("anna-desk".to_owned());
        options.password = Some("secret".to_owned());
        options.seconds = 5;
    });
    assert_eq!(outcome, Outcome::Done, "{printed}");
    assert!(callee.ended);
    let (outcome, printed, _) = probe_against(&script, |options| {
        options.handset = Some("anna-desk".to_owned());
        options.password = Some("wrong".to_owned());
    });
    assert_eq!(outcome.exit_code(), 1);
    assert!(
        printed.contains("the password of anna-desk was refused"),
        "{printed}"
    );
}

#[test]
fn a_busy_callee_is_told() {
    let script = Script {
        refusal: Some(StatusCode::BUSY_HERE),
        ..Script::ANSWERS
    };
    let (outcome, printed, _) = probe_against(&script, |_| {});
    assert_eq!(outcome.exit_code(), 1);
    assert!(printed.contains("101 is busy (486)"), "{printed}");
}

#[test]
fn an_answer_without_audio_is_told() {
    let script = Script {
        greeting: &[],
        ..Script::ANSWERS
    };
    let (outcome, printed, callee) = probe_against(&script, |options| options.seconds = 5);
    assert_eq!(outcome.exit_code(), 1);
    assert!(printed.contains("no audio came"), "{printed}");
    assert!(callee.ended);
}

#[test]
fn a_message_without_a_beep_is_not_left() {
    let script = Script {
        greeting: &[VOICE],
        ..Script::ANSWERS
    };
    let (outcome, printed, _) = probe_against(&script, |options| {
        options.leave_message = Some(Some(sample()));
        options.seconds = 5;
    });
    assert_eq!(outcome.exit_code(), 1);
    assert!(printed.contains("no beep was heard"), "{printed}");
}

#[test]
fn an_address_where_nobody_listens_is_told_at_once() {
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let begin = Instant::now();
    let options = options(port);
    let mut out = Vec::new();
    let outcome = run(&options, &mut out).unwrap();
    let Outcome::Unanswered(sentence) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(sentence.contains("nobody listens"), "{sentence}");
    assert!(begin.elapsed() < Duration::from_secs(options.seconds));
}

#[test]
fn what_cannot_be_done_is_a_usage_error() {
    let wrong: [fn(&mut cli::Probe); 4] = [
        |options| options.uri = "tel:101".to_owned(),
        |options| options.keys = Some("x".to_owned()),
        |options| options.leave_message = Some(Some(PathBuf::from("no-such.wav"))),
        |options| options.handset = Some("anna-desk".to_owned()),
    ];
    for change in wrong {
        let mut options = options(5060);
        change(&mut options);
        let mut out = Vec::new();
        let outcome = run(&options, &mut out).unwrap();
        assert_eq!(outcome.exit_code(), 2, "{outcome:?}");
        assert!(!out.is_empty());
    }
}

fn in_order(printed: &str, expected: &[&str]) {
    let mut rest = printed;
    for text in expected {
        let Some((_, behind)) = rest.split_once(text) else {
            panic!("`{text}` is missing or out of order:\n{printed}");
        };
        rest = behind;
    }
}

fn sample() -> PathBuf {
    prompts::sample_message(&PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../prompts"
    )))
}

fn options(port: u16) -> cli::Probe {
    cli::Probe {
        uri: format!("sip:101@127.0.0.1:{port}"),
        handset: None,
        password: None,
        domain: None,
        leave_message: None,
        leave_tone: None,
        expect: None,
        afterwards: None,
        keys: None,
        record: None,
        seconds: 10,
        wait: 0,
    }
}

/// Runs the probe while the callee does what its script says.
fn probe_against(
    script: &Script,
    change: impl FnOnce(&mut cli::Probe),
) -> (Outcome, String, Callee<'_>) {
    let mut out = Vec::new();
    let (outcome, callee) = probe_telling(&mut out, script, change);
    (outcome, String::from_utf8(out).unwrap(), callee)
}

/// The same; what it prints goes to `out`.
fn probe_telling<'a>(
    out: &mut impl Write,
    script: &'a Script,
    change: impl FnOnce(&mut cli::Probe),
) -> (Outcome, Callee<'a>) {
    let mut callee = Callee::new(script);
    let mut options = options(callee.flow_local().port());
    change(&mut options);
    let over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        let running = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                callee.step();
            }
        });
        let outcome = run(&options, out);
        over.store(true, Ordering::Relaxed);
        running.join().unwrap();
        outcome
    });
    (outcome.unwrap(), callee)
}

/// What the callee does.
struct Script {
    greeting: &'static [Step],
    refusal: Option<StatusCode>,
    /// How many calls are refused so.
    refusals: usize,
    password: Option<&'static str>,
    /// Whether the greeting is all.
    hangs_up: bool,
}

impl Script {
    const ANSWERS: Script = Script {
        greeting: &[PAUSE, VOICE, VOICE_AGAIN, SHORT_PAUSE, BEEP, PAUSE],
        refusal: None,
        refusals: usize::MAX,
        password: None,
        hangs_up: false,
    };
}

/// A small user agent server.
struct Callee<'a> {
    script: &'a Script,
    endpoint: Endpoint,
    sip: UdpSocket,
    rtp: UdpSocket,
    greeting: Clip,
    talk: Option<Talk>,
    keys: String,
    receiver: Receiver,
    /// Packets of the message.
    voiced: usize,
    refused: usize,
    ended: bool,
}

struct Talk {
    session: SessionId,
    agreed: Agreed,
    frame: usize,
    next: Instant,
}

impl<'a> Callee<'a> {
    fn new(script: &'a Script) -> Self {
        let sip = UdpSocket::bind("127.0.0.1:0").unwrap();
        sip.set_read_timeout(Some(Duration::from_millis(4)))
            .unwrap();
        let rtp = UdpSocket::bind("127.0.0.1:0").unwrap();
        rtp.set_nonblocking(true).unwrap();
        Callee {
            script,
            endpoint: Endpoint::new(EndpointConfig::default(), [7; 32]),
            sip,
            rtp,
            greeting: Clip::encode_native(&render(script.greeting, 8_000), Codec::Pcmu),
            talk: None,
            keys: String::new(),
            receiver: Receiver::new(),
            voiced: 0,
            refused: 0,
            ended: false,
        }
    }

    fn flow_local(&self) -> std::net::SocketAddr {
        self.sip.local_addr().unwrap()
    }

    fn step(&mut self) {
        let mut buffer = [0; 4096];
        if let Ok((length, remote)) = self.sip.recv_from(&mut buffer) {
            let flow = Flow {
                protocol: Protocol::Udp,
                local: self.flow_local(),
                remote,
                connection: 0,
            };
            let bytes = Bytes::copy_from_slice(&buffer[..length]);
            self.endpoint.handle_datagram(flow, &bytes, Instant::now());
        }
        self.endpoint.handle_timeout(Instant::now());
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { flow, bytes } => {
                    self.sip.send_to(&bytes, flow.remote).unwrap();
                }
                Output::Close(_) => {}
                Output::Event(event) => match *event {
                    Event::Invite {
                        session, request, ..
                    } => self.on_invite(session, &request),
                    Event::Session {
                        event: SessionEvent::Ended { .. },
                        ..
                    } => {
                        self.ended = true;
                        self.talk = None;
                    }
                    Event::Session { .. } | Event::Request { .. } | Event::Response { .. } => {}
                },
            }
        }
        self.listen();
        self.talk();
    }

    fn on_invite(&mut self, session: SessionId, request: &Request) {
        let now = Instant::now();
        if let Some(password) = self.script.password
            && !is_proved(request, password)
        {
            let headers = Headers::default()
                .with(HeaderName::WwwAuthenticate, CHALLENGE_MD5)
                .with(HeaderName::WwwAuthenticate, CHALLENGE);
            self.endpoint
                .reject(session, StatusCode::UNAUTHORIZED, headers, now);
            return;
        }
        if let Some(status) = self.script.refusal
            && self.refused < self.script.refusals
        {
            self.refused += 1;
            self.endpoint
                .reject(session, status, Headers::default(), now);
            return;
        }
        let port = self.rtp.local_addr().unwrap().port();
        let capabilities = Capabilities::telephony([127, 0, 0, 1].into(), port, 5);
        let version = Version {
            session: 1,
            version: 1,
        };
        let offer = Description::parse(&request.body).unwrap();
        let (ours, agreed) = answer(&offer, &capabilities, version).unwrap();
        self.endpoint
            .progress(session, StatusCode::RINGING, None, Headers::default(), now);
        self.endpoint
            .accept(session, ours.to_bytes(), Headers::default(), now);
        self.talk = Some(Talk {
            session,
            agreed,
            frame: 0,
            next: now,
        });
    }

    fn listen(&mut self) {
        let mut buffer = [0; 2048];
        while let Ok(length) = self.rtp.recv(&mut buffer) {
            let packet = rtp::parse(&buffer[..length]).unwrap();
            let header = packet.header;
            if header.payload_type == 101 {
                let digit = self
                    .receiver
                    .receive(header.timestamp, header.marker, packet.payload);
                self.keys.extend(digit.map(Digit::to_char));
            } else if packet.payload.iter().any(|byte| *byte & 0x7f < 0x60) {
                self.voiced += 1;
            }
        }
    }

    /// The greeting, then silence or the end; nothing at all without a greeting.
    fn talk(&mut self) {
        let silence = Clip::silence(Duration::from_millis(20), Codec::Pcmu);
        let Some(talk) = &mut self.talk else {
            return;
        };
        while talk.next <= Instant::now() && self.greeting.frame_count() > 0 {
            talk.next += Duration::from_millis(20);
            let header = Header {
                marker: talk.frame == 0,
                payload_type: talk.agreed.send.send,
                sequence: talk.frame as u16,
                timestamp: talk.frame as u32 * 160,
                ssrc: 5,
            };
            let frame = self.greeting.frame(talk.frame).or(silence.frame(0));
            let mut out = [0; 200];
            let length = header.write(frame.unwrap(), &mut out).unwrap();
            self.rtp
                .send_to(&out[..length], talk.agreed.remote)
                .unwrap();
            talk.frame += 1;
        }
        if self.script.hangs_up && talk.frame >= self.greeting.frame_count() {
            let session = talk.session;
            self.talk = None;
            self.endpoint.end(session, None, Instant::now());
        }
    }
}

/// Whether the request answers our SHA-256 challenge with this password.
fn is_proved(request: &Request, password: &str) -> bool {
    let Some(given) = request.headers.authorizations().next() else {
        return false;
    };
    let challenge = Challenge::parse(CHALLENGE).unwrap();
    assert_eq!(challenge.algorithm, Algorithm::Sha256);
    let cnonce = given
        .split_once("cnonce=\"")
        .and_then(|(_, behind)| behind.split_once('"'))
        .map_or("", |(cnonce, _)| cnonce);
    assert!(Credentials::parse(given).is_ok());
    let expected = digest_answer(
        &challenge,
        &Method::Invite,
        &request.uri,
        "anna-desk",
        Secret::Password(password),
        cnonce,
        1,
    );
    given == expected
}

const CHALLENGE_MD5: &str = r#"Digest realm="office", nonce="n1", algorithm=MD5, qop="auth""#;
const CHALLENGE: &str = r#"Digest realm="office", nonce="n2", algorithm=SHA-256, qop="auth""#;
const PAUSE: Step = Step { hz: &[], ms: 400 };
const SHORT_PAUSE: Step = Step { hz: &[], ms: 200 };
const VOICE: Step = Step {
    hz: &[210, 420, 630, 1310],
    ms: 800,
};
const VOICE_AGAIN: Step = Step {
    hz: &[260, 520, 780],
    ms: 200,
};
const BEEP: Step = Step {
    hz: &[1000],
    ms: 400,
};
