//! What one media thread costs: playback to callers who send RTP, and relay of two-way calls, beside the floor (a bare loop that
//! receives and sends the same datagrams on the same number of ports, up to 64 a system call).
//!
//! `cargo run --release -p media-worker --example media_load -- [calls] [seconds]`
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::clip::Clip;
use media::codec::Codec;
use media::engine::{Command, Direction, EngineConfig, Expect, Format, LegSpec, PlayItem};
use media::rtp::Header;
use media_worker::media_threads::{MediaConfig, MediaHandle, MediaThreads};
use media_worker::sockets::{BATCH, UdpBatch, bind_udp};

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<u64>().unwrap());
    let calls = arguments.next().unwrap_or(100);
    let time = Duration::from_secs(arguments.next().unwrap_or(10));
    let playback = measure(calls, time, |media, callers| {
        for (id, caller) in callers.iter().enumerate() {
            open(media, id as u64, caller);
            let items = vec![PlayItem::Loop(Clip::silence(
                Duration::from_secs(5),
                Codec::Pcmu,
            ))];
            media.command(
                0,
                Command::Play {
                    leg: id as u64,
                    items,
                    tag: 0,
                },
            );
        }
    });
    playback.print("playback", floor(calls, time, TICK));
    let relay = measure(calls * 2, time, |media, callers| {
        for (id, caller) in callers.iter().enumerate() {
            open(media, id as u64, caller);
        }
        for call in 0..calls {
            media.command(
                0,
                Command::Bridge {
                    a: 2 * call,
                    b: 2 * call + 1,
                },
            );
        }
    });
    relay.print("relay", floor(calls * 2, time, Duration::from_millis(3)));
}

struct Measured {
    /// Share of a core that the media thread used.
    core: f64,
    sent: u64,
    received: u64,
    delays: Vec<Duration>,
    late: u64,
}

impl Measured {
    fn print(self, work: &str, floor: (f64, Vec<Duration>)) {
        let (floor, floor_delays) = floor;
        let (p99, floor_p99) = (p99(self.delays), p99(floor_delays));
        println!(
            "{work}: {:.2} % of a core, floor {:.2} %, ratio {:.2}; {} in, {} out, {} late ticks, p99 of delay {p99:?}, floor {floor_p99:?}",
            self.core * 100.0,
            floor * 100.0,
            self.core / floor,
            self.sent,
            self.received,
            self.late,
        );
    }
}

fn p99(mut delays: Vec<Duration>) -> Duration {
    delays.sort_unstable();
    let at = delays.len() * 99 / 100;
    delays.get(at).copied().unwrap_or_default()
}

fn measure(
    callers: u64,
    time: Duration,
    start: impl FnOnce(&MediaHandle, &[UdpSocket]),
) -> Measured {
    let config = MediaConfig {
        bind: LOOPBACK,
        ports: vec![0; PORTS],
        threads: 1,
        engine: EngineConfig::default(),
        seed: [1; 32],
    };
    let (threads, _events) = MediaThreads::start(&config, |_| Box::new(())).unwrap();
    let media = threads.handle();
    let sockets: Vec<_> = (0..callers)
        .map(|_| bind_udp((LOOPBACK, 0).into()).unwrap())
        .collect();
    start(&media, &sockets);
    let ports: Vec<_> = (0..PORTS)
        .filter_map(|port| media.local_addr(0, port))
        .collect();
    let before = cpu("media-0");
    let begun = Instant::now();
    let (sent, delays, received) = talk(&sockets, &ports, time);
    let core = cpu("media-0").saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    let late = media
        .stats(0)
        .map_or(0, media_worker::media_threads::ThreadStats::late_ticks);
    threads.stop();
    Measured {
        core,
        sent,
        received,
        delays,
        late,
    }
}

/// Each caller sends a packet every 20 ms, spread over that time, and takes what comes; the payload carries the time of sending.
fn talk(sockets: &[UdpSocket], ports: &[SocketAddr], time: Duration) -> (u64, Vec<Duration>, u64) {
    let begun = Instant::now();
    let (mut sent, mut received, mut delays) = (0, 0, Vec::with_capacity(1_000_000));
    let mut buffer = [0; 1500];
    let mut steps = 0;
    while begun.elapsed() < time {
        let due = begun.elapsed().as_micros() as u64 * sockets.len() as u64 / 20_000;
        while steps < due {
            let (caller, n) = (steps as usize % sockets.len(), steps / sockets.len() as u64);
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: n as u16,
                timestamp: n as u32 * 160,
                ssrc: caller as u32,
            };
            let mut payload = [0x7f; 160];
            payload[..8].copy_from_slice(&(begun.elapsed().as_nanos() as u64).to_le_bytes());
            let length = header.write(&payload, &mut buffer).unwrap();
            sockets[caller]
                .send_to(&buffer[..length], ports[caller % PORTS])
                .unwrap();
            sent += 1;
            steps += 1;
        }
        for socket in sockets {
            while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                received += 1;
                if length == 172 && buffer[20] == 0x7f {
                    let at = u64::from_le_bytes(buffer[12..20].try_into().unwrap());
                    delays.push(begun.elapsed().saturating_sub(Duration::from_nanos(at)));
                }
            }
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    (sent, delays, received)
}

/// The share of a core that receiving and sending alone takes, and its delays.
fn floor(callers: u64, time: Duration, every: Duration) -> (f64, Vec<Duration>) {
    let sockets: Vec<_> = (0..PORTS)
        .map(|_| bind_udp((LOOPBACK, 0).into()).unwrap())
        .collect();
    let ports: Vec<_> = sockets
        .iter()
        .map(|socket| socket.local_addr().unwrap())
        .collect();
    let callers: Vec<_> = (0..callers)
        .map(|_| bind_udp((LOOPBACK, 0).into()).unwrap())
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let echo = move || {
        let (mut inbox, mut outbox) = (UdpBatch::new(1500), UdpBatch::new(1500));
        while !stopped.load(Ordering::Relaxed) {
            std::thread::sleep(every);
            for socket in &sockets {
                while inbox.recv(socket).unwrap() > 0 {
                    for (from, datagram) in inbox.datagrams() {
                        outbox.push(from, datagram);
                    }
                    outbox.send(socket);
                    if inbox.len() < BATCH {
                        break;
                    }
                }
            }
        }
    };
    let thread = std::thread::Builder::new()
        .name("floor".into())
        .spawn(echo)
        .unwrap();
    let before = cpu("floor");
    let begun = Instant::now();
    let (_, delays, _) = talk(&callers, &ports, time);
    let core = cpu("floor").saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    (core, delays)
}

fn open(media: &MediaHandle, id: u64, caller: &UdpSocket) {
    let format = Format {
        payload: 0,
        codec: Codec::Pcmu,
    };
    media.command(
        0,
        Command::Open(LegSpec {
            id,
            port: id as usize % PORTS,
            remote: Expect::Announced(caller.local_addr().unwrap()),
            remote_ssrc: None,
            local_ssrc: id as u32,
            send: format,
            receive: [format].into_iter().collect(),
            telephone_event: Some(101),
            inband_dtmf: false,
            ptime: 20,
            direction: Direction::SendRecv,
            rtcp_mux: true,
        }),
    );
}

/// CPU time of the thread of that name in this process.
fn cpu(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of_name = tasks.filter_map(Result::ok).find(|task| {
        std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
    });
    let schedstat =
        of_name.and_then(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    let nanos = schedstat.and_then(|text| text.split_whitespace().next()?.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORTS: usize = 8;
const TICK: Duration = Duration::from_millis(20);
