//! Phones that answer at once: the far ends of many bridged calls, on one UDP socket and one thread.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::line::{Line, Traffic};
use crate::wire::{self, Audio, phones_address};

/// Phones that ring for a moment and answer.
#[derive(Debug)]
pub struct Desk {
    calls: Arc<Mutex<Calls>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Calls {
    /// What those who answer say about their audio, by the username that is called.
    phones: HashMap<String, Option<Audio>>,
    answered: u32,
    /// Those answered, by username: what the worker offered.
    up: HashMap<String, Audio>,
    ended: u64,
}

impl Desk {
    /// Registers these phones and serves them from then on: by username, what each says about its audio. One that has none
    /// names another address in each call, where nobody is.
    ///
    /// # Panics
    /// When a registration is refused.
    pub fn new(
        server: SocketAddr,
        password: &str,
        phones: HashMap<String, Option<Audio>>,
        traffic: &Arc<Traffic>,
    ) -> Self {
        let socket = UdpSocket::bind((phones_address(), 0)).expect("a UDP port");
        for user in phones.keys() {
            let socket = socket.try_clone().expect("a socket can be shared");
            Line::on(socket, server, user, password)
                .register(3600)
                .expect("the desk phone registers");
        }
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .expect("a time-out can be set");
        let calls = Arc::new(Mutex::new(Calls {
            phones,
            ..Calls::default()
        }));
        let stop = Arc::default();
        let serving = Serving {
            socket,
            server,
            calls: Arc::clone(&calls),
            stop: Arc::clone(&stop),
            traffic: Arc::clone(traffic),
        };
        let thread = std::thread::Builder::new()
            .name("desk".into())
            .spawn(move || serving.run())
            .expect("a thread");
        Self {
            calls,
            stop,
            thread: Some(thread),
        }
    }

    /// What the worker offered the phone of `user` in its call.
    pub fn offered(&self, user: &str) -> Option<Audio> {
        self.calls.lock().unwrap().up.get(user).copied()
    }

    /// How many calls have ended.
    pub fn ended(&self) -> u64 {
        self.calls.lock().unwrap().ended
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Serving {
    socket: UdpSocket,
    server: SocketAddr,
    calls: Arc<Mutex<Calls>>,
    stop: Arc<AtomicBool>,
    traffic: Arc<Traffic>,
}

impl Serving {
    fn run(self) {
        let mut buffer = [0; 8192];
        let mut keepalive = Instant::now() + KEEPALIVE;
        while !self.stop.load(Ordering::Relaxed) {
            if Instant::now() >= keepalive {
                keepalive = Instant::now() + KEEPALIVE;
                let _ = self.socket.send_to(b"\r\n\r\n", self.server);
            }
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else {
                continue;
            };
            self.traffic.sent.add(length);
            let message = String::from_utf8_lossy(&buffer[..length]);
            match wire::method(&message) {
                Some("INVITE") => self.ring_and_answer(&message, from),
                Some("BYE") => {
                    self.send(&wire::response(&message, 200, "desk", "", ""), from);
                    self.calls.lock().unwrap().ended += 1;
                }
                Some("ACK") | None => {}
                Some(_) => self.send(&wire::response(&message, 200, "desk", "", ""), from),
            }
        }
    }

    fn ring_and_answer(&self, invite: &str, from: SocketAddr) {
        let user = user_of(invite);
        let mut calls = self.calls.lock().unwrap();
        let Some(audio) = calls.phones.get(user).copied() else {
            return self.send(&wire::response(invite, 404, "desk", "", ""), from);
        };
        calls.answered += 1;
        let audio = audio.unwrap_or_else(|| Audio::nowhere(calls.answered));
        if let Some(offered) = Audio::read(wire::body(invite)) {
            calls.up.insert(user.to_owned(), offered);
        }
        drop(calls);
        let contact = format!(
            "Contact: <sip:{user}@{}>\r\n",
            self.socket.local_addr().expect("bound")
        );
        // One tag per call: it is a part of the Call-ID.
        let tag: String = wire::header(invite, "Call-ID")
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(12)
            .collect();
        self.send(&wire::response(invite, 180, &tag, &contact, ""), from);
        let described = format!("{contact}Content-Type: application/sdp\r\n");
        self.send(
            &wire::response(invite, 200, &tag, &described, &audio.sdp()),
            from,
        );
    }

    fn send(&self, message: &str, to: SocketAddr) {
        self.traffic.received.add(message.len());
        let _ = self.socket.send_to(message.as_bytes(), to);
    }
}

fn user_of(request: &str) -> &str {
    let uri = request.split(' ').nth(1).unwrap_or_default();
    uri.trim_start_matches("sip:")
        .split('@')
        .next()
        .unwrap_or_default()
}

/// A firewall forgets after 30 s who may come in.
const KEEPALIVE: Duration = Duration::from_secs(10);
