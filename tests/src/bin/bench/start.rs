//! From the start of the process to the first 200 OK that a phone gets.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use switchboard_tests::line::Line as Phone;
use switchboard_tests::office::Office;
use switchboard_tests::worker::Worker;

use crate::Scale;
use crate::report::Line;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let mut times: Vec<Duration> = (0..scale.of(20)).map(|_| once()).collect();
    times.sort_unstable();
    let median = times[times.len() / 2];
    let figure = format!("{:.0} ms", median.as_secs_f64() * 1e3);
    let work = format!("start to first 200 OK, median of {}", times.len());
    let note = format!("slowest {:.0} ms; the demo company", times[times.len() - 1].as_secs_f64() * 1e3);
    vec![Line::figure(&work, figure, "< 500 ms".into(), median < Duration::from_millis(500)).noting(note)]
}

fn once() -> Duration {
    let office = Office::of(&[]);
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a UDP port");
    let (tell, told) = channel();
    let began = Instant::now();
    let phone = std::thread::spawn(move || {
        register_as_soon_as_possible(free);
        let _ = tell.send(began.elapsed());
    });
    let worker = Worker::demo_at(&office, &free.to_string());
    let took = told.recv_timeout(Duration::from_secs(20)).expect("the phone registers");
    phone.join().expect("the phone ends well");
    drop(worker);
    took
}

fn register_as_soon_as_possible(server: SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a UDP port");
    socket.connect(server).expect("a UDP socket connects");
    socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a time-out can be set");
    let own = socket.local_addr().expect("its address");
    let options = format!(
        "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKstart\r\nMax-Forwards: 70\r\n\
         From: <sip:start@{own}>;tag=1\r\nTo: <sip:{server}>\r\nCall-ID: start@{own}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    let mut buffer = [0; 4096];
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        let _ = socket.send(options.as_bytes());
        match socket.recv(&mut buffer) {
            Ok(_) => break,
            // Nobody listens yet: refused at once.
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    Phone::new(server, "john-desk", "john-desk-demo").register(3600).expect("a registration");
}
