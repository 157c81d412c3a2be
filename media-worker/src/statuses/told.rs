//! What conditions of ours say.
use std::{collections::HashMap, sync::Arc};

use crds::{
    conditions::{ConditionType, Reason},
    trunk::Registration,
};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::FileState;

/// Whether it is the condition that tells of an attendant's recordings.
pub(super) fn is_of_recordings(condition: &Condition) -> bool {
    condition.type_ == ConditionType::RecordingsReady.as_str()
}

/// What a condition says.
pub(super) struct Told {
    condition: ConditionType,
    holds: bool,
    reason: Reason,
    message: String,
}

impl Told {
    fn yes(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            condition,
            holds: true,
            reason,
            message: message.into(),
        }
    }

    fn no(condition: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            holds: false,
            ..Self::yes(condition, reason, message)
        }
    }

    /// The condition, which keeps its time until its status changes.
    pub(super) fn condition(
        self,
        generation: Option<i64>,
        shown: &[Condition],
        now: Timestamp,
    ) -> Condition {
        let status = if self.holds { "True" } else { "False" };
        let of_type = |it: &&Condition| it.type_ == self.condition.as_str();
        let before = shown.iter().find(of_type);
        let since = before
            .filter(|before| before.status == status)
            .map(|before| before.last_transition_time.clone());
        Condition {
            type_: self.condition.as_str().to_owned(),
            status: status.to_owned(),
            reason: self.reason.as_str().to_owned(),
            message: self.message,
            observed_generation: generation,
            // To the second, as the API server keeps it.
            last_transition_time: since
                .unwrap_or_else(|| Time(Timestamp::from_second(now.as_second()).unwrap_or(now))),
        }
    }
}

/// How the far side of a trunk knows us; `why` says what is the matter where it does not.
pub(super) fn registered(registration: Registration, why: &str) -> Told {
    let condition = ConditionType::Registered;
    match registration {
        Registration::Registered => Told::yes(
            condition,
            Reason::TakenByServer,
            "the far side has taken the registration",
        ),
        Registration::NotNeeded => Told::yes(
            condition,
            Reason::NotNeeded,
            "the far side knows us by our address",
        ),
        Registration::Refused => Told::no(
            condition,
            Reason::RefusedByServer,
            format!("the far side refuses us, {why}: see that username and password are right"),
        ),
        Registration::NoAnswer => Told::no(
            condition,
            Reason::NoAnswer,
            format!(
                "the far side can't be reached, {why}: see that spec.server is right and that packets come through; it is tried again"
            ),
        ),
    }
}

/// Whether callers can hear all of these, and which not; nothing while that of one is not known yet and the others are well.
pub(super) fn recordings(
    files: &[&Arc<str>],
    known: &HashMap<Arc<str>, FileState>,
) -> Option<Told> {
    let condition = ConditionType::RecordingsReady;
    let mut missing = Vec::new();
    let mut unplayable = Vec::new();
    let mut unknown = false;
    for file in files {
        match known.get(*file) {
            Some(FileState::Playable) => {}
            Some(FileState::Missing) => missing.push(&***file),
            Some(FileState::NotPlayable(why)) => unplayable.push(format!("{file} ({why})")),
            None => unknown = true,
        }
    }
    let mut said = Vec::new();
    if !missing.is_empty() {
        said.push(format!(
            "not among the shared files: {}; add what is missing with `media-worker files put`",
            missing.join(", ")
        ));
    }
    if !unplayable.is_empty() {
        said.push(format!("can't be played: {}", unplayable.join(", ")));
    }
    if !said.is_empty() {
        let reason = if missing.is_empty() {
            Reason::NotPlayable
        } else {
            Reason::FileMissing
        };
        let said = said.join("; ");
        let message = format!("callers hear standard words for some recordings: {said}");
        return Some(Told::no(condition, reason, message));
    }
    if unknown {
        return None;
    }
    let message = "callers can hear every recording";
    Some(Told::yes(condition, Reason::Playable, message))
}
