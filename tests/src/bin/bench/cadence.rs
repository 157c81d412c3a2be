//! The ticks of the media threads while many messages are recorded or many callers are in menus, beside bare timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use switchboard_tests::office::PIN;
use switchboard_tests::streams::{Streams, Voice};

use crate::Scale;
use crate::company::{Caller, Company, SOCKETS, until};
use crate::message::{BEEP, KEY, greeted};
use crate::report::Line;

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    vec![recording(scale), in_menus(scale)]
}

fn recording(scale: Scale) -> Line {
    let callers = scale.of(500);
    let company = Company::of(callers);
    let streams = Streams::start(SOCKETS);
    let calls = greeted(&company, &streams, callers);
    for (caller, _) in &calls {
        streams.press(caller.stream, "#");
    }
    until(Instant::now() + KEY + BEEP);
    for (caller, _) in &calls {
        streams.say(caller.stream, Voice::Tone);
    }
    let calls = calls.into_iter().map(|(caller, _)| caller).collect();
    late_ticks(scale, &company, &streams, calls, "messages being recorded")
}

/// They hear the main menu, again and again.
fn in_menus(scale: Scale) -> Line {
    let callers = scale.of(300);
    let company = Company::of(callers);
    let streams = Streams::start(SOCKETS);
    let calls: Vec<Caller> = (0..callers)
        .map(|user| company.call(user, "*404", &streams, Voice::Silence))
        .collect();
    for caller in &calls {
        streams.press(caller.stream, &format!("{PIN}#"));
    }
    late_ticks(scale, &company, &streams, calls, "callers in menus")
}

/// Counts for ten seconds, and ends the calls.
fn late_ticks(
    scale: Scale,
    company: &Company,
    streams: &Streams,
    calls: Vec<Caller>,
    what: &str,
) -> Line {
    until(Instant::now() + Duration::from_secs(2));
    scale.ready(company.worker.pid());
    let threads = media_threads(company.worker.pid());
    // The page follows the threads within a second.
    let late = || company.worker.metric("switchboard_media_late_ticks_total");
    let before = late();
    let bare = bare_timers(threads, Duration::from_secs(10));
    until(Instant::now() + Duration::from_millis(1100));
    let late = late() - before;
    let work = format!("late ticks in 10 s, {} {what}", calls.len());
    for caller in calls {
        caller.hang_up(streams);
    }
    let note = format!("{threads} media threads, {threads} bare timers");
    Line::figure(
        &work,
        format!("{late:.0}"),
        format!("≤ {bare} (bare timers)"),
        late <= bare as f64,
    )
    .noting(note)
}

/// How many ticks of 20 ms began over 5 ms late in threads that do nothing else.
fn bare_timers(threads: usize, length: Duration) -> u64 {
    let stop = Arc::new(AtomicBool::new(false));
    let timers: Vec<_> = (0..threads)
        .map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || count_late(&stop))
        })
        .collect();
    until(Instant::now() + length);
    stop.store(true, Ordering::Relaxed);
    timers
        .into_iter()
        .map(|timer| timer.join().expect("a timer ends well"))
        .sum()
}

fn count_late(stop: &AtomicBool) -> u64 {
    let (mut late, mut next) = (0, Instant::now());
    while !stop.load(Ordering::Relaxed) {
        next += Duration::from_millis(20);
        until(next);
        late += u64::from(next.elapsed() > Duration::from_millis(5));
    }
    late
}

fn media_threads(pid: u32) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the worker's threads");
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|name| {
            name.starts_with("media-")
                && name
                    .trim_start_matches("media-")
                    .trim()
                    .parse::<u8>()
                    .is_ok()
        })
        .count()
}
