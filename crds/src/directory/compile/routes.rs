//! Call routes, each a plan; what refers to nothing, and what leads back to its own user, is left out.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Problem, in_order, no_such_number, not_found, references::Names, validate};
use crate::{
    CallRouteSpec, Kind, ObjectRef, Objects, call_route as spec,
    conditions::Reason,
    directory::{
        Target, UserEntry,
        routing::{Attempt, CallerPattern, Destination, Finally, OnBusy, Plan, RING, Route},
    },
    number::NumberPlan,
};

/// What routes may refer to.
pub(super) struct Known<'a> {
    pub(super) users: &'a HashMap<Arc<str>, UserEntry>,
    pub(super) extensions: &'a HashMap<Arc<str>, Target>,
    pub(super) handsets: &'a HashMap<Arc<str>, Arc<str>>,
    pub(super) numbers: &'a NumberPlan,
    pub(super) names: &'a Names,
}

/// Routes by user, plans by route, and the plans of users whom no route fits.
pub(super) struct Compiled {
    pub(super) routes: HashMap<Arc<str>, Vec<Route>>,
    pub(super) plans: HashMap<Arc<str>, Arc<Plan>>,
    pub(super) default_plans: HashMap<Arc<str>, Arc<Plan>>,
}

pub(super) fn compile(
    objects: &Objects,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> Compiled {
    let mut compiled = Compiled {
        routes: HashMap::new(),
        plans: HashMap::with_capacity(objects.call_routes.len()),
        default_plans: known
            .users
            .values()
            .map(|user| (user.name.clone(), Arc::new(default_plan(user))))
            .collect(),
    };
    let mut forwards = Forwards::default();
    for route in in_order(&objects.call_routes, Kind::CallRoute, problems) {
        let name = route.metadata.name.as_deref().unwrap_or_default();
        let object = ObjectRef::new(Kind::CallRoute, name);
        validate::call_route(&object, &route.spec, problems);
        let Some(user) = known.users.get(route.spec.user_ref.name.as_str()) else {
            let name = &route.spec.user_ref.name;
            problems.push(not_found(&object, "spec.userRef.name", "User", name).leaving_out());
            continue;
        };
        let mut reader = Reader {
            known,
            user: &user.name,
            object: &object,
            problems,
        };
        let plan = reader.plan(name, &route.spec);
        let Some(callers) = reader.callers(&route.spec.callers) else {
            let of_it = problems.iter_mut().filter(|it| it.object == object);
            of_it
                .filter(|it| it.field.starts_with("spec.callers"))
                .for_each(|it| it.leaves_out = true);
            continue;
        };
        if let Err(path) = forwards.add(&plan, known, &compiled.plans) {
            problems.push(looping(object, &path));
            continue;
        }
        let plan = Arc::new(plan);
        compiled.plans.insert(name.into(), plan.clone());
        let routes = compiled.routes.entry(user.name.clone()).or_default();
        routes.push(Route {
            presences: route.spec.presences.clone(),
            callers,
            plan,
        });
    }
    compiled
}

/// CR-1: all his handsets for 4 rings, then voicemail.
fn default_plan(user: &UserEntry) -> Plan {
    let destinations: Vec<_> = user
        .handsets
        .iter()
        .cloned()
        .map(Destination::Handset)
        .collect();
    let attempts = if destinations.is_empty() {
        Vec::new()
    } else {
        vec![attempt(destinations, DEFAULT_RINGS)]
    };
    Plan {
        user: user.name.clone(),
        route: None,
        attempts,
        finally: Finally::Voicemail(user.name.clone()),
        on_busy: None,
    }
}

const DEFAULT_RINGS: u8 = 4;

fn attempt(destinations: Vec<Destination>, rings: u8) -> Attempt {
    Attempt {
        destinations,
        rings,
        ring_time: RING * u32::from(rings),
    }
}

fn looping(object: ObjectRef, path: &[Arc<str>]) -> Problem {
    Problem::error(object, "spec", Reason::RoutingLoop)
        .because(format!("calls would go round: {}", path.join(" to ")))
        .remedy("forward to somebody whose calls do not come back, or to voicemail")
        .leaving_out()
}

/// Reads the parts of one route.
struct Reader<'a> {
    known: &'a Known<'a>,
    user: &'a Arc<str>,
    object: &'a ObjectRef,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn plan(&mut self, name: &str, route: &CallRouteSpec) -> Plan {
        let on_busy = route.on_busy.as_ref().map(|busy| OnBusy {
            attempts: self.attempts(&busy.attempts, "spec.onBusy.attempts"),
            finally: self.finally(busy.finally.as_ref(), "spec.onBusy.finally"),
        });
        Plan {
            user: self.user.clone(),
            route: Some(name.into()),
            attempts: self.attempts(&route.attempts, "spec.attempts"),
            finally: self.finally(route.finally.as_ref(), "spec.finally"),
            on_busy,
        }
    }

    fn attempts(&mut self, attempts: &[spec::Attempt], field: &str) -> Vec<Attempt> {
        let mut read = Vec::with_capacity(attempts.len());
        for (i, given) in attempts.iter().enumerate() {
            let each = given.destinations.iter().enumerate();
            let destinations: Vec<_> = each
                .filter_map(|(j, given)| {
                    self.destination(given, &format!("{field}[{i}].destinations[{j}]"))
                })
                .collect();
            if !destinations.is_empty() {
                read.push(attempt(destinations, given.rings.clamp(1, 15)));
            }
        }
        read
    }

    fn destination(&mut self, given: &spec::Destination, field: &str) -> Option<Destination> {
        if let Some(handset) = &given.handset {
            let known = self.known.handsets.get_key_value(handset.name.as_str());
            if known.is_none() {
                self.missing(&format!("{field}.handset.name"), "Handset", &handset.name);
            }
            return known.map(|(name, _)| Destination::Handset(name.clone()));
        }
        if let Some(extension) = &given.extension {
            return self
                .extension(&extension.number, &format!("{field}.extension.number"))
                .map(Destination::Extension);
        }
        if let Some(outside) = &given.outside {
            return validate::is_e164(&outside.number)
                .then(|| Destination::Outside(outside.number.as_str().into()));
        }
        if let Some(monitor) = &given.monitor {
            return self
                .named(
                    &format!("{field}.monitor"),
                    Kind::CallMonitor,
                    &monitor.name,
                )
                .map(Destination::Monitor);
        }
        given.hot_desk.map(|_| Destination::HotDesk)
    }

    /// What can't be had becomes the user's voicemail, so that no caller is lost.
    fn finally(&mut self, given: Option<&spec::Finally>, field: &str) -> Finally {
        given
            .and_then(|given| self.given_finally(given, field))
            .unwrap_or_else(|| Finally::Voicemail(self.user.clone()))
    }

    fn given_finally(&mut self, given: &spec::Finally, field: &str) -> Option<Finally> {
        if let Some(voicemail) = &given.voicemail {
            let name = voicemail
                .user_ref
                .as_ref()
                .map_or(&**self.user, |user| user.name.as_str());
            let known = self.known.users.get(name);
            if known.is_none() {
                self.missing(&format!("{field}.voicemail.userRef.name"), "User", name);
            }
            return known.map(|user| Finally::Voicemail(user.name.clone()));
        }
        if let Some(extension) = &given.extension {
            return self
                .extension(&extension.number, &format!("{field}.extension.number"))
                .map(Finally::Extension);
        }
        if let Some(outside) = &given.outside {
            return validate::is_e164(&outside.number)
                .then(|| Finally::Outside(outside.number.as_str().into()));
        }
        if let Some(attendant) = &given.auto_attendant {
            return self
                .named(
                    &format!("{field}.autoAttendant"),
                    Kind::AutoAttendant,
                    &attendant.name,
                )
                .map(Finally::AutoAttendant);
        }
        if let Some(queue) = &given.queue {
            return self
                .named(&format!("{field}.queue"), Kind::CallQueue, &queue.name)
                .map(Finally::Queue);
        }
        given.busy.map(|_| Finally::Busy)
    }

    fn extension(&mut self, number: &str, field: &str) -> Option<Arc<str>> {
        let known = self.known.extensions.get_key_value(number);
        if known.is_none() {
            self.problems
                .push(no_such_number(self.object, field, number));
        }
        known.map(|(number, _)| number.clone())
    }

    /// None when callers are named but none of them is valid: the route then is for nobody, not for everyone.
    fn callers(&mut self, given: &[spec::CallerMatch]) -> Option<Vec<CallerPattern>> {
        let mut patterns = Vec::with_capacity(given.len());
        for (i, caller) in given.iter().enumerate() {
            patterns.extend(self.caller(caller, i));
        }
        (given.is_empty() || !patterns.is_empty()).then_some(patterns)
    }

    fn caller(&mut self, given: &spec::CallerMatch, i: usize) -> Option<CallerPattern> {
        if let Some(pattern) = given
            .external
            .as_deref()
            .filter(|p| validate::is_caller_pattern(p))
        {
            let numbers = self.known.numbers;
            return Some(match pattern.strip_suffix('*') {
                Some(beginning) => CallerPattern::Prefix(numbers.national_prefix(beginning).into()),
                None => CallerPattern::Number(numbers.national(pattern).into()),
            });
        }
        let internal = given.internal.as_ref()?;
        let Some(user) = &internal.user_ref else {
            return Some(CallerPattern::Internal);
        };
        let known = self.known.users.get(user.name.as_str());
        if known.is_none() {
            self.missing(
                &format!("spec.callers[{i}].internal.userRef.name"),
                "User",
                &user.name,
            );
        }
        known.map(|user| CallerPattern::InternalUser(user.name.clone()))
    }

    fn missing(&mut self, field: &str, kind: &str, name: &str) {
        self.problems
            .push(not_found(self.object, field, kind, name));
    }

    /// The name of an object that is no person and no number, if there is one.
    fn named(&mut self, field: &str, kind: Kind, name: &str) -> Option<Arc<str>> {
        let names = self.known.names;
        self.problems
            .extend(names.problem(self.object, field, kind, name));
        names.has(kind, name).then(|| name.into())
    }
}

/// Which user's calls some route of his sends to which users.
#[derive(Default)]
struct Forwards(HashMap<Arc<str>, HashSet<Arc<str>>>);

impl Forwards {
    /// Adds where this plan sends calls, unless they would come back: then says by whom.
    fn add(
        &mut self,
        plan: &Plan,
        known: &Known<'_>,
        plans: &HashMap<Arc<str>, Arc<Plan>>,
    ) -> Result<(), Vec<Arc<str>>> {
        let targets: HashSet<Arc<str>> = numbers_of(plan)
            .filter_map(|number| reached(known.extensions.get(number)?, plans))
            .collect();
        for target in &targets {
            if let Some(mut path) = self.path(target, &plan.user) {
                path.insert(0, plan.user.clone());
                return Err(path);
            }
        }
        if !targets.is_empty() {
            self.0.entry(plan.user.clone()).or_default().extend(targets);
        }
        Ok(())
    }

    /// A way from one user to another, both included.
    fn path(&self, from: &Arc<str>, to: &Arc<str>) -> Option<Vec<Arc<str>>> {
        let mut came_from: HashMap<&Arc<str>, &Arc<str>> = HashMap::new();
        let mut open = vec![from];
        while let Some(user) = open.pop() {
            if user == to {
                let mut path = vec![user.clone()];
                let mut at = user;
                while let Some(before) = came_from.get(at).filter(|_| at != from) {
                    path.push((*before).clone());
                    at = before;
                }
                path.reverse();
                return Some(path);
            }
            let mut next: Vec<_> = self.0.get(user).into_iter().flatten().collect();
            next.sort();
            for target in next {
                if target != from && !came_from.contains_key(target) {
                    came_from.insert(target, user);
                    open.push(target);
                }
            }
        }
        None
    }
}

/// Every number of the company that a plan rings or ends at.
fn numbers_of(plan: &Plan) -> impl Iterator<Item = &Arc<str>> {
    let busy = plan.on_busy.as_ref();
    let attempts = plan
        .attempts
        .iter()
        .chain(busy.into_iter().flat_map(|busy| &busy.attempts));
    let rung = attempts
        .flat_map(|attempt| &attempt.destinations)
        .filter_map(|destination| match destination {
            Destination::Extension(number) => Some(number),
            Destination::Handset(_)
            | Destination::Monitor(_)
            | Destination::Outside(_)
            | Destination::HotDesk => None,
        });
    let ends = [Some(&plan.finally), busy.map(|busy| &busy.finally)];
    rung.chain(
        ends.into_iter()
            .flatten()
            .filter_map(|finally| match finally {
                Finally::Extension(number) => Some(number),
                Finally::Voicemail(_)
                | Finally::Outside(_)
                | Finally::AutoAttendant(_)
                | Finally::Queue(_)
                | Finally::Busy => None,
            }),
    )
}

/// The user whose routes a number leads to.
fn reached(target: &Target, plans: &HashMap<Arc<str>, Arc<Plan>>) -> Option<Arc<str>> {
    match target {
        Target::User(user) => Some(user.clone()),
        Target::CallRoute(route) => plans.get(route).map(|plan| plan.user.clone()),
        Target::Conference(_)
        | Target::ConferenceCenter
        | Target::MessageCenter
        | Target::AutoAttendant(_)
        | Target::Queue(_)
        | Target::Monitor(_)
        | Target::Alias(_) => None,
    }
}
