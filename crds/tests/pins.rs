//! Which PIN holds: the one in the Secret, or the one that its owner chose.
mod common;

use common::objects;
use crds::{
    Directory, Objects, Secret, Severity, UserSettings, UserSettingsSpec, compile,
    directory::PinOrigin, problem::Reason, secrets,
};

const INITIAL: &str = "24688";
const CHOSEN: &str = "86422";

/// Mary with this PIN in her Secret, which has this annotation.
fn office(pin: &str, annotation: Option<(&str, &str)>) -> Objects {
    let mut objects = objects("kind: User\nmetadata: {name: mary}\nspec: {extension: '101'}\n");
    objects.secrets.retain(|secret| !is_pin(secret));
    let entries = [("pin".to_owned(), pin.to_owned())].into();
    let mut secret = secrets::secret("mary-pin", entries);
    let annotations = annotation
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    secret.metadata.annotations = Some(annotations.collect());
    objects.secrets.push(secret);
    objects
}

fn is_pin(secret: &Secret) -> bool {
    secret.metadata.name.as_deref() == Some("mary-pin")
}

/// Mary has chosen a PIN while the Secret had this one.
fn choose(objects: &mut Objects, instead_of: &str) {
    let key = directory(objects).system().pin_key.clone();
    let spec = UserSettingsSpec {
        pin_verifier: Some(key.verifier("mary", CHOSEN)),
        pin_replaces: Some(key.verifier("mary", instead_of)),
        ..UserSettingsSpec::default()
    };
    objects.user_settings = vec![UserSettings::new("mary", spec).into()];
}

fn directory(objects: &Objects) -> Directory {
    let (directory, problems) = compile(objects);
    assert!(problems.is_empty(), "{problems:?}");
    directory
}

/// Where Mary's PIN is from; it is this one.
fn origin(objects: &Objects, pin: &str) -> PinOrigin {
    let directory = directory(objects);
    let Some(mary) = directory.user("mary") else {
        unreachable!("Mary works here")
    };
    for other in [INITIAL, CHOSEN, "13570"] {
        assert_eq!(mary.pin.verify(other), other == pin, "{other}");
    }
    mary.pin_origin
}

#[test]
fn a_generated_pin_is_for_the_first_login_and_a_given_one_may_stay() {
    let is = |annotation| origin(&office(INITIAL, annotation), INITIAL);
    assert_eq!(is(None), PinOrigin::Given);
    assert_eq!(
        is(Some(("switchboard.dev/generated", "true"))),
        PinOrigin::Initial
    );
    assert_eq!(
        is(Some(("switchboard.dev/initial", "true"))),
        PinOrigin::Initial
    );
    assert_eq!(
        is(Some(("switchboard.dev/initial", "false"))),
        PinOrigin::Given
    );
}

#[test]
fn a_chosen_pin_replaces_the_one_in_the_secret_until_the_secret_has_another() {
    let mut objects = office(INITIAL, None);
    choose(&mut objects, INITIAL);
    assert_eq!(origin(&objects, CHOSEN), PinOrigin::Chosen);
    // The administrator writes a new one.
    let mut reset = office("13570", Some(("switchboard.dev/initial", "true")));
    reset.user_settings = objects.user_settings.clone();
    assert_eq!(origin(&reset, "13570"), PinOrigin::Initial);
    // And she chooses again.
    choose(&mut reset, "13570");
    assert_eq!(origin(&reset, CHOSEN), PinOrigin::Chosen);
}

#[test]
fn removing_the_verifier_gives_the_secrets_pin_back() {
    let mut objects = office(INITIAL, None);
    choose(&mut objects, INITIAL);
    objects.user_settings[0].spec.pin_verifier = None;
    assert_eq!(origin(&objects, INITIAL), PinOrigin::Given);
}

#[test]
fn a_chosen_pin_holds_without_its_secret() {
    let mut objects = office(INITIAL, None);
    choose(&mut objects, INITIAL);
    objects.secrets.retain(|secret| !is_pin(secret));
    assert_eq!(origin(&objects, CHOSEN), PinOrigin::Chosen);
}

#[test]
fn without_a_secret_and_a_choice_nothing_is_right() {
    let mut objects = office(INITIAL, None);
    objects.secrets.retain(|secret| !is_pin(secret));
    let (directory, problems) = compile(&objects);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let mary = directory.user("mary").unwrap();
    assert_eq!(mary.pin_origin, PinOrigin::Nowhere);
    assert!(!mary.pin.verify(""));
}

#[test]
fn a_pin_that_nobody_can_enter_is_an_error_and_leaves_the_chosen_one_in_force() {
    let told = |objects: &Objects| {
        let (directory, problems) = compile(objects);
        let Some(mary) = directory.user("mary") else {
            unreachable!("Mary works here")
        };
        let told: Vec<_> = problems
            .iter()
            .map(|it| (it.severity, it.reason, it.message.clone()))
            .collect();
        (told, mary.pin_origin, mary.pin.verify(CHOSEN))
    };
    let no_digits = (
        Severity::Error,
        Reason::WeakPin,
        "a PIN is digits and nothing else".to_owned(),
    );
    let mut letters = office("abc", None);
    assert_eq!(
        told(&letters),
        (vec![no_digits.clone()], PinOrigin::Nowhere, false)
    );
    let mut chosen = office(INITIAL, None);
    choose(&mut chosen, INITIAL);
    letters.user_settings = chosen.user_settings;
    assert_eq!(told(&letters), (vec![no_digits], PinOrigin::Chosen, true));

    // Which of the rules it breaks would nearly tell it to whoever reads statuses.
    let guessed = |pin: &str| {
        let (told, origin, _) = told(&office(pin, None));
        assert_eq!(origin, PinOrigin::Given, "{pin}");
        told
    };
    let run = guessed("12345");
    assert!(matches!(run[..], [(Severity::Warning, Reason::WeakPin, _)]));
    for other in ["98765", "77777", "101101", "4711"] {
        assert_eq!(guessed(other), run, "{other}");
    }
}
