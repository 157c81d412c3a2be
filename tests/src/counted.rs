//! A call whose packets are counted, both ways.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::desk::Desk;
use crate::line::{Dialog, Line};
use crate::office::{PASSWORD, Person};
use crate::streams::{StreamId, Streams, Voice};
use crate::wait_for;

/// A call that is up, in which both sides speak. What they are late with they send and receive later: what does not come was lost on
/// its way.
#[derive(Debug)]
pub struct CountedCall {
    line: Line,
    dialog: Dialog,
    desk: Desk,
    streams: Streams,
    ways: [Way; 2],
}

/// From one side to the other, and what was sent and received before the counting.
#[derive(Clone, Copy, Debug)]
struct Way {
    from: StreamId,
    to: StreamId,
    sent: u64,
    received: u64,
}

impl CountedCall {
    /// The phone of `caller` calls that of `called`, which answers; the counting begins when both are heard.
    ///
    /// # Panics
    /// When it is not answered.
    pub fn begin(server: SocketAddr, caller: &Person, called: &Person) -> Self {
        let streams = Streams::start(2);
        let (at_called, audio) = streams.open();
        let phones = [(called.handset(), Some(audio))].into();
        let desk = Desk::new(server, PASSWORD, phones, &Arc::default());
        let mut line = Line::new(server, &caller.handset(), PASSWORD);
        let (at_caller, audio) = streams.open();
        let dialog = line.call(called.extension, &audio).expect("an answer");
        let offered = desk.offered(&called.handset()).expect("an offer");
        streams.connect(at_caller, dialog.audio.expect("audio"), Voice::Tone);
        streams.connect(at_called, offered, Voice::Tone);
        let ways = [(at_caller, at_called), (at_called, at_caller)].map(|(from, to)| {
            wait_for("both to be heard", PATIENCE, || {
                (streams.of(to).received > FIRST_WORDS).then_some(())
            });
            streams.listen(to);
            // In this order: what is sent in between is then received too much, not too little.
            let received = streams.of(to).received;
            let sent = streams.of(from).sent;
            Way {
                from,
                to,
                sent,
                received,
            }
        });
        Self {
            line,
            dialog,
            desk,
            streams,
            ways,
        }
    }

    /// Waits until both sides, who keep the same time, have spoken for so many seconds more.
    pub fn goes_on_for(&self, seconds: u64) {
        let [way, _] = self.ways;
        for _ in 0..seconds {
            self.streams.go_on_for(way.from, 1);
        }
    }

    /// Both fall silent: what each has said has come to the other, but for so few packets.
    ///
    /// # Panics
    /// When more are missing.
    pub fn lost_at_most(&self, few: u64) {
        self.streams.close_all();
        for way in self.ways {
            let sent = self.streams.of(way.from).sent - way.sent;
            let received = || self.streams.of(way.to).received - way.received;
            let what = format!("all but {few} of {sent} packets to come");
            wait_for(&what, PATIENCE, || (received() + few >= sent).then_some(()));
            let missing = self.streams.missing(way.to) as u64;
            assert!(missing <= few, "{missing} of {sent} packets are missing");
        }
    }

    /// The caller hangs up, who must be the first, and the called is told.
    ///
    /// # Panics
    /// When the call has ended before.
    pub fn hang_up(mut self) {
        assert_eq!(self.desk.ended(), 0, "the call was ended");
        self.line.hang_up(self.dialog).expect("the call was ended");
        wait_for("the called to be told", PATIENCE, || {
            (self.desk.ended() > 0).then_some(())
        });
    }
}

const PATIENCE: Duration = Duration::from_mins(1);
/// So many packets have come when a side is heard.
const FIRST_WORDS: u64 = 50;
