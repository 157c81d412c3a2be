//! Outside numbers: what is the same number, and how it is written for the world.
use crate::phone_system::Numbers;

/// How outside numbers are written where the `PhoneSystem` stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPlan {
    country: Box<str>,
    area: Option<Box<str>>,
}

impl NumberPlan {
    /// The plan of `spec.dialPlan.numbers`.
    pub fn new(numbers: &Numbers) -> Self {
        Self {
            country: numbers.country_code.as_str().into(),
            area: numbers.area_code.as_deref().map(Into::into),
        }
    }

    /// The national number of a whole outside number, area code included and without trunk prefix; a foreign number
    /// keeps `+` and its country code. Two numbers are the same when this is.
    pub fn national(&self, number: &str) -> String {
        let (international, digits) = split(number);
        let national = self.strip(international, &digits);
        match &self.area {
            Some(area) if national.len() == digits.len() && self.is_local(&national) => {
                format!("{area}{national}")
            }
            Some(_) | None => national,
        }
    }

    /// The beginning of national numbers that a pattern such as `+1585` means; never completed by the area code.
    pub fn national_prefix(&self, beginning: &str) -> String {
        let (international, digits) = split(beginning);
        self.strip(international, &digits)
    }

    /// The number as E.164 with `+`, or none when it is too short or too long to be one.
    pub fn e164(&self, number: &str) -> Option<String> {
        let national = self.national(number);
        let whole = if national.starts_with('+') {
            national
        } else {
            format!("+{}{national}", self.country)
        };
        (8..=16).contains(&whole.len()).then_some(whole)
    }

    /// A number as E.164, as it is dialled within the country.
    pub fn as_dialled(&self, number: &str) -> String {
        let national = self.strip(number.starts_with('+'), number.trim_start_matches('+'));
        let north_america = &*self.country == NORTH_AMERICA;
        match national.strip_prefix('+') {
            Some(abroad) if north_america => format!("011{abroad}"),
            Some(abroad) => format!("00{abroad}"),
            None if north_america => national,
            None => format!("0{national}"),
        }
    }

    /// Whether these dialled digits are a whole number that no further digit could belong to. Only North America's numbers tell:
    /// elsewhere their length differs.
    pub fn is_whole(&self, dialled: &str) -> bool {
        let national = dialled.strip_prefix('1').unwrap_or(dialled);
        &*self.country == NORTH_AMERICA
            && national.len() == 10
            && !national.starts_with(['0', '1'])
            && !dialled.starts_with('0')
    }

    fn strip(&self, international: bool, digits: &str) -> String {
        if international {
            return match digits.strip_prefix(&*self.country) {
                Some(national) => national.to_owned(),
                None => format!("+{digits}"),
            };
        }
        let north_america = &*self.country == NORTH_AMERICA;
        if north_america && let Some(abroad) = digits.strip_prefix("011") {
            return format!("+{abroad}");
        }
        if !north_america && let Some(abroad) = digits.strip_prefix("00") {
            return self.strip(true, abroad);
        }
        let trunk = if north_america { "1" } else { "0" };
        digits.strip_prefix(trunk).unwrap_or(digits).to_owned()
    }

    /// A number without area code: 7 digits in North America; elsewhere whatever had no trunk prefix.
    fn is_local(&self, digits: &str) -> bool {
        if &*self.country == NORTH_AMERICA {
            digits.len() == 7
        } else {
            (4..=9).contains(&digits.len())
        }
    }
}

/// Country code 1, where the trunk prefix is 1 too and local numbers have 7 digits.
const NORTH_AMERICA: &str = "1";

/// Whether the text begins with `+`, and its digits: people write spaces, dots, dashes and brackets between them.
fn split(text: &str) -> (bool, String) {
    let text = text.trim();
    (
        text.starts_with('+'),
        text.chars().filter(char::is_ascii_digit).collect(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rochester() -> NumberPlan {
        NumberPlan::new(&Numbers {
            country_code: "1".into(),
            area_code: Some("585".into()),
        })
    }

    #[test]
    fn one_number_is_the_same_however_it_is_written() {
        for number in [
            "+15855550100",
            "15855550100",
            "5855550100",
            "(585) 555-0100",
            "5550100",
            "+1 585.555.0100",
        ] {
            assert_eq!(rochester().national(number), "5855550100", "{number}");
            assert_eq!(
                rochester().e164(number).as_deref(),
                Some("+15855550100"),
                "{number}"
            );
        }
    }

    #[test]
    fn numbers_abroad_keep_their_country() {
        assert_eq!(rochester().national("+44 20 7946 0000"), "+442079460000");
        assert_eq!(rochester().national("011442079460000"), "+442079460000");
    }

    #[test]
    fn elsewhere_a_zero_leads_to_other_areas_and_two_abroad() {
        let munich = NumberPlan::new(&Numbers {
            country_code: "49".into(),
            area_code: Some("89".into()),
        });
        for number in ["+4989123456", "089123456", "004989123456", "123456"] {
            assert_eq!(
                munich.e164(number).as_deref(),
                Some("+4989123456"),
                "{number}"
            );
        }
        assert_eq!(
            munich.e164("0015855550100").as_deref(),
            Some("+15855550100")
        );
    }

    #[test]
    fn a_pattern_is_not_completed_by_the_area_code() {
        for pattern in ["+1585", "1585", "585"] {
            assert_eq!(rochester().national_prefix(pattern), "585");
        }
        assert_eq!(rochester().national_prefix("5855550"), "5855550");
    }

    #[test]
    fn a_number_is_dialled_as_its_country_does() {
        let munich = NumberPlan::new(&Numbers {
            country_code: "49".into(),
            area_code: Some("89".into()),
        });
        for (plan, number, dialled) in [
            (rochester(), "+15855550100", "5855550100"),
            (rochester(), "+4989123456", "0114989123456"),
            (munich.clone(), "+4989123456", "089123456"),
            (munich, "+15855550100", "0015855550100"),
        ] {
            assert_eq!(plan.as_dialled(number), dialled);
            assert_eq!(plan.e164(&plan.as_dialled(number)).as_deref(), Some(number));
        }
    }

    #[test]
    fn only_whole_numbers_of_north_america_need_no_end() {
        for (digits, whole) in [
            ("5855550100", true),
            ("15855550100", true),
            ("585555010", false),
            ("5550100", false),
            ("1585555010", false),
            ("0114989123456", false),
            ("0118955501", false),
        ] {
            assert_eq!(rochester().is_whole(digits), whole, "{digits}");
        }
        let munich = NumberPlan::new(&Numbers {
            country_code: "49".into(),
            area_code: None,
        });
        assert!(!munich.is_whole("5855550100"));
    }

    proptest! {
        #[test]
        fn reading_a_national_number_again_changes_nothing(number in "[+]?[2-9][0-9]{9,13}") {
            let once = rochester().national(&number);
            prop_assert_eq!(rochester().national(&once), once);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = rochester().e164(&text);
            let _ = rochester().national_prefix(&text);
        }
    }
}
