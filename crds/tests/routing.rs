//! Where calls go (spec CR-1 to CR-8).
mod common;

use common::{directory, faulty, inside, outside};
use crds::{
    Directory, Presence,
    directory::{Caller, Destination, Finally, Plan, RING},
};
use proptest::prelude::*;

const PEOPLE: &str = "\
kind: User
metadata: {name: mary}
spec: {extension: '101'}
---
kind: User
metadata: {name: john}
spec: {extension: '102'}
---
kind: User
metadata: {name: zoe}
spec: {extension: '103'}
---
kind: Handset
metadata: {name: mary-desk}
spec: {ownerRef: {name: mary}}
---
kind: Handset
metadata: {name: mary-home}
spec: {ownerRef: {name: mary}}
";

fn with(routes: &str) -> String {
    format!("{PEOPLE}{routes}")
}

/// A route of Mary's, ending at busy so that it is told apart from the default.
fn route(name: &str, spec: &str) -> String {
    let fixed = "userRef: {name: mary}, finally: {busy: {}}";
    format!("---\nkind: CallRoute\nmetadata: {{name: {name}}}\nspec: {{{fixed}, {spec}}}\n")
}

fn plan<'a>(directory: &'a Directory, caller: &Caller, presence: Presence) -> &'a Plan {
    directory.route("mary", caller, presence).unwrap()
}

fn chosen(directory: &Directory, caller: &Caller, presence: Presence) -> String {
    plan(directory, caller, presence)
        .route
        .as_deref()
        .unwrap_or("default")
        .to_owned()
}

#[test]
fn without_a_route_all_handsets_ring_four_times_then_voicemail() {
    let directory = directory(PEOPLE);
    let plan = plan(&directory, &inside("john"), Presence::InOffice);
    let [attempt] = plan.attempts.as_slice() else {
        panic!("{plan:?}")
    };
    let both = ["mary-desk", "mary-home"].map(|name| Destination::Handset(name.into()));
    assert_eq!(attempt.destinations, both);
    assert_eq!((attempt.rings, attempt.ring_time), (4, RING * 4));
    assert_eq!(plan.finally, Finally::Voicemail("mary".into()));
    assert!(
        directory
            .route("nobody", &inside("john"), Presence::Away)
            .is_none()
    );
}

#[test]
fn the_presence_selects_the_route_and_one_without_presences_serves_the_rest() {
    let directory = directory(&with(
        &(route("a-rest", "") + &route("b-away", "presences: [Away, AtHome]")),
    ));
    let caller = inside("john");
    assert_eq!(chosen(&directory, &caller, Presence::Away), "b-away");
    assert_eq!(chosen(&directory, &caller, Presence::AtHome), "b-away");
    assert_eq!(chosen(&directory, &caller, Presence::Busy), "a-rest");
}

#[test]
fn the_most_specific_caller_wins_exact_then_longest_prefix_then_all_then_everyone() {
    let routes = [
        route("everyone", "presences: [Away]"),
        route("all-outside", "callers: [{external: '*'}]"),
        route("area", "callers: [{external: '585*'}]"),
        route("exchange", "callers: [{external: '+1585555*'}]"),
        route("one", "callers: [{external: '15855550100'}]"),
        route("inside", "callers: [{internal: {}}]"),
        route("john", "callers: [{internal: {userRef: {name: john}}}]"),
    ];
    let directory = directory(&with(&routes.concat()));
    for (caller, expected) in [
        (outside("+15855550100"), "one"),
        (outside("5855550100"), "one"),
        (outside("5550100"), "one"),
        (outside("15855550199"), "exchange"),
        (outside("5854440000"), "area"),
        (outside("+442079460000"), "all-outside"),
        (outside(""), "all-outside"),
        (inside("john"), "john"),
        (inside("zoe"), "inside"),
        (Caller::SharedHandset("lobby".into()), "inside"),
    ] {
        assert_eq!(
            chosen(&directory, &caller, Presence::Away),
            expected,
            "{caller:?}"
        );
    }
}

#[test]
fn among_equals_the_route_that_names_the_presence_then_the_older_then_the_first_by_name_wins() {
    let named = route(
        "z-named",
        "callers: [{external: '585*'}], presences: [Away]",
    );
    let any = route("a-any", "callers: [{external: '585*'}]");
    let both = directory(&with(&(any.clone() + &named)));
    assert_eq!(
        chosen(&both, &outside("5851234567"), Presence::Away),
        "z-named"
    );
    assert_eq!(
        chosen(&both, &outside("5851234567"), Presence::Busy),
        "a-any"
    );
    let younger = any.replace(
        "name: a-any",
        "name: a-any, creationTimestamp: '2026-02-01T00:00:00Z'",
    );
    let older = any.replace(
        "name: a-any",
        "name: b-any, creationTimestamp: '2026-01-01T00:00:00Z'",
    );
    let by_age = directory(&with(&(younger + &older)));
    assert_eq!(
        chosen(&by_age, &outside("5851234567"), Presence::Away),
        "b-any"
    );
    let by_name = directory(&with(&(any.replace("a-any", "c-any") + &any)));
    assert_eq!(
        chosen(&by_name, &outside("5851234567"), Presence::Away),
        "a-any"
    );
}

#[test]
fn a_route_is_read_whole() {
    let spec = "attempts: [{destinations: [{handset: {name: mary-desk}}, {outside: {number: '+15855550111'}}], rings: 3}, \
                {destinations: [{extension: {number: '102'}}, {hotDesk: {}}]}], \
                onBusy: {finally: {extension: {number: '103'}}}";
    let directory = directory(&with(&route("all", spec)));
    let plan = plan(&directory, &inside("john"), Presence::InOffice);
    let [first, second] = plan.attempts.as_slice() else {
        panic!("{plan:?}")
    };
    assert_eq!(
        first.destinations[1],
        Destination::Outside("+15855550111".into())
    );
    assert_eq!(first.ring_time, RING * 3);
    assert_eq!(
        second.destinations,
        [Destination::Extension("102".into()), Destination::HotDesk]
    );
    assert_eq!(second.rings, 4);
    assert_eq!(plan.finally, Finally::Busy);
    assert_eq!(
        plan.on_busy.as_ref().unwrap().finally,
        Finally::Extension("103".into())
    );
    assert_eq!(directory.plan("all").unwrap().user, "mary".into());
}

#[test]
fn what_does_not_exist_is_left_out_and_only_that() {
    let spec = "attempts: [{destinations: [{handset: {name: gone}}, {handset: {name: mary-desk}}]}, \
                {destinations: [{extension: {number: '999'}}]}]";
    let missing_end = route("end", spec).replace("busy: {}", "extension: {number: '998'}");
    let (directory, problems) = faulty(&with(&missing_end));
    let plan = plan(&directory, &inside("john"), Presence::InOffice);
    assert_eq!(plan.attempts.len(), 1);
    assert_eq!(
        plan.attempts[0].destinations,
        [Destination::Handset("mary-desk".into())]
    );
    assert_eq!(
        plan.finally,
        Finally::Voicemail("mary".into()),
        "no caller is lost"
    );
    assert_eq!(problems.len(), 3, "{problems:?}");
    let expected =
        "CallRoute end: spec.attempts[0].destinations[0].handset.name: there is no Handset gone;";
    assert!(problems[0].starts_with(expected), "{problems:?}");
}

#[test]
fn a_route_whose_callers_are_all_invalid_is_for_nobody() {
    let (directory, problems) = faulty(&with(&route("bad", "callers: [{external: 'x585'}]")));
    assert_eq!(
        chosen(&directory, &outside("5851234567"), Presence::Away),
        "default"
    );
    assert!(
        problems[0].contains("spec.callers[0].external"),
        "{problems:?}"
    );
}

#[test]
fn a_route_that_leads_back_is_refused_and_the_older_ones_stay() {
    let to = |name: &str, user: &str, number: &str| {
        let spec =
            format!("userRef: {{name: {user}}}, finally: {{extension: {{number: '{number}'}}}}");
        format!("---\nkind: CallRoute\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    };
    let routes = to("a", "mary", "102")
        + &to("b", "john", "103")
        + &to("c", "zoe", "101")
        + &to("d", "zoe", "103");
    let (directory, problems) = faulty(&with(&routes));
    assert_eq!(problems.len(), 2, "{problems:?}");
    let round = "CallRoute c: spec: calls would go round: zoe to mary to john to zoe;";
    assert!(problems[0].starts_with(round), "{problems:?}");
    assert!(
        problems[1].starts_with("CallRoute d: spec: calls would go round: zoe to zoe;"),
        "{problems:?}"
    );
    assert_eq!(
        plan(&directory, &outside("1"), Presence::Away).finally,
        Finally::Extension("102".into())
    );
    let zoe = directory
        .route("zoe", &outside("1"), Presence::Away)
        .unwrap();
    assert_eq!(zoe.finally, Finally::Voicemail("zoe".into()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Routes in whatever order they are listed, and callers however they are written, give the same plan.
    #[test]
    fn neither_the_order_of_objects_nor_the_spelling_of_numbers_changes_anything(
        order in Just((0..5usize).collect::<Vec<_>>()).prop_shuffle(),
        number in "[2-9][0-9]{9}",
    ) {
        let routes = [
            route("a", "callers: [{external: '585*'}]"),
            route("b", "callers: [{external: '58*'}], presences: [Away]"),
            route("c", "callers: [{external: '5*'}]"),
            route("d", "presences: [Away]"),
            route("e", ""),
        ];
        let shuffled: String = order.iter().map(|i| routes[*i].as_str()).collect();
        let (straight, mixed) = (directory(&with(&routes.concat())), directory(&with(&shuffled)));
        for presence in Presence::ALL {
            let plain = chosen(&straight, &outside(&number), presence);
            prop_assert_eq!(&plain, &chosen(&mixed, &outside(&number), presence));
            prop_assert_eq!(&plain, &chosen(&mixed, &outside(&format!("+1{number}")), presence));
        }
    }
}
