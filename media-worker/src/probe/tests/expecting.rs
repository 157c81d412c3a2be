//! What a probe waits for: somebody who takes the call, and what is to be heard then.

use super::*;

#[test]
fn the_expected_is_heard_and_the_last_keys_are_pressed() {
    let (outcome, printed, callee) = probe_against(&Script::ANSWERS, |options| {
        options.expect = Some("tone:1000".to_owned());
        options.keys = Some("1".to_owned());
        options.afterwards = Some("*3".to_owned());
    });
    assert_eq!(outcome, Outcome::Done, "{printed}");
    assert_eq!(callee.keys, "1*3", "{printed}");
    in_order(
        &printed,
        &[
            "pressing a key",
            "beep: 1000",
            "that was to be heard",
            "pressing 2 keys",
            "hung up",
        ],
    );
}

#[test]
fn what_is_not_heard_fails_the_probe() {
    let (outcome, printed, _) = probe_against(&Script::ANSWERS, |options| {
        options.expect = Some("tone:620".to_owned());
        options.seconds = 8;
    });
    assert_eq!(outcome.exit_code(), 1);
    in_order(&printed, &["beep: 1000", "a tone of 620 Hz was not heard"]);
}

#[test]
fn a_tone_is_left_as_a_message() {
    let (outcome, printed, callee) = probe_against(&Script::ANSWERS, |options| {
        options.leave_tone = Some(620);
    });
    assert_eq!(outcome, Outcome::Done, "{printed}");
    assert_eq!(callee.voiced, 100, "two seconds: {printed}");
}

#[test]
fn a_call_that_nobody_takes_is_placed_again() {
    let script = Script {
        refusal: Some(StatusCode::NOT_FOUND),
        refusals: 1,
        ..Script::ANSWERS
    };
    let (outcome, printed, _) = probe_against(&script, |options| {
        options.wait = 20;
        options.expect = Some("speech".to_owned());
    });
    assert_eq!(outcome, Outcome::Done, "{printed}");
    in_order(
        &printed,
        &["nobody is known as 101", "speech begins", "done"],
    );
}

#[test]
fn an_answered_call_is_not_placed_again() {
    let (outcome, printed, _) = probe_against(&Script::ANSWERS, |options| {
        options.wait = 20;
        options.expect = Some("tone:620".to_owned());
        options.seconds = 5;
    });
    assert_eq!(outcome.exit_code(), 1);
    assert_eq!(printed.matches("answered (200)").count(), 1, "{printed}");
}

#[test]
fn what_was_going_on_at_the_end_is_told_before_it() {
    let script = Script {
        greeting: &[PAUSE, VOICE],
        hangs_up: true,
        ..Script::ANSWERS
    };
    let (outcome, printed, _) = probe_against(&script, |_| {});
    assert_eq!(outcome, Outcome::Done, "{printed}");
    in_order(&printed, &["speech begins", "speech ends", "hung up"]);
    let times = printed.lines().filter_map(|line| line.split_once(" s  "));
    let times: Vec<f64> = times.map(|it| it.0.trim().parse().unwrap()).collect();
    assert!(times.is_sorted(), "{printed}");
}
