//! Routes that lead outside.

use std::time::Duration;

use switchboard_tests::office::{JOHN, MARY};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::worker::Worker;

use super::{OLGA, by_address, company, connected, provider, refuses};
use crate::languages::{expect_words, recording};

#[test]
fn a_route_rings_outside_and_ends_outside() {
    let near = company();
    near.write(
        "route.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary-out}\nspec:\n  userRef: {name: mary}\n  attempts:\n  \
         - destinations: [{handset: {name: mary-desk}}, {outside: {number: \"+15855551111\"}}]\n    rings: 4\n  \
         finally: {outside: {number: \"+15855552222\"}}\n",
    );
    let worker = Worker::start(&near);
    let [mut provider] = by_address(&near, &worker, ["outbound: {}"]);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    let invite = provider.expect_call_to("+15855551111");
    provider.answer(&invite, 480);
    mary.refuse(486);
    refuses(&mut provider, "+15855552222", 486, &mut john);
}

#[test]
fn a_call_that_rings_outside_too_is_one_to_outside_unless_somebody_here_answers() {
    let near = company();
    near.write(
        "route.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary-out}\nspec:\n  userRef: {name: mary}\n  attempts:\n  \
         - destinations: [{handset: {name: mary-desk}}, {outside: {number: \"+15855551111\"}}]\n    rings: 10\n",
    );
    let worker = Worker::start(&near);
    let [mut provider] = by_address(&near, &worker, ["outbound: {}"]);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    let invite = provider.expect_call_to("+15855551111");
    provider.answer(&invite, 480);
    mary.answer(None, None);
    john.expect_call("CONFIRMED");
    john.hang_up();
    mary.expect_call("DISCONNECTED");
    wait_for("the call to be over", Duration::from_mins(1), || {
        (worker.metric("switchboard_calls_active{direction=\"in\"}") < 1.0).then_some(())
    });
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    let invite = provider.expect_call_to("+15855551111");
    provider.answer(&invite, 480);
    john.hang_up();
    mary.expect_call("DISCONNECTED");
    wait_for("the call to be over", Duration::from_mins(1), || {
        (worker.metric("switchboard_calls_active{direction=\"in\"}") < 1.0).then_some(())
    });
    assert_eq!(worker.stop(), Some(0));
    let kept = near.kept();
    let direction = |call: &str| {
        let (_, detail) = kept.split_once(&format!("\"call\":\"{call}\","))?;
        let (_, direction) = detail.split_once("\"direction\":\"")?;
        direction.split('"').next()
    };
    assert_eq!(direction("1"), Some("Internal"), "Mary answered: {kept}");
    assert_eq!(direction("2"), Some("Outgoing"), "nobody answered: {kept}");
}

#[test]
fn whoever_is_led_outside_at_the_end_of_a_route_is_connected_at_once() {
    let (far, near) = (provider(), company());
    near.write(
        "route.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: CallRoute\nmetadata: {name: mary-out}\nspec:\n  userRef: {name: mary}\n  \
         finally: {outside: {number: \"+15855551234\"}}\n",
    );
    let (carrier, worker) = connected(&far, &near);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = near.path("john.wav");
    john.call(MARY.extension, None, Some(&heard));
    olga.expect("incoming", |_| true);
    olga.answer(Some(&tone_file(&near, 950.0)), None);
    john.expect_call("CONFIRMED");
    wait_for("olga's tone", Duration::from_mins(1), || {
        (Sound::read(&heard).seconds_of(950.0) > 1.0).then_some(())
    });
    john.hang_up();
    olga.expect_call("DISCONNECTED");
}

#[test]
fn whoever_the_attendant_has_answered_hears_why_nobody_outside_was_reached() {
    let near = company();
    near.write(
        "attendant.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: AutoAttendant\nmetadata: {name: main}\nspec:\n  \
         options: [{key: \"5\", target: {outside: {number: \"+15855552222\"}}}]\n---\n\
         apiVersion: switchboard.dev/v1alpha1\nkind: Extension\nmetadata: {name: \"150\"}\nspec: {target: {autoAttendant: {name: main}}}\n",
    );
    let worker = Worker::start(&near);
    let [mut provider] = by_address(&near, &worker, ["outbound: {}"]);
    let mut john = Phone::of(&JOHN, worker.sip);
    for (status, words) in [(486, "announce-busy"), (480, "announce-no-answer")] {
        let heard = near.path(&format!("{words}.wav"));
        john.call("150", None, Some(&heard));
        john.expect_call("CONFIRMED");
        john.press("5", Keys::Rfc4733);
        let invite = provider.expect_call_to("+15855552222");
        provider.answer(&invite, status);
        expect_words(&heard, &recording("en", words));
        john.expect_call("DISCONNECTED");
    }
}
