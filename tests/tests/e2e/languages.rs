//! Each hears his own language, judged by the recordings that belong to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use media::pcm::Pcm;
use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office, PIN, manifests_of};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::Sound;
use switchboard_tests::worker::Worker;
use switchboard_tests::{root, wait_for};

/// Mary's language is Spanish, John's is the system's.
fn office(languages: &str) -> Office {
    let office = Office::of(&[JOHN]);
    let mary = manifests_of(MARY.name, MARY.extension, MARY.display_name, "language: es");
    office.write("mary.yaml", &mary);
    office.write("phonesystem.yaml", &format!(
        "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {{name: office}}\nspec:\n  \
         domain: {DOMAIN}\n  timeZone: America/New_York\n  languages: {languages}\n"
    ));
    office
}

#[test]
fn a_user_is_spoken_to_in_his_own_language() {
    let office = office("{default: en}");
    let worker = Worker::start(&office);
    let mut mary = Phone::of(&MARY, worker.sip);
    let heard = office.path("mary.wav");
    mary.call("*404", None, Some(&heard));
    mary.expect_call("CONFIRMED");
    expect_words(&heard, &recording("es", "login-pin"));
    mary.press(&format!("{PIN}#"), Keys::Rfc4733);
    expect_words(&heard, &recording("es", "status-none"));
    expect_words(&heard, &recording("es", "main-new"));
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
    let sound = Sound::read(&heard);
    for prompt in ["login-pin", "status-none", "main-new"] {
        let likeness = sound.likeness(&recording("en", prompt));
        assert!(likeness < OTHER_WORDS, "{prompt} in English: {likeness:.2}");
    }
    assert_eq!(sound.clipped(), 0);
}

#[test]
fn two_pounds_at_the_pin_change_to_spanish_for_the_call() {
    let office = office("{default: en, alternate: es}");
    let worker = Worker::start(&office);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = office.path("john.wav");
    john.call("*404", None, Some(&heard));
    john.expect_call("CONFIRMED");
    expect_words(&heard, &recording("en", "login-pin"));
    // The offer is made in the language it leads to.
    expect_words(&heard, &recording("es", "login-language"));
    john.press("##", Keys::Rfc4733);
    expect_words(&heard, &recording("es", "login-pin"));
    john.press(&format!("{PIN}#"), Keys::Rfc4733);
    expect_words(&heard, &recording("es", "status-none"));
    // Also where the call goes on: Mary, who has no phone, is left a message.
    john.press(&format!("*{}", MARY.extension), Keys::Rfc4733);
    expect_words(&heard, &recording("es", "leave-how"));
    john.hang_up();
    john.expect_call("DISCONNECTED");

    let heard = office.path("again.wav");
    john.call("*404", None, Some(&heard));
    john.expect_call("CONFIRMED");
    expect_words(&heard, &recording("en", "login-pin"));
}

#[test]
fn a_further_language_is_a_folder_and_what_it_lacks_is_told_once() {
    let office = office("{default: eo}");
    let prompts = office.path("prompts");
    let esperanto = prompts.join("eo");
    std::fs::create_dir_all(esperanto.join("prompts")).unwrap();
    std::os::unix::fs::symlink(root().join("prompts/en"), prompts.join("en")).unwrap();
    std::fs::write(
        esperanto.join("catalogue.yaml"),
        "name: Esperanto\nprompts:\n  login-pin: Bonvolu tajpi vian sekretan numeron.\n",
    )
    .unwrap();
    // Nobody here speaks Esperanto: other words stand for the recording.
    let spoken = file("es", "menu-repeat");
    std::fs::copy(&spoken, esperanto.join("prompts/login-pin.flac")).unwrap();

    let worker = Worker::start_with_prompts(&office, &prompts);
    let mut john = Phone::of(&JOHN, worker.sip);
    for call in ["first.wav", "second.wav"] {
        let heard = office.path(call);
        john.call("*404", None, Some(&heard));
        john.expect_call("CONFIRMED");
        expect_words(&heard, &read(&spoken));
        john.press(&format!("{PIN}#"), Keys::Rfc4733);
        expect_words(&heard, &recording("en", "status-none"));
        john.hang_up();
        john.expect_call("DISCONNECTED");
    }
    let log = worker.output() + &worker.log();
    let warning = "the prompts of eo lack the prompt status-none";
    assert_eq!(log.matches(warning).count(), 1, "{log}");
}

/// Waits until these words are in what was heard.
pub(crate) fn expect_words(heard: &Path, words: &Pcm) {
    let what = format!("words of {:?}", words.duration());
    let mut listened = Duration::ZERO;
    wait_for(&what, Duration::from_mins(1), || {
        let sound = Sound::read(heard);
        let likeness = sound.since(listened).likeness(words);
        // Listened to once, but for what may be the beginning of the words.
        listened = sound.duration().saturating_sub(words.duration());
        (likeness > SAME_WORDS).then_some(())
    });
}

/// A prompt as it was recorded.
pub(crate) fn recording(language: &str, prompt: &str) -> Pcm {
    read(&file(language, prompt))
}

fn read(file: &Path) -> Pcm {
    let pcm = prompts::read_flac(file).unwrap();
    Pcm {
        samples: pcm.samples.clone(),
        rate: pcm.rate,
    }
}

fn file(language: &str, prompt: &str) -> PathBuf {
    root().join(format!("prompts/{language}/prompts/{prompt}.flac"))
}

const SAME_WORDS: f64 = 0.75;
const OTHER_WORDS: f64 = 0.6;
