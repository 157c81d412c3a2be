//! The relay of two-way calls, and how long a packet takes through the worker.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use switchboard_tests::desk::Desk;
use switchboard_tests::office::PASSWORD;
use switchboard_tests::streams::{StreamId, Streams, Voice};
use switchboard_tests::wire::Audio;

use crate::company::{Caller, Company, SOCKETS, extension, handset, until};
use crate::floor::Phase;
use crate::report::Line;
use crate::{Scale, floor};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let calls = 100;
    let mut company = Company::of(2 * calls);
    let streams = Streams::start(SOCKETS);
    let phones = Phones::register(&company, &streams, calls);
    let bridged = Bridged::set_up(&company, &streams, phones, calls);
    until(Instant::now() + Duration::from_secs(2));
    scale.ready(company.worker.pid());

    streams.take_delays();
    let wall = Duration::from_secs(10);
    let (totals, before, began) = (streams.totals(), company.processor_time(), Instant::now());
    until(began + wall);
    let (cost, wall) = (
        company.processor_time().saturating_sub(before),
        began.elapsed(),
    );
    let mut delays = streams.take_delays();
    let after = streams.totals();
    let lost =
        1.0 - (after.received - totals.received) as f64 / (after.sent - totals.sent).max(1) as f64;
    bridged.hang_up(&streams);
    drop(streams);
    delays.sort_unstable();
    let at = |share: f64| {
        delays
            .get((delays.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(Duration::MAX)
    };
    let floor = floor::media(
        2 * calls,
        &[Phase {
            length: wall,
            sends: true,
        }],
    );
    let p99 = format!(
        "{:.1} ms (median {:.1} ms)",
        at(0.99).as_secs_f64() * 1e3,
        at(0.5).as_secs_f64() * 1e3
    );
    vec![
        Line::share("relay of 100 two-way calls", cost, wall, 4.0, floor, 2.5)
            .noting(format!("{:.2} % not relayed in time", 100.0 * lost)),
        Line::figure(
            "p99 of the delay through the worker",
            p99,
            "< 5 ms".into(),
            at(0.99) < Duration::from_millis(5),
        ),
    ]
}

/// The phones that will be called: those of the second half of the users.
pub(crate) struct Phones {
    opened: HashMap<String, (StreamId, Audio)>,
    desk: Desk,
}

impl Phones {
    pub(crate) fn register(company: &Company, streams: &Streams, calls: usize) -> Self {
        let opened: HashMap<_, _> = (calls..2 * calls)
            .map(|user| (handset(user), streams.open()))
            .collect();
        let phones = opened
            .iter()
            .map(|(user, (_, audio))| (user.clone(), Some(*audio)))
            .collect();
        let desk = Desk::new(company.worker.sip, PASSWORD, phones, &company.traffic);
        Self { opened, desk }
    }
}

/// Calls between two users each, whose audio flows both ways.
pub(crate) struct Bridged {
    callers: Vec<Caller>,
    called: Vec<StreamId>,
    _desk: Desk,
}

impl Bridged {
    pub(crate) fn set_up(
        company: &Company,
        streams: &Streams,
        phones: Phones,
        calls: usize,
    ) -> Self {
        let Phones { opened, desk } = phones;
        let callers = (0..calls)
            .map(|user| company.call(user, &extension(opened.len() + user), streams, Voice::Clock))
            .collect();
        let offered = |user: &String| desk.offered(user);
        for (user, (stream, _)) in &opened {
            if let Some(audio) = offered(user) {
                streams.connect(*stream, audio, Voice::Clock);
            }
        }
        Self {
            callers,
            called: opened.values().map(|(stream, _)| *stream).collect(),
            _desk: desk,
        }
    }

    pub(crate) fn hang_up(self, streams: &Streams) {
        self.callers
            .into_iter()
            .for_each(|caller| caller.hang_up(streams));
        self.called
            .into_iter()
            .for_each(|stream| streams.close(stream));
    }
}
