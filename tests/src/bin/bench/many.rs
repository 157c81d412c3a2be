//! A message to a thousand inboxes: what is synced before the promise, what is stored, how fast it reaches everybody.

use std::time::{Duration, Instant};

use mailbox::{BlobStore, MailboxId};

use crate::Scale;
use crate::report::Line;
use crate::stores::{Kept, Syncing, leave, mailbox, mailboxes, on_each};

pub(crate) fn measure(scale: Scale) -> Vec<Line> {
    on_each(&async |kept| on(kept, scale.of(1000)).await)
}

async fn on(kept: &Kept, people: usize) -> Vec<Line> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Syncing::open(folder.path());
    let mailboxes = mailboxes(&kept.store, &disk, 1);
    let recipients: Vec<MailboxId> = (0..people).map(mailbox).collect();
    // The first message makes every mailbox; the second finds them as they are of a morning.
    leave(&mailboxes, &disk, recipients.clone(), SPOKEN).await;
    assert!(mailboxes.carry_once().await, "it is carried");
    let before = audio(kept).await;
    let (_, promised, syncs) = leave(&mailboxes, &disk, recipients, SPOKEN).await;
    let begun = Instant::now();
    assert!(mailboxes.carry_once().await, "it is carried");
    let carried = begun.elapsed();
    let stored = audio(kept).await - before;
    let work = |what: &str| format!("message to {people} inboxes, {}: {what}", kept.name);
    let rate = people as f64 / carried.as_secs_f64();
    let ms = 1000.0 * promised.as_secs_f64();
    vec![
        Line::figure(
            &work("syncs before the promise"),
            syncs.to_string(),
            "1".to_owned(),
            syncs <= 1,
        )
        .noting(format!("promised after {ms:.1} ms")),
        Line::figure(
            &work("recordings stored"),
            stored.to_string(),
            "1".to_owned(),
            stored == 1,
        ),
        Line::figure(
            &work("inboxes reached"),
            format!("{rate:.0} a second"),
            String::new(),
            true,
        ),
    ]
}

async fn audio(kept: &Kept) -> usize {
    let keys = kept.store.list("audio/", None, 1000).await;
    keys.expect("the store answers").len()
}

const SPOKEN: Duration = Duration::from_secs(10);
