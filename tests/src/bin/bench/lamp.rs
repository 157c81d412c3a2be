//! The lamp: from the BYE of a caller who has left a message to the NOTIFY at the owner's phone (spec MB-3).

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use switchboard_tests::streams::{Streams, Voice};

use crate::Scale;
use crate::company::{Caller, Company, SOCKETS, extension, until};
use crate::message::{BEEP, KEY};
use crate::report::Line;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let owners = scale.of(100);
    let company = Company::of(2 * owners);
    let streams = Streams::start(SOCKETS);
    let lamps: Vec<JoinHandle<Instant>> = (0..owners).map(|owner| lamp(&company, owner)).collect();
    let calls: Vec<Caller> = (0..owners)
        .map(|owner| {
            let number = format!("3{}", extension(owner));
            company.call(owners + owner, &number, &streams, Voice::Silence)
        })
        .collect();
    for call in &calls {
        streams.press(call.stream, "#");
    }
    until(Instant::now() + KEY + BEEP);
    for call in &calls {
        streams.say(call.stream, Voice::Tone);
    }
    until(Instant::now() + SPOKEN);
    let ends: Vec<Instant> = calls
        .into_iter()
        .map(|call| {
            let end = Instant::now();
            call.hang_up(&streams);
            end
        })
        .collect();
    let lit = lamps.into_iter().map(|lamp| lamp.join().expect("a lamp"));
    let mut delays: Vec<Duration> = lit
        .zip(ends)
        .map(|(lit, end)| lit.saturating_duration_since(end))
        .collect();
    delays.sort_unstable();
    let (median, slowest) = (delays[owners / 2], delays[owners - 1]);
    let note = format!(
        "slowest {:.0} ms; {owners} hang up one after the other",
        slowest.as_secs_f64() * 1e3
    );
    vec![
        Line::figure(
            "end of a message to the lit lamp, median",
            format!("{:.0} ms", median.as_secs_f64() * 1e3),
            "< 1 s (slowest)".into(),
            slowest < Duration::from_secs(1),
        )
        .noting(note),
    ]
}

/// The registered phone of an owner: when it is told that a message waits.
fn lamp(company: &Company, owner: usize) -> JoinHandle<Instant> {
    let mut phone = company.line(owner);
    phone.register(3600).expect("the phone registers");
    std::thread::spawn(move || {
        loop {
            let told = phone.await_request(Duration::from_mins(1));
            if told.expect("a lamp").contains("Messages-Waiting: yes") {
                return Instant::now();
            }
        }
    })
}

const SPOKEN: Duration = Duration::from_secs(3);
