//! Media threads with real sockets on the loopback interface.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::analysis;
use media::clip::Clip;
use media::codec::{Codec, Decoder};
use media::engine::{
    Command, Direction, EngineConfig, Event, Expect, Format, LegSpec, PlayItem, RecordEnd,
    RecordSink,
};
use media::rtp::{self, Header};
use media_worker::media_threads::{
    EventReceiver, MediaConfig, MediaHandle, MediaThreads, Recorder,
};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PATIENCE: Duration = Duration::from_mins(1);

fn start(
    recorder: impl FnMut(usize) -> Box<dyn Recorder>,
) -> (MediaThreads, MediaHandle, EventReceiver) {
    let config = MediaConfig {
        bind: LOOPBACK,
        ports: vec![0; 4],
        threads: 2,
        engine: EngineConfig::default(),
        seed: [3; 32],
    };
    let (threads, events) = MediaThreads::start(&config, recorder).unwrap();
    let handle = threads.handle();
    (threads, handle, events)
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind((LOOPBACK, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn leg(id: u64, port: usize, phone: &UdpSocket) -> Command {
    let format = Format {
        payload: 0,
        codec: Codec::Pcmu,
    };
    Command::Open(LegSpec {
        id,
        port,
        remote: Expect::Announced(phone.local_addr().unwrap()),
        remote_ssrc: None,
        local_ssrc: id as u32,
        send: format,
        receive: [format].into_iter().collect(),
        telephone_event: Some(101),
        inband_dtmf: false,
        ptime: 20,
        direction: Direction::SendRecv,
        rtcp_mux: true,
    })
}

fn tone(hz: f32, seconds: usize) -> Vec<i16> {
    (0..8000 * seconds)
        .map(|n| ((std::f32::consts::TAU * hz * n as f32 / 8000.0).sin() * 8000.0) as i16)
        .collect()
}

/// Listens to so many RTP packets, gaps not filled.
fn hear(phone: &UdpSocket, packets: usize) -> Vec<i16> {
    let mut decoder = Decoder::new(Codec::Pcmu);
    let mut pcm = Vec::new();
    for _ in 0..packets {
        let mut buffer = [0; 1500];
        let (length, _) = phone.recv_from(&mut buffer).unwrap();
        if rtp::classify(&buffer[..length]) == rtp::Kind::Rtp {
            let mut samples = [0; 160];
            let count =
                decoder.decode(rtp::parse(&buffer[..length]).unwrap().payload, &mut samples);
            pcm.extend_from_slice(&samples[..count]);
        }
    }
    pcm
}

fn speak(phone: &UdpSocket, to: SocketAddr, pcm: &[i16]) {
    let clip = Clip::encode(pcm, 8000, Codec::Pcmu).unwrap();
    let begun = Instant::now();
    for n in 0..clip.frame_count() {
        let header = Header {
            marker: n == 0,
            payload_type: 0,
            sequence: n as u16,
            timestamp: n as u32 * 160,
            ssrc: 9,
        };
        let mut packet = [0; 172];
        header.write(clip.frame(n).unwrap(), &mut packet).unwrap();
        phone.send_to(&packet, to).unwrap();
        std::thread::sleep(
            (begun + Duration::from_millis(20 * (n as u64 + 1))).duration_since(Instant::now()),
        );
    }
}

fn wait_for(events: &mut EventReceiver, wanted: impl Fn(&Event) -> bool) -> Event {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match events.try_recv() {
            Ok(event) if wanted(&event) => return event,
            Ok(_) => {}
            Err(error) => {
                assert!(Instant::now() < deadline, "the event did not come: {error}");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

#[test]
fn a_tone_played_is_heard_no_faster_than_in_real_time() {
    let (_threads, media, mut events) = start(|_| Box::new(()));
    let phone = phone();
    media.command(1, leg(1, 1, &phone));
    let clip = Clip::encode(&tone(440.0, 1), 8000, Codec::Pcmu).unwrap();
    let begun = Instant::now();
    media.command(
        1,
        Command::Play {
            leg: 1,
            items: vec![PlayItem::Clip(clip)],
            tag: 7,
        },
    );
    let heard = hear(&phone, 50);
    let took = begun.elapsed();
    assert!(
        analysis::is_tone(&heard, 8000, &[440.0], -20.0),
        "440 Hz and nothing else"
    );
    assert!(
        took >= Duration::from_millis(900),
        "one second of audio took {took:?}"
    );
    wait_for(&mut events, |event| {
        *event
            == Event::PlayEnded {
                leg: 1,
                tag: 7,
                completed: true,
            }
    });
    let stats = media.stats(1).unwrap();
    assert!(stats.counters().rtp_out >= 49 && stats.ticks().count >= 49);
}

#[test]
fn two_phones_bridged_hear_each_other() {
    let (_threads, media, mut events) = start(|_| Box::new(()));
    let (anna, ben) = (phone(), phone());
    media.command(0, leg(1, 0, &anna));
    media.command(0, leg(2, 1, &ben));
    media.command(0, Command::Bridge { a: 1, b: 2 });
    let (to_anna, to_ben) = (
        media.local_addr(0, 0).unwrap(),
        media.local_addr(0, 1).unwrap(),
    );
    let heard = std::thread::scope(|scope| {
        scope.spawn(|| speak(&anna, to_anna, &tone(500.0, 1)));
        scope.spawn(|| speak(&ben, to_ben, &tone(900.0, 1)));
        let by_ben = scope.spawn(|| hear(&ben, 49));
        (hear(&anna, 49), by_ben.join().unwrap())
    });
    assert!(
        analysis::is_tone(&heard.0, 8000, &[900.0], -20.0),
        "Anna hears Ben"
    );
    assert!(
        analysis::is_tone(&heard.1, 8000, &[500.0], -20.0),
        "Ben hears Anna"
    );
    wait_for(&mut events, |event| {
        matches!(event, Event::FirstPacket { .. })
    });
}

/// Keeps what is recorded, and only what was flushed counts.
#[derive(Clone, Default)]
struct Tape {
    heard: Vec<u8>,
    flushed: Arc<Mutex<Vec<u8>>>,
}

impl RecordSink for Tape {
    fn frame(&mut self, _recording: u64, _rtp_timestamp: u32, payload: &[u8]) {
        self.heard.extend_from_slice(payload);
    }

    fn ended(&mut self, _recording: u64) {}
}

impl Recorder for Tape {
    fn flush(&mut self) {
        self.flushed.lock().unwrap().append(&mut self.heard);
    }
}

#[test]
fn a_recording_holds_what_was_said() {
    let tape = Tape::default();
    let (threads, media, mut events) = start(|_| Box::new(tape.clone()));
    let phone = phone();
    media.command(0, leg(1, 0, &phone));
    media.command(
        0,
        Command::Record {
            leg: 1,
            recording: 1,
            silence: None,
            max: Duration::from_secs(9),
        },
    );
    speak(&phone, media.local_addr(0, 0).unwrap(), &tone(700.0, 1));
    let deadline = Instant::now() + PATIENCE;
    while tape.flushed.lock().unwrap().len() < 8000 {
        assert!(Instant::now() < deadline, "not all of it was recorded");
        std::thread::sleep(Duration::from_millis(1));
    }
    media.command(0, Command::StopRecord { leg: 1 });
    wait_for(&mut events, |event| {
        matches!(
            event,
            Event::RecordEnded {
                why: RecordEnd::Stopped,
                ..
            }
        )
    });
    threads.stop();
    let mut pcm = [0; 8000];
    let stored = tape.flushed.lock().unwrap();
    assert_eq!(Decoder::new(Codec::Pcmu).decode(&stored, &mut pcm), 8000);
    assert!(analysis::is_tone(&pcm, 8000, &[700.0], -20.0));
}

#[test]
fn a_port_in_use_is_told() {
    let (_threads, media, _events) = start(|_| Box::new(()));
    let taken = media.local_addr(0, 0).unwrap().port();
    let config = MediaConfig {
        bind: LOOPBACK,
        ports: vec![taken],
        threads: 1,
        engine: EngineConfig::default(),
        seed: [3; 32],
    };
    let error = MediaThreads::start(&config, |_| Box::new(()))
        .err()
        .unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}
