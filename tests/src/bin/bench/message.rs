//! A message: 2 s of the greeting, 10 s spoken, stored.

use std::time::{Duration, Instant};

use switchboard_tests::streams::{Streams, Voice};
use switchboard_tests::wait_for;

use crate::company::{Caller, Company, SOCKETS, extension, until};
use crate::floor::Phase;
use crate::report::Line;
use crate::{Scale, floor};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let callers = scale.of(200);
    let mut company = Company::of(callers);
    let streams = Streams::start(SOCKETS);
    leave(&company, &streams, 1, Duration::from_secs(2));
    company.traffic = std::sync::Arc::default();
    scale.ready(company.worker.pid());

    let before = company.processor_time();
    leave(&company, &streams, callers, SPOKEN);
    let cost = company.processor_time().saturating_sub(before);
    drop(streams);
    let phases = [
        Phase {
            length: GREETING + BEEP,
            sends: true,
        },
        Phase {
            length: SPOKEN,
            sends: false,
        },
    ];
    let floor = floor::media(callers, &phases) + floor::signalling(&company.traffic, 1);
    let units = callers as u32;
    let note = format!("{callers} callers at once");
    vec![
        Line::per_unit(
            "2 s greeting + 10 s message, stored",
            cost / units,
            Duration::from_millis(2),
            floor / units,
            6.0,
        )
        .noting(note),
    ]
}

/// Each caller of that many hears 2 s of the greeting of the user of his number, goes on with `#`, and leaves a message
/// that is in the store when this returns.
pub(crate) fn leave(company: &Company, streams: &Streams, callers: usize, spoken: Duration) {
    let delivered = || {
        company
            .worker
            .metric("switchboard_messages_total{result=\"delivered\"}")
    };
    let wanted = delivered() + callers as f64;
    let calls = greeted(company, streams, callers);
    let mut ends = Vec::new();
    for (caller, answered) in calls {
        until(answered + GREETING);
        streams.press(caller.stream, "#");
        ends.push((Instant::now() + KEY + BEEP + spoken, caller));
    }
    until(Instant::now() + KEY + BEEP);
    for (_, caller) in &ends {
        streams.say(caller.stream, Voice::Tone);
    }
    for (end, caller) in ends {
        until(end);
        caller.hang_up(streams);
    }
    wait_for("the messages", Duration::from_secs(20), || {
        (delivered() >= wanted).then_some(())
    });
    let stored = || company.worker.metric("switchboard_spool_oldest_seconds");
    wait_for("the messages in the store", Duration::from_secs(20), || {
        (stored() < 1.0).then_some(())
    });
}

/// Callers who hear the greeting, each with the moment he was answered.
pub(crate) fn greeted(
    company: &Company,
    streams: &Streams,
    callers: usize,
) -> Vec<(Caller, Instant)> {
    let call = |user| {
        company.call(
            user,
            &format!("3{}", extension(user)),
            streams,
            Voice::Silence,
        )
    };
    (0..callers)
        .map(|user| (call(user), Instant::now()))
        .collect()
}

const GREETING: Duration = Duration::from_secs(2);
/// How long it takes to press a key.
pub(crate) const KEY: Duration = Duration::from_millis(160);
pub(crate) const BEEP: Duration = Duration::from_millis(400);
pub(crate) const SPOKEN: Duration = Duration::from_secs(10);
