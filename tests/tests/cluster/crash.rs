//! `kill -9` in the cluster while messages are being left: nothing that was promised is lost, nothing is there twice.

use std::ops::Range;
use std::time::Duration;

use switchboard_tests::attempt::{Attempt, Outcome, Progress, Step, Story};
use switchboard_tests::cluster::{Process, Shared, Site};
use switchboard_tests::office::Office;
use switchboard_tests::streams::Streams;
use switchboard_tests::wait_for;

#[test]
fn a_worker_killed_while_messages_are_left_loses_none_that_was_promised() {
    let _cluster = Shared::cluster();
    let site = Site::open("worker-crash", Office::of_many(2 * CALLERS));
    for (step, users) in [
        (Step::Speaks, 0..CALLERS),
        (Step::Promised, CALLERS..2 * CALLERS),
    ] {
        let progress = Progress::default();
        let stories = leave_messages(&site, users, &progress, |streams| {
            progress.wait_for_one(step);
            progress.end_by(streams, || site.kill(Process::Worker));
        });
        assert_all_kept(&site, &stories);
    }
}

#[test]
fn a_sidecar_killed_while_messages_are_left_carries_each_once() {
    let _cluster = Shared::cluster();
    let site = Site::open("sidecar-crash", Office::of_many(CALLERS));
    let stories = leave_messages(&site, 0..CALLERS, &Progress::default(), |_| {
        site.kill(Process::Sidecar);
    });
    let mut outcomes = stories.iter().map(|story| story.outcome);
    assert!(
        outcomes.any(|outcome| outcome == Outcome::Promised),
        "{stories:#?}"
    );
    assert_all_kept(&site, &stories);
}

/// Every one of `users` leaves a message in his own mailbox, and something happens meanwhile.
fn leave_messages(
    site: &Site,
    users: Range<usize>,
    progress: &Progress,
    happens: impl FnOnce(&Streams),
) -> Vec<Story> {
    let streams = Streams::start(2);
    std::thread::scope(|scope| {
        let callers: Vec<_> = users
            .map(|user| {
                let attempt = Attempt::new(site.sip, user, &streams, progress);
                // Messages of 1.7 s and more; every other caller hangs up, the rest have theirs sent.
                let choice = (500 + 300 * (user % CALLERS) as u32) << 8 | (user % 2) as u32;
                scope.spawn(move || attempt.leave(choice))
            })
            .collect();
        happens(&streams);
        let ended = callers.into_iter().map(|caller| caller.join());
        ended.map(|story| story.unwrap()).collect()
    })
}

/// Every mailbox comes to hold what its caller was promised, and in the bucket there is nothing twice.
fn assert_all_kept(site: &Site, stories: &[Story]) {
    let new = |user: usize| {
        let count = site.field(&format!("user/u{user}"), ".status.messages.new");
        count.parse().unwrap_or(0usize)
    };
    for story in stories {
        let what = format!("the message of {story:?} to be shown");
        wait_for(&what, Duration::from_mins(1), || {
            (new(story.user) >= story.at_least()).then_some(())
        });
    }
    for story in stories {
        assert!(new(story.user) <= 1, "{story:?}: {}", new(story.user));
    }
    let promised: usize = stories.iter().map(Story::at_least).sum();
    wait_for(
        "what was promised to lie in the bucket",
        Duration::from_mins(1),
        || (site.messages().len() >= promised).then_some(()),
    );
}

const CALLERS: usize = 6;
