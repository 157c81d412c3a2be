//! What this worker knows, and the statuses that follow from it.
use std::{collections::HashMap, sync::Arc};

use crds::{
    Directory, NameRef,
    auto_attendant::AutoAttendantStatus,
    directory::AttendantEntry,
    handset::{Contact, HandsetStatus},
    trunk::{Registration, TrunkStatus},
    user::{MessageCounts, UserHandset, UserStatus},
};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use sha2::{Digest, Sha256};

use super::told::{is_of_recordings, recordings, registered};
use super::{FileState, Phone};

/// What homes have told.
#[derive(Debug)]
pub(super) struct Known {
    worker: String,
    contacts: HashMap<Arc<str>, Vec<Contact>>,
    messages: HashMap<Arc<str>, MessageCounts>,
    trunks: HashMap<Arc<str>, (Registration, Arc<str>, u32)>,
    files: HashMap<Arc<str>, FileState>,
}

/// An object whose status may have to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Subject {
    Handset(Arc<str>),
    User(Arc<str>),
    Trunk(Arc<str>),
    Attendant(Arc<str>),
}

impl Known {
    /// Nothing yet; contacts are held by `worker`.
    pub(super) fn new(worker: String) -> Self {
        Self {
            worker,
            contacts: HashMap::new(),
            messages: HashMap::new(),
            trunks: HashMap::new(),
            files: HashMap::new(),
        }
    }

    /// A trunk stands so and carries so many calls now.
    pub(super) fn trunk_stands(
        &mut self,
        trunk: Arc<str>,
        registration: Registration,
        why: Arc<str>,
        calls: u32,
    ) {
        self.trunks.insert(trunk, (registration, why, calls));
    }

    /// Our part of a Trunk's status; none of one that nothing is known of yet.
    pub(super) fn trunk(
        &self,
        name: &str,
        generation: Option<i64>,
        shown: &[Condition],
        now: Timestamp,
    ) -> Option<TrunkStatus> {
        let (registration, why, calls) = self.trunks.get(name)?;
        let (registration, calls) = (*registration, *calls);
        Some(TrunkStatus {
            conditions: vec![registered(registration, why).condition(generation, shown, now)],
            registration: Some(registration),
            calls: Some(calls),
            worker: Some(self.worker.clone()),
            ..TrunkStatus::default()
        })
    }

    /// A shared file is in this state now.
    pub(super) fn file_is(&mut self, file: Arc<str>, state: FileState) {
        self.files.insert(file, state);
    }

    /// Our part of an `AutoAttendant`'s status.
    pub(super) fn attendant(
        &self,
        attendant: &AttendantEntry,
        generation: Option<i64>,
        shown: &[Condition],
        now: Timestamp,
    ) -> AutoAttendantStatus {
        let mut files: Vec<_> = attendant
            .menus()
            .filter_map(|menu| menu.greeting.as_ref())
            .collect();
        files.sort();
        files.dedup();
        let condition = match recordings(&files, &self.files) {
            _ if files.is_empty() => None,
            Some(told) => Some(told.condition(generation, shown, now)),
            // What was known before a restart holds until it is known again.
            None => shown.iter().find(|it| is_of_recordings(it)).cloned(),
        };
        let schedule = attendant.at(now).schedule.as_deref();
        AutoAttendantStatus {
            conditions: condition.into_iter().collect(),
            schedule: schedule.map(str::to_owned),
            ..AutoAttendantStatus::default()
        }
    }

    /// These phones are registered under a handset now. One that is shown already, from before a restart, keeps its time.
    pub(super) fn registered(
        &mut self,
        handset: Arc<str>,
        phones: Vec<Phone>,
        shown: &[Contact],
        now: Timestamp,
    ) {
        let before = self.contacts.remove(&handset).unwrap_or_default();
        let mut contacts: Vec<Contact> = Vec::with_capacity(phones.len());
        for phone in phones {
            let id = id(&phone.uri);
            if contacts.iter().any(|contact| contact.id == id) {
                continue;
            }
            let known = before.iter().chain(shown).find(|known| known.id == id);
            contacts.push(Contact {
                id,
                uri: phone.uri,
                worker: self.worker.clone(),
                user_agent: phone.user_agent,
                registered_at: known.map_or(Time(now), |known| known.registered_at.clone()),
            });
        }
        self.contacts.insert(handset, contacts);
    }

    /// So many messages are in a user's mailbox now.
    pub(super) fn counted(&mut self, user: Arc<str>, counts: MessageCounts) {
        self.messages.insert(user, counts);
    }

    /// Our part of a Handset's status.
    pub(super) fn handset(&self, name: &str, directory: &Directory) -> HandsetStatus {
        let user = directory
            .handset(name)
            .and_then(|account| account.user.as_deref());
        HandsetStatus {
            contacts: self.contacts.get(name).cloned().unwrap_or_default(),
            user_ref: user.map(NameRef::new),
            ..HandsetStatus::default()
        }
    }

    /// Our part of a User's status. Counts of a mailbox that was not looked into yet stay as they are shown.
    pub(super) fn user(
        &self,
        name: &str,
        directory: &Directory,
        shown: Option<MessageCounts>,
    ) -> UserStatus {
        let handsets = directory
            .user(name)
            .map(|user| user.handsets.as_slice())
            .unwrap_or_default();
        let registered = |handset: &Arc<str>| UserHandset {
            name: handset.to_string(),
            registered: self
                .contacts
                .get(handset)
                .is_some_and(|contacts| !contacts.is_empty()),
        };
        UserStatus {
            messages: self.messages.get(name).copied().or(shown),
            handsets: handsets.iter().map(registered).collect(),
            ..UserStatus::default()
        }
    }
}

/// Every object with a status of ours.
pub(super) fn all(directory: &Directory) -> Vec<Subject> {
    let handsets = directory
        .accounts()
        .map(|account| Subject::Handset(Arc::clone(&account.handset)));
    let users = directory
        .users()
        .map(|user| Subject::User(Arc::clone(&user.name)));
    let trunks = directory
        .trunks()
        .iter()
        .map(|trunk| Subject::Trunk(Arc::clone(&trunk.name)));
    let attendants = attendants(directory);
    handsets
        .chain(users)
        .chain(trunks)
        .chain(attendants)
        .collect()
}

/// Every auto attendant, whose hours come and go.
pub(super) fn attendants(directory: &Directory) -> impl Iterator<Item = Subject> {
    let attendants = directory.attendants();
    attendants.map(|attendant| Subject::Attendant(Arc::clone(&attendant.name)))
}

/// The attendants that have a recording in this file.
pub(super) fn attendants_with(directory: &Directory, file: &str) -> Vec<Subject> {
    let has = |attendant: &&AttendantEntry| {
        let mut menus = attendant.menus();
        menus.any(|menu| menu.greeting.as_deref() == Some(file))
    };
    let attendants = directory.attendants().filter(has);
    attendants
        .map(|attendant| Subject::Attendant(Arc::clone(&attendant.name)))
        .collect()
}

/// Tells a contact from the others of its handset, also after a restart.
fn id(uri: &str) -> String {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(uri.as_bytes()).into();
    HEXLOWER.encode(&[a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crds::{
        AutoAttendant, AutoAttendantSpec, HandsetSpec, Objects, User, UserSpec,
        auto_attendant::AttendantSchedule, call_target::Recording, handset::Handset,
    };

    fn directory() -> Directory {
        let owned = HandsetSpec {
            owner_ref: Some(NameRef::new("mary")),
            ..HandsetSpec::default()
        };
        let objects = Objects {
            users: vec![User::new("mary", UserSpec::default()).into()],
            handsets: vec![Handset::new("mary-desk", owned).into()],
            ..Objects::default()
        };
        crds::compile(&objects).0
    }

    fn phone() -> Phone {
        Phone {
            uri: "sip:mary@192.0.2.1".into(),
            user_agent: Some("Desk 1.0".into()),
        }
    }

    #[test]
    fn a_registered_phone_shows_with_its_handset_and_with_the_owner() {
        let (directory, mut known) = (directory(), Known::new("office-worker-0".into()));
        let now = Timestamp::from_second(1_000).unwrap();
        known.registered("mary-desk".into(), vec![phone()], &[], now);
        let status = known.handset("mary-desk", &directory);
        assert_eq!(status.user_ref, Some(NameRef::new("mary")));
        assert_eq!(status.contacts[0].worker, "office-worker-0");
        assert!(known.user("mary", &directory, None).handsets[0].registered);
        known.registered("mary-desk".into(), Vec::new(), &[], now);
        assert!(!known.user("mary", &directory, None).handsets[0].registered);
    }

    #[test]
    fn a_phone_that_a_worker_before_had_shown_keeps_its_time() {
        let (directory, mut first) = (directory(), Known::new("office-worker-0".into()));
        let mut again = Known::new("office-worker-0".into());
        let now = Timestamp::from_second(1_000).unwrap();
        let later = Timestamp::from_second(2_000).unwrap();
        first.registered("mary-desk".into(), vec![phone()], &[], now);
        let shown = first.handset("mary-desk", &directory);
        again.registered("mary-desk".into(), vec![phone()], &shown.contacts, later);
        assert_eq!(again.handset("mary-desk", &directory), shown);
    }

    #[test]
    fn how_a_trunk_stands_shows_and_since_when() {
        let mut known = Known::new("office-worker-0".into());
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(known.trunk("provider", Some(1), &[], at(1)), None);
        known.trunk_stands(
            "provider".into(),
            Registration::NoAnswer,
            "x is unknown".into(),
            0,
        );
        let first = known.trunk("provider", Some(1), &[], at(1_000)).unwrap();
        assert_eq!(first.conditions[0].status, "False");
        assert_eq!(first.conditions[0].reason, "NoAnswer");
        let said = &first.conditions[0].message;
        assert!(said.contains("x is unknown"), "{said}");
        known.trunk_stands(
            "provider".into(),
            Registration::Refused,
            "it answers 403".into(),
            0,
        );
        let still = known
            .trunk("provider", Some(1), &first.conditions, at(2_000))
            .unwrap();
        assert_eq!(
            still.conditions[0].last_transition_time,
            first.conditions[0].last_transition_time
        );
        known.trunk_stands("provider".into(), Registration::Registered, "".into(), 2);
        let then = known
            .trunk("provider", Some(1), &still.conditions, at(3_000))
            .unwrap();
        assert_eq!(then.conditions[0].last_transition_time, Time(at(3_000)));
        assert_eq!(
            (then.registration, then.calls),
            (Some(Registration::Registered), Some(2))
        );
    }

    #[test]
    fn an_attendant_shows_its_schedule_and_every_recording_that_cannot_be_heard() {
        let recording = |file: &str| {
            let file = file.to_owned();
            Some(Recording { file })
        };
        let evening = AttendantSchedule {
            name: "evening".into(),
            from: Some("18:00".into()),
            to: Some("24:00".into()),
            greeting: recording("b.wav"),
            ..AttendantSchedule::default()
        };
        let spec = AutoAttendantSpec {
            greeting: recording("a.wav"),
            schedules: vec![evening],
            ..AutoAttendantSpec::default()
        };
        let objects = Objects {
            auto_attendants: vec![AutoAttendant::new("main", spec).into()],
            ..Objects::default()
        };
        let (directory, _) = crds::compile(&objects);
        let main = directory.attendant("main").unwrap();
        let mut known = Known::new("office-worker-0".into());
        let at = |known: &Known, now: &str| {
            let status = known.attendant(main, Some(1), &[], now.parse().unwrap());
            let told = status.conditions.first();
            let told = told.map(|it| (it.status.clone(), it.reason.clone(), it.message.clone()));
            (status.schedule, told)
        };
        assert_eq!(at(&known, "2027-01-01T17:59:59Z"), (None, None));
        known.file_is("a.wav".into(), FileState::Playable);
        let (schedule, told) = at(&known, "2027-01-01T18:00:00Z");
        assert_eq!((schedule.as_deref(), told), (Some("evening"), None));
        known.file_is("b.wav".into(), FileState::Missing);
        let (status, reason, message) = at(&known, "2027-01-01T18:00:00Z").1.unwrap();
        assert_eq!((&*status, &*reason), ("False", "FileMissing"));
        assert!(
            message.contains("b.wav") && message.contains("files put"),
            "{message}"
        );
        known.file_is("b.wav".into(), FileState::NotPlayable("it is empty".into()));
        let (_, reason, message) = at(&known, "2027-01-01T18:00:00Z").1.unwrap();
        assert_eq!(reason, "NotPlayable");
        assert!(message.contains("it is empty"), "{message}");
        known.file_is("a.wav".into(), FileState::Missing);
        let (_, _, message) = at(&known, "2027-01-01T18:00:00Z").1.unwrap();
        assert!(
            message.contains("a.wav") && message.contains("b.wav (it is empty)"),
            "{message}"
        );
        for file in ["a.wav", "b.wav"] {
            known.file_is(file.into(), FileState::Playable);
        }
        let (status, reason, _) = at(&known, "2027-01-01T18:00:00Z").1.unwrap();
        assert_eq!((&*status, &*reason), ("True", "Playable"));
    }

    #[test]
    fn counts_that_are_not_known_yet_stay_as_they_are_shown() {
        let (directory, mut known) = (directory(), Known::new("office-worker-0".into()));
        let shown = MessageCounts { new: 2, saved: 1 };
        let status = known.user("mary", &directory, Some(shown));
        assert_eq!(status.messages, Some(shown));
        let counts = MessageCounts { new: 3, saved: 1 };
        known.counted("mary".into(), counts);
        let status = known.user("mary", &directory, Some(shown));
        assert_eq!(status.messages, Some(counts));
    }
}
