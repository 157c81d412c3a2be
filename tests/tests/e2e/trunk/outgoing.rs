//! Calls that go out by a trunk: who may call, how the number is written, and which trunk is next.

use std::time::Duration;

use switchboard_tests::office::{JOHN, MARY, PIN};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::wire;
use switchboard_tests::worker::Worker;

use super::{
    OLGA, SYSTEM, by_address, company, connected, fails_with, has_trunks, provider, refuses,
};

#[test]
fn a_call_goes_out_by_a_registered_trunk_and_both_hear_each_other() {
    let (far, near) = (provider(), company());
    let (carrier, worker) = connected(&far, &near);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    let (low, high) = (tone_file(&near, 440.0), tone_file(&near, 950.0));
    let (by_mary, by_olga) = (near.path("mary.wav"), near.path("olga.wav"));
    mary.call("95551234", Some(&low), Some(&by_mary));
    let incoming = olga.expect("incoming", |_| true);
    let message = incoming["message"].as_str().unwrap();
    assert!(message.contains("sip:5855550100@"), "{message}");
    olga.answer(Some(&high), Some(&by_olga));
    mary.expect_call("CONFIRMED");
    wait_for("sound at both ends", Duration::from_mins(1), || {
        (Sound::read(&by_mary).seconds_of(950.0) > 2.0
            && Sound::read(&by_olga).seconds_of(440.0) > 2.0)
            .then_some(())
    });
    assert!((worker.metric("switchboard_calls_active{direction=\"out\"}") - 1.0).abs() < 0.1);
    olga.hang_up();
    mary.expect_call("DISCONNECTED");
    wait_for("the count of calls", Duration::from_mins(1), || {
        let answered = "switchboard_calls_total{direction=\"out\",result=\"answered\"}";
        (worker.metric(answered) > 0.0).then_some(())
    });
}

#[test]
fn the_outside_line_calls_and_star_pound_leads_back_to_the_dial_tone() {
    let (far, near) = (provider(), company());
    let (carrier, worker) = connected(&far, &near);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    let (by_mary, by_olga) = (near.path("mary.wav"), near.path("olga.wav"));
    mary.call("*404", Some(&tone_file(&near, 440.0)), Some(&by_mary));
    mary.expect_call("CONFIRMED");
    mary.press(&format!("{PIN}#7"), Keys::Rfc4733);
    let dial_tones = || dial_tone_seconds(&Sound::read(&by_mary));
    wait_for("the dial tone", Duration::from_mins(1), || {
        (dial_tones() > 0.5).then_some(())
    });
    mary.press("5855551234", Keys::Rfc4733);
    olga.expect("incoming", |_| true);
    olga.answer(Some(&tone_file(&near, 950.0)), Some(&by_olga));
    wait_for("sound at both ends", Duration::from_mins(1), || {
        (Sound::read(&by_mary).seconds_of(950.0) > 1.0
            && Sound::read(&by_olga).seconds_of(440.0) > 1.0)
            .then_some(())
    });
    let before = dial_tones();
    mary.press("*#", Keys::Rfc4733);
    olga.expect_call("DISCONNECTED");
    wait_for("a dial tone again", Duration::from_mins(1), || {
        (dial_tones() > before + 0.5).then_some(())
    });
    assert!(worker.output().contains("call by the outside line"));
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
}

/// North America's dial tone is 350 and 440 Hz together.
fn dial_tone_seconds(sound: &Sound) -> f64 {
    sound.seconds_of_two(350.0, 440.0)
}

#[test]
fn help_is_called_by_whoever_asks_and_as_it_is_dialled() {
    let near = company();
    let worker = Worker::start(&near);
    let spec = "outbound: {prefixes: [\"+49\"]}\nmaxCalls: 1";
    let [mut provider] = by_address(&near, &worker, [spec]);
    // John may not call outside; and his one call, and the trunk's, are taken.
    let mut john = Phone::of(&JOHN, worker.sip);
    for number in ["911", "9112", "9911"] {
        john.call(number, None, None);
        let called = if number == "9112" { "112" } else { "911" };
        refuses(&mut provider, called, 486, &mut john);
    }
    john.call("95551234", None, None);
    fails_with(&mut john, 403);
}

#[test]
fn what_goes_out_is_written_as_the_provider_wants_and_barred_numbers_stay_in() {
    let near = company();
    let worker = Worker::start(&near);
    let spec = "outbound: {callerId: \"+15855550100\", numberFormat: E164WithoutPlus}";
    let [mut provider] = by_address(&near, &worker, [spec]);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let invite = provider.expect_call_to("15855551234");
    assert!(
        wire::header(&invite, "From").contains("sip:15855550100@"),
        "{invite}"
    );
    let asserted = wire::header(&invite, "P-Asserted-Identity");
    assert!(asserted.contains("sip:15855550100@"), "{invite}");
    provider.answer(&invite, 480);
    fails_with(&mut mary, 480);
    mary.call("919005551234", None, None);
    fails_with(&mut mary, 403);
    // The same on her account: her PIN, then the number.
    mary.call(&format!("78{PIN}5551235"), None, None);
    refuses(&mut provider, "15855551235", 404, &mut mary);
    mary.call("78111115551236", None, None);
    fails_with(&mut mary, 403);
    // What is kept and logged of these calls tells no PIN, right or wrong.
    let log = worker.output() + &worker.log();
    assert_eq!(worker.stop(), Some(0));
    let kept = near.kept();
    // Nobody answered, and they went out all the same.
    assert!(kept.contains(r#""direction":"Outgoing""#));
    for number in ["+15855551234", "+15855551235"] {
        let number = format!(r#""number":"{number}""#);
        assert!(kept.contains(&number), "with either code: {kept}");
    }
    let kept = kept + &log;
    assert!(kept.contains("5551235"));
    for pin in [
        format!("78{PIN}"),
        format!("{PIN}555"),
        "7811111".to_owned(),
        "5551236".to_owned(),
    ] {
        assert!(!kept.contains(&pin), "{pin} is kept");
    }
}

#[test]
fn the_outside_calls_of_an_hour_are_counted_over_a_restart() {
    let near = company();
    let limited = SYSTEM.replace("callsPerUser: 1", "callsPerUser: 1, outsideCallsPerHour: 2");
    near.write("phonesystem.yaml", &limited);
    let worker = Worker::start(&near);
    let [mut provider] = by_address(&near, &worker, ["outbound: {}"]);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    refuses(&mut provider, "+15855551234", 486, &mut mary);
    drop(mary);
    let journal = near.state().join("contacts");
    wait_for("the call on the disk", Duration::from_mins(1), || {
        let kept = std::fs::read_to_string(&journal).ok()?;
        kept.contains("outside_calls_of").then_some(())
    });
    let sip = worker.sip.to_string();
    assert_eq!(worker.stop(), Some(0));
    let worker = Worker::start_at(&near, &sip);
    has_trunks(&worker, 1);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551235", None, None);
    refuses(&mut provider, "+15855551235", 486, &mut mary);
    mary.call("95551236", None, None);
    fails_with(&mut mary, 503);
    // Help is called all the same.
    mary.call("911", None, None);
    refuses(&mut provider, "911", 486, &mut mary);
}

#[test]
fn where_one_trunk_fails_the_next_is_tried() {
    let near = company();
    let worker = Worker::start(&near);
    let specs = ["outbound: {preference: 1}", "outbound: {preference: 2}"];
    let [mut first, mut second] = by_address(&near, &worker, specs);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let invite = first.expect_call_to("+15855551234");
    first.answer(&invite, 503);
    refuses(&mut second, "+15855551234", 486, &mut mary);
}

#[test]
fn a_call_for_help_goes_on_where_the_first_trunk_does_not_know_the_number() {
    let near = company();
    let worker = Worker::start(&near);
    let specs = ["outbound: {preference: 1}", "outbound: {preference: 2}"];
    let [mut first, mut second] = by_address(&near, &worker, specs);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call("911", None, None);
    let invite = first.expect_call_to("911");
    first.answer(&invite, 404);
    refuses(&mut second, "911", 486, &mut john);
}

#[test]
fn a_trunk_that_says_nothing_is_left_for_the_next_and_goes_last_for_a_while() {
    let near = company();
    let worker = Worker::start(&near);
    let specs = [
        "outbound: {preference: 1, nextAfter: 2s}",
        "outbound: {preference: 2}",
    ];
    let [mut dead, mut second] = by_address(&near, &worker, specs);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let unanswered = dead.expect_call_to("+15855551234");
    refuses(&mut second, "+15855551234", 486, &mut mary);
    // The next call does not wait for it.
    mary.call("95551235", None, None);
    refuses(&mut second, "+15855551235", 486, &mut mary);
    // It wakes up, and nobody wants it to ring any more.
    dead.answer(&unanswered, 180);
    dead.expect_request("CANCEL");
    while let Some(late) = dead.receive(Duration::from_millis(1)) {
        assert!(!late.contains("5551235"), "{late}");
    }
}
