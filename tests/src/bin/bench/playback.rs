//! Playback to callers who send RTP all the while: each listens to a message of his.

use std::time::{Duration, Instant};

use switchboard_tests::office::PIN;
use switchboard_tests::streams::{Streams, Voice};

use crate::company::{Company, SOCKETS, until};
use crate::floor::Phase;
use crate::report::Line;
use crate::{Scale, floor, message};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let listeners = 100;
    let mut company = Company::of(listeners);
    let streams = Streams::start(SOCKETS);
    message::leave(&company, &streams, listeners, 2 * message::SPOKEN);

    let callers: Vec<_> = (0..listeners)
        .map(|user| company.call(user, "*404", &streams, Voice::Silence))
        .collect();
    for caller in &callers {
        streams.press(caller.stream, &format!("{PIN}#1"));
    }
    // Seven keys, and what is said before the message.
    until(Instant::now() + Duration::from_secs(12));
    scale.ready(company.worker.pid());

    let wall = Duration::from_secs(10);
    let (heard, before, began) = (
        streams.totals().received,
        company.processor_time(),
        Instant::now(),
    );
    until(began + wall);
    let (cost, wall) = (
        company.processor_time().saturating_sub(before),
        began.elapsed(),
    );
    let heard =
        (streams.totals().received - heard) as f64 / (listeners as f64 * 50.0 * wall.as_secs_f64());
    for caller in callers {
        caller.hang_up(&streams);
    }
    drop(streams);
    let floor = floor::media(
        listeners,
        &[Phase {
            length: wall,
            sends: true,
        }],
    );
    let note = format!("{:.0} % of the packets of unbroken playback", 100.0 * heard);
    vec![
        Line::share(
            "playback to 100 callers who send RTP",
            cost,
            wall,
            2.5,
            floor,
            3.0,
        )
        .noting(note),
    ]
}
