//! What objects refer to whose Kinds this version only checks and keeps, and what refers to them.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Problem, in_order, no_such_number, not_found, system::Zones, validate};
use crate::{
    Declared, Kind, NameRef, ObjectRef, Objects,
    call_target::CallTarget,
    conditions::Reason,
    directory::{Target, UserEntry},
};

/// The names of the objects of those Kinds.
pub(super) struct Names(HashMap<Kind, HashSet<String>>);

impl Names {
    pub(super) fn of(objects: &Objects) -> Self {
        let kinds = Kind::OURS.iter().filter(|kind| !kind.is_available());
        Self(
            kinds
                .map(|kind| (*kind, objects.names(*kind).into_iter().collect()))
                .collect(),
        )
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
    ) -> Problem {
        if !self.has(kind, name) {
            return not_found(object, format!("{field}.name"), kind.as_str(), name);
        }
        Problem::warning(object.clone(), field, Reason::NotAvailableYet)
            .because(format!(
                "this version has no {kind} yet, so that nobody answers there"
            ))
            .remedy("keep it for a later version, or send callers elsewhere")
    }
}

/// What those objects may refer to.
pub(super) struct Known<'a> {
    pub(super) names: &'a Names,
    pub(super) users: &'a HashMap<Arc<str>, UserEntry>,
    pub(super) extensions: &'a HashMap<Arc<str>, Target>,
}

/// Judges every object of those Kinds, and says of each that it has no behaviour yet.
pub(super) fn check(
    objects: &Objects,
    known: &Known<'_>,
    zones: &mut Zones,
    problems: &mut Vec<Problem>,
) {
    let mut judge = Judge {
        known,
        zones,
        problems,
    };
    judge.conferences(objects);
    judge.auto_attendants(objects);
    judge.call_queues(objects);
    judge.call_monitors(objects);
    judge.lists(objects);
}

struct Judge<'a> {
    known: &'a Known<'a>,
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

    fn auto_attendants(&mut self, objects: &Objects) {
        for (object, attendant) in self.each(&objects.auto_attendants) {
            let spec = &attendant.spec;
            validate::auto_attendant(&object, spec, self.problems);
            self.zone(&object, "spec.timeZone", spec.time_zone.as_deref());
            let always = ("spec".to_owned(), &spec.options, &spec.no_key);
            let at_times = spec.schedules.iter().enumerate();
            let at_times =
                at_times.map(|(i, it)| (format!("spec.schedules[{i}]"), &it.options, &it.no_key));
            for (field, options, no_key) in std::iter::once(always).chain(at_times) {
                for (i, option) in options.iter().enumerate() {
                    let field = format!("{field}.options[{i}].target");
                    self.target(&object, &field, option.target.as_ref());
                }
                self.target(&object, &format!("{field}.noKey"), no_key.as_ref());
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
                    self.problems.push(names.problem(
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
    fn each<'o, K: Declared>(&mut self, objects: &'o [K]) -> Vec<(ObjectRef, &'o K)> {
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
        let Some(target) = target else { return };
        if let Some(extension) = &target.extension {
            let number = extension.number.as_str();
            if validate::is_extension(number) && !self.known.extensions.contains_key(number) {
                let field = format!("{field}.extension.number");
                self.problems.push(no_such_number(object, field, number));
            }
        }
        self.user(
            object,
            &format!("{field}.voicemail"),
            target.voicemail.as_ref(),
        );
        for (member, kind, named) in [
            ("autoAttendant", Kind::AutoAttendant, &target.auto_attendant),
            ("queue", Kind::CallQueue, &target.queue),
            ("conference", Kind::Conference, &target.conference),
        ] {
            let Some(named) = named else { continue };
            if !self.known.names.has(kind, &named.name) {
                let field = format!("{field}.{member}.name");
                self.problems
                    .push(not_found(object, field, kind.as_str(), &named.name));
            }
        }
    }

    fn zone(&mut self, object: &ObjectRef, field: &str, zone: Option<&str>) {
        if let Some(zone) = zone {
            self.zones.get(zone, object, field, self.problems);
        }
    }
}
