//! A probe that does not run for a while, as on a busy machine.

use std::io;

use super::*;

#[test]
fn a_beep_that_came_while_the_probe_was_held_up_is_heard() {
    let mut out = HoldsUp::default();
    let (outcome, callee) = probe_telling(&mut out, &Script::ANSWERS, |options| {
        options.leave_tone = Some(620);
        options.seconds = 30;
    });
    let printed = String::from_utf8(out.printed).unwrap();
    assert_eq!(outcome, Outcome::Done, "{printed}");
    assert_eq!(callee.voiced, 100, "two seconds: {printed}");
    in_order(&printed, &["speech begins", "beep: 1000", "message spoken"]);
}

/// Who first tells it that speech begins has to wait until the beep is over.
#[derive(Default)]
struct HoldsUp {
    printed: Vec<u8>,
    done: bool,
}

impl Write for HoldsUp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.printed.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Comes once a line.
    fn flush(&mut self) -> io::Result<()> {
        if !self.done && self.printed.ends_with(b"speech begins\n") {
            self.done = true;
            // From the beginning of speech to the end of the beep it is 1.6 s.
            thread::sleep(Duration::from_millis(1_850));
        }
        Ok(())
    }
}
