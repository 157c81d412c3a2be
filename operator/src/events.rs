//! Events: what people are told of an object by `kubectl describe`, each also a line of the log.
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};

use crate::error::{said, tells_of_an_end};

/// Makes Events.
pub(crate) struct Events {
    recorder: Recorder,
    told: Told,
}

impl Events {
    /// For the operator of this identity.
    pub(crate) fn new(client: Client, identity: &str) -> Self {
        let reporter = Reporter {
            controller: "switchboard.dev/operator".to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self {
            recorder: Recorder::new(client, reporter),
            told: Told::default(),
        }
    }

    /// Makes an Event of this object, or adds to that of a few minutes ago which says the very same.
    pub(crate) async fn publish(
        &self,
        object: &ObjectReference,
        type_: EventType,
        reason: &str,
        note: String,
    ) {
        let note = cut(note);
        let kind = object.kind.as_deref().unwrap_or_default();
        let name = object.name.as_deref().unwrap_or_default();
        let namespace = object.namespace.as_deref().unwrap_or_default();
        let told = hash(&(kind, name, &object.uid, reason, &note));
        if self.told.is_news(told, Instant::now()) {
            tracing::info!(namespace, object = %format_args!("{kind} {name}"), reason, "{note}");
        }
        let event = Event {
            type_,
            reason: reason.to_owned(),
            action: action(&note),
            note: Some(note),
            secondary: None,
        };
        if let Err(error) = self.recorder.publish(&event, object).await
            && !tells_of_an_end(&error)
        {
            let error = said(&error);
            tracing::warn!(namespace, "an Event could not be written: {error}");
        }
    }
}

/// What was told of late.
#[derive(Debug, Default)]
struct Told(Mutex<HashMap<u64, Instant>>);

impl Told {
    /// Whether this was not told within the last minutes. What goes on being told is forgotten once it has stopped.
    fn is_news(&self, told: u64, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, at| now.duration_since(*at) < FORGOTTEN_AFTER);
        all.insert(told, now).is_none()
    }
}

/// As long as [`Recorder`] goes on adding to an Event.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(6);

/// [`Recorder`] takes two Events of an object for one if nothing but their notes differs, and would show the older note with
/// the time of the newer. The action, which nobody is shown, tells them apart.
fn action(note: &str) -> String {
    format!("Reconcile-{:016x}", hash(note))
}

fn hash<T: Hash + ?Sized>(what: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// So much of a note as the API server takes.
fn cut(mut note: String) -> String {
    if note.len() > LONGEST_NOTE {
        note.truncate(note.floor_char_boundary(LONGEST_NOTE - ELLIPSIS.len_utf8()));
        note.push(ELLIPSIS);
    }
    note
}

/// In bytes; the API server takes 1 KiB.
const LONGEST_NOTE: usize = 1000;
const ELLIPSIS: char = '…';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_where_it_must_be_and_between_characters() {
        let fits = "x".repeat(LONGEST_NOTE);
        assert_eq!(cut(fits.clone()), fits);
        assert_eq!(
            cut(fits + "x"),
            format!("{}…", "x".repeat(LONGEST_NOTE - 3))
        );
        let umlauts = cut("ü".repeat(LONGEST_NOTE));
        assert_eq!(umlauts, format!("{}…", "ü".repeat(498)));
    }

    #[test]
    fn what_differs_in_its_note_is_another_event() {
        let nobody = |name: &str| action(&format!("there is no User {name}"));
        assert_eq!(nobody("alpha"), nobody("alpha"));
        assert_ne!(nobody("alpha"), nobody("beta"));
        assert!(nobody("alpha").len() < 128, "the API server takes no more");
    }

    #[test]
    fn what_is_told_again_and_again_is_one_line_until_it_has_stopped() {
        let (told, began) = (Told::default(), Instant::now());
        let after = |seconds| began + Duration::from_secs(seconds);
        assert!(told.is_news(1, began));
        assert!(told.is_news(2, began));
        for seconds in (5..600).step_by(5) {
            assert!(!told.is_news(1, after(seconds)), "{seconds}");
        }
        assert!(told.is_news(2, after(600)));
        assert!(told.is_news(1, after(1_200)));
        assert_eq!(told.0.lock().unwrap().len(), 1);
    }
}
