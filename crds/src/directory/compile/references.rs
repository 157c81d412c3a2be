//! What objects refer to whose Kinds this version only checks and keeps, and what refers to them.
use std::collections::{HashMap, HashSet};

use super::{Problem, in_order, not_found, system::Zones, targets::Targets, validate};
use crate::{
    Declared, Kind, NameRef, ObjectRef, Objects, Shared, call_target::CallTarget,
    conditions::Reason,
};

/// The names of the objects that callers can be taken to, but for people and numbers.
pub(super) struct Names(HashMap<Kind, HashSet<String>>);

impl Names {
    pub(super) fn of(objects: &Objects) -> Self {
        let names = |kind| objects.names(kind).into_iter().collect();
        Self(NAMED.iter().map(|kind| (*kind, names(*kind))).collect())
    }

    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.0.get(&kind).is_some_and(|names| names.contains(name))
    }

    /// What is wrong with an object that sends callers to another of such a Kind.
    pub(super) fn problem(
        &self,
        object: &ObjectRef,
        field: &str,
        kind: Kind,
        name: &str,
    ) -> Option<Problem> {
        if !self.has(kind, name) {
            let field = format!("{field}.name");
            return Some(not_found(object, field, kind.as_str(), name));
        }
        (!kind.is_available()).then(|| {
            Problem::warning(object.clone(), field, Reason::NotAvailableYet)
                .because(format!(
                    "this version has no {kind} yet, so that nobody answers there"
                ))
                .remedy("keep it for a later version, or send callers elsewhere")
        })
    }
}

const NAMED: &[Kind] = &[
    Kind::Conference,
    Kind::AutoAttendant,
    Kind::CallQueue,
    Kind::CallMonitor,
];

/// Judges every object of those Kinds, and says of each that it has no behaviour yet.
pub(super) fn check(
    objects: &Objects,
    known: Targets<'_>,
    zones: &mut Zones,
    problems: &mut Vec<Problem>,
) {
    let mut judge = Judge {
        known,
        zones,
        problems,
    };
    judge.conferences(objects);
    judge.call_queues(objects);
    judge.call_monitors(objects);
    judge.lists(objects);
}

struct Judge<'a> {
    known: Targets<'a>,
    zones: &'a mut Zones,
    problems: &'a mut Vec<Problem>,
}

impl Judge<'_> {
    fn conferences(&mut self, objects: &Objects) {
        let mut ids: HashMap<&str, String> = HashMap::new();
        for (object, conference) in self.each(&objects.conferences) {
            let spec = &conference.spec;
            validate::conference(&object, spec, self.problems);
            self.user(&object, "spec.creatorRef", spec.creator_ref.as_ref());
            self.users(&object, "spec.moderators", &spec.moderators);
            let zone = spec
                .schedule
                .as_ref()
                .and_then(|it| it.time_zone.as_deref());
            self.zone(&object, "spec.schedule.timeZone", zone);
            let Some(id) = spec.id.as_deref() else {
                continue;
            };
            if let Some(other) = ids.get(id) {
                let problem = Problem::error(object, "spec.id", Reason::NumberTaken);
                let because = format!("the Conference {other} has ID {id} already");
                let remedy = "write another ID, or leave id out to be given one";
                self.problems.push(problem.because(because).remedy(remedy));
            } else {
                ids.insert(id, object.name);
            }
        }
    }

    fn call_queues(&mut self, objects: &Objects) {
        for (object, queue) in self.each(&objects.call_queues) {
            validate::call_queue(&object, &queue.spec, self.problems);
            self.users(&object, "spec.agents", &queue.spec.agents);
            let target = queue.spec.overflow.target.as_ref();
            self.target(&object, "spec.overflow.target", target);
        }
    }

    /// Call monitors, and the keys that show them.
    fn call_monitors(&mut self, objects: &Objects) {
        for (object, monitor) in self.each(&objects.call_monitors) {
            self.users(&object, "spec.watchers", &monitor.spec.watchers);
        }
        for handset in &objects.handsets {
            let name = handset.metadata.name.as_deref().unwrap_or_default();
            let object = ObjectRef::new(Kind::Handset, name);
            for (i, key) in handset.spec.keys.iter().enumerate() {
                let field = format!("spec.keys[{i}].monitor");
                if let Some(monitor) = &key.monitor {
                    let names = self.known.names;
                    self.problems.extend(names.problem(
                        &object,
                        &field,
                        Kind::CallMonitor,
                        &monitor.name,
                    ));
                }
            }
        }
    }

    /// E-mail lists.
    fn lists(&mut self, objects: &Objects) {
        for (object, list) in self.each(&objects.distribution_lists) {
            validate::distribution_list(&object, &list.spec, self.problems);
            self.users(&object, "spec.members", &list.spec.members);
        }
    }

    /// Every object of a Kind, oldest first; each is said to have no behaviour yet.
    fn each<'o, K: Declared>(&mut self, objects: &'o [Shared<K>]) -> Vec<(ObjectRef, &'o K)> {
        let named = |it: &'o K| {
            let name = it.meta().name.as_deref().unwrap_or_default();
            (ObjectRef::new(K::KIND, name), it)
        };
        let objects = in_order(objects, K::KIND, self.problems);
        let objects: Vec<_> = objects.into_iter().map(named).collect();
        self.problems.extend(objects.iter().map(|(object, _)| {
            Problem::warning(object.clone(), "", Reason::NotAvailableYet)
                .because("it is checked and kept, but does nothing in this version")
                .remedy("keep it for a later version; docs/parity.md says what works")
        }));
        objects
    }

    fn users(&mut self, object: &ObjectRef, field: &str, users: &[NameRef]) {
        for (i, user) in users.iter().enumerate() {
            self.user(object, &format!("{field}[{i}]"), Some(user));
        }
    }

    fn user(&mut self, object: &ObjectRef, field: &str, user: Option<&NameRef>) {
        let missing = user.filter(|user| !self.known.users.contains_key(user.name.as_str()));
        if let Some(NameRef { name }) = missing {
            self.problems
                .push(not_found(object, format!("{field}.name"), "User", name));
        }
    }

    fn target(&mut self, object: &ObjectRef, field: &str, target: Option<&CallTarget>) {
        if let Some(target) = target {
            self.known.read(object, target, field, self.problems);
        }
    }

    fn zone(&mut self, object: &ObjectRef, field: &str, zone: Option<&str>) {
        if let Some(zone) = zone {
            self.zones.get(zone, object, field, self.problems);
        }
    }
}
