//! What an object that is not ready waits for, so that it is looked at again when that has come and not before: of
//! thousands that wait, a worker loads a few at a time.
use std::sync::Arc;

use crds::report::Report;

use crate::readiness::{Part, StoredShard};

/// What an object that is not ready waits for first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Whatever comes: it is being judged, so nobody knows yet what it waits for.
    Anything,
    /// Any news of a worker.
    News,
    /// That the shard of this number is stored as it was compiled.
    Stored(u32),
    /// That every worker has loaded this object.
    Object(Part),
    /// That every worker has loaded these credentials.
    Shard(StoredShard),
}

impl Awaited {
    /// Whether it has come, when these workers live. That none does is news for everybody.
    pub fn has_come(&self, live: &[Arc<Report>]) -> bool {
        match self {
            Self::Anything | Self::News => true,
            Self::Stored(_) => live.is_empty(),
            Self::Object(part) => live.iter().all(|report| part.loaded_by(report)),
            Self::Shard(shard) => live.iter().all(|report| shard.loaded_by(report)),
        }
    }

    /// Whether it may have come when the shard of this number is stored as it was compiled.
    pub fn is_stored(&self, number: u32) -> bool {
        match self {
            Self::Anything => true,
            Self::Stored(awaited) => *awaited == number,
            Self::News | Self::Object(_) | Self::Shard(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(uid: &str, generation: i64) -> Arc<Report> {
        Arc::new(Report {
            loaded: Some([(uid, generation)].into_iter().collect()),
            ..Report::default()
        })
    }

    #[test]
    fn an_object_has_come_when_every_worker_has_it_in_this_generation() {
        let part = |uid: &str| Part {
            uid: Some(uid.to_owned()),
            generation: 2,
        };
        let awaited = Awaited::Object(part("mary"));
        assert!(awaited.has_come(&[with("mary", 2), with("mary", 3)]));
        assert!(!awaited.has_come(&[with("mary", 2), with("mary", 1)]));
        assert!(!awaited.has_come(&[with("john", 2)]));
        assert!(awaited.has_come(&[]), "there is no worker any more");
        assert!(Awaited::News.has_come(&[with("john", 1)]));
        assert!(
            !Awaited::Stored(3).has_come(&[with("john", 1)]),
            "no worker stores it"
        );
    }

    #[test]
    fn while_an_object_is_judged_whatever_comes_may_be_what_it_waits_for() {
        assert!(Awaited::Anything.has_come(&[with("john", 1)]));
        assert!(Awaited::Anything.is_stored(3));
        assert!(Awaited::Stored(3).is_stored(3));
        assert!(!Awaited::News.is_stored(3), "no worker tells of it");
    }
}
