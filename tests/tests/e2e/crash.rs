//! `kill -9` while messages are being left: what a caller was promised, or had said before he hung up, is there afterwards.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mailbox::disk::RealDisk;
use mailbox::{Folder, FolderStore, MailboxId, Mailboxes, MailboxesOptions, Message};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use switchboard_tests::line::Line;
use switchboard_tests::office::{Office, PASSWORD};
use switchboard_tests::streams::{StreamId, Streams, Voice};
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
    let said = |outcome| {
        stories
            .iter()
            .filter(|story| story.outcome == outcome)
            .count()
    };
    // A test in which nobody got far would show nothing.
    assert!(
        said(Outcome::HungUp) >= 10,
        "{} hung up",
        said(Outcome::HungUp)
    );
    assert!(
        said(Outcome::Promised) >= 5,
        "{} were promised",
        said(Outcome::Promised)
    );
    assert!(
        said(Outcome::CutOff) >= 10,
        "{} were cut off",
        said(Outcome::CutOff)
    );
}

/// How a caller's attempt to leave a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// He never got to speak.
    Nothing,
    /// The worker was killed while he spoke.
    CutOff,
    /// He hung up, and the worker said that it knows.
    HungUp,
    /// He hung up or pressed keys, and never heard whether that arrived.
    Unheard,
    /// He was told that the message is sent.
    Promised,
}

/// One caller, and what the mailbox that he called has afterwards.
#[derive(Debug)]
struct Story {
    user: usize,
    outcome: Outcome,
    spoken: Duration,
    /// The lengths of the messages in the mailbox.
    stored: Vec<Duration>,
}

impl Story {
    fn is_good(&self) -> bool {
        match (self.outcome, self.stored.as_slice()) {
            (_, [_, _, ..]) => false,
            (Outcome::Promised | Outcome::HungUp, []) => self.spoken < LONG_ENOUGH,
            (Outcome::CutOff | Outcome::Unheard, []) => self.spoken < LONG_ENOUGH + LOSS,
            (
                Outcome::Promised | Outcome::HungUp | Outcome::CutOff | Outcome::Unheard,
                [stored],
            ) => *stored + LOSS >= self.spoken,
            (Outcome::Nothing, _) => true,
        }
    }
}

fn crash_again_and_again(seed: u64) -> Vec<Story> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let office = Office::of_many(ROUNDS * CALLERS);
    let mut stories = Vec::new();
    for round in 0..ROUNDS {
        let users: Vec<usize> = (round * CALLERS..(round + 1) * CALLERS).collect();
        stories.extend(crash_once(&office, &users, &mut random));
    }
    let worker = Worker::start(&office);
    let sure: HashSet<_> = stories
        .iter()
        .filter(|story| story.outcome == Outcome::Promised)
        .map(|story| story.user)
        .collect();
    wait_for(
        "what the spool holds to be carried",
        Duration::from_secs(20),
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

/// Several callers leave messages; at a random moment the worker is killed.
fn crash_once(office: &Office, users: &[usize], random: &mut ChaCha8Rng) -> Vec<Story> {
    let worker = Worker::start(office);
    let streams = Streams::start(2);
    let killed = Arc::new(AtomicBool::new(false));
    let server = worker.sip;
    std::thread::scope(|scope| {
        let callers: Vec<_> = users
            .iter()
            .map(|user| {
                let (killed, streams, choice) = (Arc::clone(&killed), &streams, random.next_u32());
                scope.spawn(move || Attempt::new(server, *user, streams, &killed).leave(choice))
            })
            .collect();
        let lifetime = 1500 + u64::from(random.next_u32() % 5000);
        std::thread::sleep(Duration::from_millis(lifetime));
        killed.store(true, Ordering::SeqCst);
        worker.kill();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

/// One caller's attempt to leave a message in the mailbox of the user whose line he uses.
struct Attempt<'a> {
    line: Line,
    user: usize,
    streams: &'a Streams,
    stream: StreamId,
    killed: &'a AtomicBool,
    spoke: Option<Instant>,
}

/// The worker is gone.
struct Killed;

impl<'a> Attempt<'a> {
    fn new(
        server: std::net::SocketAddr,
        user: usize,
        streams: &'a Streams,
        killed: &'a AtomicBool,
    ) -> Self {
        let line =
            Line::new(server, &format!("u{user}-desk"), PASSWORD).patient(Duration::from_secs(2));
        Self {
            line,
            user,
            streams,
            stream: 0,
            killed,
            spoke: None,
        }
    }

    fn leave(mut self, choice: u32) -> Story {
        let (outcome, spoken) = match self.attempt(choice) {
            Ok(told) => told,
            Err(Killed) => match self.spoke {
                Some(since) => (Outcome::CutOff, since.elapsed()),
                None => (Outcome::Nothing, Duration::ZERO),
            },
        };
        self.streams.close(self.stream);
        Story {
            user: self.user,
            outcome,
            spoken,
            stored: Vec::new(),
        }
    }

    fn attempt(&mut self, choice: u32) -> Result<(Outcome, Duration), Killed> {
        let (stream, audio) = self.streams.open();
        self.stream = stream;
        self.streams.listen(stream);
        let dialog = self
            .line
            .call(&format!("3{}", 1000 + self.user), &audio)
            .map_err(|_| Killed)?;
        self.streams
            .connect(stream, dialog.audio.ok_or(Killed)?, Voice::Silence);
        self.wait_until(|streams| streams.of(stream).received > 10)?;
        self.streams.press(stream, "#");
        self.wait_until(|streams| streams.heard(stream).beeps() > 0)?;

        self.streams.say(stream, Voice::Tone);
        let spoke = Instant::now();
        self.spoke = Some(spoke);
        let length = Duration::from_millis(1200 + u64::from(choice >> 8) % 3000);
        self.wait_until(|_| spoke.elapsed() >= length)?;
        if choice.is_multiple_of(2) {
            let spoken = spoke.elapsed();
            let outcome = self
                .line
                .hang_up(dialog)
                .map_or(Outcome::Unheard, |()| Outcome::HungUp);
            return Ok((outcome, spoken));
        }
        let spoken = spoke.elapsed();
        self.streams.press(stream, "#1");
        // After it has said that the message is sent, the worker hangs up.
        while !self.killed.load(Ordering::SeqCst) {
            if self
                .line
                .await_request(Duration::from_millis(50))
                .is_some_and(|request| request.starts_with("BYE "))
            {
                return Ok((Outcome::Promised, spoken));
            }
        }
        Ok((Outcome::Unheard, spoken))
    }

    fn wait_until(&self, condition: impl Fn(&Streams) -> bool) -> Result<(), Killed> {
        while !condition(self.streams) {
            if self.killed.load(Ordering::SeqCst) {
                return Err(Killed);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if self.killed.load(Ordering::SeqCst) {
            Err(Killed)
        } else {
            Ok(())
        }
    }
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
const ROUNDS: usize = 5;
const CALLERS: usize = 6;
/// A shorter one is no message.
const LONG_ENOUGH: Duration = Duration::from_millis(1100);
/// The last second, and what a slow disk takes to make sure of the one before.
const LOSS: Duration = Duration::from_millis(1500);
