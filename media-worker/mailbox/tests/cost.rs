//! What messages cost. Run by hand: `cargo test --release -p switchboard-mailbox --test cost -- --ignored --nocapture`.

mod common;

use common::{leave, message_to, open};
use mailbox::FolderStore;
use mailbox::disk::RealDisk;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time in the program and in the system for it, of all its threads so far: what `getrusage` says, in steps of 10 ms.
fn cpu() -> [Duration; 2] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    [11, 12].map(|field| {
        let ticks = fields.get(field).and_then(|ticks| ticks.parse().ok());
        Duration::from_millis(ticks.unwrap_or(0) * 10)
    })
}

fn since(before: [Duration; 2]) -> [Duration; 2] {
    let [user, system] = cpu();
    [
        user.saturating_sub(before[0]),
        system.saturating_sub(before[1]),
    ]
}

#[tokio::test]
#[ignore = "measures; nothing to fail"]
async fn a_ten_second_message_from_the_first_frame_to_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::open(folder.path().join("store")).unwrap());
    let disk = Arc::new(RealDisk::open(folder.path().join("state")).unwrap());
    let (mailboxes, _announced) = open(store, disk, 1);
    let before = cpu();
    for second in 0..500 {
        leave(&mailboxes, &[&format!("user{}", second % 50)], second, 10).await;
        if second % 10 == 9 {
            assert!(mailboxes.carry_once().await);
        }
    }
    let [user, system] = since(before).map(|time| time / 500);
    println!("CPU per message: {user:?} user, {system:?} system");
}

#[tokio::test]
#[ignore = "measures; nothing to fail"]
async fn five_hundred_recordings_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FolderStore::open(folder.path().join("store")).unwrap());
    let disk = Arc::new(RealDisk::open(folder.path().join("state")).unwrap());
    let (mailboxes, _announced) = open(store, disk, 1);
    let recordings: Vec<_> = (0..500)
        .map(|second| {
            mailboxes
                .spool()
                .begin(message_to(&["ada"], second))
                .unwrap()
        })
        .collect();
    let mut appender = mailboxes.writer().unwrap();
    let (before, begun) = (cpu(), Instant::now());
    let mut longest_tick = Duration::ZERO;
    for tick in 0..500u32 {
        let tick_begun = Instant::now();
        for recording in &recordings {
            appender.frame(recording.0, tick * 160, &[tick as u8; 160]);
        }
        appender.flush();
        longest_tick = longest_tick.max(tick_begun.elapsed());
        let due = begun + Duration::from_millis(20) * (tick + 1);
        tokio::time::sleep_until(due.into()).await;
    }
    let used: Duration = since(before).iter().sum();
    let used = used.as_secs_f64() / begun.elapsed().as_secs_f64();
    println!(
        "{:.1} % of a core, longest tick {longest_tick:?}, {} dropped",
        used * 100.0,
        appender.dropped()
    );
}
