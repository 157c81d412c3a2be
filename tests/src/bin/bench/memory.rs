//! Memory per call.

use std::time::{Duration, Instant};

use switchboard_tests::streams::{Streams, Voice};

use crate::Scale;
use crate::company::{Company, SOCKETS, until};
use crate::relay::{Bridged, Phones};
use crate::report::{Line, kilobytes};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    vec![in_a_menu(scale), bridged(scale)]
}

fn in_a_menu(scale: Scale) -> Line {
    let calls = scale.of(500);
    let company = Company::of(calls);
    let streams = Streams::start(SOCKETS);
    // A phone that calls is registered; what all calls share is there after the first.
    for user in 0..calls {
        let registered = company.line(user).register(3600);
        registered.expect("a registration");
    }
    company
        .call(0, "*404", &streams, Voice::Silence)
        .hang_up(&streams);
    settle();
    let before = company.memory();
    let callers: Vec<_> = (0..calls)
        .map(|user| company.call(user, "*404", &streams, Voice::Silence))
        .collect();
    settle();
    // What each call holds is seen while they are up.
    scale.ready(company.worker.pid());
    let each = company.memory().saturating_sub(before) as f64 / calls as f64;
    for caller in callers {
        caller.hang_up(&streams);
    }
    let work = format!("memory of a call in a menu, of {calls}");
    Line::figure(
        &work,
        kilobytes(each),
        "≤ 10 KB".into(),
        each <= 10.0 * 1024.0,
    )
}

fn bridged(scale: Scale) -> Line {
    let calls = scale.of(200);
    let company = Company::of(2 * calls);
    let streams = Streams::start(SOCKETS);
    let phones = Phones::register(&company, &streams, calls);
    settle();
    let before = company.memory();
    let bridged = Bridged::set_up(&company, &streams, phones, calls);
    settle();
    // What each call holds is seen while they are up.
    scale.ready(company.worker.pid());
    let each = company.memory().saturating_sub(before) as f64 / calls as f64;
    bridged.hang_up(&streams);
    let work = format!("memory of a bridged call, of {calls}");
    Line::figure(
        &work,
        kilobytes(each),
        "≤ 20 KB".into(),
        each <= 20.0 * 1024.0,
    )
}

fn settle() {
    until(Instant::now() + Duration::from_secs(2));
}
