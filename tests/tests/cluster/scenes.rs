//! What several of these tests begin with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use switchboard_tests::cluster::Site;
use switchboard_tests::office::{MARY, Office, Person};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;

/// The tone that callers speak with, in Hz.
pub(crate) const VOICE: f64 = 700.0;

/// A call between two phones, both of which hear the other's tone.
#[derive(Debug)]
pub(crate) struct Talk {
    pub(crate) caller: Phone,
    pub(crate) called: Phone,
    pub(crate) heard: PathBuf,
}

impl Talk {
    /// John calls Mary, and she answers.
    pub(crate) fn begin(site: &Site, caller: &Person, called: &Person) -> Self {
        let mut mary = Phone::of(called, site.sip);
        let mut john = Phone::of(caller, site.sip);
        let voice = tone_file(&site.office, VOICE);
        let heard = site.office.path("talk.wav");
        john.call(called.extension, Some(&voice), None);
        mary.expect("incoming", |_| true);
        mary.answer(Some(&voice), Some(&heard));
        john.expect_call("CONFIRMED");
        let talk = Self {
            caller: john,
            called: mary,
            heard,
        };
        talk.goes_on_for(1.0);
        talk
    }

    /// Waits until the called has heard so many seconds more.
    pub(crate) fn goes_on_for(&self, seconds: f64) {
        let so_far = Sound::read(&self.heard).seconds_of(VOICE);
        let bound = Duration::from_secs_f64(60.0 + 2.0 * seconds);
        wait_for("the talk to go on", bound, || {
            (Sound::read(&self.heard).seconds_of(VOICE) > so_far + seconds).then_some(())
        });
    }

    /// The caller hangs up, who must be the first.
    pub(crate) fn end(mut self) {
        for phone in [&mut self.caller, &mut self.called] {
            let over = phone.has("call", |event| event["state"] == "DISCONNECTED");
            assert!(!over, "the call was ended");
        }
        self.caller.hang_up();
        self.called.expect_call("DISCONNECTED");
    }
}

/// `caller` leaves `called` a message of some seconds: without ringing, spoken until told that it is sent.
pub(crate) fn leave_message(site: &Site, caller: &mut Phone, called: &Person) {
    let heard = fresh(&site.office, &format!("to-{}.wav", called.name));
    caller.call(&format!("3{}", called.extension), None, Some(&heard));
    caller.expect_call("CONFIRMED");
    speak(&site.office, caller, &heard);
    caller.press("#1", Keys::Rfc4733);
    caller.expect_call("DISCONNECTED");
}

/// A recording to come: what an earlier call has left there is no sound of this one.
fn fresh(office: &Office, name: &str) -> PathBuf {
    let path = office.path(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// Skips the greeting, waits for the beep and speaks for some seconds.
pub(crate) fn speak(office: &Office, caller: &mut Phone, heard: &Path) {
    wait_for("the greeting", Duration::from_mins(1), || {
        (Sound::read(heard).speech_seconds() > 0.5).then_some(())
    });
    caller.press("#", Keys::Rfc4733);
    wait_for("the beep", Duration::from_mins(1), || {
        (Sound::read(heard).beeps() >= 1).then_some(())
    });
    caller.say(&tone_file(office, VOICE), 5);
}

/// Mary dials `*404`, gives her PIN and hears her one new message, of two seconds at least, to its end: then it is a saved one.
pub(crate) fn hear_message(site: &Site, mary: &mut Phone, pin: &str) {
    listen(site, mary, &format!("{pin}#1"));
    mary.expect_lamp(0, 1);
    hang_up(mary);
}

/// The same with a message that she has heard before.
pub(crate) fn hear_saved_message(site: &Site, mary: &mut Phone, pin: &str) {
    listen(site, mary, &format!("{pin}#2"));
    hang_up(mary);
}

fn listen(site: &Site, mary: &mut Phone, keys: &str) {
    let heard = fresh(&site.office, "center.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    mary.press(keys, Keys::Rfc4733);
    wait_for("the message", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(VOICE) > 2.0).then_some(())
    });
}

fn hang_up(phone: &mut Phone) {
    phone.hang_up();
    phone.expect_call("DISCONNECTED");
}

/// Messages in Mary's mailbox as the API server has them: new and saved.
pub(crate) fn counts(site: &Site) -> (u32, u32) {
    let count = |which: &str| {
        site.field(
            &format!("user/{}", MARY.name),
            &format!(".status.messages.{which}"),
        )
        .parse()
        .unwrap_or(0)
    };
    (count("new"), count("saved"))
}
