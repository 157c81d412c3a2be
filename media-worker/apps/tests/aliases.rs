//! Leaving a message to a message alias, by its number (spec MB-9).

mod support;

use apps::sim::{Company, Person, Story};
use apps::{Exit, leave_message_to_alias};
use mailbox::Folder;
use support::{outsider, stranger};

fn company() -> Company {
    Company::new().with_alias("sales", "500", &["john", "zoe"])
}

fn leave(company: &Company, person: Person) -> Story {
    company.run(person, async |call, office| {
        leave_message_to_alias(call, office, "sales").await
    })
}

fn counts(company: &Company) -> [usize; 3] {
    ["mary", "john", "zoe"].map(|user| company.messages(user).len())
}

#[test]
fn a_caller_hears_the_groups_name_and_each_member_gets_his_message() {
    let company = company();
    let person = outsider()
        .hears("S A L E S will get your message.")
        .hears("[beep]")
        .speaks(5)
        .dials("#");
    let story = leave(&company, person.hears("has been sent").hears("Goodbye."));
    assert_eq!(story.exit, Exit::Finished);
    assert_eq!(counts(&company), [0, 1, 1]);
    assert_eq!(company.messages("zoe")[0].sender, stranger());
}

#[test]
fn a_colleague_reviews_it_as_any_other() {
    let company = company();
    let person = Person::user("mary").hears("[beep]").speaks(5).dials("#");
    let person = person.hears("To send it, press 1.").dials("#");
    leave(&company, person.hears("Cancelled."));
    assert_eq!(counts(&company), [0, 0, 0]);
}

#[test]
fn hanging_up_sends_what_was_said_and_star_calls_somebody_else() {
    let company = company();
    leave(&company, outsider().hears("[beep]").speaks(5).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
    let story = leave(
        &company,
        outsider().hears_part_of("S A L E S").dials("*101"),
    );
    assert_eq!(story.exit, Exit::Transfer("101".into()));
}

#[test]
fn members_without_room_do_not_keep_the_others_from_it() {
    let company =
        company()
            .with_room("john", 1, "5m")
            .with_message("john", Folder::New, stranger());
    leave(&company, outsider().hears("[beep]").speaks(5).hangs_up());
    assert_eq!(counts(&company), [0, 1, 1]);
}

#[test]
fn when_no_member_has_room_the_caller_is_told() {
    let full = company()
        .with_room("john", 1, "5m")
        .with_room("zoe", 1, "5m")
        .with_message("john", Folder::New, stranger())
        .with_message("zoe", Folder::New, stranger());
    leave(
        &full,
        outsider().hears("This mailbox is full").hears("Goodbye."),
    );
}
