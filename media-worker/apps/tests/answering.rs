//! Answering, forwarding and calling back (spec MC-L1, MC-L2, MC-L9, MB-1).

mod support;

use apps::Exit;
use apps::sim::{Company, Elsewhere, Person, Trouble};
use mailbox::{Folder, Message, Sender};
use support::{INVALID, MAIN, MENU, mary, sends, stranger, visit};

/// Mary has a message of this sender, has heard it, and hears the choices.
fn heard() -> Person {
    mary().dials("1").hears("[message m1]").hears(MENU)
}

fn one_of(sender: Sender) -> Company {
    Company::new().with_message("mary", Folder::New, sender)
}

fn johns() -> Company {
    one_of(Company::new().sender("john"))
}

/// A user in his message center who hears his new messages.
fn at(user: &str, pin: &str) -> Person {
    Person::user(user)
        .hears("enter your PIN")
        .dials(&format!("{pin}#"))
        .hears(MAIN)
        .dials("1")
}

fn is_saved(message: &Message) -> bool {
    message.state.folder() == Some(Folder::Saved)
}

#[test]
fn an_answer_goes_to_the_sender_and_one_is_at_the_message_again() {
    let company = johns();
    let person = heard().dials("1").hears("Speak your reply after the tone");
    let person = sends(person).hears("To reply, press 1.").hears(MENU);
    visit(&company, person.dials("3").hears("deleted").hangs_up());
    let answers = company.messages("john");
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].sender, company.sender("mary"));
}

#[test]
fn while_the_message_plays_star_and_one_answer_it_and_it_is_saved() {
    let company = johns();
    let person = mary().dials("1").hears_part_of("[message m1]").dials("*1");
    visit(&company, sends(person).hears(MENU).hangs_up());
    assert_eq!(company.messages("john").len(), 1);
    assert!(is_saved(&company.messages("mary")[0]));
}

#[test]
fn only_a_user_who_is_there_can_be_answered() {
    let left = Sender::Internal {
        user: "left".into(),
        extension: "109".into(),
        name: "Lee".into(),
    };
    for sender in [stranger(), left] {
        let story = visit(
            &one_of(sender),
            heard().dials("1").hears(INVALID).hangs_up(),
        );
        assert!(!story.has("To reply"));
    }
}

#[test]
fn a_message_is_forwarded_to_several_with_an_introduction_that_is_heard_before_it() {
    let company = one_of(stranger()).with_alias("sales", "500", &["zoe"]);
    let person = heard().dials("2").hears("Enter an extension or a group.");
    let person = person
        .dials("102#500##")
        .hears("Speak your introduction after the tone");
    visit(&company, sends(person).hears(MENU).hangs_up());
    for (user, pin) in [("john", "1027531"), ("zoe", "10217531")] {
        let story = visit(
            &company,
            at(user, pin)
                .hears("Forwarded by M A R Y.")
                .hears("Received today at")
                .hears("[introduction m2]")
                .hears("From the number plus one five eight five")
                .hears("Received today at two P M.")
                .hears("It lasts twenty seconds.")
                .hears("[message m1]")
                .hears(MENU)
                .hangs_up(),
        );
        assert!(story.has("To reply"), "to who forwarded it");
    }
    assert_eq!(company.messages("mary").len(), 1, "it stays where it was");
    assert!(is_saved(&company.messages("mary")[0]));
}

#[test]
fn each_forwarder_is_heard_the_last_one_first() {
    let company = one_of(stranger());
    visit(&company, sends(heard().dials("2102##")).hangs_up());
    let person = at("john", "1027531").hears("[message m1]").hears(MENU);
    visit(&company, sends(person.dials("21021##")).hangs_up());
    visit(
        &company,
        at("zoe", "10217531")
            .hears("Forwarded by J O H N.")
            .hears("[introduction m3]")
            .hears("Forwarded by M A R Y.")
            .hears("[introduction m2]")
            .hears("From the number")
            .hears("[message m1]")
            .hangs_up(),
    );
}

#[test]
fn a_forwarded_message_is_answered_to_and_calls_who_forwarded_it() {
    let company = one_of(stranger());
    visit(&company, sends(heard().dials("2102##")).hangs_up());
    let person = || at("john", "1027531").hears("[message m1]").hears(MENU);
    let story = visit(&company, person().dials("9"));
    assert_eq!(story.exit, Exit::Transfer("101".into()));
    let person = Person::user("john")
        .hears("PIN")
        .dials("1027531#")
        .hears(MAIN);
    let person = person.dials("2").hears("[message m1]").hears(MENU);
    visit(&company, sends(person.dials("1")).hangs_up());
    let answer = &company.messages("mary")[1];
    assert_eq!(answer.sender, company.sender("john"));
}

#[test]
fn keys_in_the_words_of_a_forwarder_do_as_in_the_message() {
    let company = one_of(stranger());
    visit(&company, sends(heard().dials("2102##")).hangs_up());
    let person = at("john", "1027531").hears_part_of("[introduction m2]");
    let story = visit(
        &company,
        person
            .dials("3")
            .waits(1.0)
            .dials("*3")
            .hears("Message deleted.")
            .hangs_up(),
    );
    assert!(!story.has("[message m1]"));
    assert_eq!(company.messages("john")[0].state.folder(), None);
}

#[test]
fn a_message_that_is_too_long_for_somebody_is_not_forwarded_to_him() {
    let company = one_of(stranger()).with_room("john", 9, "10s");
    let person = heard().dials("2102#1021##");
    let person = person.hears("J O H N does not get it: it is too long for the mailbox.");
    visit(&company, sends(person).hangs_up());
    assert!(company.messages("john").is_empty());
    assert_eq!(company.messages("zoe").len(), 1);
}

#[test]
fn forwarding_to_nobody_goes_back_to_the_message() {
    let company = one_of(stranger());
    let person = heard().dials("2").hears("Enter an extension").dials("#");
    visit(
        &company,
        person.hears("Nobody was chosen.").hears(MENU).hangs_up(),
    );
}

#[test]
fn a_forward_that_cannot_be_stored_says_so_and_nothing_is_lost() {
    let company = one_of(stranger()).with_trouble(Trouble::Deliver);
    let person = heard().dials("2102##").hears("[beep]").speaks(5).dials("#");
    let person = person.hears(MENU).dials("1").hears("could not be sent");
    visit(&company, person.hears(MENU).hangs_up());
    assert!(company.messages("john").is_empty());
    assert!(is_saved(&company.messages("mary")[0]));
}

#[test]
fn a_message_that_comes_while_another_is_heard_is_heard_the_next_time() {
    let company = one_of(stranger());
    let person = mary().dials("1").hears_part_of("[message m1]");
    let person = person.meanwhile(Elsewhere::Leaves("mary", stranger()));
    let person = person
        .hears(MENU)
        .dials("6")
        .hears("That was the last message.")
        .hears(MAIN)
        .dials("1");
    visit(&company, person.hears("[message m2]").hangs_up());
}

#[test]
fn a_message_that_is_deleted_on_another_phone_while_it_plays_is_heard_to_its_end_and_stays_deleted()
{
    let company = one_of(stranger());
    let person = mary().dials("1").hears_part_of("[message m1]");
    let person = person.meanwhile(Elsewhere::Deletes("mary"));
    let person = person.hears(MENU).dials("6");
    let story = visit(&company, person.hears(MAIN).hangs_up());
    assert!(story.has("[message m1]"));
    assert_eq!(company.messages("mary")[0].state.folder(), None);
}

#[test]
fn a_message_that_is_deleted_on_another_phone_can_still_be_forwarded_from_this_one() {
    let company = one_of(stranger());
    let person = heard().meanwhile(Elsewhere::Deletes("mary"));
    visit(&company, sends(person.dials("2102##")).hangs_up());
    assert_eq!(company.messages("john").len(), 1);
}
