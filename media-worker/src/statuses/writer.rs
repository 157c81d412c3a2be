//! Writes statuses by server-side apply: what has changed, a bounded number a second, later when the API server is away.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use crds::{AutoAttendant, Trunk, User, handset::Handset};
use jiff::Timestamp;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tracing::{debug, warn};

use super::{
    News,
    known::{self, Known, Subject},
    told,
};
use crate::source::{Cluster, FIELD_MANAGER, Scope, Snapshot, Stored};

/// What the writer needs of the cluster.
pub(super) struct Access {
    client: Client,
    stored: Stored,
    snapshots: watch::Receiver<Arc<Snapshot>>,
}

impl From<&Cluster> for Access {
    fn from(cluster: &Cluster) -> Self {
        Self {
            client: cluster.client(),
            stored: cluster.stored(),
            snapshots: cluster.snapshots(),
        }
    }
}

/// Writes what is told, until nobody can tell any more.
pub(super) async fn write(access: Access, scope: Scope, mut told: mpsc::UnboundedReceiver<News>) {
    let mut snapshots = access.snapshots.clone();
    let mut writer = Writer::new(access, &scope);
    loop {
        tokio::select! {
            news = told.recv() => match news {
                Some(news) => writer.hear(news),
                None => return,
            },
            changed = snapshots.changed() => match changed {
                Ok(()) => writer.look_about(),
                Err(_) => return,
            },
            () = sleep_until(writer.pace.due), if writer.has_work() => writer.write_next().await,
            () = sleep(writer.until_the_minute()), if writer.has_hours() => writer.look_at_the_clock(),
        }
    }
}

struct Writer {
    handsets: Api<Handset>,
    users: Api<User>,
    trunks: Api<Trunk>,
    attendants: Api<AutoAttendant>,
    access: Access,
    known: Known,
    /// Before, phones that were registered at the last stop would be missed.
    restored: bool,
    /// What homes have told of, before what the directory may have changed.
    urgent: BTreeSet<Subject>,
    other: BTreeSet<Subject>,
    /// What was written last, with the object's UID: the watch may not show it yet.
    written: HashMap<Subject, (String, Value)>,
    /// The minute in which the attendants' hours were looked at last.
    minute: i64,
    pace: Pace,
}

/// When the API server may be written to again.
struct Pace {
    due: Instant,
    /// How long to wait after the next failure.
    delay: Duration,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self {
            due: now,
            delay: FIRST_DELAY,
        }
    }

    /// It has answered, whatever it was.
    fn answered(&mut self, now: Instant) {
        self.due = now + SPACING;
        self.delay = FIRST_DELAY;
    }

    /// It refuses, or is away.
    fn failed(&mut self, now: Instant) {
        self.due = now + self.delay;
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
    }
}

/// What becomes of one status.
enum Step {
    /// It is as it should be.
    Right,
    /// This is to be written to the object with this UID.
    Write(String, Value),
    /// There is no such object.
    Gone,
}

impl Writer {
    fn new(access: Access, scope: &Scope) -> Self {
        Self {
            handsets: Api::namespaced(access.client.clone(), &scope.namespace),
            users: Api::namespaced(access.client.clone(), &scope.namespace),
            trunks: Api::namespaced(access.client.clone(), &scope.namespace),
            attendants: Api::namespaced(access.client.clone(), &scope.namespace),
            access,
            known: Known::new(scope.worker()),
            restored: false,
            urgent: BTreeSet::new(),
            other: BTreeSet::new(),
            written: HashMap::new(),
            minute: minute(Timestamp::now()),
            pace: Pace::new(Instant::now()),
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.access.snapshots.borrow())
    }

    fn hear(&mut self, news: News) {
        let snapshot = self.snapshot();
        let directory = &snapshot.directory;
        match news {
            News::Phones(handset, phones) => {
                let contacts = |stored: &Handset| stored.status.clone().map(|it| it.contacts);
                let shown = self.access.stored.handset(&handset, contacts).flatten();
                let owner = directory
                    .handset(&handset)
                    .and_then(|account| account.owner.clone());
                self.known.registered(
                    Arc::clone(&handset),
                    phones,
                    &shown.unwrap_or_default(),
                    Timestamp::now(),
                );
                self.urgent.insert(Subject::Handset(handset));
                self.urgent.extend(owner.map(Subject::User));
            }
            News::Messages(user, counts) => {
                self.known.counted(Arc::clone(&user), counts);
                self.urgent.insert(Subject::User(user));
            }
            News::Trunk(trunk, registration, why, calls) => {
                self.known
                    .trunk_stands(Arc::clone(&trunk), registration, why, calls);
                self.urgent.insert(Subject::Trunk(trunk));
            }
            News::File(file, state) => {
                self.urgent.extend(known::attendants_with(directory, &file));
                self.known.file_is(file, state);
            }
            News::Restored => {
                self.restored = true;
                self.other.extend(known::all(directory));
            }
        }
    }

    /// The directory has changed, and with it who uses which handset.
    fn look_about(&mut self) {
        let snapshot = self.snapshot();
        let stored = &self.access.stored;
        self.written.retain(|subject, _| match subject {
            Subject::Handset(name) => stored.handset(name, |_| ()).is_some(),
            Subject::User(name) => stored.user(name, |_| ()).is_some(),
            Subject::Trunk(name) => stored.trunk(name, |_| ()).is_some(),
            Subject::Attendant(name) => stored.attendant(name, |_| ()).is_some(),
        });
        self.other.extend(known::all(&snapshot.directory));
    }

    /// Whether some attendant has a menu that begins and ends with the clock.
    fn has_hours(&self) -> bool {
        let snapshot = self.access.snapshots.borrow();
        let mut attendants = snapshot.directory.attendants();
        attendants.any(|attendant| attendant.menus().count() > 1)
    }

    fn until_the_minute(&self) -> Duration {
        let next = Timestamp::from_second((self.minute + 1) * 60).unwrap_or(Timestamp::MAX);
        Duration::try_from(next.duration_since(Timestamp::now())).unwrap_or_default()
    }

    /// Hours begin and end with a minute.
    fn look_at_the_clock(&mut self) {
        let now = minute(Timestamp::now());
        if now != self.minute {
            self.minute = now;
            let snapshot = self.snapshot();
            self.other.extend(known::attendants(&snapshot.directory));
        }
    }

    fn has_work(&self) -> bool {
        self.restored && !(self.urgent.is_empty() && self.other.is_empty())
    }

    /// Writes the next status that is not as it should be.
    async fn write_next(&mut self) {
        while let Some(subject) = self.urgent.pop_first().or_else(|| self.other.pop_first()) {
            self.other.remove(&subject);
            let (uid, status) = match self.step(&subject) {
                Step::Right | Step::Gone => continue,
                Step::Write(uid, status) => (uid, status),
            };
            let outcome = match &subject {
                Subject::Handset(name) => apply(&self.handsets, name, &status).await,
                Subject::User(name) => apply(&self.users, name, &status).await,
                Subject::Trunk(name) => apply(&self.trunks, name, &status).await,
                Subject::Attendant(name) => apply(&self.attendants, name, &status).await,
            };
            match outcome {
                Ok(()) => {
                    self.pace.answered(Instant::now());
                    self.written.insert(subject, (uid, status));
                }
                Err(WriteError::Gone) => {
                    self.pace.answered(Instant::now());
                    debug!(?subject, "a status is of an object that has gone");
                }
                Err(error) => {
                    warn!(?subject, %error, "a status can't be written: it is tried again");
                    self.urgent.insert(subject);
                    self.pace.failed(Instant::now());
                }
            }
            return;
        }
    }

    fn step(&self, subject: &Subject) -> Step {
        let directory = &self.snapshot().directory;
        let stored = &self.access.stored;
        let looked = match subject {
            Subject::Handset(name) => stored.handset(name, |handset| {
                let status = handset.status.clone().unwrap_or_default();
                let wanted = self.known.handset(name, directory);
                let same = wanted.contacts == status.contacts && wanted.user_ref == status.user_ref;
                (uid(handset), to_json(&wanted), same)
            }),
            Subject::User(name) => stored.user(name, |user| {
                let status = user.status.clone().unwrap_or_default();
                let wanted = self.known.user(name, directory, status.messages);
                let same = wanted.messages == status.messages && wanted.handsets == status.handsets;
                (uid(user), to_json(&wanted), same)
            }),
            Subject::Trunk(name) => stored
                .trunk(name, |trunk| {
                    let status = trunk.status.clone().unwrap_or_default();
                    let generation = trunk.metadata.generation;
                    let shown = status.conditions.as_slice();
                    let wanted = self
                        .known
                        .trunk(name, generation, shown, Timestamp::now())?;
                    let same = wanted.registration == status.registration
                        && wanted.calls == status.calls
                        && wanted.worker == status.worker
                        && wanted.conditions.iter().all(|it| shown.contains(it));
                    Some((uid(trunk), to_json(&wanted), same))
                })
                .flatten(),
            Subject::Attendant(name) => stored
                .attendant(name, |stored| {
                    let attendant = directory.attendant(name)?;
                    let status = stored.status.clone().unwrap_or_default();
                    let generation = stored.metadata.generation;
                    let shown = status.conditions.as_slice();
                    let now = Timestamp::now();
                    let wanted = self.known.attendant(attendant, generation, shown, now);
                    let ours = shown.iter().filter(|it| told::is_of_recordings(it));
                    let same = wanted.schedule == status.schedule && ours.eq(&wanted.conditions);
                    Some((uid(stored), to_json(&wanted), same))
                })
                .flatten(),
        };
        let Some((uid, wanted, same_as_stored)) = looked else {
            return Step::Gone;
        };
        let right = match self.written.get(subject) {
            Some((of, written)) if *of == uid => *written == wanted,
            Some(_) | None => same_as_stored,
        };
        if right {
            Step::Right
        } else {
            Step::Write(uid, wanted)
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("there is no such object")]
    Gone,
    #[error("the API server does not answer")]
    NoAnswer,
    #[error(transparent)]
    Kube(#[from] Box<kube::Error>),
}

async fn apply<K>(api: &Api<K>, name: &str, status: &Value) -> Result<(), WriteError>
where
    K: Resource<DynamicType = ()> + DeserializeOwned,
{
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": {"name": name},
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(&body);
    match timeout(PATIENCE, api.patch_status(name, &params, &patch)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Err(WriteError::Gone),
        Ok(Err(error)) => Err(Box::new(error).into()),
        Err(_) => Err(WriteError::NoAnswer),
    }
}

fn minute(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

fn uid(object: &impl ResourceExt) -> String {
    object.uid().unwrap_or_default()
}

fn to_json(status: &impl Serialize) -> Value {
    serde_json::to_value(status).unwrap_or_default()
}

/// Twenty writes a second.
const SPACING: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    /// How many writes begin within this time, each when it may.
    fn writes(within: Duration, mut each: impl FnMut(&mut Pace, Instant)) -> usize {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut count = 0;
        while pace.due < start + within {
            count += 1;
            let now = pace.due;
            each(&mut pace, now);
        }
        count
    }

    #[test]
    fn at_most_twenty_statuses_are_written_a_second() {
        assert_eq!(writes(Duration::from_secs(1), Pace::answered), 20);
        assert_eq!(writes(Duration::from_mins(1), Pace::answered), 1200);
    }

    #[test]
    fn an_api_server_that_is_away_is_asked_more_and_more_rarely() {
        assert_eq!(writes(Duration::from_secs(1), Pace::failed), 3); // at 0, 250 and 750 ms
        assert!(writes(Duration::from_hours(1), Pace::failed) < 370);
        // Once it answers, writing goes on as before.
        let mut pace = Pace::new(Instant::now());
        let now = pace.due;
        pace.failed(now);
        pace.answered(now);
        assert_eq!((pace.due, pace.delay), (now + SPACING, FIRST_DELAY));
    }
}
