//! A bridged call, set up and ended, without media.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use switchboard_tests::desk::Desk;
use switchboard_tests::office::PASSWORD;
use switchboard_tests::wait_for;
use switchboard_tests::wire::Audio;

use crate::company::{Company, extension, handset};
use crate::report::Line;
use crate::{Scale, floor};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let mut company = Company::of(2 * LINES);
    let phones: HashMap<_, _> = (LINES..2 * LINES)
        .map(|user| (handset(user), None))
        .collect();
    let desk = Desk::new(company.worker.sip, PASSWORD, phones, &company.traffic);
    let calls = AtomicU32::new(1 << 20);
    run(&company, &desk, &calls, 10);
    scale.ready(company.worker.pid());

    let each = scale.of(200);
    let (before_in, before_out) = (
        company.traffic.received.total().0,
        company.traffic.sent.total().0,
    );
    let before = company.processor_time();
    run(&company, &desk, &calls, each);
    let cost = company.processor_time().saturating_sub(before);
    let (after_in, after_out) = (
        company.traffic.received.total().0,
        company.traffic.sent.total().0,
    );
    // The warm-up did the same work: the floor of all of it, by its share.
    let floor = floor::signalling(&company.traffic, LINES)
        .mul_f64((after_in - before_in) as f64 / after_in as f64);
    let units = (each * LINES) as u32;
    let note = format!(
        "{:.1} datagrams in, {:.1} out",
        (after_in - before_in) as f64 / f64::from(units),
        (after_out - before_out) as f64 / f64::from(units)
    );
    vec![
        Line::per_unit(
            "bridged call, set up and end, no media",
            cost / units,
            Duration::from_micros(400),
            floor / units,
            15.0,
        )
        .noting(note),
    ]
}

fn run(company: &Company, desk: &Desk, calls: &AtomicU32, each: usize) {
    let ended = desk.ended() + (each * LINES) as u64;
    std::thread::scope(|scope| {
        for user in 0..LINES {
            let mut line = company.line(user);
            scope.spawn(move || {
                for _ in 0..each {
                    let audio = Audio::nowhere(calls.fetch_add(1, Ordering::Relaxed));
                    let dialog = line
                        .call(&extension(LINES + user), &audio)
                        .expect("the desk phone answers");
                    line.hang_up(dialog).expect("the BYE is answered");
                }
            });
        }
    });
    wait_for("the far ends' BYE", Duration::from_secs(10), || {
        (desk.ended() >= ended).then_some(())
    });
}

/// How many calls are set up at the same time.
const LINES: usize = 16;
