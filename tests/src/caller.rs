//! A caller who only presses keys, and talks all the while.

use std::net::SocketAddr;

use crate::line::{Dialog, Line};
use crate::office::{MARY, PASSWORD, Person};
use crate::sound::Sound;
use crate::streams::{StreamId, Streams, Voice};

/// A call that is answered. It stays when this is dropped; nothing more is sent then.
#[derive(Debug)]
pub struct Caller {
    line: Line,
    dialog: Dialog,
    streams: Streams,
    stream: StreamId,
}

impl Caller {
    /// Mary at her own phone enters this PIN in the message center, and then these keys.
    pub fn log_in(worker: SocketAddr, pin: &str, keys: &str) -> Self {
        Self::from(worker, &MARY, "*404", &format!("{pin}#{keys}"))
    }

    /// The phone of `person` dials a number and then presses keys.
    ///
    /// # Panics
    /// When it is not answered.
    pub fn from(worker: SocketAddr, person: &Person, number: &str, keys: &str) -> Self {
        let streams = Streams::start(1);
        let mut line = Line::new(worker, &person.handset(), PASSWORD);
        let (stream, audio) = streams.open();
        let dialog = line.call(number, &audio).expect("an answer");
        streams.listen(stream);
        streams.connect(stream, dialog.audio.expect("audio"), Voice::Tone);
        streams.press(stream, keys);
        Self {
            line,
            dialog,
            streams,
            stream,
        }
    }

    /// Presses keys.
    pub fn press(&self, keys: &str) {
        self.streams.press(self.stream, keys);
    }

    /// Goes on talking, and waits until so many seconds more of it are sent.
    pub fn go_on_for(&self, seconds: u64) {
        self.streams.go_on_for(self.stream, seconds);
    }

    /// What it has heard so far.
    pub fn heard(&self) -> Sound {
        self.streams.heard(self.stream)
    }

    /// Hangs up; the far side may have done so before.
    pub fn hang_up(mut self) {
        let _ = self.line.hang_up(self.dialog);
    }
}
