//! A caller who leaves a message.

use std::net::SocketAddr;
use std::time::Duration;

use crate::line::Line;
use crate::office::{PASSWORD, Person};
use crate::streams::{Streams, Voice};
use crate::wait_for;

/// Calls the mailbox at an extension, says two seconds of a tone after the beep, and hangs up.
pub fn leave_message(server: SocketAddr, from: &Person, extension: &str) {
    let streams = Streams::start(1);
    let (stream, audio) = streams.open();
    streams.listen(stream);
    let mut line = Line::new(server, &from.handset(), PASSWORD);
    let dialog = line.call(&format!("3{extension}"), &audio).unwrap();
    streams.connect(stream, dialog.audio.unwrap(), Voice::Silence);
    wait_for("the greeting", PATIENCE, || {
        (streams.of(stream).received > 10).then_some(())
    });
    streams.press(stream, "#");
    wait_for("the beep", PATIENCE, || {
        (streams.heard(stream).beeps() > 0).then_some(())
    });
    streams.say(stream, Voice::Tone);
    let sent = streams.of(stream).sent;
    wait_for("two seconds to be said", PATIENCE, || {
        (streams.of(stream).sent >= sent + 100).then_some(())
    });
    line.hang_up(dialog).unwrap();
}

const PATIENCE: Duration = Duration::from_secs(30);
