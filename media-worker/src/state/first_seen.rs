//! Since when each object is among the manifests: in the cluster the API server knows it, and here we do.
//!
//! It decides who has what several want, such as a number: whoever had it before.
use std::collections::BTreeMap;

use crds::{Kind, ObjectRef};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::{Deserialize, Serialize};

/// Times by Kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FirstSeen(BTreeMap<String, BTreeMap<String, Since>>);

/// Since when an object asks for what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Since {
    time: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<String>,
}

impl FirstSeen {
    /// What holds when these objects are there, each with the number that it asks for. Those who are new, or ask for another number than
    /// before, come after all others, in this order.
    #[must_use]
    pub fn renewed<'a>(
        &self,
        present: impl IntoIterator<Item = (&'a ObjectRef, Option<&'a str>)>,
    ) -> Self {
        let mut next = self.after_all();
        let mut renewed: BTreeMap<String, BTreeMap<String, Since>> = BTreeMap::new();
        for (object, number) in present {
            let kind = renewed.entry(object.kind.as_str().to_owned()).or_default();
            if kind.contains_key(&object.name) {
                continue; // written twice, of which the first is in force
            }
            let before = self.get(object.kind, &object.name);
            let same = before.filter(|before| before.number.as_deref() == number);
            let since = if let Some(before) = same {
                before.clone()
            } else {
                let time = Timestamp::from_nanosecond(next).unwrap_or(Timestamp::MAX);
                next = next.saturating_add(1);
                let number = number.map(str::to_owned);
                Since { time, number }
            };
            kind.insert(object.name.clone(), since);
        }
        Self(renewed)
    }

    /// Since when this object is there.
    pub fn of(&self, kind: Kind, name: &str) -> Option<Time> {
        self.get(kind, name).map(|since| Time(since.time))
    }

    fn get(&self, kind: Kind, name: &str) -> Option<&Since> {
        self.0.get(kind.as_str())?.get(name)
    }

    /// Now, but after all that is known, whatever the clock says.
    fn after_all(&self) -> i128 {
        let all = self.0.values().flat_map(BTreeMap::values);
        let latest = all.map(|since| since.time.as_nanosecond()).max();
        let after = latest.map_or(i128::MIN, |latest| latest.saturating_add(1));
        Timestamp::now().as_nanosecond().max(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(before: &FirstSeen, people: &[(&str, &str)]) -> FirstSeen {
        let objects: Vec<(ObjectRef, &str)> = people
            .iter()
            .map(|(name, number)| (ObjectRef::new(Kind::User, *name), *number))
            .collect();
        before.renewed(
            objects
                .iter()
                .map(|(object, number)| (object, Some(*number))),
        )
    }

    /// Who is there, the oldest first.
    fn order<'a>(seen: &FirstSeen, people: &[&'a str]) -> Vec<&'a str> {
        let mut people = people.to_vec();
        people.sort_by_key(|name| seen.of(Kind::User, name));
        people
    }

    #[test]
    fn who_comes_later_is_younger_and_of_those_who_come_together_the_first_is_the_oldest() {
        let first = seen(&FirstSeen::default(), &[("zoe", "201"), ("max", "202")]);
        let then = seen(&first, &[("adam", "201"), ("zoe", "201"), ("max", "202")]);
        assert_eq!(
            order(&then, &["adam", "max", "zoe"]),
            ["zoe", "max", "adam"]
        );
        assert_eq!(then.of(Kind::User, "zoe"), first.of(Kind::User, "zoe"));
    }

    #[test]
    fn who_asks_for_another_number_or_comes_back_stands_behind_the_others() {
        let first = seen(&FirstSeen::default(), &[("adam", "200"), ("zoe", "201")]);
        let moved = seen(&first, &[("adam", "201"), ("zoe", "201")]);
        assert_eq!(order(&moved, &["adam", "zoe"]), ["zoe", "adam"]);
        let gone = seen(&moved, &[("adam", "201")]);
        let back = seen(&gone, &[("adam", "201"), ("zoe", "201")]);
        assert_eq!(order(&back, &["adam", "zoe"]), ["adam", "zoe"]);
    }

    #[test]
    fn a_clock_that_goes_back_changes_no_order() {
        let mut ahead = seen(&FirstSeen::default(), &[("zoe", "201")]);
        for since in ahead.0.values_mut().flat_map(BTreeMap::values_mut) {
            since.time = "2099-01-01T00:00:00Z".parse().unwrap();
        }
        let then = seen(&ahead, &[("adam", "201"), ("zoe", "201")]);
        assert_eq!(order(&then, &["adam", "zoe"]), ["zoe", "adam"]);
    }
}
