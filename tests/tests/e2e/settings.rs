//! What a user sets by phone, and what others notice of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use switchboard_tests::caller::Caller;
use switchboard_tests::office::{ANN, JOHN, MARY, Office, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

/// A PIN that nobody has at first.
const OTHER_PIN: &str = "86420";
const RIGHT: &str = "switchboard_mailbox_logins_total{result=\"ok\"}";
const WRONG: &str = "switchboard_mailbox_logins_total{result=\"wrong_pin\"}";
const LOCKED: &str = "switchboard_mailbox_logins_total{result=\"locked\"}";

#[test]
fn a_greeting_recorded_by_phone_is_what_callers_hear() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    // Settings, greetings, the default one, record.
    mary.press(&format!("{PIN}#4301"), Keys::Rfc4733);
    wait_for("the beep", Duration::from_mins(1), || {
        (Sound::read(&heard).beeps() >= 1).then_some(())
    });
    mary.say(&tone_file(&office, 900.0), 6);
    mary.press("#1", Keys::Rfc4733);
    let store = office.state().join("store");
    wait_for("the greeting", Duration::from_mins(1), || {
        let is_greeting = |path: &PathBuf| path.display().to_string().contains("greetings/");
        files(&store).iter().any(is_greeting).then_some(())
    });
    mary.hang_up();
    mary.expect_call("DISCONNECTED");

    let heard = office.path("john.wav");
    john.call(&format!("3{}", MARY.extension), None, Some(&heard));
    john.expect_call("CONFIRMED");
    wait_for("the beep", Duration::from_mins(1), || {
        (Sound::read(&heard).beeps() >= 1).then_some(())
    });
    john.hang_up();
    john.expect_call("DISCONNECTED");
    let sound = Sound::read(&heard);
    assert!(sound.seconds_of(900.0) > 3.0, "{}", sound.seconds_of(900.0));
    // A spoken greeting is longer; where a phone is not run for a moment, the tone is torn, which sounds like speech.
    assert!(sound.speech_seconds() < 2.0, "and nothing else is said");
}

#[test]
fn a_presence_chosen_by_phone_reroutes_the_next_call() {
    let office = Office::of(&[MARY, JOHN, ANN]);
    office.write(
        "away.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary-away}\nspec:\n  \
         userRef: {name: mary}\n  presences: [Away]\n  attempts:\n  - destinations: [{handset: {name: ann-desk}}]\n  \
         finally: {voicemail: {userRef: {name: mary}}}\n",
    );
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let mut ann = Phone::of(&ANN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    john.hang_up();
    john.expect_call("DISCONNECTED");
    mary.expect_call("DISCONNECTED");

    let settings = Settings::of(&office);
    let call = Caller::log_in(worker.sip, PIN, "416");
    settings.contain("presence: Away");
    call.hang_up();
    john.call(MARY.extension, None, None);
    ann.expect("incoming", |_| true);
    assert!(!mary.has("incoming", |_| true));
    john.hang_up();
}

#[test]
fn a_presence_that_the_manifest_sets_is_not_changed_by_phone() {
    let office = Office::of(&[JOHN]);
    let mary = switchboard_tests::office::manifests_of("mary", "101", "Mary", "presence: Away");
    office.write("mary.yaml", &mary);
    let worker = Worker::start(&office);
    // She hears so and is back in the settings, where 5 is for the PIN.
    let call = Caller::log_in(worker.sip, PIN, &format!("415{OTHER_PIN}#{OTHER_PIN}#"));
    let settings = Settings::of(&office);
    settings.contain("pinVerifier");
    call.hang_up();
    assert!(!settings.text().contains("presence"));
}

#[test]
fn a_pin_changed_by_phone_is_right_and_the_old_one_wrong_also_after_a_restart() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start(&office);
    let call = Caller::log_in(worker.sip, PIN, &format!("45{OTHER_PIN}#{OTHER_PIN}#"));
    let settings = Settings::of(&office);
    settings.contain("pinVerifier");
    assert!(!settings.text().contains(OTHER_PIN));
    call.hang_up();
    let mut worker = worker;
    for start in 0..2 {
        let (wrong, right) = (worker.metric(WRONG), worker.metric(RIGHT));
        let call = Caller::log_in(worker.sip, PIN, "");
        wait_for("the old PIN to be wrong", Duration::from_mins(1), || {
            (worker.metric(WRONG) > wrong).then_some(())
        });
        call.press(&format!("{OTHER_PIN}#"));
        wait_for("the new one to be right", Duration::from_mins(1), || {
            (worker.metric(RIGHT) > right).then_some(())
        });
        call.hang_up();
        assert_eq!(worker.stop(), Some(0), "{start}");
        worker = Worker::start(&office);
    }
    // Another PIN in the Secret is how the administrator resets it.
    let reset = MARY.manifests().replace(PIN, "97531");
    let before = worker.output().matches("the directory has changed").count();
    office.write("people.yaml", &reset);
    wait_for("it to be read", Duration::from_mins(1), || {
        let changes = worker.output().matches("the directory has changed").count();
        (changes > before).then_some(())
    });
    let call = Caller::log_in(worker.sip, "97531", "");
    wait_for("the reset PIN to be right", Duration::from_mins(1), || {
        (worker.metric(RIGHT) >= 1.0).then_some(())
    });
    call.hang_up();
}

#[test]
fn a_generated_pin_must_be_changed_at_the_first_login() {
    let office = Office::of(&[]);
    office.write("mary.yaml", &without_pin());
    let worker = Worker::start(&office);
    let secret = std::fs::read_to_string(office.state().join("secrets/mary-pin.yaml")).unwrap();
    let digits = |line: &str| {
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        (digits.len() >= 5).then_some(digits)
    };
    let pin = secret.lines().find_map(digits).expect("a generated PIN");
    // The keys that would lead to the settings are his new PIN now, which is too short.
    let call = Caller::log_in(worker.sip, &pin, "416#");
    call.press(&format!("{OTHER_PIN}#{OTHER_PIN}#"));
    let settings = Settings::of(&office);
    settings.contain("pinVerifier");
    assert!(!settings.text().contains("presence"));
    // And then the menu is there.
    call.press("416");
    settings.contain("presence: Away");
    call.hang_up();
}

#[test]
fn locks_and_their_doubling_survive_a_restart() {
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let call = Caller::log_in(worker.sip, "11111", "22222#33333#");
    wait_for("the lock", Duration::from_mins(1), || {
        (worker.metric(WRONG) >= 3.0).then_some(())
    });
    let journal = office.state().join("contacts");
    wait_for("the lock on the disk", Duration::from_mins(1), || {
        let kept = std::fs::read_to_string(&journal).ok()?;
        kept.contains("\"rounds\":1").then_some(())
    });
    drop(call);
    worker.kill();

    let worker = Worker::start(&office);
    let call = Caller::log_in(worker.sip, PIN, "");
    wait_for("the lock to hold", Duration::from_mins(1), || {
        (worker.metric(LOCKED) >= 1.0).then_some(())
    });
    drop(call);
    // From another side she is not locked out.
    let call = Caller::from(worker.sip, &JOHN, "6101", &format!("{PIN}#"));
    wait_for("the other side", Duration::from_mins(1), || {
        (worker.metric(RIGHT) >= 1.0).then_some(())
    });
    drop(call);
    worker.kill();

    // A minute later, as far as the journal knows: the next round is the second one, of two minutes.
    let kept = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, earlier(&kept)).unwrap();
    let worker = Worker::start(&office);
    let call = Caller::log_in(worker.sip, "11111", "22222#33333#");
    wait_for("the second lock", Duration::from_mins(1), || {
        worker.output().contains("seconds=120").then_some(())
    });
    drop(call);
}

#[test]
fn the_most_talkative_log_holds_no_pin_and_no_key() {
    let office = Office::of(&[MARY]);
    let worker = Worker::start_talkative(&office);
    for how in [Keys::Rfc4733, Keys::Info] {
        let mut mary = Phone::of(&MARY, worker.sip);
        let before = worker.metric(RIGHT);
        mary.call("*404", None, None);
        mary.expect_call("CONFIRMED");
        mary.expect("media", |event| event["status"] == 1);
        mary.press(&format!("{PIN}#"), how);
        wait_for("the login", Duration::from_mins(1), || {
            (worker.metric(RIGHT) > before).then_some(())
        });
        mary.hang_up();
    }
    // The sheet for setting up phones, which is for people, ends with the address of the metrics.
    let (output, log) = (worker.output(), worker.log());
    let (_, said) = output.split_once("/metrics").expect("the sheet");
    let log = format!("{said}{log}");
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "{log}");
    assert!(!log.contains(PIN));
    // Nor key by key: what names one key, such as `digit=2` or `Signal=2`, is nowhere.
    let names = ["signal=", "digit=", "key=", "digit: ", "key: ", "pressed"];
    for line in log.lines().map(str::to_lowercase) {
        assert!(!names.iter().any(|name| line.contains(name)), "{line}");
    }
}

#[test]
fn what_was_recorded_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::of(&[MARY, JOHN]);
    let worker = Worker::start(&office);
    let call = Caller::from(worker.sip, &JOHN, "3101", "#");
    wait_for("the beep", Duration::from_mins(1), || {
        (call.heard().beeps() >= 1).then_some(())
    });
    call.go_on_for(3);
    call.hang_up();
    wait_for("it to be stored", Duration::from_mins(1), || {
        (worker.metric("switchboard_uploads_total{result=\"stored\"}") >= 1.0).then_some(())
    });
    let mode =
        |path: &Path| std::fs::metadata(path).map_or(0, |it| it.permissions().mode() & 0o777);
    let files = files(&office.state());
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        // 0: it was a draft, and has got its name meanwhile.
        let own = mode(&file);
        assert!(own == 0o600 || own == 0, "{} {own:o}", file.display());
        let folder = file.parent().unwrap();
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |entry: std::fs::DirEntry| {
        let path = entry.path();
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    entries.flat_map(below).collect()
}

/// Mary without a PIN of hers: one is generated.
fn without_pin() -> String {
    let all = MARY.manifests();
    let documents = all
        .split("---\n")
        .filter(|it| !it.contains("kind: Secret") || it.contains("sip"));
    let kept: Vec<String> = documents
        .map(|it| it.replace("  pinSecretRef: {name: mary-pin, key: pin}\n", ""))
        .collect();
    kept.join("---\n")
}

/// The same journal with every lock a minute ago.
fn earlier(journal: &str) -> String {
    let minute = jiff::SignedDuration::from_mins(1);
    let line = |line: &str| {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("an entry");
        for side in entry["sides"].as_array_mut().into_iter().flatten() {
            let state = &mut side[1]["state"];
            if let Some(until) = state["Locked"]["until"].as_str() {
                let until: jiff::Timestamp = until.parse().expect("a time");
                let before = until - minute;
                *state = serde_json::json!({"Locked": {"until": before}});
            }
        }
        entry.to_string() + "\n"
    };
    journal.lines().map(line).collect()
}

/// What the state folder keeps of Mary's settings.
struct Settings(std::path::PathBuf);

impl Settings {
    fn of(office: &Office) -> Self {
        Self(office.state().join("settings/mary.yaml"))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap_or_default()
    }

    fn contain(&self, text: &str) {
        wait_for(text, Duration::from_mins(1), || {
            self.text().contains(text).then_some(())
        });
    }
}
