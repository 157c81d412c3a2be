//! Kinds whose behaviour comes later: they are checked, and so is whatever refers to them.
mod common;

use common::{PEOPLE, directory, faulty, objects};
use crds::{Severity, compile, problem::Reason};

/// What is wrong beside that the Kinds do nothing yet.
fn errors(documents: &str) -> Vec<String> {
    let (_, problems) = compile(&objects(&(PEOPLE.to_owned() + documents)));
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors
        .map(|problem| format!("{}: {}: {}", problem.object, problem.field, problem.message))
        .collect()
}

#[test]
fn an_object_that_does_nothing_yet_says_so_and_is_no_error() {
    let monitor = "kind: CallMonitor\nmetadata: {name: front-desk}\nspec: {}\n";
    let (_, problems) = compile(&objects(&(PEOPLE.to_owned() + monitor)));
    let [told] = &problems[..] else {
        panic!("{problems:?}");
    };
    assert_eq!(
        (told.severity, told.reason),
        (Severity::Warning, Reason::NotAvailableYet)
    );
    assert_eq!(told.object.to_string(), "CallMonitor front-desk");
}

#[test]
fn a_messages_key_that_cannot_show_messages_says_what_it_opens() {
    let handset = "kind: Handset\nmetadata: {name: lobby}\nspec: {messagesKey: Visual}\n";
    let (_, problems) = compile(&objects(&(PEOPLE.to_owned() + handset)));
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Handset lobby: spec.messagesKey: this version shows no messages on phones: their key opens the spoken \
         message center; keep Visual for a later version, or write Audio"
        ]
    );
}

#[test]
fn an_extension_that_leads_to_nothing_is_named() {
    for (member, kind) in [
        ("conference", "Conference"),
        ("autoAttendant", "AutoAttendant"),
        ("queue", "CallQueue"),
        ("monitor", "CallMonitor"),
        ("alias", "MessageAlias"),
    ] {
        let extension = format!(
            "kind: Extension\nmetadata: {{name: '150'}}\nspec: {{target: {{{member}: {{name: absent}}}}}}\n"
        );
        assert_eq!(
            errors(&extension),
            [format!(
                "Extension 150: spec.target.{member}.name: there is no {kind} absent"
            )]
        );
    }
}

#[test]
fn a_route_that_ends_in_an_absent_queue_ends_in_voicemail() {
    let route = "kind: CallRoute\nmetadata: {name: mary}\nspec: {userRef: {name: mary}, finally: {queue: {name: absent}}}\n";
    let (directory, problems) = faulty(&(PEOPLE.to_owned() + route));
    assert_eq!(
        problems,
        [
            "CallRoute mary: spec.finally.queue.name: there is no CallQueue absent; write the name of a CallQueue that exists, or create it"
        ]
    );
    let plan = directory.plan("mary").unwrap();
    assert_eq!(
        plan.finally,
        crds::directory::Finally::Voicemail("mary".into())
    );
}

#[test]
fn users_and_targets_that_do_not_exist_are_named_with_their_field() {
    let documents = "\
kind: Conference
metadata: {name: weekly}
spec: {creatorRef: {name: nobody}, moderators: [{name: mary}, {name: nobody}]}
---
kind: Trunk
metadata: {name: provider}
spec: {server: {host: sip.example}, inbound: {otherwise: {extension: {number: '199'}}}}
---
kind: AutoAttendant
metadata: {name: main}
spec: {options: [{key: '1', target: {queue: {name: absent}}}], noKey: {voicemail: {name: nobody}}, timeZone: Europe/Nowhere}
---
kind: Handset
metadata: {name: desk}
spec: {keys: [{position: 1, monitor: {name: absent}}]}
";
    assert_eq!(
        errors(documents),
        [
            "Handset desk: spec.keys[0].monitor.name: there is no CallMonitor absent",
            "Conference weekly: spec.creatorRef.name: there is no User nobody",
            "Conference weekly: spec.moderators[1].name: there is no User nobody",
            "Trunk provider: spec.inbound.otherwise.extension.number: there is no User or Extension with the number 199",
            "AutoAttendant main: spec.noKey.voicemail.name: there is no User nobody",
            "AutoAttendant main: spec.options[0].target.queue.name: there is no CallQueue absent",
            "AutoAttendant main: spec.timeZone: \"Europe/Nowhere\" is no time zone",
        ]
    );
}

#[test]
fn of_two_conferences_with_one_id_the_first_has_it() {
    let conference =
        |name| format!("kind: Conference\nmetadata: {{name: {name}}}\nspec: {{id: '480'}}\n");
    assert_eq!(
        errors(&format!("{}---\n{}", conference("a"), conference("b"))),
        ["Conference b: spec.id: the Conference a has ID 480 already"]
    );
}

#[test]
fn dates_that_do_not_exist_are_refused_though_they_look_like_dates() {
    let attendant = |date| {
        format!(
            "kind: AutoAttendant\nmetadata: {{name: main}}\nspec: {{schedules: [{{name: closed, dates: ['{date}']}}]}}\n"
        )
    };
    assert_eq!(errors(&attendant("02-29")), Vec::<String>::new());
    for date in ["2027-02-29", "02-30"] {
        assert_eq!(
            errors(&attendant(date)),
            [format!(
                "AutoAttendant main: spec.schedules[0].dates[0]: {date:?} is no date"
            )]
        );
    }
}

#[test]
fn a_site_that_hides_nobody_here_is_in_order_and_another_is_warned_of() {
    let trunk = |first, last| {
        format!(
            "kind: Trunk\nmetadata: {{name: buffalo}}\nspec: {{server: {{host: pbx.example}}, site: {{extensions: [{{first: '{first}', last: '{last}'}}]}}}}\n"
        )
    };
    let overlaps = |documents: String| {
        let (_, problems) = compile(&objects(&(PEOPLE.to_owned() + &documents)));
        let overlaps = problems
            .into_iter()
            .filter(|problem| problem.reason == Reason::Overlap);
        overlaps
            .map(|problem| format!("{}: {}", problem.field, problem.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(overlaps(trunk("200", "299")), Vec::<String>::new());
    assert_eq!(
        overlaps(trunk("100", "199")),
        ["spec.site.extensions[0]: whoever dials 101 reaches the extension here"]
    );
}

#[test]
fn nothing_is_said_where_no_such_kind_is_used() {
    assert_eq!(
        directory(PEOPLE.trim_end_matches("---\n"))
            .extensions()
            .len(),
        2
    );
}
