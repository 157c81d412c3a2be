//! Numbers: the users' own and those of Extensions; who has which, and what they shadow.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use kube::ResourceExt;

use super::{Problem, age_order, in_order, not_found, references::Names, validate};
use crate::{
    Extension, Kind, MessageAlias, ObjectRef, Objects, User,
    conditions::Reason,
    directory::{AliasEntry, Plan, System, Target, UserEntry},
    extension::ExtensionTarget,
    phone_system::DialPlan,
};

/// Who is given a number that he asks for.
pub(super) struct Taking<'a> {
    pub(super) users: &'a mut HashMap<Arc<str>, UserEntry>,
    pub(super) aliases: &'a mut HashMap<Arc<str>, AliasEntry>,
}

/// What Extensions may lead to.
pub(super) struct Known<'a> {
    pub(super) users: &'a HashMap<Arc<str>, UserEntry>,
    pub(super) aliases: &'a HashMap<Arc<str>, AliasEntry>,
    pub(super) plans: &'a HashMap<Arc<str>, Arc<Plan>>,
    pub(super) names: &'a Names,
}

/// Who asks for a number.
enum Claim<'a> {
    Extension(&'a Extension),
    User(&'a User),
    Alias(&'a MessageAlias),
}

/// What answers each number. An Extension has its number before a User has it, and he before a MessageAlias, of two of a Kind the older; in a
/// folder simply whoever is the oldest ([`Objects::numbers_by_age`]).
pub(super) fn compile<'a>(
    objects: &'a Objects,
    people: &[&'a User],
    system: &System,
    taking: Taking<'_>,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, Target> {
    let Taking { users, aliases } = taking;
    let mut numbers = HashMap::with_capacity(users.len() + objects.extensions.len());
    let mut refused = Vec::new();
    for claim in claims(objects, people, problems) {
        let Some((number, own)) = claim.wants(users, aliases, problems) else {
            continue;
        };
        let number: Arc<str> = number.into();
        let holder = numbers.entry(number.clone()).or_insert_with(|| own.clone());
        if *holder == own {
            claim.give(number, users, aliases);
        } else {
            refused.push((claim, number));
        }
    }
    let extensions = objects.extensions.iter();
    let holders = Holders {
        extensions: extensions
            .filter_map(|it| it.metadata.name.as_deref())
            .collect(),
        users,
        aliases,
    };
    for (claim, number) in refused {
        problems.push(claim.refused(&number, &numbers, &holders));
    }
    report_overlaps(&numbers, &holders, &system.dial_plan, problems);
    report_codes(system, problems);
    numbers
}

/// All who ask, the first of whom has the number.
fn claims<'a>(
    objects: &'a Objects,
    people: &[&'a User],
    problems: &mut Vec<Problem>,
) -> Vec<Claim<'a>> {
    let extensions = in_order(&objects.extensions, Kind::Extension, problems);
    let mut aliases: Vec<&MessageAlias> = objects.message_aliases.iter().map(|it| &**it).collect();
    aliases.sort_by(|a, b| age_order(*a).cmp(&age_order(*b)));
    let mut claims: Vec<Claim<'a>> = extensions.into_iter().map(Claim::Extension).collect();
    claims.extend(people.iter().copied().map(Claim::User));
    claims.extend(aliases.into_iter().map(Claim::Alias));
    if objects.numbers_by_age {
        claims.sort_by(|a, b| a.age().cmp(&b.age()));
    }
    claims
}

impl Claim<'_> {
    fn age(&self) -> (Option<jiff::Timestamp>, &str) {
        match self {
            Self::Extension(it) => age_order(*it),
            Self::User(it) => age_order(*it),
            Self::Alias(it) => age_order(*it),
        }
    }

    fn object(&self) -> ObjectRef {
        match self {
            Self::Extension(it) => ObjectRef::new(Kind::Extension, it.name_any()),
            Self::User(it) => ObjectRef::new(Kind::User, it.name_any()),
            Self::Alias(it) => ObjectRef::new(Kind::MessageAlias, it.name_any()),
        }
    }

    /// The number, and where it is to lead; none if there is none that could be given.
    fn wants(
        &self,
        users: &HashMap<Arc<str>, UserEntry>,
        aliases: &HashMap<Arc<str>, AliasEntry>,
        problems: &mut Vec<Problem>,
    ) -> Option<(&str, Target)> {
        match self {
            Self::Extension(it) => {
                let is_valid = validate::extension(&self.object(), &it.spec, problems);
                is_valid.then_some(())?;
                let number = it.metadata.name.as_deref().unwrap_or_default();
                Some((number, target(&it.spec.target)?))
            }
            Self::User(it) => {
                let number = it.spec.extension.as_deref()?;
                let entry = users.get(it.metadata.name.as_deref().unwrap_or_default())?;
                validate::is_extension(number).then(|| (number, Target::User(entry.name.clone())))
            }
            Self::Alias(it) => {
                let number = it.spec.extension.as_str();
                let entry = aliases.get(it.metadata.name.as_deref().unwrap_or_default())?;
                // A second object of the name was reported, and the first one has its number.
                let may_have = validate::is_extension(number) && entry.extension.is_none();
                may_have.then(|| (number, Target::Alias(entry.name.clone())))
            }
        }
    }

    fn give(
        &self,
        number: Arc<str>,
        users: &mut HashMap<Arc<str>, UserEntry>,
        aliases: &mut HashMap<Arc<str>, AliasEntry>,
    ) {
        match self {
            Self::Extension(_) => {}
            Self::User(it) => {
                if let Some(entry) = users.get_mut(it.name_any().as_str()) {
                    entry.extension = Some(number);
                }
            }
            Self::Alias(it) => {
                if let Some(entry) = aliases.get_mut(it.name_any().as_str()) {
                    entry.extension = Some(number);
                }
            }
        }
    }

    fn refused(
        &self,
        number: &str,
        numbers: &HashMap<Arc<str>, Target>,
        holders: &Holders<'_>,
    ) -> Problem {
        let object = self.object();
        let (field, is_left_out) = match self {
            Self::Extension(_) => ("metadata.name", true),
            Self::User(_) => ("spec.extension", false),
            Self::Alias(it) => {
                // An Extension may lead to it under another number.
                let own = Target::Alias(it.name_any().into());
                let is_reached = numbers.values().any(|target| *target == own);
                ("spec.extension", !is_reached)
            }
        };
        let whose = numbers.get(number).map(|it| holders.whose(number, it));
        let problem = Problem::error(object, field, Reason::NumberTaken)
            .because(whose.unwrap_or_default())
            .remedy("write a number that is free");
        if is_left_out {
            problem.leaving_out()
        } else {
            problem
        }
    }
}

/// Reports Extensions whose target does not exist.
pub(super) fn check_targets(objects: &Objects, known: &Known<'_>, problems: &mut Vec<Problem>) {
    let Known {
        users,
        aliases,
        plans,
        names,
    } = known;
    for extension in &objects.extensions {
        let object = ObjectRef::new(Kind::Extension, extension.name_any());
        let target = &extension.spec.target;
        let mut nowhere = |field: &str, kind: &str, name: &str| {
            let field = format!("spec.target.{field}.name");
            problems.push(not_found(&object, field, kind, name).leaving_out());
        };
        if let Some(user) = &target.user
            && !users.contains_key(user.name.as_str())
        {
            nowhere("user", "User", &user.name);
        }
        if let Some(alias) = &target.alias
            && !aliases.contains_key(alias.name.as_str())
        {
            nowhere("alias", "MessageAlias", &alias.name);
        }
        if let Some(route) = &target.call_route
            && !plans.contains_key(route.name.as_str())
        {
            nowhere("callRoute", "CallRoute in force", &route.name);
        }
        for (field, kind, named) in [
            ("conference", Kind::Conference, &target.conference),
            ("autoAttendant", Kind::AutoAttendant, &target.auto_attendant),
            ("queue", Kind::CallQueue, &target.queue),
            ("monitor", Kind::CallMonitor, &target.monitor),
        ] {
            if let Some(named) = named {
                let field = format!("spec.target.{field}");
                let problem = names.problem(&object, &field, kind, &named.name);
                let is_there = names.has(kind, &named.name);
                problems.extend(problem.map(|it| if is_there { it } else { it.leaving_out() }));
            }
        }
    }
}

fn target(target: &ExtensionTarget) -> Option<Target> {
    let named = |r: &Option<crate::NameRef>, make: fn(Arc<str>) -> Target| {
        r.as_ref().map(|r| make(r.name.as_str().into()))
    };
    named(&target.user, Target::User)
        .or_else(|| named(&target.call_route, Target::CallRoute))
        .or_else(|| named(&target.conference, Target::Conference))
        .or_else(|| target.conference_center.map(|_| Target::ConferenceCenter))
        .or_else(|| target.message_center.map(|_| Target::MessageCenter))
        .or_else(|| named(&target.auto_attendant, Target::AutoAttendant))
        .or_else(|| named(&target.queue, Target::Queue))
        .or_else(|| named(&target.monitor, Target::Monitor))
        .or_else(|| named(&target.alias, Target::Alias))
}

/// Whose a number may be.
struct Holders<'a> {
    extensions: HashSet<&'a str>,
    users: &'a HashMap<Arc<str>, UserEntry>,
    aliases: &'a HashMap<Arc<str>, AliasEntry>,
}

impl Holders<'_> {
    /// Why somebody else can't have this number.
    fn whose(&self, number: &str, target: &Target) -> String {
        let holders = self.of(number, target).into_iter();
        let mut owners = holders.filter(|(object, _)| object.kind != Kind::Extension);
        if let Some((owner, _)) = owners.next() {
            return format!("the {owner} has extension {number} already");
        }
        match target {
            Target::User(user) => format!("the Extension {number} leads to the User {user}"),
            Target::Alias(alias) => {
                format!("the Extension {number} leads to the MessageAlias {alias}")
            }
            Target::CallRoute(_)
            | Target::Conference(_)
            | Target::ConferenceCenter
            | Target::MessageCenter
            | Target::AutoAttendant(_)
            | Target::Queue(_)
            | Target::Monitor(_) => format!("the Extension {number} leads elsewhere"),
        }
    }

    /// Those who have this number, and where it is written: the User or MessageAlias whose own it is, then the Extension, which
    /// in a cluster a User has too.
    fn of(&self, number: &str, target: &Target) -> Vec<(ObjectRef, &'static str)> {
        let own = match target {
            Target::User(user) => {
                let entry = self.users.get(user);
                let is_own = entry.is_some_and(|it| it.extension.as_deref() == Some(number));
                is_own.then(|| ObjectRef::new(Kind::User, &**user))
            }
            Target::Alias(alias) => {
                let entry = self.aliases.get(alias);
                let is_own = entry.is_some_and(|it| it.extension.as_deref() == Some(number));
                is_own.then(|| ObjectRef::new(Kind::MessageAlias, &**alias))
            }
            Target::CallRoute(_)
            | Target::Conference(_)
            | Target::ConferenceCenter
            | Target::MessageCenter
            | Target::AutoAttendant(_)
            | Target::Queue(_)
            | Target::Monitor(_) => None,
        };
        let is_written = self.extensions.contains(number);
        let written = is_written.then(|| ObjectRef::new(Kind::Extension, number));
        let own = own.map(|it| (it, "spec.extension"));
        let written = written.map(|it| (it, "metadata.name"));
        own.into_iter().chain(written).collect()
    }
}

/// Extensions that emergency numbers hide, or that hide a code or another number's prefix (DP-1).
fn report_overlaps(
    numbers: &HashMap<Arc<str>, Target>,
    holders: &Holders<'_>,
    plan: &DialPlan,
    problems: &mut Vec<Problem>,
) {
    for (number, target) in numbers {
        if let Some(hidden) = hidden_by_emergency(number, plan) {
            for (object, field) in holders.of(number, target) {
                problems.push(hidden_from_all(object, field, number, hidden));
            }
        } else if let Some(shadowed) = shadowed(number, target, numbers, plan) {
            // It is in force, and one is enough to know.
            let first = holders.of(number, target).into_iter().next();
            problems.extend(first.map(|(object, field)| {
                Problem::warning(object, field, Reason::Overlap)
                    .because(format!(
                        "whoever dials {number} reaches this and no longer {shadowed}"
                    ))
                    .remedy("write another number, or change the code in PhoneSystem.spec.dialPlan")
            }));
        }
    }
}

/// A User is there without his number too; what is nothing but a number is not.
fn hidden_from_all(object: ObjectRef, field: &str, number: &str, hidden: &str) -> Problem {
    let is_user = object.kind == Kind::User;
    let problem = Problem::error(object, field, Reason::Overlap)
        .because(format!(
            "whoever dials {number} reaches the emergency number {hidden}"
        ))
        .remedy("write another number");
    if is_user {
        problem
    } else {
        problem.leaving_out()
    }
}

fn hidden_by_emergency<'a>(number: &str, plan: &'a DialPlan) -> Option<&'a str> {
    let bare = [plan.outside_line.as_str(), plan.account_line.as_str(), ""];
    plan.emergency
        .iter()
        .find(|e| {
            bare.iter()
                .any(|prefix| number.strip_prefix(prefix) == Some(e.as_str()))
        })
        .map(String::as_str)
}

fn shadowed(
    number: &str,
    target: &Target,
    numbers: &HashMap<Arc<str>, Target>,
    plan: &DialPlan,
) -> Option<String> {
    if number == plan.message_center && *target != Target::MessageCenter {
        return Some("the message center".to_owned());
    }
    if number == plan.conference_center && *target != Target::ConferenceCenter {
        return Some("the conference center".to_owned());
    }
    let user = |prefix: &str| {
        let rest = number.strip_prefix(prefix)?;
        matches!(numbers.get(rest)?, Target::User(_)).then_some(rest)
    };
    if let Some(rest) = user(&plan.leave_message) {
        return Some(format!("a message for extension {rest}"));
    }
    if let Some(rest) = user(&plan.message_center_of) {
        return Some(format!("the message center of extension {rest}"));
    }
    if let Some(rest) = number.strip_prefix(&plan.account_line) {
        return Some(match rest {
            "" => "the outside line on a PIN".to_owned(),
            rest => format!("outside numbers on a PIN that begin with {rest}"),
        });
    }
    let rest = number.strip_prefix(&plan.outside_line)?;
    Some(match rest {
        "" => "the outside line".to_owned(),
        rest => format!("the outside number {rest}"),
    })
}

/// Codes of the dial plan that mean two things.
fn report_codes(system: &System, problems: &mut Vec<Problem>) {
    let codes: Vec<_> = system.dial_plan.codes().collect();
    for (i, (field, code)) in codes.iter().enumerate() {
        if let Some((other, _)) = codes.iter().take(i).find(|(_, earlier)| earlier == code) {
            problems.push(
                Problem::warning(
                    ObjectRef::new(Kind::PhoneSystem, &*system.name),
                    format!("spec.dialPlan.{field}"),
                    Reason::Overlap,
                )
                .because(format!("{code} is {other} already"))
                .remedy("write another code"),
            );
        }
    }
}
