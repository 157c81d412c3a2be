//! What Spanish sounds like, in writing: the hard cases of its grammar.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking anywhere")]

mod support;

use jiff::Zoned;
use prompts::{Noun, PromptId, Say};
use support::{Ear, at, count, date, moment, seconds, time, zone};

#[test]
fn cardinal_numbers() {
    spanish().hears_each(
        Say::Number,
        &[
            (0, "cero"),
            (1, "uno"),
            (2, "dos"),
            (16, "dieciséis"),
            (20, "veinte"),
            (21, "veintiuno"),
            (30, "treinta"),
            (31, "treinta y uno"),
            (60, "sesenta"),
            (67, "sesenta y siete"),
            (100, "cien"),
            (101, "ciento uno"),
            (199, "ciento noventa y nueve"),
            (200, "doscientos"),
            (555, "quinientos cincuenta y cinco"),
            (700, "setecientos"),
            (999, "novecientos noventa y nueve"),
            (1_000, "mil"),
            (1_001, "mil uno"),
            (1_110, "mil ciento diez"),
            (2_026, "dos mil veintiséis"),
            (21_300, "veintiún mil trescientos"),
            (31_000, "treinta y un mil"),
            (100_000, "cien mil"),
            (101_021, "ciento un mil veintiuno"),
            (1_000_000, "un millón"),
            (1_000_001, "un millón uno"),
            (21_000_000, "veintiún millones"),
            (2_000_000_017, "dos mil millones diecisiete"),
            (1_000_000_000_000, "un billón"),
            (2_000_000_000_000, "dos billones"),
        ],
    );
}

#[test]
fn the_greatest_number_has_words() {
    let words = spanish().hears(Say::Number(u64::MAX));
    assert!(
        words.starts_with(
            "nueve trillones doscientos veintitrés mil trescientos setenta y dos billones"
        ),
        "{words}"
    );
    assert!(words.ends_with("ochocientos siete"), "{words}");
}

#[test]
fn the_noun_agrees_with_its_number_and_one_loses_its_ending() {
    spanish().hears_each(
        count(Noun::NEW_MESSAGE),
        &[
            (0, "cero mensajes nuevos"),
            (1, "un mensaje nuevo"),
            (2, "dos mensajes nuevos"),
            (21, "veintiún mensajes nuevos"),
            (31, "treinta y un mensajes nuevos"),
            (61, "sesenta y un mensajes nuevos"),
            (100, "cien mensajes nuevos"),
            (101, "ciento un mensajes nuevos"),
            (200, "doscientos mensajes nuevos"),
            (1_001, "mil un mensajes nuevos"),
            (21_021, "veintiún mil veintiún mensajes nuevos"),
            (1_000_000, "un millón de mensajes nuevos"),
            (2_000_000, "dos millones de mensajes nuevos"),
            (1_000_100, "un millón cien mensajes nuevos"),
        ],
    );
}

#[test]
fn nothing_is_not_denied_twice_and_not_too_little() {
    let spanish = spanish();
    let cases = [
        (
            2,
            1,
            "Usted tiene dos mensajes nuevos, y un mensaje guardado.",
        ),
        (
            1,
            0,
            "Usted tiene un mensaje nuevo, y ningún mensaje guardado.",
        ),
        (
            0,
            3,
            "Usted tiene cero mensajes nuevos, y tres mensajes guardados.",
        ),
    ];
    for (new, saved, words) in cases {
        let status = Say::Phrase {
            prompt: PromptId::STATUS_MESSAGES,
            with: vec![
                count(Noun::NEW_MESSAGE)(new),
                count(Noun::SAVED_MESSAGE)(saved),
            ],
        };
        assert_eq!(spanish.hears(status), words);
    }
}

#[test]
fn one_o_clock_is_singular_and_every_hour_has_its_part_of_the_day() {
    spanish().hears_each(
        time,
        &[
            ("00:00", "medianoche"),
            ("00:01", "las doce y un minuto de la madrugada"),
            ("00:30", "las doce y media de la madrugada"),
            ("01:00", "la una de la madrugada"),
            ("02:05", "las dos y cinco de la madrugada"),
            ("06:15", "las seis y cuarto de la mañana"),
            ("11:59", "las once y cincuenta y nueve de la mañana"),
            ("12:00", "mediodía"),
            ("12:05", "las doce y cinco de la tarde"),
            ("13:00", "la una de la tarde"),
            ("13:21", "la una y veintiuno de la tarde"),
            ("14:00", "las dos de la tarde"),
            ("18:31", "las seis y treinta y uno de la tarde"),
            ("19:00", "las siete de la noche"),
            ("23:59", "las once y cincuenta y nueve de la noche"),
        ],
    );
}

#[test]
fn a_date_is_told_as_seen_from_today() {
    // Now is Wednesday, 11 March 2026.
    spanish().hears_each(
        date,
        &[
            ("2026-03-11", "hoy"),
            ("2026-03-10", "ayer"),
            ("2026-03-09", "el lunes"),
            ("2026-03-07", "el sábado"),
            ("2026-03-05", "el jueves"),
            ("2026-03-04", "el cuatro de marzo"),
            ("2026-03-12", "el doce de marzo"),
            ("2026-01-01", "el primero de enero"),
            ("2026-02-02", "el dos de febrero"),
            ("2026-02-21", "el veintiuno de febrero"),
            ("2026-01-31", "el treinta y uno de enero"),
            (
                "2025-12-31",
                "el treinta y uno de diciembre de dos mil veinticinco",
            ),
            ("2009-07-01", "el primero de julio de dos mil nueve"),
            (
                "1999-08-16",
                "el dieciséis de agosto de mil novecientos noventa y nueve",
            ),
            ("2101-01-05", "el cinco de enero de dos mil ciento uno"),
        ],
    );
}

#[test]
fn a_moment_has_its_preposition() {
    spanish().hears_each(
        moment,
        &[
            ("2026-03-11T13:00", "hoy a la una de la tarde"),
            ("2026-03-11T08:02", "hoy a las ocho y dos de la mañana"),
            ("2026-03-10T12:00", "ayer al mediodía"),
            ("2026-03-09T00:00", "el lunes a medianoche"),
            (
                "2026-03-01T20:45",
                "el primero de marzo a las ocho y cuarenta y cinco de la noche",
            ),
        ],
    );
}

#[test]
fn yesterday_begins_at_midnight_of_the_listener() {
    let late = "2026-03-10T23:59";
    assert_eq!(
        spanish().hears(moment(late)),
        "ayer a las once y cincuenta y nueve de la noche"
    );
    let tokyo = Zoned::new(at("2026-03-11T15:00"), zone("Asia/Tokyo"));
    assert_eq!(
        spanish().hears_at(moment(late), &tokyo),
        "ayer a las doce y cincuenta y nueve de la tarde"
    );
}

#[test]
fn lengths_of_time_agree_in_gender() {
    spanish().hears_each(
        seconds,
        &[
            (0, "cero segundos"),
            (1, "un segundo"),
            (21, "veintiún segundos"),
            (59, "cincuenta y nueve segundos"),
            (60, "un minuto"),
            (61, "un minuto y un segundo"),
            (31 * 60 + 30, "treinta y un minutos y treinta segundos"),
            (3_600, "una hora"),
            (2 * 3_600 + 65, "dos horas y un minuto"),
            (21 * 3_600, "veintiuna horas"),
            (31 * 3_600 + 60, "treinta y una horas y un minuto"),
            (201 * 3_600, "doscientas una horas"),
        ],
    );
}

#[test]
fn digits_and_letters_are_named_one_by_one() {
    let digits = |digits: &str| Say::Digits(digits.to_owned());
    spanish().hears_each(
        digits,
        &[
            ("204", "dos cero cuatro"),
            ("*40#", "asterisco cuatro cero numeral"),
            ("+1 (415) 5", "más uno cuatro uno cinco cinco"),
        ],
    );
    let spell = |word: &str| Say::Spell(word.to_owned());
    spanish().hears_each(
        spell,
        &[
            ("José", "jota o ese e"),
            ("NUÑEZ", "ene u eñe e zeta"),
            ("Nun\u{303}o", "ene u eñe o"),
            ("Çağrı", "ce a ge erre i"),
            ("Wyx 2", "doble u i griega equis dos"),
        ],
    );
}

#[test]
fn whoever_is_not_there_may_be_a_woman_or_a_man() {
    let greeting = |prompt| Say::Phrase {
        prompt,
        with: vec![Say::Audio("nombre".to_owned())],
    };
    let spanish = spanish();
    for prompt in [PromptId::LEAVE_GREETING_BUSY, PromptId::LEAVE_GREETING_AWAY] {
        let heard = spanish.hears(greeting(prompt));
        assert!(heard.starts_with("[nombre] "), "{heard}");
        assert!(
            !heard.contains("ocupad") && !heard.contains("desocupad"),
            "{heard}"
        );
    }
}

#[test]
fn no_prompt_is_left_in_english() {
    let (spanish, english) = (spanish(), Ear::new("en"));
    for prompt in PromptId::ALL {
        let say = || Say::Phrase {
            prompt: *prompt,
            with: vec![Say::Pause(std::time::Duration::ZERO); 3],
        };
        assert_ne!(spanish.hears(say()), english.hears(say()), "{prompt}");
    }
}

fn spanish() -> Ear {
    Ear::new("es")
}
