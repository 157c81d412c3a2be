//! Attempts to leave messages with a worker that may be killed meanwhile, and what was promised about each.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::line::Line;
use crate::office::PASSWORD;
use crate::streams::{StreamId, Streams, Voice};

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
    /// For how long he spoke.
    pub spoken: Duration,
    /// The lengths of the messages in the mailbox.
    pub stored: Vec<Duration>,
}

impl Story {
    /// Whether nothing was lost that he was promised or had said, and nothing is there twice.
    pub fn is_good(&self) -> bool {
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

    /// How many messages the mailbox must have at least: what he was promised, and what he had said before he hung up.
    pub fn at_least(&self) -> usize {
        match self.outcome {
            Outcome::Promised | Outcome::HungUp => usize::from(self.spoken >= LONG_ENOUGH),
            Outcome::CutOff | Outcome::Unheard | Outcome::Nothing => 0,
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
    killed: &'a AtomicBool,
    spoke: Option<Instant>,
}

/// The worker is gone.
struct Killed;

impl<'a> Attempt<'a> {
    /// Of the user `u{user}`, who calls his own mailbox; `killed` tells that the worker is gone.
    pub fn new(
        server: SocketAddr,
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

    /// Leaves a message of a length that `choice` says, and hangs up or asks for it to be sent.
    pub fn leave(mut self, choice: u32) -> Story {
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

/// A shorter one is no message.
const LONG_ENOUGH: Duration = Duration::from_millis(1100);
/// The last second, and what a slow disk takes to make sure of the one before.
const LOSS: Duration = Duration::from_millis(1500);
