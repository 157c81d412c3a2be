//! A mailbox of ten thousand messages: what it takes to tell how many there are, and to play the next.

use std::time::{Duration, Instant};

use mailbox::Folder;

use crate::Scale;
use crate::report::Line;
use crate::stores::{Kept, Syncing, leave, mailbox, mailboxes, on_each};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    on_each(&async |kept| on(kept, scale.of(10_000)).await)
}

async fn on(kept: &Kept, messages: usize) -> Vec<Line> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Syncing::open(folder.path());
    let writing = mailboxes(&kept.store, &disk, 1);
    for _ in 0..messages.div_ceil(TOGETHER) {
        let callers = (0..TOGETHER).map(|_| leave(&writing, &disk, vec![mailbox(0)], SPOKEN));
        futures::future::join_all(callers).await;
        assert!(writing.carry_once().await, "they are carried");
    }
    writing.close().await;
    let (mut counted, mut opened, mut most_reads) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        // A worker that knows nothing yet.
        let folder = tempfile::tempdir().expect("a folder");
        let fresh = mailboxes(&kept.store, &Syncing::open(folder.path()), 2 + round);
        let inbox = fresh.mailbox(&mailbox(0));
        let (begun, before) = (Instant::now(), kept.store.reads());
        let counts = inbox.counts().await;
        counted.push(begun.elapsed());
        most_reads = most_reads.max(kept.store.reads() - before);
        assert_eq!(counts.new as usize, messages);
        let list = inbox.list(Folder::New).await;
        let next = &list[usize::from(round) * list.len() / usize::from(ROUNDS)];
        let begun = Instant::now();
        let message = inbox.message(&next.id).await.expect("the message");
        inbox.recording(&message.audio).await.expect("its audio");
        opened.push(begun.elapsed());
    }
    let work = |what: &str| format!("mailbox of {messages} messages, {}: {what}", kept.name);
    let figure =
        |what: &str, figure: String| Line::figure(&work(what), figure, String::new(), true);
    vec![
        Line::figure(
            &work("reads before the first count"),
            most_reads.to_string(),
            "≤ 2".to_owned(),
            most_reads <= 2,
        ),
        figure("first count, median", millis(&mut counted)),
        figure("next message, median", millis(&mut opened)),
    ]
}

fn millis(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    format!("{:.1} ms", 1000.0 * median.as_secs_f64())
}

const SPOKEN: Duration = Duration::from_secs(1);
/// Messages that are left at once before they are carried.
const TOGETHER: usize = 250;
const ROUNDS: u8 = 20;
