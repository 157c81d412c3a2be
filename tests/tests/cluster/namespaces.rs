//! A namespace goes, with operator, telephone system and all.

use std::time::Duration;

use switchboard_tests::cluster::{Setup, Shared, Site};
use switchboard_tests::office::{JOHN, MARY, Office};

#[test]
fn a_deleted_namespace_goes_with_all_that_is_in_it() {
    let _cluster = Shared::cluster();
    let site = Site::open("gone", Office::of(&[MARY, JOHN]));
    site.delete_namespace(Duration::from_mins(3)).unwrap();
}

#[test]
fn a_namespace_goes_with_the_mailboxes_that_are_to_be_deleted() {
    let _cluster = Shared::cluster();
    let setup = Setup {
        deletion_policy: "Delete",
        ..Setup::default()
    };
    let site = Site::with("all-gone", Office::of(&[MARY, JOHN]), setup);
    let held = site.field("user/mary", ".metadata.finalizers[0]");
    assert_eq!(held, "switchboard.dev/mailboxes");
    site.delete_namespace(Duration::from_mins(3)).unwrap();
}
