//! The auto attendant (spec AA-1): what can be dialled, where silence and wrong keys lead, and the way back.

mod support;

use apps::Exit;
use apps::sim::{Company, Person};
use crds::auto_attendant::AutoAttendantSpec;
use crds::call_route::OutsideNumber;
use crds::call_target::CallTarget;
use crds::directory::TakenTo;
use crds::extension::Center;
use crds::{AutoAttendant, NameRef};
use support::attendants::{
    OPEN, by_name, call_main, company, number_of, option, recording, to_attendant, to_extension,
    to_messages, with_options, without_operator,
};
use support::{INVALID, MENU, outsider};

const UNKNOWN: &str = "There is no such extension.";

fn plain() -> Company {
    company(AutoAttendantSpec::default())
}

fn transfer(number: &str) -> Exit {
    Exit::Transfer(number.into())
}

#[test]
fn an_extension_that_is_dialled_is_called() {
    let story = call_main(&plain(), outsider().hears(OPEN).dials("101"));
    assert_eq!(story.exit, transfer("101"));
}

#[test]
fn keys_cut_the_greeting_short_and_keys_dialled_ahead_are_heard_too() {
    let during = outsider().hears_part_of(OPEN).dials("101");
    let story = call_main(&plain(), during);
    assert_eq!(
        (story.exit.clone(), story.count(OPEN)),
        (transfer("101"), 0)
    );
    let ahead = call_main(&plain(), outsider().dials("101"));
    assert_eq!(ahead.exit, transfer("101"));
    assert!(ahead.length.as_secs() < 3, "{:?}", ahead.length);
}

#[test]
fn an_extension_that_begins_another_is_called_after_two_seconds_or_with_pound() {
    let short = call_main(&plain(), outsider().hears(OPEN).dials("102"));
    assert_eq!(short.exit, transfer("102"));
    let long = call_main(
        &plain(),
        outsider().hears(OPEN).dials("102").waits(1.8).dials("1"),
    );
    assert_eq!(long.exit, transfer("1021"));
    let ended = call_main(&plain(), outsider().hears(OPEN).dials("102#"));
    assert_eq!(ended.exit, transfer("102"));
    let saved = short.length.as_secs_f64() - ended.length.as_secs_f64();
    assert!((1.5..=2.0).contains(&saved), "{saved}");
}

#[test]
fn a_key_that_is_an_option_and_begins_an_extension_waits_for_more() {
    let company = company(with_options(vec![option("1", to_extension("102"))]));
    let option = call_main(&company, outsider().hears(OPEN).dials("1"));
    assert_eq!(option.exit, transfer("102"));
    let extension = call_main(
        &company,
        outsider().hears(OPEN).dials("1").waits(1.8).dials("01"),
    );
    assert_eq!(extension.exit, transfer("101"));
}

#[test]
fn three_and_an_extension_leaves_a_message_and_a_group_gets_one_too() {
    let company = plain().with_alias("sales", "150", &["mary"]);
    let told = call_main(&company, outsider().hears(OPEN).dials("3101"));
    assert_eq!(told.exit, transfer("3101"));
    let group = call_main(&company, outsider().hears(OPEN).dials("3150"));
    assert_eq!(group.exit, transfer("3150"));
}

#[test]
fn six_and_an_extension_asks_for_the_pin_alone() {
    let story = call_main(
        &plain(),
        outsider()
            .hears(OPEN)
            .dials("6101")
            .hears("enter your PIN")
            .dials("1017531#")
            .hears("You have no messages.")
            .hangs_up(),
    );
    assert!(!story.has("Please enter your extension"));
}

#[test]
fn star_four_o_four_asks_for_extension_and_pin() {
    call_main(
        &plain(),
        outsider()
            .hears(OPEN)
            .dials("*404")
            .hears("Please enter your extension")
            .dials("101#")
            .hears("enter your PIN")
            .dials("1017531#")
            .hears("You have no messages.")
            .hangs_up(),
    );
}

#[test]
fn all_of_the_way_to_the_messages_may_be_dialled_ahead() {
    let ahead = outsider().dials("61011017531#").hears(MENU).hangs_up();
    call_main(&plain(), ahead);
    let ahead = outsider().dials("*404101#1017531#").hears(MENU).hangs_up();
    call_main(&plain(), ahead);
}

#[test]
fn pound_in_the_main_menu_goes_back_to_the_attendant() {
    let story = call_main(
        &plain(),
        outsider()
            .hears(OPEN)
            .dials("61011017531#")
            .hears("For the previous menu, press pound.")
            .dials("#")
            .hears(OPEN)
            .dials("102#"),
    );
    assert_eq!(story.exit, transfer("102"));
    assert!(!story.has("To leave, press pound."));
    assert!(!story.has("Goodbye."));
}

#[test]
fn the_attendant_speaks_its_language_again_when_one_comes_back() {
    let spec = AutoAttendantSpec {
        language: Some("es".into()),
        ..AutoAttendantSpec::default()
    };
    let story = call_main(
        &company(spec),
        outsider()
            .hears(OPEN)
            .dials("6101")
            .hears("Marque su PIN")
            .dials("1017531#")
            .hears("For the previous menu, press pound.")
            .dials("#")
            .hears(OPEN)
            .dials("#")
            .hears("Esa tecla no tiene función aquí.")
            .hangs_up(),
    );
    assert_eq!(story.language, "es");
}

#[test]
fn three_wrong_pins_end_the_call_as_elsewhere() {
    let story = call_main(
        &plain(),
        outsider().hears(OPEN).dials("61011#2#3#").hears("Goodbye."),
    );
    assert_eq!(story.exit, Exit::Finished);
}

#[test]
fn the_operator_and_the_conference_center_are_reached_by_their_codes() {
    for code in ["0", "408"] {
        let story = call_main(&plain(), outsider().hears(OPEN).dials(code));
        assert_eq!(story.exit, transfer(code));
    }
}

#[test]
fn who_presses_nothing_reaches_the_operator_and_hears_the_greeting_once() {
    let story = call_main(&plain(), outsider().hears(OPEN).hears("One moment"));
    assert_eq!((story.exit.clone(), story.count(OPEN)), (transfer("0"), 1));
    assert_eq!(story.length.as_secs(), 6 + 7 + 1, "{}", story.transcript());
}

#[test]
fn who_presses_nothing_is_taken_where_the_attendant_says() {
    let voicemail = CallTarget {
        voicemail: Some(NameRef::new("mary")),
        ..CallTarget::default()
    };
    let spec = AutoAttendantSpec {
        no_key: Some(voicemail),
        ..AutoAttendantSpec::default()
    };
    let story = call_main(&company(spec), outsider().hears(OPEN));
    assert_eq!(story.exit, Exit::TakenTo(TakenTo::Voicemail("mary".into())));
}

#[test]
fn without_an_operator_silence_ends_with_goodbye_and_the_code_has_no_use() {
    let company = without_operator(AutoAttendantSpec::default());
    let silent = call_main(&company, outsider().hears(OPEN).hears("Goodbye."));
    assert_eq!(silent.exit, Exit::Finished);
    call_main(
        &company,
        outsider().hears(OPEN).dials("0").hears(INVALID).hangs_up(),
    );
}

#[test]
fn three_wrong_entries_lead_to_the_operator() {
    let story = call_main(
        &plain(),
        outsider()
            .hears(OPEN)
            .dials("7")
            .hears(INVALID)
            .hears(OPEN)
            .dials("199")
            .hears(UNKNOWN)
            .hears(OPEN)
            .dials("#")
            .hears(INVALID)
            .hears("One moment"),
    );
    assert_eq!((story.exit.clone(), story.count(OPEN)), (transfer("0"), 3));
}

#[test]
fn a_long_wrong_number_is_one_wrong_entry() {
    let wrong = outsider().hears(OPEN).dials("5855550199").hears(UNKNOWN);
    let story = call_main(&plain(), wrong.hears(OPEN).dials("101"));
    assert_eq!(
        (story.exit.clone(), story.count(UNKNOWN)),
        (transfer("101"), 1)
    );
}

#[test]
fn star_alone_says_the_greeting_again_and_star_amid_a_number_begins_anew() {
    let again = outsider().hears(OPEN).dials("*").hears(OPEN).dials("101");
    assert_eq!(call_main(&plain(), again).exit, transfer("101"));
    let anew = outsider()
        .hears(OPEN)
        .dials("10*404")
        .hears("your extension");
    call_main(&plain(), anew.hangs_up());
}

#[test]
fn nothing_leads_outside() {
    let company = plain().with_outside_line("mary");
    let outward = ["95855551234", "9", "781017531", "15855551234"];
    let help = ["911", "9911"];
    let strangers = outward.iter().chain(&help).map(|it| (outsider(), it));
    let colleagues = outward.iter().map(|it| (Person::user("mary"), it));
    for (caller, dialled) in strangers.chain(colleagues) {
        let dials = caller.hears(OPEN).dials(dialled).dials("#").hears(OPEN);
        let story = call_main(&company, dials.hangs_up());
        assert_eq!(story.exit, Exit::HungUp, "{dialled}");
    }
}

#[test]
fn help_is_reached_from_a_phone_that_is_here() {
    let story = call_main(&plain(), Person::user("mary").hears(OPEN).dials("911"));
    assert_eq!(story.exit, transfer("911"));
}

#[test]
fn where_extensions_are_not_dialled_the_options_and_the_operator_are() {
    let spec = AutoAttendantSpec {
        dial_extensions: false,
        ..with_options(vec![option("1", to_extension("102"))])
    };
    let company = company(spec);
    for dialled in ["6101", "3101", "408"] {
        let refused = outsider().hears(OPEN).dials(dialled).hears(UNKNOWN);
        call_main(&company, refused.hangs_up());
    }
    let star = outsider().hears(OPEN).dials("*404").hears(UNKNOWN);
    call_main(&company, star.hangs_up());
    // The option waits for no extension, since none can be dialled.
    let option = call_main(&company, outsider().hears(OPEN).dials("1"));
    assert_eq!(option.exit, transfer("102"));
    assert_eq!(
        call_main(&company, outsider().hears(OPEN).dials("0")).exit,
        transfer("0")
    );
}

#[test]
fn options_lead_to_any_destination() {
    let target = CallTarget::default;
    let outside = OutsideNumber {
        number: "+15855550100".into(),
    };
    for (target, exit) in [
        (
            CallTarget {
                voicemail: Some(NameRef::new("mary")),
                ..target()
            },
            Exit::TakenTo(TakenTo::Voicemail("mary".into())),
        ),
        (
            CallTarget {
                outside: Some(outside),
                ..target()
            },
            Exit::TakenTo(TakenTo::Outside("+15855550100".into())),
        ),
        (
            CallTarget {
                conference_center: Some(Center {}),
                ..target()
            },
            Exit::TakenTo(TakenTo::ConferenceCenter),
        ),
        (to_extension("101"), transfer("101")),
    ] {
        let company = company(with_options(vec![option("4", target)]));
        let story = call_main(&company, outsider().hears(OPEN).dials("4").dials("#"));
        assert_eq!(story.exit, exit);
    }
}

#[test]
fn an_option_may_be_busy_or_the_message_center() {
    let busy = CallTarget {
        busy: Some(Center {}),
        ..CallTarget::default()
    };
    let company = company(with_options(vec![
        option("5", busy),
        option("7", to_messages()),
    ]));
    let story = call_main(
        &company,
        outsider().hears(OPEN).dials("5").hears("The line is busy."),
    );
    assert_eq!(story.exit, Exit::Finished);
    let messages = outsider()
        .hears(OPEN)
        .dials("7")
        .hears("Please enter your extension");
    call_main(&company, messages.hangs_up());
}

#[test]
fn an_option_goes_before_a_code() {
    let company = company(with_options(vec![option("0", to_extension("101"))]));
    let story = call_main(&company, outsider().hears(OPEN).dials("0"));
    assert_eq!(story.exit, transfer("101"));
}

/// `main` and `night`, each of which leads to the other: by key 5 and without a key.
fn round() -> Company {
    let to = |other| AutoAttendantSpec {
        no_key: Some(to_attendant(other)),
        ..with_options(vec![option("5", to_attendant(other))])
    };
    let named = |name, spec, file| {
        let greeting = Some(recording(file));
        AutoAttendant::new(name, AutoAttendantSpec { greeting, ..spec })
    };
    Company::new()
        .with_operator("john")
        .with_file("attendant/open.wav")
        .with_file("attendant/night.wav")
        .with(|objects| {
            let main = named("main", to("night"), "attendant/open.wav");
            let night = named("night", to("main"), "attendant/night.wav");
            objects.auto_attendants.extend([main.into(), night.into()]);
        })
}

const NIGHT: &str = "[attendant/night.wav]";

#[test]
fn menus_lead_to_menus_by_key_and_by_number() {
    let story = call_main(
        &round().with(|objects| objects.extensions.push(number_of("150", "main").into())),
        outsider()
            .hears(OPEN)
            .dials("5")
            .hears(NIGHT)
            .dials("150")
            .hears(OPEN)
            .dials("101"),
    );
    assert_eq!(story.exit, transfer("101"));
}

#[test]
fn silence_goes_round_once_and_then_to_the_operator() {
    let story = call_main(&round(), outsider().hears(OPEN).hears(NIGHT).hears(OPEN));
    assert_eq!(story.exit, transfer("0"));
    assert_eq!((story.count(OPEN), story.count(NIGHT)), (2, 1));
}

#[test]
fn keys_may_go_round_as_often_as_one_likes() {
    let mut person = outsider();
    for _ in 0..10 {
        person = person.hears(OPEN).dials("5").hears(NIGHT).dials("5");
    }
    let story = call_main(&round(), person.hears(OPEN).dials("101"));
    assert_eq!(story.exit, transfer("101"));
}

#[test]
fn an_operator_who_is_the_attendant_itself_is_no_endless_round() {
    let number =
        |objects: &mut crds::Objects| objects.extensions.push(number_of("0", "main").into());
    let company = without_operator(AutoAttendantSpec::default()).with(number);
    let story = call_main(
        &company,
        outsider()
            .hears(OPEN)
            .hears(OPEN)
            .hears(OPEN)
            .hears("Goodbye."),
    );
    assert_eq!(story.exit, Exit::Finished);
}

#[test]
fn silence_is_remembered_while_others_are_rung_in_between() {
    let company = plain();
    let mut silence = apps::Silence::default();
    let mut exits = Vec::new();
    for _ in 0..3 {
        let story = company.run(outsider(), async |call, office| {
            apps::attendant(call, office, "main", &mut silence).await
        });
        exits.push(story.exit);
    }
    assert_eq!(exits, [transfer("0"), transfer("0"), Exit::Finished]);
}

#[test]
fn without_a_recording_the_standard_greeting_names_the_keys() {
    let options = vec![
        option("4", to_extension("101")),
        option("5", to_extension("1021")),
        option("7", to_messages()),
        by_name("8"),
        option("9", to_attendant("main")),
    ];
    let standard = |spec| {
        let company = Company::new()
            .with_operator("john")
            .with_attendant("main", spec);
        let story = call_main(&company, outsider().hears("Welcome."));
        let heard: Vec<String> = story.heard.into_iter().map(|it| it.text).collect();
        heard
    };
    let heard = standard(with_options(options));
    assert_eq!(
        heard[..8],
        [
            "Welcome.",
            "Please enter the extension you would like to reach.",
            "For M A R Y, press four.",
            "For extension one zero two one, press five.",
            "To hear your messages, press seven.",
            "To find somebody by name, press eight.",
            "For more choices, press nine.",
            "For the operator, press zero, or stay on the line.",
        ]
    );
    let spec = AutoAttendantSpec {
        dial_extensions: false,
        no_key: Some(to_extension("101")),
        ..AutoAttendantSpec::default()
    };
    assert_eq!(standard(spec)[..2], ["Welcome.", "One moment, please."]);
}

#[test]
fn a_recording_that_cannot_be_had_is_replaced_by_the_standard_greeting() {
    let spec = AutoAttendantSpec {
        greeting: Some(recording("attendant/lost.wav")),
        ..AutoAttendantSpec::default()
    };
    let company = Company::new().with_attendant("main", spec);
    call_main(&company, outsider().hears("Welcome.").hangs_up());
}
