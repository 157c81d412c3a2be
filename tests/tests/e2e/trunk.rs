//! Calls out and in by a provider: a second worker, sipp, or one played message by message.

use std::fmt::Write as _;
use std::time::Duration;

use switchboard_tests::certificate::CertificateFiles;
use switchboard_tests::office::{DOMAIN, JOHN, MARY, Office, PASSWORD, PIN, Person, manifests_of};
use switchboard_tests::phone::{Keys, Phone};
use switchboard_tests::raw::RawPhone;
use switchboard_tests::sipp::Sipp;
use switchboard_tests::sound::{Sound, tone_file};
use switchboard_tests::wait_for;
use switchboard_tests::wire;
use switchboard_tests::worker::Worker;

/// The company's account at the provider, under the company's number.
const ACME: Person = Person {
    name: "acme",
    extension: "5855550100",
    display_name: "Acme",
};
/// Somebody outside.
pub(crate) const OLGA: Person = Person {
    name: "olga",
    extension: "5855551234",
    display_name: "Olga Outside",
};

/// A company in area 585 whose class `staff` may call outside.
pub(crate) fn company() -> Office {
    let office = Office::of(&[JOHN]);
    office.write("phonesystem.yaml", SYSTEM);
    let mary = manifests_of(MARY.name, MARY.extension, MARY.display_name, "class: staff");
    office.write("mary.yaml", &mary);
    office
}

const SYSTEM: &str = "apiVersion: switchboard.dev/v1alpha1\nkind: PhoneSystem\nmetadata: {name: office}\nspec:\n  \
    domain: office.example.com\n  timeZone: America/New_York\n  limits: {callsPerUser: 1}\n  \
    dialPlan: {operator: \"0\", numbers: {countryCode: \"1\", areaCode: \"585\"}}\n  \
    classes: [{name: staff, permissions: [OutsideLine], barredPrefixes: [\"+1900\"]}]\n";

/// A trunk to a server on this machine; `spec` is the rest, in flow style.
pub(crate) fn trunk(office: &Office, name: &str, port: u16, spec: &str) {
    trunk_over(office, name, (port, "Udp"), spec);
}

fn trunk_over(office: &Office, name: &str, (port, transport): (u16, &str), spec: &str) {
    let mut text = format!(
        "apiVersion: switchboard.dev/v1alpha1\nkind: Trunk\nmetadata: {{name: {name}}}\nspec:\n  \
         server: {{host: {}, port: {port}, transport: {transport}}}\n",
        wire::phones_address()
    );
    for line in spec.lines() {
        let _ = writeln!(text, "  {line}");
    }
    text.push_str(
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: provider, labels: {switchboard.dev/use: trunk}}\n",
    );
    let _ = writeln!(text, "stringData: {{password: \"{PASSWORD}\"}}");
    office.write(&format!("trunk-{name}.yaml"), &text);
}

/// What registers at a provider that is a worker itself, and answers by its numbers.
const REGISTERING: &str = "\
account: {username: acme-desk, passwordSecretRef: {name: provider, key: password}}
inbound:
  numbers:
  - {number: \"+15855550100\", target: {extension: {number: \"101\"}}}
  - {number: \"+15855550102\", target: {messageCenter: {}}}
outbound: {callerId: \"+15855550100\", numberFormat: National}";

/// The provider: a worker whose subscribers are the company and olga. Its second number leads to the company too.
pub(crate) fn provider() -> Office {
    let office = Office::of(&[ACME, OLGA]);
    office.write(
        "second.yaml",
        "apiVersion: switchboard.dev/v1alpha1\nkind: Extension\nmetadata: {name: \"5855550102\"}\nspec: {target: {user: {name: acme}}}\n",
    );
    office
}

pub(crate) fn registered(worker: &Worker) {
    wait_for("the registration", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"registered\"}") > 0.0).then_some(())
    });
}

#[test]
fn a_call_goes_out_by_a_registered_trunk_and_both_hear_each_other() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk(&near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
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
    wait_for("sound at both ends", Duration::from_secs(30), || {
        (Sound::read(&by_mary).seconds_of(950.0) > 2.0
            && Sound::read(&by_olga).seconds_of(440.0) > 2.0)
            .then_some(())
    });
    assert!((worker.metric("switchboard_calls_active{direction=\"out\"}") - 1.0).abs() < 0.1);
    olga.hang_up();
    mary.expect_call("DISCONNECTED");
    wait_for("the count of calls", Duration::from_secs(20), || {
        let answered = "switchboard_calls_total{direction=\"out\",result=\"answered\"}";
        (worker.metric(answered) > 0.0).then_some(())
    });
}

#[test]
fn a_call_comes_in_by_the_number_and_shows_who_calls() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk(&near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    let heard = near.path("olga.wav");
    olga.call("5855550100", None, Some(&heard));
    let incoming = mary.expect("incoming", |_| true);
    let message = incoming["message"].as_str().unwrap();
    assert!(
        message.contains("Olga Outside") && message.contains("sip:+15855551234@"),
        "{message}"
    );
    mary.answer(Some(&tone_file(&near, 440.0)), None);
    olga.expect_call("CONFIRMED");
    wait_for("the tone outside", Duration::from_secs(30), || {
        (Sound::read(&heard).seconds_of(440.0) > 1.0).then_some(())
    });
    olga.hang_up();
    mary.expect_call("DISCONNECTED");
}

/// Calls out and in, as far as the ringing.
fn both_ways(carrier: &Worker, worker: &Worker) {
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    olga.expect("incoming", |_| true);
    mary.hang_up();
    olga.expect_call("DISCONNECTED");
    mary.expect_call("DISCONNECTED");
    olga.call("5855550100", None, None);
    mary.expect("incoming", |_| true);
    mary.answer(None, None);
    olga.expect_call("CONFIRMED");
    mary.hang_up();
    olga.expect_call("DISCONNECTED");
}

#[test]
fn a_trunk_over_tcp_registers_and_calls_both_ways() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk_over(&near, "provider", (carrier.sip.port(), "Tcp"), REGISTERING);
    registered(&worker);
    both_ways(&carrier, &worker);
}

#[test]
fn a_trunk_over_tls_registers_where_the_certificate_is_trusted_and_calls_both_ways() {
    let (far, near) = (provider(), company());
    let files = CertificateFiles::make(&far.path("."));
    let carrier = Worker::start_with_tls(&far, &files.certificate, &files.key);
    let port = carrier.tls.unwrap().port();
    let stranger = Worker::start(&near);
    trunk_over(&near, "provider", (port, "Tls"), REGISTERING);
    wait_for(
        "the refusal of an unknown certificate",
        Duration::from_mins(1),
        || (stranger.metric("switchboard_trunks{registration=\"no_answer\"}") > 0.0).then_some(()),
    );
    drop(stranger);
    let worker = Worker::start_trusting(&near, &files.certificate);
    registered(&worker);
    both_ways(&carrier, &worker);
}

#[test]
fn from_outside_the_message_center_asks_for_extension_and_pin() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk(&near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    olga.call("5855550102", None, None);
    olga.expect_call("CONFIRMED");
    olga.expect("media", |event| event["status"] == 1);
    olga.press(&format!("101#{PIN}#"), Keys::Rfc4733);
    wait_for("the login", Duration::from_mins(1), || {
        (worker.metric("switchboard_mailbox_logins_total{result=\"ok\"}") >= 1.0).then_some(())
    });
    olga.hang_up();
}

#[test]
fn the_outside_line_calls_and_star_pound_leads_back_to_the_dial_tone() {
    let (far, near) = (provider(), company());
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk(&near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
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
    wait_for("sound at both ends", Duration::from_secs(40), || {
        (Sound::read(&by_mary).seconds_of(950.0) > 1.0
            && Sound::read(&by_olga).seconds_of(440.0) > 1.0)
            .then_some(())
    });
    let before = dial_tones();
    mary.press("*#", Keys::Rfc4733);
    olga.expect_call("DISCONNECTED");
    wait_for("a dial tone again", Duration::from_secs(40), || {
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

/// A provider that knows the company by its address, played by hand.
fn by_address(near: &Office, worker: &Worker, spec: &str) -> RawPhone {
    let provider = RawPhone::new(worker.sip);
    trunk(near, "provider", provider.address().port(), spec);
    wait_for("the trunk", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 0.0).then_some(())
    });
    provider
}

#[test]
fn help_is_called_by_whoever_asks_and_as_it_is_dialled() {
    let near = company();
    let worker = Worker::start(&near);
    let mut provider = by_address(
        &near,
        &worker,
        "outbound: {prefixes: [\"+49\"]}\nmaxCalls: 1",
    );
    // John may not call outside; and his one call, and the trunk's, are taken.
    let mut john = Phone::of(&JOHN, worker.sip);
    for number in ["911", "9112", "9911"] {
        john.call(number, None, None);
        let called = if number == "9112" { "112" } else { "911" };
        let invite = provider.expect_call_to(called);
        provider.answer(&invite, 486);
        let ended = john.expect_call("DISCONNECTED");
        assert_eq!(ended["code"], 486, "{ended}");
    }
    john.call("95551234", None, None);
    let ended = john.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 403, "{ended}");
}

#[test]
fn what_goes_out_is_written_as_the_provider_wants_and_barred_numbers_stay_in() {
    let near = company();
    let worker = Worker::start(&near);
    let spec = "outbound: {callerId: \"+15855550100\", numberFormat: E164WithoutPlus}";
    let mut provider = by_address(&near, &worker, spec);
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
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 480, "{ended}");
    mary.call("919005551234", None, None);
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 403, "{ended}");
    // The same on her account: her PIN, then the number.
    mary.call(&format!("78{PIN}5551235"), None, None);
    let invite = provider.expect_call_to("15855551235");
    provider.answer(&invite, 404);
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 404, "{ended}");
    mary.call("78111115551236", None, None);
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 403, "{ended}");
    // What is kept and logged of these calls tells no PIN, right or wrong.
    let log = worker.output() + &worker.log();
    assert_eq!(worker.stop(), Some(0));
    let kept = near.kept();
    // Nobody answered, and they went out all the same.
    assert!(kept.contains(r#""direction":"Outgoing""#));
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
    let mut provider = by_address(&near, &worker, "outbound: {}");
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let invite = provider.expect_call_to("+15855551234");
    provider.answer(&invite, 486);
    mary.expect_call("DISCONNECTED");
    drop(mary);
    let journal = near.state().join("contacts");
    wait_for("the call on the disk", Duration::from_secs(20), || {
        let kept = std::fs::read_to_string(&journal).ok()?;
        kept.contains("outside_calls_of").then_some(())
    });
    let sip = worker.sip.to_string();
    assert_eq!(worker.stop(), Some(0));
    let worker = Worker::start_at(&near, &sip);
    wait_for("the trunk", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 0.0).then_some(())
    });
    let mut mary = Phone::of(&MARY, worker.sip);
    for (number, allowed) in [("95551235", true), ("95551236", false)] {
        mary.call(number, None, None);
        if allowed {
            let invite = provider.expect_call_to("+15855551235");
            provider.answer(&invite, 486);
        }
        let ended = mary.expect_call("DISCONNECTED");
        assert_eq!(ended["code"], if allowed { 486 } else { 503 }, "{ended}");
    }
    // Help is called all the same.
    mary.call("911", None, None);
    let invite = provider.expect_call_to("911");
    provider.answer(&invite, 486);
    mary.expect_call("DISCONNECTED");
}

#[test]
fn where_one_trunk_fails_the_next_is_tried() {
    let near = company();
    let worker = Worker::start(&near);
    let mut first = by_address(&near, &worker, "outbound: {preference: 1}");
    let mut second = RawPhone::new(worker.sip);
    trunk(
        &near,
        "second",
        second.address().port(),
        "outbound: {preference: 2}",
    );
    wait_for("both trunks", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 1.0).then_some(())
    });
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let invite = first.expect_call_to("+15855551234");
    first.answer(&invite, 503);
    let invite = second.expect_call_to("+15855551234");
    second.answer(&invite, 486);
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 486, "{ended}");
}

#[test]
fn a_call_for_help_goes_on_where_the_first_trunk_does_not_know_the_number() {
    let near = company();
    let worker = Worker::start(&near);
    let mut first = by_address(&near, &worker, "outbound: {preference: 1}");
    let mut second = RawPhone::new(worker.sip);
    let port = second.address().port();
    trunk(&near, "second", port, "outbound: {preference: 2}");
    wait_for("both trunks", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 1.0).then_some(())
    });
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call("911", None, None);
    let invite = first.expect_call_to("911");
    first.answer(&invite, 404);
    let invite = second.expect_call_to("911");
    second.answer(&invite, 486);
    let ended = john.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 486, "{ended}");
}

#[test]
fn a_trunk_that_says_nothing_is_left_for_the_next_and_goes_last_for_a_while() {
    let near = company();
    let worker = Worker::start(&near);
    let mut dead = by_address(&near, &worker, "outbound: {preference: 1, nextAfter: 2s}");
    let mut second = RawPhone::new(worker.sip);
    let port = second.address().port();
    trunk(&near, "second", port, "outbound: {preference: 2}");
    wait_for("both trunks", Duration::from_mins(1), || {
        (worker.metric("switchboard_trunks{registration=\"not_needed\"}") > 1.0).then_some(())
    });
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    let unanswered = dead.expect_call_to("+15855551234");
    let invite = second.expect_call_to("+15855551234");
    second.answer(&invite, 486);
    let ended = mary.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 486, "{ended}");
    // The next call does not wait for it.
    mary.call("95551235", None, None);
    let invite = second.expect_call_to("+15855551235");
    second.answer(&invite, 486);
    mary.expect_call("DISCONNECTED");
    // It wakes up, and nobody wants it to ring any more.
    dead.answer(&unanswered, 180);
    dead.expect_request("CANCEL");
    while let Some(late) = dead.receive(Duration::from_millis(1)) {
        assert!(!late.contains("5551235"), "{late}");
    }
}

#[test]
fn a_far_side_that_no_longer_answers_is_told_of_until_it_answers_again() {
    let near = company();
    let worker = Worker::start(&near);
    let mut provider = by_address(&near, &worker, "outbound: {}");
    let standing = |name| worker.metric(&format!("switchboard_trunks{{registration=\"{name}\"}}"));
    let question = provider.expect_request("OPTIONS");
    provider.answer(&question, 405);
    wait_for("silence to be noticed", Duration::from_mins(3), || {
        (standing("no_answer") > 0.0).then_some(())
    });
    wait_for("the answer to be noticed", Duration::from_mins(2), || {
        while let Some(text) = provider.receive(Duration::from_millis(10)) {
            if text.starts_with("OPTIONS ") {
                provider.answer(&text, 200);
            }
        }
        (standing("not_needed") > 0.0 && standing("no_answer") < 1.0).then_some(())
    });
}

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
    let mut provider = by_address(&near, &worker, "outbound: {}");
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    let invite = provider.expect_call_to("+15855551111");
    provider.answer(&invite, 480);
    mary.refuse(486);
    let invite = provider.expect_call_to("+15855552222");
    provider.answer(&invite, 486);
    let ended = john.expect_call("DISCONNECTED");
    assert_eq!(ended["code"], 486, "{ended}");
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
    let mut provider = by_address(&near, &worker, "outbound: {}");
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
    wait_for("the call to be over", Duration::from_secs(30), || {
        (worker.metric("switchboard_calls_active{direction=\"in\"}") < 1.0).then_some(())
    });
    john.call(MARY.extension, None, None);
    mary.expect("incoming", |_| true);
    let invite = provider.expect_call_to("+15855551111");
    provider.answer(&invite, 480);
    john.hang_up();
    mary.expect_call("DISCONNECTED");
    wait_for("the call to be over", Duration::from_secs(30), || {
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
    let carrier = Worker::start(&far);
    let worker = Worker::start(&near);
    trunk(&near, "provider", carrier.sip.port(), REGISTERING);
    registered(&worker);
    let mut olga = Phone::of(&OLGA, carrier.sip);
    let mut john = Phone::of(&JOHN, worker.sip);
    let heard = near.path("john.wav");
    john.call(MARY.extension, None, Some(&heard));
    olga.expect("incoming", |_| true);
    olga.answer(Some(&tone_file(&near, 950.0)), None);
    john.expect_call("CONFIRMED");
    wait_for("olga's tone", Duration::from_secs(30), || {
        (Sound::read(&heard).seconds_of(950.0) > 1.0).then_some(())
    });
    john.hang_up();
    olga.expect_call("DISCONNECTED");
}

#[test]
fn a_stranger_who_claims_to_be_the_provider_is_asked_for_a_password() {
    let near = company();
    let worker = Worker::start(&near);
    // The provider calls from elsewhere.
    let spec = "addresses: [\"192.0.2.0/24\"]\ninbound: {numbers: [{number: \"+15855550100\", target: {extension: {number: \"101\"}}}]}";
    let _provider = by_address(&near, &worker, spec);
    let mut mary = Phone::of(&MARY, worker.sip);
    let mut stranger = RawPhone::new(worker.sip);
    for number in ["+15855550100", "101", "911"] {
        let uri = format!("sip:{number}@{DOMAIN}");
        let answer = stranger.request_without_credentials("INVITE", &uri);
        assert_eq!(answer.status, 401, "{number}: {answer:?}");
    }
    assert!(!mary.has("incoming", |_| true));
}

#[test]
fn sipp_as_the_provider_asks_for_the_password_of_registration_and_call() {
    let near = company();
    let worker = Worker::start(&near);
    let (provider, port) = Sipp::serving("provider", worker.sip, 2);
    let spec = "\
account: {username: acme, passwordSecretRef: {name: provider, key: password}}
outbound: {}";
    trunk(&near, "provider", port, spec);
    registered(&worker);
    let mut mary = Phone::of(&MARY, worker.sip);
    mary.call("95551234", None, None);
    mary.expect_call("CONFIRMED");
    mary.hang_up();
    mary.expect_call("DISCONNECTED");
    provider.succeeds();
}
