//! The floor: bare loops that move as many datagrams of the same size and do nothing else.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media_worker::sockets::{BATCH, UdpBatch, bind_udp};
use switchboard_tests::line::Traffic;
use switchboard_tests::process::used_by_this_thread;
use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wire::Audio;

use crate::company::{SOCKETS, until};

/// The processor time of a loop that receives and sends what `traffic` says, one datagram per system call. As many clients
/// as there were `lines` each wait for the answers to one datagram before they send the next.
pub(crate) fn signalling(traffic: &Traffic, lines: usize) -> Duration {
    let (received, request_size) = traffic.received.total();
    let (sent, answer_size) = traffic.sent.total();
    let answers = sent as f64 / received.max(1) as f64;
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a UDP port");
    let server = socket.local_addr().expect("its address");
    let echo = std::thread::spawn(move || answer_until_stopped(&socket, answer_size));
    std::thread::scope(|scope| {
        for line in 0..lines {
            let share =
                (received as usize * (line + 1) / lines) - (received as usize * line / lines);
            scope.spawn(move || ask(server, share, request_size, answers));
        }
    });
    let stop = UdpSocket::bind("127.0.0.1:0").expect("a UDP port");
    stop.send_to(&[STOP], server)
        .expect("the loop is told to stop");
    echo.join().expect("the loop ends well")
}

fn answer_until_stopped(socket: &UdpSocket, answer_size: usize) -> Duration {
    let mut buffer = [0; 8192];
    let answer = vec![b'.'; answer_size];
    let before = used_by_this_thread();
    while let Ok((_, from)) = socket.recv_from(&mut buffer) {
        match buffer[0] {
            STOP => break,
            answers => (0..answers).for_each(|_| drop(socket.send_to(&answer, from))),
        }
    }
    used_by_this_thread().saturating_sub(before)
}

fn ask(server: SocketAddr, requests: usize, size: usize, answers: f64) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a UDP port");
    socket.connect(server).expect("a UDP socket connects");
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .expect("a time-out can be set");
    let mut request = vec![b'.'; size.max(1)];
    let mut buffer = [0; 8192];
    for index in 0..requests {
        // Ratios that are not whole are met on average.
        let due = ((index + 1) as f64 * answers) as usize - (index as f64 * answers) as usize;
        request[0] = due as u8;
        socket.send(&request).expect("a request is sent");
        for _ in 0..due {
            let _ = socket.recv(&mut buffer);
        }
    }
}

/// A stretch of time in which the loop receives, and sends or does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) length: Duration,
    pub(crate) sends: bool,
}

/// The processor time of a loop that wakes every 20 ms, receives what `streams` many streams have sent it and sends as much
/// back where the phase says so, at most 64 datagrams per system call.
pub(crate) fn media(streams: usize, phases: &[Phase]) -> Duration {
    let load = Streams::start(SOCKETS);
    let sockets: Vec<UdpSocket> = (0..SOCKETS)
        .map(|_| bind_udp("127.0.0.1:0".parse().expect("an address")).expect("a UDP port"))
        .collect();
    let addresses: Vec<SocketAddr> = sockets
        .iter()
        .map(|socket| socket.local_addr().expect("bound"))
        .collect();
    let opened: Vec<_> = (0..streams).map(|_| load.open()).collect();
    let far: Vec<SocketAddr> = opened.iter().map(|(_, audio)| audio.address).collect();
    let (sends, stop) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let pump = Pump {
        sockets,
        far,
        sends: Arc::clone(&sends),
        stop: Arc::clone(&stop),
    };
    for ((stream, _), address) in opened.iter().zip(addresses.iter().cycle()) {
        load.connect(
            *stream,
            Audio {
                address: *address,
                ssrc: None,
                events: true,
            },
            Voice::Silence,
        );
    }
    let thread = std::thread::spawn(move || pump.run());
    for phase in phases {
        sends.store(phase.sends, Ordering::Relaxed);
        until(Instant::now() + phase.length);
    }
    stop.store(true, Ordering::Relaxed);
    thread.join().expect("the loop ends well")
}

struct Pump {
    sockets: Vec<UdpSocket>,
    far: Vec<SocketAddr>,
    sends: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Pump {
    fn run(self) -> Duration {
        let (mut incoming, mut outgoing) = (UdpBatch::new(PACKET), UdpBatch::new(PACKET));
        let packet = [0; PACKET];
        let before = used_by_this_thread();
        let mut next = Instant::now();
        while !self.stop.load(Ordering::Relaxed) {
            for socket in &self.sockets {
                while incoming.recv(socket).unwrap_or(0) == BATCH {}
            }
            if self.sends.load(Ordering::Relaxed) {
                for (index, socket) in self.sockets.iter().enumerate() {
                    self.send(index, socket, &mut outgoing, &packet);
                }
            }
            next += Duration::from_millis(20);
            until(next);
        }
        used_by_this_thread().saturating_sub(before)
    }

    fn send(&self, index: usize, socket: &UdpSocket, batch: &mut UdpBatch, packet: &[u8]) {
        for far in self.far.iter().skip(index).step_by(self.sockets.len()) {
            batch.push(*far, packet);
            if batch.is_full() {
                batch.send(socket);
            }
        }
        batch.send(socket);
    }
}

const STOP: u8 = u8::MAX;
/// 20 ms of G.711 with its RTP header.
const PACKET: usize = 172;
