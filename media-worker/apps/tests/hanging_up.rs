//! Hanging up at every moment of a call: what was promised is there, and nothing else is.

mod support;

use std::time::Duration;

use apps::Exit;
use apps::sim::{Company, Person, Story, Trouble};
use mailbox::Folder;
use support::{leave, mary, outsider, stranger, visit};

/// The whole story, and then the same story cut off at every tenth of a second.
fn cut_everywhere(
    company: impl Fn() -> Company,
    person: &Person,
    run: impl Fn(&Company, Person) -> Story,
    check: impl Fn(&Company, &Story),
) {
    let whole = run(&company(), person.clone());
    assert_ne!(whole.exit, Exit::HungUp, "the story ends by itself");
    let mut at = Duration::ZERO;
    while at < whole.length {
        let company = company();
        let story = run(&company, person.clone().hangs_up_at(at));
        assert_eq!(story.exit.clone(), Exit::HungUp, "at {at:?}");
        check(&company, &story);
        at += Duration::from_millis(100);
    }
}

/// How long ago the last beep was over when the call ended.
fn spoken(story: &Story) -> Duration {
    let beep = story
        .heard
        .iter()
        .rev()
        .find(|heard| heard.whole && heard.text == "[beep]");
    beep.map_or(Duration::ZERO, |beep| story.length.saturating_sub(beep.to))
}

#[test]
fn whoever_speaks_for_a_second_leaves_a_message() {
    let person = outsider()
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("has been sent");
    cut_everywhere(Company::new, &person, leave, |company, story| {
        let spoken = spoken(story);
        let expected = usize::from(spoken >= Duration::from_secs(1));
        assert_eq!(
            company.messages("mary").len(),
            expected,
            "at {:?}",
            story.length
        );
    });
}

#[test]
fn what_cannot_be_stored_when_one_hangs_up_arrives_later() {
    let company = Company::new().with_trouble(Trouble::Deliver);
    let person = outsider().hears("[beep]").speaks(5).hangs_up();
    let story = leave(&company, person);
    assert_eq!(story.exit.clone(), Exit::HungUp);
    assert_eq!(company.messages("mary").len(), 1);
}

#[test]
fn a_message_is_sent_wherever_in_the_review_one_hangs_up() {
    let person = Person::user("john")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("2");
    let person = person
        .hears("[what was recorded]")
        .dials("*")
        .hears("choices again")
        .dials("1")
        .hears("has been sent");
    cut_everywhere(Company::new, &person, leave, |company, story| {
        let spoken = spoken(story);
        let expected = usize::from(spoken >= Duration::from_secs(1));
        assert_eq!(
            company.messages("mary").len(),
            expected,
            "at {:?}",
            story.length
        );
    });
}

#[test]
fn a_cancelled_message_is_not_sent_by_hanging_up_afterwards() {
    let person = Person::user("john")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(Company::new, &person, leave, |company, story| {
        let cancelled = story
            .heard
            .iter()
            .any(|heard| heard.text.contains("Cancelled"));
        assert!(
            !cancelled || company.messages("mary").is_empty(),
            "at {:?}",
            story.length
        );
    });
}

#[test]
fn a_message_is_delivered_wherever_in_a_transfer_one_hangs_up() {
    let person = outsider()
        .hears("[beep]")
        .speaks(5)
        .dials("*102")
        .hears("One moment");
    cut_everywhere(Company::new, &person, leave, |company, story| {
        let spoken = spoken(story);
        let expected = usize::from(spoken >= Duration::from_secs(1));
        assert_eq!(
            company.messages("mary").len(),
            expected,
            "at {:?}",
            story.length
        );
    });
}

#[test]
fn a_message_is_delivered_wherever_after_a_wrong_extension_one_hangs_up() {
    let person = outsider()
        .hears("[beep]")
        .speaks(5)
        .dials("*999")
        .hears("no such extension")
        .hears("star and then the extension")
        .dials("1")
        .hears("has been sent");
    cut_everywhere(Company::new, &person, leave, |company, story| {
        let sent = company.messages("mary").len();
        assert_eq!(sent, is_sent(story), "at {:?}", story.length);
    });
}

#[test]
fn a_message_is_saved_exactly_if_it_was_heard() {
    let company = || Company::new().with_message("mary", Folder::New, stranger());
    let person = mary()
        .dials("1")
        .hears("[message m1]")
        .hears("choices again")
        .dials("#")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(company, &person, visit, |company, story| {
        let message = story
            .heard
            .iter()
            .find(|heard| heard.text == "[message m1]");
        let heard = message.is_some_and(|heard| heard.whole && heard.to < story.length);
        let expected = if heard { Folder::Saved } else { Folder::New };
        assert_eq!(
            company.messages("mary")[0].state.folder(),
            Some(expected),
            "at {:?}",
            story.length
        );
    });
}

#[test]
fn a_message_is_deleted_only_by_its_key() {
    let company = || Company::new().with_message("mary", Folder::New, stranger());
    let person = mary()
        .dials("1")
        .hears_part_of("[message m1]")
        .dials("*3")
        .hears("deleted")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(company, &person, visit, |company, story| {
        let deleted = story
            .heard
            .iter()
            .any(|heard| heard.text.contains("deleted"));
        let state = company.messages("mary")[0].state.folder();
        assert!(
            state != Some(Folder::Saved) && (!deleted || state.is_none()),
            "at {:?}",
            story.length
        );
    });
}

/// Whether what was spoken last was enough, and was not thrown away: then it is sent, and to each.
fn is_sent(story: &Story) -> usize {
    usize::from(spoken(story) >= Duration::from_secs(1))
}

#[test]
fn a_message_to_several_is_sent_exactly_if_something_was_said_wherever_one_hangs_up() {
    let company = || Company::new().with_alias("sales", "500", &["john", "zoe"]);
    let person = mary()
        .dials("3")
        .hears("Enter an extension")
        .dials("102#")
        .hears("J O H N")
        .dials("500#")
        .hears("S A L E S")
        .hears("Enter another one")
        .dials("#")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("2")
        .hears("[what was recorded]")
        .hears("choices again")
        .dials("1")
        .hears("has been sent")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(company, &person, visit, |company, story| {
        for user in ["john", "zoe"] {
            let inbox = company.messages(user);
            assert_eq!(inbox.len(), is_sent(story), "at {:?}", story.length);
        }
    });
}

#[test]
fn an_answer_is_sent_exactly_if_something_was_said_wherever_one_hangs_up() {
    let company = || {
        let john = Company::new().sender("john");
        Company::new().with_message("mary", Folder::New, john)
    };
    let person = mary()
        .dials("1")
        .hears_part_of("[message m1]")
        .dials("*1")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("1")
        .hears("has been sent")
        .hears("choices again")
        .dials("#")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(company, &person, visit, |company, story| {
        let answers = company.messages("john").len();
        assert_eq!(answers, is_sent(story), "at {:?}", story.length);
    });
}

#[test]
fn a_message_is_forwarded_exactly_if_something_was_said_wherever_one_hangs_up() {
    let company = || Company::new().with_message("mary", Folder::New, stranger());
    let person = mary()
        .dials("1")
        .hears("[message m1]")
        .hears("choices again")
        .dials("2")
        .hears("Enter an extension")
        .dials("102#1021#")
        .hears("Enter another one")
        .dials("#")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("1")
        .hears("has been sent")
        .hears("choices again")
        .dials("#")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(company, &person, visit, |company, story| {
        for user in ["john", "zoe"] {
            let inbox = company.messages(user);
            assert_eq!(inbox.len(), is_sent(story), "at {:?}", story.length);
        }
        assert_eq!(company.messages("mary").len(), 1, "it stays where it was");
    });
}

#[test]
fn what_was_cancelled_or_is_recorded_again_is_not_sent_by_hanging_up_afterwards() {
    let person = mary()
        .dials("3102##")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("3")
        .hears("[beep]")
        .speaks(5)
        .dials("#")
        .hears("choices again")
        .dials("#")
        .hears("Cancelled")
        .hears("To leave")
        .dials("#")
        .hears("Goodbye.");
    cut_everywhere(Company::new, &person, visit, |company, story| {
        let beeps = story.heard.iter().filter(|it| it.text == "[beep]").count();
        let begun_again = beeps == 1
            && story
                .heard
                .iter()
                .rev()
                .take(2)
                .any(|it| it.text.contains("Speak after"))
            && story
                .heard
                .iter()
                .filter(|it| it.text.contains("Speak after"))
                .count()
                == 2;
        let cancelled = story.heard.iter().any(|it| it.text.contains("Cancelled"));
        let gone = begun_again || cancelled;
        // While the second beep sounds the first recording is gone and nothing was said yet.
        let expected = if gone || beeping(story) {
            0
        } else {
            is_sent(story)
        };
        let sent = company.messages("john").len();
        assert_eq!(
            sent,
            expected,
            "at {:?}\n{}",
            story.length,
            story.transcript()
        );
    });
}

/// Whether the call ended while the tone sounded.
fn beeping(story: &Story) -> bool {
    story
        .heard
        .last()
        .is_some_and(|last| last.text == "[beep]" && !last.whole)
}
