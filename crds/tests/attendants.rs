//! Auto attendants: which menu is in force when, and what of a menu that is not in order still holds (spec AA-1).
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute only"
)]

mod common;

use common::{PEOPLE, directory, faulty};
use crds::{
    Directory,
    directory::{AttendantMenu, MenuChoice, TakenTo, Target},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// The directory of an attendant `main` with this spec.
fn main_is(spec: &str) -> Directory {
    directory(&document(spec))
}

fn document(spec: &str) -> String {
    format!("{PEOPLE}kind: AutoAttendant\nmetadata: {{name: main}}\nspec: {spec}\n")
}

fn menu_at(directory: &Directory, now: Timestamp) -> &AttendantMenu {
    directory.attendant("main").unwrap().at(now)
}

/// The schedule in force when clocks in this zone show this, for the first time where they show it twice.
fn schedule_at(directory: &Directory, zone: &str, clock: &str) -> Option<String> {
    let clock: DateTime = clock.parse().unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let now = zone.to_ambiguous_timestamp(clock).earlier().unwrap();
    let menu = menu_at(directory, now);
    menu.schedule.as_deref().map(str::to_owned)
}

/// Asserts which schedule is in force when clocks in New York show this.
fn in_new_york(directory: &Directory, rows: &[(&str, Option<&str>)]) {
    for (clock, expected) in rows {
        let found = schedule_at(directory, "America/New_York", clock);
        assert_eq!(found.as_deref(), *expected, "{clock}");
    }
}

#[test]
fn the_first_schedule_that_fits_is_in_force_to_the_minute() {
    let office = main_is(
        "{timeZone: America/New_York, schedules: [
           {name: holidays, dates: ['2027-04-02', '12-25']},
           {name: lunch, days: [Friday], from: '12:00', to: '13:00'},
           {name: open, days: [Monday, Tuesday, Wednesday, Thursday, Friday], from: '08:00', to: '17:00'}]}",
    );
    in_new_york(
        &office,
        &[
            // Thursday.
            ("2027-04-01T07:59:59", None),
            ("2027-04-01T08:00:00", Some("open")),
            ("2027-04-01T12:30:00", Some("open")),
            ("2027-04-01T16:59:59.999", Some("open")),
            ("2027-04-01T17:00:00", None),
            // Friday, and a holiday that year only.
            ("2027-04-02T09:00:00", Some("holidays")),
            ("2027-04-02T00:00:00", Some("holidays")),
            ("2027-04-02T23:59:59", Some("holidays")),
            ("2026-04-02T09:00:00", Some("open")),
            // Friday.
            ("2027-04-09T12:00:00", Some("lunch")),
            ("2027-04-09T13:00:00", Some("open")),
            // Saturday.
            ("2027-04-03T12:00:00", None),
            // Every year, Friday and Saturday.
            ("2026-12-25T09:00:00", Some("holidays")),
            ("2027-12-25T09:00:00", Some("holidays")),
        ],
    );
}

#[test]
fn a_night_is_two_schedules_that_meet_at_midnight() {
    let night = main_is(
        "{timeZone: America/New_York, schedules: [
           {name: evening, days: [Friday], from: '22:00', to: '24:00'},
           {name: morning, days: [Saturday], from: '00:00', to: '06:00'}]}",
    );
    in_new_york(
        &night,
        &[
            ("2027-04-02T21:59:59", None),
            ("2027-04-02T23:59:59.999", Some("evening")),
            ("2027-04-03T00:00:00", Some("morning")),
            ("2027-04-03T05:59:59", Some("morning")),
            ("2027-04-03T06:00:00", None),
            ("2027-04-04T00:00:00", None),
        ],
    );
}

#[test]
fn hours_are_what_clocks_show_where_daylight_saving_begins_and_ends() {
    let early = main_is(
        "{timeZone: America/New_York, schedules: [
           {name: early, from: '01:30', to: '02:30'},
           {name: open, from: '02:30', to: '17:00'}]}",
    );
    let at = |moment: &str| {
        let now = moment.parse().unwrap();
        menu_at(&early, now).schedule.as_deref().map(str::to_owned)
    };
    for (moment, expected) in [
        // On 14 March 2027 clocks go from 1:59 to 3:00, at 7:00 UTC.
        ("2027-03-14T06:29:59Z", None),
        ("2027-03-14T06:30:00Z", Some("early")),
        ("2027-03-14T06:59:59Z", Some("early")),
        ("2027-03-14T07:00:00Z", Some("open")),
        ("2027-03-14T20:59:59Z", Some("open")),
        ("2027-03-14T21:00:00Z", None),
        // On 7 November 2027 they show 1:00 to 1:59 twice, from 5:00 and from 6:00 UTC.
        ("2027-11-07T05:30:00Z", Some("early")),
        ("2027-11-07T06:00:00Z", None),
        ("2027-11-07T06:30:00Z", Some("early")),
        ("2027-11-07T07:29:59Z", Some("early")),
        ("2027-11-07T07:30:00Z", Some("open")),
        ("2027-11-07T22:00:00Z", None),
    ] {
        assert_eq!(at(moment).as_deref(), expected, "{moment}");
    }
}

#[test]
fn hours_and_dates_are_those_of_the_attendants_zone_else_the_systems() {
    let zones = [
        ("timeZone: Asia/Kolkata, ", "Asia/Kolkata"),
        ("timeZone: Pacific/Auckland, ", "Pacific/Auckland"),
        // The PhoneSystem of these tests names none.
        ("", "UTC"),
    ];
    for (written, zone) in zones {
        let attendant = main_is(&format!(
            "{{{written}schedules: [{{name: open, dates: ['02-29'], from: '09:00', to: '09:01'}}]}}"
        ));
        let at = |clock| schedule_at(&attendant, zone, clock);
        assert_eq!(at("2028-02-29T09:00:59").as_deref(), Some("open"), "{zone}");
        assert_eq!(at("2028-02-29T09:01:00"), None, "{zone}");
        assert_eq!(at("2027-02-28T09:00:00"), None, "{zone}");
        assert_eq!(at("2027-03-01T09:00:00"), None, "{zone}");
    }
}

#[test]
fn what_a_schedule_leaves_out_is_as_it_always_is() {
    let attendant = main_is(
        "{greeting: {file: closed.wav}, noKey: {voicemail: {name: mary}},
          options: [{key: '1', target: {extension: {number: '101'}}}],
          schedules: [
           {name: silent, from: '01:00', to: '02:00'},
           {name: own, from: '02:00', to: '03:00', greeting: {file: own.flac}, noKey: {busy: {}},
            options: [{key: '2', dialByName: {}}]}]}",
    );
    let at = |clock: &str| menu_at(&attendant, clock.parse().unwrap());
    let (always, silent) = (at("2027-01-01T00:00:00Z"), at("2027-01-01T01:00:00Z"));
    assert_eq!(always.greeting.as_deref(), Some("closed.wav"));
    assert_eq!(silent.schedule.as_deref(), Some("silent"));
    assert_eq!(silent.greeting, always.greeting);
    assert_eq!(
        (&silent.options, &silent.no_key),
        (&always.options, &always.no_key)
    );
    assert_eq!(silent.no_key, TakenTo::Voicemail("mary".into()));
    let own = at("2027-01-01T02:00:00Z");
    assert_eq!(own.greeting.as_deref(), Some("own.flac"));
    assert_eq!(own.options, [('2', MenuChoice::ByName)].into());
    assert_eq!(own.no_key, TakenTo::Busy);
}

#[test]
fn an_attendant_of_no_words_speaks_and_dials_as_the_system_does() {
    let directory = main_is("{}");
    let attendant = directory.attendant("main").unwrap();
    assert!(attendant.dials_extensions);
    assert_eq!(&*attendant.language, "en");
    let menu = menu_at(&directory, Timestamp::UNIX_EPOCH);
    assert_eq!((&menu.greeting, &menu.no_key), (&None, &TakenTo::Operator));
}

#[test]
fn numbers_trunks_and_routes_lead_to_an_attendant() {
    let others = "\
---
kind: Extension
metadata: {name: '150'}
spec: {target: {autoAttendant: {name: main}}}
---
kind: Trunk
metadata: {name: provider}
spec:
  server: {host: sip.example}
  inbound: {numbers: [{number: '+15855550100', target: {autoAttendant: {name: main}}}]}
---
kind: CallRoute
metadata: {name: mary}
spec: {userRef: {name: mary}, finally: {autoAttendant: {name: main}}}
";
    let directory = directory(&(document("{}") + others));
    let main = Target::AutoAttendant("main".into());
    assert_eq!(directory.extension("150"), Some(&main));
    let numbers = &directory.system().numbers;
    let taken_to = directory
        .trunk("provider")
        .unwrap()
        .answers("+15855550100", numbers);
    assert_eq!(*taken_to, TakenTo::AutoAttendant("main".into()));
    let finally = &directory.plan("mary").unwrap().finally;
    assert_eq!(
        *finally,
        crds::directory::Finally::AutoAttendant("main".into())
    );
}

#[test]
fn what_leads_nowhere_is_named_and_the_rest_holds() {
    let (directory, problems) = faulty(&document(
        "{noKey: {autoAttendant: {name: absent}}, options: [
           {key: '1', target: {extension: {number: '199'}}},
           {key: '2', target: {voicemail: {name: mary}}},
           {key: '2', dialByName: {}}],
          schedules: [{name: open, noKey: {queue: {name: absent}}}]}",
    ));
    assert_eq!(
        problems,
        [
            "AutoAttendant main: spec.noKey.autoAttendant.name: there is no AutoAttendant absent; write the name of an AutoAttendant that exists, or create it",
            "AutoAttendant main: spec.options[0].target.extension.number: there is no User or Extension with the number 199; write the number of a User or Extension that exists, or create it",
            "AutoAttendant main: spec.options[2].key: key 2 has an option already, which holds; write each key once",
            "AutoAttendant main: spec.schedules[0].noKey.queue.name: there is no CallQueue absent; write the name of a CallQueue that exists, or create it",
        ]
    );
    let menu = menu_at(&directory, Timestamp::UNIX_EPOCH);
    assert_eq!(menu.no_key, TakenTo::Operator);
    let voicemail = MenuChoice::To(TakenTo::Voicemail("mary".into()));
    assert_eq!(menu.options, [('2', voicemail)].into());
}

#[test]
fn a_destination_of_a_later_version_is_warned_of() {
    let queue = "---\nkind: CallQueue\nmetadata: {name: sales}\nspec: {agents: [{name: mary}]}\n";
    let spec = "{options: [{key: '1', target: {queue: {name: sales}}}]}";
    let (directory, problems) = faulty(&(document(spec) + queue));
    let told: Vec<_> = problems
        .iter()
        .filter(|it| it.starts_with("AutoAttendant"))
        .collect();
    assert_eq!(
        told,
        [
            "AutoAttendant main: spec.options[0].target.queue: this version has no CallQueue yet, so that nobody answers there; \
             keep it for a later version, or send callers elsewhere"
        ]
    );
    let menu = menu_at(&directory, Timestamp::UNIX_EPOCH);
    assert_eq!(
        menu.options,
        [('1', MenuChoice::To(TakenTo::Queue("sales".into())))].into()
    );
}
