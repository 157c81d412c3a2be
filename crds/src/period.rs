//! Lengths of time as people write them: `30s`, `5m`, `7d`.
use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A length of time. Units are `ms`, `s`, `m`, `h` and `d`, and may be joined, largest first: `1h30m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(Duration);

impl Period {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many minutes.
    pub const fn minutes(minutes: u64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// So many days of 24 hours.
    pub const fn days(days: u64) -> Self {
        Self::seconds(days * 86_400)
    }

    /// The length as the standard library has it.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl From<Period> for Duration {
    fn from(period: Period) -> Self {
        period.0
    }
}

/// The text is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time; write a number and a unit, such as 30s, 5m, 12h or 7d")]
pub struct NotAPeriod(pub String);

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text)
            .map(Self)
            .ok_or_else(|| NotAPeriod(text.to_owned()))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_millis();
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in UNITS.iter().rev() {
            if rest >= *millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // A pattern would refuse as well, and tell nobody what to write instead.
        json_schema!({
            "type": "string",
            "maxLength": 32,
            "x-kubernetes-validations": [{ "rule": RULE, "message": MESSAGE }],
        })
    }
}

/// Whether a field of this schema is a length of time.
pub(crate) fn is_in(schema: &JSONSchemaProps) -> bool {
    let mut rules = schema.x_kubernetes_validations.iter().flatten();
    rules.any(|it| it.rule == RULE)
}

/// What the API server checks of the text.
const RULE: &str = "self.matches('^([0-9]{1,9}(ms|s|m|h|d))+$')";
const MESSAGE: &str =
    "a length of time is a number and a unit; write for example 30s, 5m, 12h or 7d";
/// Smallest first; `ms` stands before `m` and `s`, whose texts it begins or ends with.
const UNITS: [(&str, u128); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

fn parse(text: &str) -> Option<Duration> {
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    let mut rest = text;
    let mut total = 0u128;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .filter(|n| (1..=9).contains(n))?;
        let (number, unit_on) = rest.split_at(digits);
        let (unit, millis) = UNITS.iter().find(|(unit, _)| unit_on.starts_with(unit))?;
        total += number.parse::<u128>().ok()? * millis;
        rest = unit_on.get(unit.len()..)?;
    }
    Some(Duration::from_millis(u64::try_from(total).ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("7d", 604_800),
            ("1h30m", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(text.parse(), Ok(Period::seconds(seconds)), "{text}");
        }
        assert_eq!(
            "500ms".parse::<Period>().unwrap().get(),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "5",
            "m",
            "5 m",
            "5min",
            "-5m",
            "1.5h",
            "5m ",
            "99999999999s",
            "5M",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_period_reads_back_from_its_text(millis in 0u64..1_000_000_000_000) {
            let period = Period(Duration::from_millis(millis));
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<Period>();
        }
    }
}
