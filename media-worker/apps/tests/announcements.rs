//! What a caller hears who cannot be connected.

use std::collections::BTreeSet;

use apps::sim::{Company, Person};
use apps::{Announcement, Exit, announce};

#[test]
fn each_announcement_is_said_twice_and_is_its_own() {
    let mut words = BTreeSet::new();
    for announcement in Announcement::ALL {
        let story = Company::new().run(Person::outside(""), async |call, _| {
            announce(call, announcement).await
        });
        assert_eq!(story.exit.clone(), Exit::Finished);
        assert_eq!(
            story.count(&story.heard[0].text),
            2,
            "{}",
            story.transcript()
        );
        words.insert(story.heard[0].text.clone());
    }
    assert_eq!(words.len(), Announcement::ALL.len());
}

#[test]
fn a_caller_may_hang_up_on_an_announcement() {
    let person = Person::outside("").hears("line is busy").hangs_up();
    let story = Company::new().run(person, async |call, _| {
        announce(call, Announcement::Busy).await
    });
    assert_eq!(
        (story.exit.clone(), story.count("line is busy")),
        (Exit::HungUp, 1)
    );
}
