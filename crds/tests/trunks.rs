//! Trunks: who calls out by them, what answers those who call in.
mod common;

use std::collections::BTreeMap;

use common::{objects, outside};
use crds::directory::{Directory, NotCalled, TakenTo};
use crds::phone_system::{Class, Numbers};
use crds::user::Permission;
use crds::{Objects, Problem, compile, secrets};

const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101', class: staff}
---
kind: User
metadata: {name: john}
spec: {extension: '102'}
---
";

/// These people, of whom mary may call outside, and these documents.
fn office(documents: &str) -> Objects {
    let mut objects = objects(&(PEOPLE.to_owned() + documents));
    let password = BTreeMap::from([("password".to_owned(), "secret".to_owned())]);
    objects.secrets.push(secrets::secret("provider", password));
    objects.phone_systems[0].spec.classes.push(Class {
        name: "staff".into(),
        permissions: vec![Permission::OutsideLine],
        barred_prefixes: vec!["+1900".into()],
    });
    objects
}

/// The directory of these, which must be in order.
fn directory(documents: &str) -> Directory {
    let (directory, problems) = compile(&office(documents));
    assert!(problems.is_empty(), "{problems:?}");
    directory
}

fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(Problem::to_string).collect()
}

const PROVIDER: &str = "\
kind: Trunk
metadata: {name: provider}
spec:
  server: {host: sip.provider.example}
  account: {username: acme, passwordSecretRef: {name: provider, key: password}}
  inbound:
    numbers:
    - {number: '+15855550100', target: {extension: {number: '101'}}}
    - {number: '+15855550101', target: {voicemail: {name: john}}}
    - {number: '+15855550102', target: {messageCenter: {}}}
    - {number: '+15855550103', target: {busy: {}}}
  outbound: {callerId: '+15855550100', numberFormat: E164WithoutPlus}
";

#[test]
fn a_number_is_answered_however_the_provider_writes_it() {
    let directory = directory(PROVIDER);
    let trunk = directory.trunk("provider").unwrap();
    let numbers = &directory.system().numbers;
    for number in ["+15855550100", "15855550100", "5855550100", "5550100"] {
        let answers = trunk.answers(number, numbers);
        assert_eq!(*answers, TakenTo::Extension("101".into()), "{number}");
    }
    let answers = |number| trunk.answers(number, numbers);
    assert_eq!(*answers("+15855550101"), TakenTo::Voicemail("john".into()));
    assert_eq!(*answers("+15855550102"), TakenTo::MessageCenter);
    assert_eq!(*answers("+15855550103"), TakenTo::Busy);
    assert_eq!(*answers("+15855550199"), TakenTo::Operator);
}

#[test]
fn nobody_guesses_what_a_provider_knows_us_by_and_it_stays_the_same() {
    let (first, again) = (directory(PROVIDER), directory(PROVIDER));
    let token = |directory: &Directory| directory.trunk("provider").unwrap().token.clone();
    assert_eq!(token(&first), token(&again));
    assert_eq!(token(&first).unwrap().len(), 32);
    let other = directory(&PROVIDER.replace("{name: provider}\nspec", "{name: other}\nspec"));
    assert_ne!(other.trunk("other").unwrap().token, token(&first));
}

#[test]
fn an_outside_number_is_called_by_those_who_may() {
    let directory = directory(PROVIDER);
    let call = |user: &str, number| directory.outside_number(number, directory.user(user).unwrap());
    assert_eq!(call("mary", "5551234").as_deref(), Ok("+15855551234"));
    assert_eq!(
        call("mary", "011442079460000").as_deref(),
        Ok("+442079460000")
    );
    assert_eq!(call("mary", "19005551234"), Err(NotCalled::Barred));
    assert_eq!(call("mary", "55"), Err(NotCalled::NoNumber));
    assert_eq!(call("john", "5551234"), Err(NotCalled::NotPermitted));
}

#[test]
fn calls_go_out_by_preference_and_by_what_a_trunk_takes() {
    let more = "\
---
kind: Trunk
metadata: {name: backup}
spec: {server: {host: 203.0.113.9}, outbound: {preference: 200}}
---
kind: Trunk
metadata: {name: abroad}
spec: {server: {host: 203.0.113.8}, outbound: {preference: 10, prefixes: ['+44', '+49'], numberFormat: National}}
---
kind: Trunk
metadata: {name: in-only}
spec: {server: {host: 203.0.113.7}}
";
    let directory = directory(&(PROVIDER.to_owned() + more));
    let by = |number: &str| -> Vec<String> {
        let trunks = directory.trunks().iter();
        let taking = trunks.filter(|trunk| trunk.takes(number));
        taking.map(|trunk| trunk.name.to_string()).collect()
    };
    assert_eq!(by("+15855551234"), ["provider", "backup"]);
    assert_eq!(by("+442079460000"), ["abroad", "provider", "backup"]);
    let numbers = &directory.system().numbers;
    let written = |trunk: &str| {
        directory
            .trunk(trunk)
            .unwrap()
            .written("+442079460000", numbers)
    };
    assert_eq!(written("abroad"), "011442079460000");
    assert_eq!(written("provider"), "442079460000");
    assert_eq!(written("backup"), "+442079460000");
}

#[test]
fn what_is_wrong_with_a_trunk_is_named_and_the_rest_works() {
    let wrong = PROVIDER
        .replace("number: '101'", "number: '199'")
        .replace("'+15855550101'", "'+1 585 555 0100'")
        .replace("'+15855550103'", "'+15855550102'");
    let (directory, problems) = compile(&office(&wrong));
    assert_eq!(
        told(&problems),
        [
            "Trunk provider: spec.inbound.numbers[0].target.extension.number: there is no User or Extension with the number 199; write the number of a User or Extension that exists, or create it",
            "Trunk provider: spec.inbound.numbers[1].number: \"+1 585 555 0100\" is no outside number; write + and country code and no spaces, for example \"+15855550100\"",
            "Trunk provider: spec.inbound.numbers[3].number: +15855550102 is answered by another entry already; write each number once",
        ]
    );
    let trunk = directory.trunk("provider").unwrap();
    let numbers = &directory.system().numbers;
    assert_eq!(*trunk.answers("+15855550100", numbers), TakenTo::Operator);
    assert_eq!(
        *trunk.answers("+15855550102", numbers),
        TakenTo::MessageCenter
    );
}

#[test]
fn without_its_password_a_trunk_is_left_out_and_says_so() {
    let mut objects = office(PROVIDER);
    objects.secrets.pop();
    let (directory, problems) = compile(&objects);
    assert!(directory.trunks().is_empty());
    assert_eq!(
        told(&problems),
        [
            "Trunk provider: spec.account.passwordSecretRef: there is no Secret provider with an entry password; write a Secret provider whose stringData has password"
        ]
    );
}

#[test]
fn callers_from_outside_are_routed_by_their_number() {
    let route = "\
---
kind: CallRoute
metadata: {name: from-rochester}
spec: {userRef: {name: mary}, callers: [{external: '585*'}], finally: {busy: {}}}
";
    let directory = directory(&(PROVIDER.to_owned() + route));
    let presence = directory.user("mary").unwrap().presence;
    let route = |number: &str| {
        let plan = directory.route("mary", &outside(number), presence).unwrap();
        plan.route.as_deref().map(str::to_owned)
    };
    assert_eq!(route("+15855559999").as_deref(), Some("from-rochester"));
    assert_eq!(route("+12125559999"), None);
}

#[test]
fn numbers_without_a_plus_are_known_where_the_country_is_not_1() {
    let berlin = PROVIDER
        .replace("+15855550100', target", "+4930123456', target")
        .replace("callerId: '+15855550100'", "callerId: '+4930123456'");
    let mut objects = office(&berlin);
    objects.phone_systems[0].spec.dial_plan.numbers = Numbers {
        country_code: "49".into(),
        area_code: Some("30".into()),
    };
    let (directory, problems) = compile(&objects);
    assert!(problems.is_empty(), "{problems:?}");
    let numbers = &directory.system().numbers;
    let trunk = &directory.trunks()[0];
    for number in ["+4930123456", "4930123456", "030123456", "004930123456"] {
        assert_eq!(
            trunk.answers(number, numbers),
            &TakenTo::Extension("101".into()),
            "{number}"
        );
    }
    for (number, whole) in [
        ("442079460000", "+442079460000"),
        ("4989123456", "+4989123456"),
        ("089123456", "+4989123456"),
        ("+4989123456", "+4989123456"),
    ] {
        assert_eq!(trunk.caller_number(number, numbers).as_deref(), Some(whole));
    }
}
