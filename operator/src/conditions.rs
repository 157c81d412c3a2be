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

/// `Accepted`, from what is wrong with the object.
pub fn accepted(problems: &[Problem]) -> Finding {
    let errors: Vec<&Problem> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    let Some(first) = errors.first() else {
        return Finding::yes(
            ConditionType::Accepted,
            Reason::Valid,
            "everything in the manifest is in force",
        );
    };
    let told: Vec<String> = errors.iter().take(TOLD).map(|it| sentence(it)).collect();
    let mut message = told.join(". ");
    if let Some(more) = errors.len().checked_sub(TOLD).filter(|more| *more > 0) {
        message = format!("{message}. And {more} more");
    }
    Finding::no(ConditionType::Accepted, first.reason, message)
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

/// How many problems a message tells.
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
        assert_eq!(accepted(std::slice::from_ref(&warning)).holds, Some(true));
        let error = Problem::error(mary, "spec.extension", Reason::NumberTaken)
            .because("the User john has extension 102 already")
            .remedy("write a number that is free");
        let found = accepted(&[warning, error]);
        assert_eq!(found.reason, Reason::NumberTaken);
        assert_eq!(
            found.message,
            "spec.extension: the User john has extension 102 already; write a number that is free"
        );
    }
}
