//! Attempts to leave messages with a worker that may be killed meanwhile, and what was promised about each.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::office::PASSWORD;
use crate::streams::{StreamId, Streams, Voice};
use crate::wait_for;

/// How a caller's attempt to leave a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
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
pub struct Story {
    /// Whose mailbox it was: `u0`, `u1`, …
    pub user: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// How much of his voice was sent to the worker.
    pub spoken: Duration,
    /// What the disk took at most to make sure of something meanwhile.
    pub slowest_sync: Duration,
    /// The lengths of the messages in the mailbox.
    pub stored: Vec<Duration>,
}

impl Story {
    /// Whether nothing was lost that he was promised or had said, and nothing is there twice.
    pub fn is_good(&self) -> bool {
        let loss = LOSS + self.slowest_sync;
        match (self.outcome, self.stored.as_slice()) {
            (_, [_, _, ..]) => false,
            (Outcome::Promised | Outcome::HungUp, []) => self.spoken < LONG_ENOUGH,
            (Outcome::CutOff | Outcome::Unheard, []) => self.spoken < LONG_ENOUGH + loss,
            (
                Outcome::Promised | Outcome::HungUp | Outcome::CutOff | Outcome::Unheard,
                [stored],
            ) => *stored + loss >= self.spoken,
            (Outcome::Nothing, _) => true,
        }
    }

    /// How many messages the mailbox must have at least: what he was promised, and what he had said before he hung up.
    pub fn at_least(&self) -> usize {
        match self.outcome {
            Outcome::Promised | Outcome::HungUp => usize::from(self.spoken >= LONG_ENOUGH),
            Outcome::CutOff | Outcome::Unheard | Outcome::Nothing => 0,
        }
    }
}

/// What a caller comes to on his way.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// He has begun to speak.
    Speaks,
    /// He has hung up, and the worker has said that it knows.
    HungUp,
    /// He has been told that his message is sent.
    Promised,
}

/// How far the callers of a worker have come, for who is to kill it meanwhile.
#[derive(Debug, Default)]
pub struct Progress {
    speaking: AtomicUsize,
    hung_up: AtomicUsize,
    promised: AtomicUsize,
    gone: Arc<AtomicBool>,
}

impl Progress {
    /// Waits until one of the callers has come as far as `step`.
    ///
    /// # Panics
    /// When none does within a minute.
    pub fn wait_for_one(&self, step: Step) {
        wait_for(&format!("{step:?}"), Duration::from_mins(1), || {
            (self.count(step).load(Ordering::SeqCst) > 0).then_some(())
        });
    }

    /// Kills the worker by `kill`. From just before on nobody says anything.
    pub fn end_by(&self, streams: &Streams, kill: impl FnOnce()) {
        streams.close_all();
        self.gone.store(true, Ordering::SeqCst);
        kill();
    }

    fn is_over(&self) -> bool {
        self.gone.load(Ordering::SeqCst)
    }

    fn note(&self, step: Step) {
        self.count(step).fetch_add(1, Ordering::SeqCst);
    }

    fn count(&self, step: Step) -> &AtomicUsize {
        match step {
            Step::Speaks => &self.speaking,
            Step::HungUp => &self.hung_up,
            Step::Promised => &self.promised,
        }
    }
}

/// One caller's attempt to leave a message in the mailbox of the user whose line he uses.
#[derive(Debug)]
pub struct Attempt<'a> {
    line: Line,
    user: usize,
    streams: &'a Streams,
    stream: StreamId,
    progress: &'a Progress,
    /// The packets that were sent before he spoke.
    spoke: Option<u64>,
}

/// The worker is gone.
struct Killed;

impl<'a> Attempt<'a> {
    /// Of the user `u{user}`, who calls his own mailbox; `progress` hears how far he comes, and tells when the worker is gone.
    pub fn new(
        server: SocketAddr,
        user: usize,
        streams: &'a Streams,
        progress: &'a Progress,
    ) -> Self {
        let line = Line::new(server, &format!("u{user}-desk"), PASSWORD).until(&progress.gone);
        Self {
            line,
            user,
            streams,
            stream: 0,
            progress,
            spoke: None,
        }
    }

    /// Leaves a message of a length that `choice` says, and hangs up or asks for it to be sent.
    pub fn leave(mut self, choice: u32) -> Story {
        let (outcome, spoken) = match self.attempt(choice) {
            Ok(told) => told,
            Err(Killed) => match self.spoke {
                Some(since) => (Outcome::CutOff, self.spoken(since)),
                None => (Outcome::Nothing, Duration::ZERO),
            },
        };
        self.streams.close(self.stream);
        Story {
            user: self.user,
            outcome,
            spoken,
            slowest_sync: Duration::ZERO,
            stored: Vec::new(),
        }
    }

    /// How much he has said since so many packets were sent.
    fn spoken(&self, since: u64) -> Duration {
        let packets = self.streams.of(self.stream).sent - since;
        PACKET * packets as u32
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
        let spoke = self.streams.of(stream).sent;
        self.spoke = Some(spoke);
        self.progress.note(Step::Speaks);
        let length = Duration::from_millis(1200 + u64::from(choice >> 8) % 3000);
        self.wait_until(|_| self.spoken(spoke) >= length)?;
        let spoken = self.spoken(spoke);
        if choice.is_multiple_of(2) {
            if self.line.hang_up(dialog).is_err() {
                return Ok((Outcome::Unheard, spoken));
            }
            self.progress.note(Step::HungUp);
            return Ok((Outcome::HungUp, spoken));
        }
        self.streams.press(stream, "#1");
        // After it has said that the message is sent, the worker hangs up.
        while !self.progress.is_over() {
            if self
                .line
                .await_request(Duration::from_millis(50))
                .is_some_and(|request| request.starts_with("BYE "))
            {
                self.progress.note(Step::Promised);
                return Ok((Outcome::Promised, spoken));
            }
        }
        Ok((Outcome::Unheard, spoken))
    }

    fn wait_until(&self, condition: impl Fn(&Streams) -> bool) -> Result<(), Killed> {
        while !condition(self.streams) {
            if self.progress.is_over() {
                return Err(Killed);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        if self.progress.is_over() {
            Err(Killed)
        } else {
            Ok(())
        }
    }
}

/// Syncs a file all the while, to know what the disk of a worker takes for that.
#[derive(Debug)]
pub struct DiskWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl DiskWatch {
    /// Watches the disk that this file is on.
    pub fn start(file: &Path) -> Self {
        let mut file = File::create(file).expect("a file on the disk");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut slowest = Duration::ZERO;
            while !stopped.load(Ordering::SeqCst) {
                let began = Instant::now();
                file.write_all(b"?").expect("room on the disk");
                file.sync_data().expect("a disk that syncs");
                slowest = slowest.max(began.elapsed());
                std::thread::sleep(Duration::from_millis(100));
            }
            slowest
        });
        Self { stop, thread }
    }

    /// What the slowest sync has taken so far.
    pub fn slowest(self) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("it ends")
    }
}

/// A shorter one is no message.
const LONG_ENOUGH: Duration = Duration::from_millis(1100);
/// The last second, and what the worker's threads take. What its disk takes is measured.
const LOSS: Duration = Duration::from_millis(1500);
/// What one packet has of a voice.
const PACKET: Duration = Duration::from_millis(20);
