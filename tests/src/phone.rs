//! A real phone: PJSIP, driven by `tests/peers/phone.py`.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::office::{DOMAIN, PASSWORD, Person};
use crate::wire::phones_address;
use crate::{root, wait_for};

/// How a phone sends keys.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// RFC 4733 telephone-event.
    Rfc4733,
    /// SIP INFO.
    Info,
    /// Tones in the audio.
    Inband,
}

/// How a phone is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// `udp`, `tcp` or `tls`; a phone by TLS believes every certificate.
    pub transport: &'static str,
    /// The one codec it offers, as PJSIP names it: `PCMU`, `PCMA`, `G722`; all when absent.
    pub codec: Option<&'static str>,
    /// Whether it subscribes to its message lamp.
    pub mwi: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            transport: "udp",
            codec: None,
            mwi: true,
        }
    }
}

/// The RTP packets of a call, as one of its phones counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packets {
    /// Those that it has sent.
    pub sent: u64,
    /// Those that came.
    pub received: u64,
    /// Those that didn't, by their sequence numbers.
    pub lost: u64,
}

/// A PJSIP phone in a process of its own; ended when dropped.
#[derive(Debug)]
pub struct Phone {
    child: Child,
    commands: ChildStdin,
    events: Receiver<Value>,
    /// Events that came while another was waited for, oldest first.
    seen: Vec<Value>,
}

impl Phone {
    /// A phone with its transport up.
    pub fn new(setup: Setup) -> Self {
        let python = root().join(".tools/peers/bin/python");
        assert!(
            python.exists(),
            "the PJSIP phone is missing: run .ci/peers (./check does)"
        );
        let mut child = Command::new(python)
            .arg(root().join("tests/peers/phone.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the phone starts");
        let commands = child.stdin.take().expect("its standard input");
        let stdout = child.stdout.take().expect("its standard output");
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Ok(event) = serde_json::from_str(&line) {
                    let _ = sender.send(event);
                }
            }
        });
        let mut phone = Self {
            child,
            commands,
            events,
            seen: Vec::new(),
        };
        phone.tell(
            &json!({"cmd": "start", "transport": setup.transport, "codec": setup.codec, "ip": phones_address()}),
        );
        phone
    }

    /// A phone that is registered as the handset of `person`.
    pub fn of(person: &Person, server: SocketAddr) -> Self {
        Self::set_up(person, server, Setup::default())
    }

    /// The same with a setup of its own.
    pub fn set_up(person: &Person, server: SocketAddr, setup: Setup) -> Self {
        let mut phone = Self::new(setup);
        phone.register(&person.handset(), PASSWORD, server, setup.mwi);
        phone.expect("registered", |_| true);
        phone
    }

    /// Registers an account; the outcome comes as `registered` or `unregistered`.
    pub fn register(&mut self, user: &str, password: &str, server: SocketAddr, mwi: bool) {
        self.tell(
            &json!({"cmd": "register", "user": user, "domain": DOMAIN, "password": password,
                          "server": server.to_string(), "mwi": mwi}),
        );
    }

    /// Calls a number, playing and recording WAV files.
    pub fn call(&mut self, number: &str, play: Option<&Path>, record: Option<&Path>) {
        self.tell(
            &json!({"cmd": "call", "to": format!("sip:{number}@{DOMAIN}"), "play": play,
                          "loop": true, "record": record}),
        );
    }

    /// Answers the ringing call.
    pub fn answer(&mut self, play: Option<&Path>, record: Option<&Path>) {
        self.tell(&json!({"cmd": "answer", "play": play, "loop": true, "record": record}));
    }

    /// Says that it rings.
    pub fn ring(&mut self) {
        self.tell(&json!({"cmd": "answer", "code": 180}));
    }

    /// Refuses the ringing call with a status.
    pub fn refuse(&mut self, status: u16) {
        self.tell(&json!({"cmd": "answer", "code": status}));
    }

    /// Hangs up.
    pub fn hang_up(&mut self) {
        self.tell(&json!({"cmd": "hangup"}));
    }

    /// Presses keys.
    pub fn press(&mut self, digits: &str, how: Keys) {
        let method = match how {
            Keys::Rfc4733 => "rfc2833",
            Keys::Info => "info",
            Keys::Inband => "inband",
        };
        self.tell(&json!({"cmd": "dtmf", "digits": digits, "method": method}));
    }

    /// Plays a WAV file once into the call, and waits until so many seconds of it are sent. The phone's own clock counts, which
    /// stands still where the phone is not run.
    ///
    /// # Panics
    /// When they are not sent within a minute.
    pub fn say(&mut self, file: &Path, seconds: u64) {
        self.tell(&json!({"cmd": "play", "path": file}));
        let before = self.packets().sent;
        wait_for("the words to be sent", PATIENCE, || {
            (self.packets().sent >= before + PACKETS_A_SECOND * seconds).then_some(())
        });
    }

    /// RTP packets of the call that were sent and have come, and those that were missing between these.
    pub fn packets(&mut self) -> Packets {
        self.tell(&json!({"cmd": "stats"}));
        let stats = self.expect("stats", |_| true);
        let number = |name: &str| stats[name].as_u64().expect("a number");
        Packets {
            sent: number("tx"),
            received: number("rx"),
            lost: number("lost"),
        }
    }

    /// Sends any command and waits until it is carried out.
    ///
    /// # Panics
    /// When the phone says that it can't.
    pub fn tell(&mut self, command: &Value) {
        writeln!(self.commands, "{command}").expect("the phone listens");
        let answer = self.expect_any("ok", |event| {
            event["event"] == "ok" || event["event"] == "error"
        });
        assert_eq!(answer["event"], "ok", "{command}: {answer}");
    }

    /// Waits for an event of this name that `fits`, at most a minute.
    pub fn expect(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.expect_any(name, |event| event["event"] == name && fits(event))
    }

    /// Waits until the call is in a state: `EARLY`, `CONFIRMED`, `DISCONNECTED`.
    pub fn expect_call(&mut self, state: &str) -> Value {
        self.expect("call", |event| event["state"] == state)
    }

    /// Waits for the lamp to show `new` new messages of `saved` saved ones; the lamp event.
    pub fn expect_lamp(&mut self, new: u32, saved: u32) -> Value {
        let counts = format!("Voice-Message: {new}/{saved}");
        self.expect("mwi", |event| {
            event["body"]
                .as_str()
                .is_some_and(|body| body.contains(&counts))
        })
    }

    fn expect_any(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(found) = self.seen.iter().position(&fits) {
            return self.seen.remove(found);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                panic!(
                    "the phone waited for `{what}` and saw only {:#?}",
                    self.seen
                );
            };
            if fits(&event) {
                return event;
            }
            self.seen.push(event);
        }
    }

    /// Whether an event of this name has come.
    pub fn has(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> bool {
        self.seen.extend(self.events.try_iter());
        self.seen
            .iter()
            .any(|event| event["event"] == name && fits(event))
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// Of every codec that a worker speaks.
const PACKETS_A_SECOND: u64 = 50;
