//! REGISTER with digest: challenge and answer.

use std::time::Duration;

use crate::company::Company;
use crate::report::Line;
use crate::{Scale, floor};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    let mut company = Company::of(LINES);
    run(&company, 20);
    company.traffic = std::sync::Arc::default();
    scale.ready(company.worker.pid());

    let each = scale.of(1000);
    let before = company.processor_time();
    run(&company, each);
    let cost = company.processor_time().saturating_sub(before);
    let floor = floor::signalling(&company.traffic, LINES);
    let units = (each * LINES) as u32;
    vec![Line::per_unit(
        "REGISTER with digest (challenge and answer)",
        cost / units,
        Duration::from_micros(40),
        floor / units,
        12.0,
    )]
}

fn run(company: &Company, each: usize) {
    std::thread::scope(|scope| {
        for user in 0..LINES {
            let mut line = company.line(user);
            scope.spawn(move || {
                for _ in 0..each {
                    line.forget();
                    line.register(3600).expect("a registration");
                }
            });
        }
    });
}

/// How many phones register at the same time.
const LINES: usize = 16;
