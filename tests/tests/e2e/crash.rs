//! `kill -9` while messages are being left: what a caller was promised, or had said before he hung up, is there afterwards.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mailbox::disk::RealDisk;
use mailbox::{Folder, FolderStore, MailboxId, Mailboxes, MailboxesOptions, Message};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use switchboard_tests::attempt::{Attempt, DiskWatch, Outcome, Progress, Step, Story};
use switchboard_tests::office::Office;
use switchboard_tests::streams::Streams;
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

#[test]
fn thirty_crashes_lose_no_message_that_was_promised_or_spoken() {
    let seed = u64::from(std::process::id());
    let crashes: Vec<_> = (0..WORKERS)
        .map(|number| std::thread::spawn(move || crash_again_and_again(seed + number)))
        .collect();
    let stories: Vec<Story> = crashes
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect();
    let bad: Vec<_> = stories.iter().filter(|story| !story.is_good()).collect();
    assert!(bad.is_empty(), "seed {seed}: {bad:#?}");
    // A test in which nobody got far would show nothing.
    for (outcome, least) in [
        (Outcome::CutOff, WORKERS),
        (Outcome::HungUp, 2 * WORKERS),
        (Outcome::Promised, WORKERS),
    ] {
        let count = stories.iter().filter(|story| story.outcome == outcome);
        let count = count.count() as u64;
        assert!(count >= least, "{outcome:?}: {count} of {stories:#?}");
    }
}

fn crash_again_and_again(seed: u64) -> Vec<Story> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let office = Office::of_many(ROUNDS.len() * CALLERS);
    let mut stories = Vec::new();
    for (round, step) in ROUNDS.into_iter().enumerate() {
        let users: Vec<usize> = (round * CALLERS..(round + 1) * CALLERS).collect();
        stories.extend(crash_once(&office, &users, step, &mut random));
    }
    let worker = Worker::start(&office);
    let sure: HashSet<_> = stories
        .iter()
        .filter(|story| story.outcome == Outcome::Promised)
        .map(|story| story.user)
        .collect();
    wait_for(
        "what the spool holds to be carried",
        Duration::from_mins(1),
        || {
            let stored = stored(&office.state(), &sure.iter().copied().collect::<Vec<_>>());
            (worker.metric("switchboard_spool_oldest_seconds") < 1.0
                && stored.iter().all(|lengths| !lengths.is_empty()))
            .then_some(())
        },
    );
    assert_eq!(worker.stop(), Some(0));
    let users: Vec<usize> = stories.iter().map(|story| story.user).collect();
    for (story, lengths) in stories.iter_mut().zip(stored(&office.state(), &users)) {
        story.stored = lengths;
    }
    stories
}

/// Several callers leave messages; the worker is killed at a random moment after the first of them has come as far as `step`.
fn crash_once(office: &Office, users: &[usize], step: Step, random: &mut ChaCha8Rng) -> Vec<Story> {
    let worker = Worker::start(office);
    let disk = DiskWatch::start(&office.path("watched"));
    let streams = Streams::start(2);
    let progress = Progress::default();
    let server = worker.sip;
    let mut stories: Vec<Story> = std::thread::scope(|scope| {
        let callers: Vec<_> = users
            .iter()
            .map(|user| {
                let (progress, streams) = (&progress, &streams);
                // Every other caller hangs up, the rest have theirs sent.
                let choice = random.next_u32() & !1 | (user % 2) as u32;
                scope.spawn(move || Attempt::new(server, *user, streams, progress).leave(choice))
            })
            .collect();
        progress.wait_for_one(step);
        std::thread::sleep(Duration::from_millis(u64::from(random.next_u32() % 2000)));
        progress.end_by(&streams, || worker.kill());
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    });
    let slowest_sync = disk.slowest();
    for story in &mut stories {
        story.slowest_sync = slowest_sync;
    }
    stories
}

/// The lengths of the messages that the users' mailboxes have in the store.
fn stored(state: &Path, users: &[usize]) -> Vec<Vec<Duration>> {
    let spool = tempfile::TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Arc::new(FolderStore::open(state.join("store")).unwrap());
        let disk = Arc::new(RealDisk::open(spool.path()).unwrap());
        let (mailboxes, _delivered) =
            Mailboxes::open(store, disk, MailboxesOptions::new([7; 32])).unwrap();
        let mut all = Vec::new();
        for user in users {
            let id = MailboxId::new(format!("u{user}")).unwrap();
            let messages = mailboxes.mailbox(&id).list(Folder::New).await;
            all.push(
                messages
                    .iter()
                    .map(|message: &Message| message.duration)
                    .collect(),
            );
        }
        all
    })
}

const WORKERS: u64 = 6;
/// What the first caller of each round has come to when the worker may be killed.
const ROUNDS: [Step; 5] = [
    Step::Speaks,
    Step::HungUp,
    Step::Promised,
    Step::Speaks,
    Step::HungUp,
];
const CALLERS: usize = 6;
