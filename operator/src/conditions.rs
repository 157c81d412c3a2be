//! Conditions: what is found now, laid over what is stored.
use crds::{
    Problem, Severity,
    conditions::{ConditionType, Reason},
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

/// One condition as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which.
    pub condition: ConditionType,
    /// Whether it holds; none is Unknown.
    pub holds: Option<bool>,
    /// Why, for machines.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
}

impl Finding {
    /// It holds.
    pub fn yes(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(condition, Some(true), reason, message)
    }

    /// It does not hold.
    pub fn no(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self::new(condition, Some(false), reason, message)
    }

    /// A finding.
    pub fn new(
        condition: ConditionType,
        holds: Option<bool>,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self {
            condition,
            holds,
            reason,
            message: message.into(),
        }
    }
}

/// `Accepted`, from what is wrong with the object. Its message names warnings too, as long as they hold.
pub fn accepted(problems: &[Problem]) -> Finding {
    let errors = of(problems, Severity::Error);
    let warnings = of(problems, Severity::Warning);
    let but = format!("valid, but: {}", sentences(&warnings));
    match (errors.first(), warnings.is_empty()) {
        (None, true) => {
            let message = "everything in the manifest is in force";
            Finding::yes(ConditionType::Accepted, Reason::Valid, message)
        }
        (None, false) => Finding::yes(ConditionType::Accepted, Reason::Valid, but),
        (Some(first), true) => {
            Finding::no(ConditionType::Accepted, first.reason, sentences(&errors))
        }
        (Some(first), false) => {
            let message = format!("{}. The rest is {but}", sentences(&errors));
            Finding::no(ConditionType::Accepted, first.reason, message)
        }
    }
}

/// What a message of `Accepted` tells of these problems and `before`, the message of the stored one, did not.
pub fn news<'a>(problems: &'a [Problem], before: Option<&str>) -> Vec<&'a Problem> {
    let mut told = of(problems, Severity::Error);
    told.truncate(TOLD);
    told.extend(of(problems, Severity::Warning).into_iter().take(TOLD));
    let before = before.unwrap_or_default();
    told.retain(|problem| !before.contains(&sentence(problem)));
    told
}

/// Those of the conditions that [warn](ConditionType::warns) which have come to be False, or are so for another reason than
/// they were.
pub fn warnings<'a>(before: &[Condition], now: &'a [Condition]) -> Vec<&'a Condition> {
    let warn = ConditionType::ALL.into_iter().filter(|it| it.warns());
    let are_false = warn.filter_map(|it| find(now, it).filter(|it| it.status == "False"));
    let is_news = |now: &&Condition| {
        let mut before = before.iter();
        // Not the message: it may have the far side's words, which are others each time.
        !before.any(|it| it.type_ == now.type_ && it.status == "False" && it.reason == now.reason)
    };
    are_false.filter(is_news).collect()
}

fn of(problems: &[Problem], severity: Severity) -> Vec<&Problem> {
    let problems = problems.iter();
    problems.filter(|it| it.severity == severity).collect()
}

fn sentences(problems: &[&Problem]) -> String {
    let told = problems.iter().take(TOLD).map(|it| sentence(it));
    let told = told.collect::<Vec<_>>().join(". ");
    match problems.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told}. And {more} more"),
    }
}

/// What is wrong and what to do about it, without the object's name.
pub fn sentence(problem: &Problem) -> String {
    let Problem {
        field,
        message,
        remedy,
        ..
    } = problem;
    if field.is_empty() {
        format!("{message}; {remedy}")
    } else {
        format!("{field}: {message}; {remedy}")
    }
}

/// What is to be stored: the findings, each with the time at which its status last changed.
pub fn merge(stored: &[Condition], findings: &[Finding], generation: i64) -> Vec<Condition> {
    findings
        .iter()
        .map(|finding| {
            let status = status(finding.holds);
            let since = find(stored, finding.condition)
                .filter(|condition| condition.status == status)
                .map(|condition| condition.last_transition_time.clone());
            Condition {
                last_transition_time: since.unwrap_or_else(now),
                message: finding.message.clone(),
                observed_generation: Some(generation),
                reason: finding.reason.as_str().to_owned(),
                status: status.to_owned(),
                type_: finding.condition.as_str().to_owned(),
            }
        })
        .collect()
}

/// The condition of this type.
pub fn find(stored: &[Condition], condition: ConditionType) -> Option<&Condition> {
    stored.iter().find(|it| it.type_ == condition.as_str())
}

/// Whether the condition is True for this generation.
pub fn holds(stored: &[Condition], condition: ConditionType, generation: i64) -> bool {
    find(stored, condition)
        .is_some_and(|it| it.status == "True" && it.observed_generation == Some(generation))
}

/// How many errors a message tells, and how many warnings.
const TOLD: usize = 8;

fn status(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "True",
        Some(false) => "False",
        None => "Unknown",
    }
}

/// To the second, as the API server keeps it: otherwise what is read back would differ from what was written.
fn now() -> Time {
    let now = Timestamp::now();
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_keeps_its_time_until_its_status_changes() {
        let long_ago = Time(Timestamp::from_second(1).unwrap());
        let ready = |holds, reason| [Finding::new(ConditionType::Ready, holds, reason, "")];
        let mut stored = merge(&[], &ready(Some(false), Reason::NoWorker), 1);
        stored[0].last_transition_time = long_ago.clone();
        let still = merge(&stored, &ready(Some(false), Reason::Loading), 2);
        assert_eq!(still[0].last_transition_time, long_ago);
        assert_eq!(still[0].reason, "Loading");
        let changed = merge(&stored, &ready(Some(true), Reason::Loaded), 2);
        assert!(changed[0].last_transition_time > long_ago);
    }

    #[test]
    fn warnings_leave_an_object_accepted() {
        let mary = crds::ObjectRef::new(crds::Kind::User, "mary");
        let warning = Problem::warning(mary.clone(), "spec.extension", Reason::Overlap);
        let warning = warning
            .because("whoever dials 9 reaches this")
            .remedy("write another");
        let but = "valid, but: spec.extension: whoever dials 9 reaches this; write another";
        let found = accepted(std::slice::from_ref(&warning));
        assert_eq!(
            (found.holds, found.reason, &*found.message),
            (Some(true), Reason::Valid, but)
        );
        let error = Problem::error(mary, "spec.extension", Reason::NumberTaken)
            .because("the User john has extension 102 already")
            .remedy("write a number that is free");
        let taken =
            "spec.extension: the User john has extension 102 already; write a number that is free";
        let alone = accepted(std::slice::from_ref(&error));
        assert_eq!(alone.message, taken);
        let found = accepted(&[warning, error]);
        assert_eq!(
            (found.holds, found.reason, found.message),
            (
                Some(false),
                Reason::NumberTaken,
                format!("{taken}. The rest is {but}")
            )
        );
    }

    #[test]
    fn news_is_what_the_stored_message_does_not_tell() {
        let mary = crds::ObjectRef::new(crds::Kind::User, "mary");
        let error =
            |field: &str| Problem::error(mary.clone(), field, Reason::NotFound).because("gone");
        let weak = Problem::warning(mary.clone(), "spec.pinSecretRef", Reason::WeakPin);
        let weak = weak.because("a PIN has 5 to 32 digits");
        let one = [error("spec.a"), weak.clone()];
        let told = accepted(&one).message;
        assert_eq!(news(&one, None), [&one[0], &one[1]]);
        assert_eq!(news(&one, Some(&told)), [] as [&Problem; 0]);
        let two = [error("spec.b"), weak.clone()];
        assert_eq!(news(&two, Some(&told)), [&two[0]]);
        // What is not told can be no news, or it would be so each time.
        let many: Vec<Problem> = (0..2 * TOLD).map(|i| error(&format!("spec.{i}"))).collect();
        assert_eq!(
            news(&many, Some(&accepted(&many).message)),
            [] as [&Problem; 0]
        );
    }

    #[test]
    fn a_condition_warns_when_it_comes_to_be_false_and_when_that_is_for_another_reason() {
        let storage = |holds, reason, message: &str| {
            let finding = Finding::new(ConditionType::StorageReady, holds, reason, message);
            let updating = Finding::no(ConditionType::Updating, Reason::UpToDate, "");
            merge(&[], &[finding, updating], 1)
        };
        let works = storage(Some(true), Reason::Writable, "");
        let away = storage(Some(false), Reason::StorageAway, "it does not answer");
        let unknown = storage(None, Reason::StorageAway, "");
        for before in [works.clone(), unknown, Vec::new()] {
            let told = warnings(&before, &away);
            assert!(
                matches!(told[..], [it] if it.type_ == "StorageReady"),
                "{told:?}"
            );
        }
        let still = storage(
            Some(false),
            Reason::StorageAway,
            "request 4711 got no answer",
        );
        assert!(warnings(&away, &still).is_empty());
        let refused = storage(Some(false), Reason::CredentialsRefused, "");
        assert_eq!(warnings(&away, &refused).len(), 1);
        assert!(warnings(&away, &works).is_empty());
    }
}
