//! The worker under measurement, and the people who use it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use switchboard_tests::line::{Dialog, Line, Traffic};
use switchboard_tests::office::{Office, PASSWORD};
use switchboard_tests::process::{Processor, resident};
use switchboard_tests::streams::{StreamId, Streams, Voice};
use switchboard_tests::worker::Worker;

/// A worker with many users.
pub(crate) struct Company {
    pub(crate) worker: Worker,
    pub(crate) traffic: Arc<Traffic>,
    processor: Processor,
    _office: Office,
}

/// A caller whose audio flows.
pub(crate) struct Caller {
    pub(crate) line: Line,
    pub(crate) dialog: Dialog,
    pub(crate) stream: StreamId,
}

impl Company {
    /// Starts a worker with this many users.
    pub(crate) fn of(people: usize) -> Self {
        let office = Office::of_many(people);
        let worker = Worker::start(&office);
        let processor = Processor::of(worker.pid());
        Self { worker, traffic: Arc::default(), processor, _office: office }
    }

    /// The worker's processor time so far.
    pub(crate) fn processor_time(&mut self) -> Duration {
        self.processor.used()
    }

    /// The worker's memory.
    pub(crate) fn memory(&self) -> u64 {
        resident(self.worker.pid())
    }

    /// The line of a user.
    pub(crate) fn line(&self, user: usize) -> Line {
        Line::new(self.worker.sip, &handset(user), PASSWORD).counted(&self.traffic)
    }

    /// A user calls a number; his audio flows as soon as he is answered.
    pub(crate) fn call(&self, user: usize, number: &str, streams: &Streams, voice: Voice) -> Caller {
        let mut line = self.line(user);
        let (stream, audio) = streams.open();
        let dialog = line.call(number, &audio).unwrap_or_else(|failure| panic!("{number}: {failure:?}"));
        streams.connect(stream, dialog.audio.expect("an answer with audio"), voice);
        Caller { line, dialog, stream }
    }
}

impl Caller {
    /// Hangs up and sends no more.
    pub(crate) fn hang_up(mut self, streams: &Streams) {
        self.line.hang_up(self.dialog).expect("the BYE is answered");
        streams.close(self.stream);
    }
}

/// The username of a user's handset.
pub(crate) fn handset(user: usize) -> String {
    format!("u{user}-desk")
}

/// The extension of a user.
pub(crate) fn extension(user: usize) -> String {
    (1000 + user).to_string()
}

/// Sleeps until a moment: how long people speak and listen is part of what is measured.
pub(crate) fn until(moment: Instant) {
    std::thread::sleep(moment.saturating_duration_since(Instant::now()));
}

/// How many sockets the streams of the benchmark share.
pub(crate) const SOCKETS: usize = 8;
