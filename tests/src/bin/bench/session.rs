//! A session in the message center: log in, hear a message of 10 s, delete it, hang up.

use std::time::{Duration, Instant};

use switchboard_tests::office::PIN;
use switchboard_tests::streams::{Streams, Voice};

use crate::company::{Company, SOCKETS, until};
use crate::floor::Phase;
use crate::report::Line;
use crate::{Scale, floor, message};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let owners = scale.of(100);
    let mut company = Company::of(owners);
    let streams = Streams::start(SOCKETS);
    message::leave(&company, &streams, owners, message::SPOKEN);
    company.traffic = std::sync::Arc::default();
    scale.ready(company.worker.pid());

    let (before, began) = (company.processor_time(), Instant::now());
    let callers: Vec<_> = (0..owners)
        .map(|user| company.call(user, "*404", &streams, Voice::Silence))
        .collect();
    for caller in &callers {
        streams.press(caller.stream, &format!("{PIN}#1"));
    }
    until(Instant::now() + LOGIN + ENVELOPE + message::SPOKEN);
    for caller in &callers {
        streams.press(caller.stream, "3");
    }
    until(Instant::now() + DELETED);
    let length = began.elapsed();
    for caller in callers {
        caller.hang_up(&streams);
    }
    let cost = company.processor_time().saturating_sub(before);
    drop(streams);
    let deleted = deleted(&company, owners);
    let phase = Phase {
        length,
        sends: true,
    };
    let floor = floor::media(owners, &[phase]) + floor::signalling(&company.traffic, 1);
    let units = owners as u32;
    vec![
        Line::per_unit(
            "login, hearing a 10 s message, deleting it",
            cost / units,
            Duration::from_millis(3),
            floor / units,
            6.0,
        )
        .noting(format!("{owners} owners at once")),
        Line::figure(
            "sessions that left no message",
            deleted.to_string(),
            format!("all {owners}"),
            deleted == owners,
        ),
    ]
}

/// How many of the owners have no message any more, by what their lamps are told.
fn deleted(company: &Company, owners: usize) -> usize {
    let lamp = |user| {
        let mut line = company.line(user);
        line.register(60).expect("the phone registers");
        line.await_request(Duration::from_secs(5))
    };
    // A message that was heard and not deleted would be saved.
    let is_empty = |notify: &String| notify.contains("Voice-Message: 0/0");
    (0..owners).filter_map(lamp).filter(is_empty).count()
}

/// Six keys.
const LOGIN: Duration = Duration::from_millis(1_200);
/// Who left it, when, and how long it is: 9 s, and more where the name has more to spell. Before its end the key means nothing.
const ENVELOPE: Duration = Duration::from_secs(12);
/// The key, and "message deleted".
const DELETED: Duration = Duration::from_secs(2);
