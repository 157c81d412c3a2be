//! Numbers: the users' own and those of Extensions; who has which, and what they shadow.
use std::{collections::HashMap, sync::Arc};

use kube::ResourceExt;

use super::{Problem, age_order, in_order, not_found, references::Names, validate};
use crate::{
    Kind, ObjectRef, Objects, User,
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

/// What answers each number. An Extension has its number before a User has it; of two Users the older has it.
pub(super) fn compile(
    objects: &Objects,
    people: &[&User],
    system: &System,
    taking: Taking<'_>,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, Target> {
    let Taking {
        users,
        aliases: groups,
    } = taking;
    let mut numbers = HashMap::with_capacity(users.len() + objects.extensions.len());
    for extension in in_order(&objects.extensions, Kind::Extension, problems) {
        let number = extension.metadata.name.as_deref().unwrap_or_default();
        let object = ObjectRef::new(Kind::Extension, number);
        if validate::extension(&object, &extension.spec, problems)
            && let Some(target) = target(&extension.spec.target)
        {
            numbers.insert(number.into(), target);
        }
    }
    for user in people {
        let name = user.metadata.name.as_deref().unwrap_or_default();
        let Some(number) = user
            .spec
            .extension
            .as_deref()
            .filter(|n| validate::is_extension(n))
        else {
            continue;
        };
        let Some(entry) = users.get_mut(name) else {
            continue;
        };
        let number: Arc<str> = number.into();
        let holder = numbers
            .entry(number.clone())
            .or_insert_with(|| Target::User(entry.name.clone()));
        if matches!(holder, Target::User(held) if *held == entry.name) {
            entry.extension = Some(number);
        } else {
            problems.push(taken(ObjectRef::new(Kind::User, name), &number, holder));
        }
    }
    aliases(objects, groups, &mut numbers, problems);
    report_overlaps(&numbers, &system.dial_plan, problems);
    report_codes(system, problems);
    numbers
}

/// A MessageAlias has its number unless an Extension or a User has it.
fn aliases(
    objects: &Objects,
    entries: &mut HashMap<Arc<str>, AliasEntry>,
    numbers: &mut HashMap<Arc<str>, Target>,
    problems: &mut Vec<Problem>,
) {
    let mut oldest_first: Vec<_> = objects.message_aliases.iter().collect();
    oldest_first.sort_by(|a, b| age_order(&***a).cmp(&age_order(&***b)));
    for alias in oldest_first {
        let (name, number) = (alias.name_any(), alias.spec.extension.as_str());
        let Some(entry) = entries.get_mut(name.as_str()) else {
            continue;
        };
        // A second object of the name was reported, and the first one has its number.
        if !validate::is_extension(number) || entry.extension.is_some() {
            continue;
        }
        let own = Target::Alias(entry.name.clone());
        let number: Arc<str> = number.into();
        let holder = numbers.entry(number.clone()).or_insert_with(|| own.clone());
        if *holder == own {
            entry.extension = Some(number);
        } else {
            let object = ObjectRef::new(Kind::MessageAlias, name);
            problems.push(taken(object, &number, holder));
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
        if let Some(user) = &target.user
            && !users.contains_key(user.name.as_str())
        {
            problems.push(not_found(
                &object,
                "spec.target.user.name",
                "User",
                &user.name,
            ));
        }
        if let Some(alias) = &target.alias
            && !aliases.contains_key(alias.name.as_str())
        {
            let field = "spec.target.alias.name";
            problems.push(not_found(&object, field, "MessageAlias", &alias.name));
        }
        if let Some(route) = &target.call_route
            && !plans.contains_key(route.name.as_str())
        {
            problems.push(not_found(
                &object,
                "spec.target.callRoute.name",
                "CallRoute in force",
                &route.name,
            ));
        }
        for (field, kind, named) in [
            ("conference", Kind::Conference, &target.conference),
            ("autoAttendant", Kind::AutoAttendant, &target.auto_attendant),
            ("queue", Kind::CallQueue, &target.queue),
            ("monitor", Kind::CallMonitor, &target.monitor),
        ] {
            if let Some(named) = named {
                let field = format!("spec.target.{field}");
                problems.extend(names.problem(&object, &field, kind, &named.name));
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

fn taken(object: ObjectRef, number: &str, holder: &Target) -> Problem {
    let whose = match holder {
        Target::User(other) => format!("the User {other} has extension {number} already"),
        Target::Alias(other) => format!("the MessageAlias {other} has extension {number} already"),
        Target::CallRoute(_)
        | Target::Conference(_)
        | Target::ConferenceCenter
        | Target::MessageCenter
        | Target::AutoAttendant(_)
        | Target::Queue(_)
        | Target::Monitor(_) => format!("the Extension {number} leads elsewhere"),
    };
    Problem::error(object, "spec.extension", Reason::NumberTaken)
        .because(whose)
        .remedy("write a number that is free")
}

/// Extensions that emergency numbers hide, or that hide a code or another number's prefix (DP-1).
fn report_overlaps(
    numbers: &HashMap<Arc<str>, Target>,
    plan: &DialPlan,
    problems: &mut Vec<Problem>,
) {
    for (number, target) in numbers {
        let object = match target {
            Target::User(user) => ObjectRef::new(Kind::User, &**user),
            Target::Alias(alias) => ObjectRef::new(Kind::MessageAlias, &**alias),
            Target::CallRoute(_)
            | Target::Conference(_)
            | Target::ConferenceCenter
            | Target::MessageCenter
            | Target::AutoAttendant(_)
            | Target::Queue(_)
            | Target::Monitor(_) => ObjectRef::new(Kind::Extension, &**number),
        };
        let field = if object.kind == Kind::Extension {
            "metadata.name"
        } else {
            "spec.extension"
        };
        if let Some(hidden) = hidden_by_emergency(number, plan) {
            problems.push(
                Problem::error(object, field, Reason::Overlap)
                    .because(format!(
                        "whoever dials {number} reaches the emergency number {hidden}"
                    ))
                    .remedy("write another number"),
            );
        } else if let Some(shadowed) = shadowed(number, target, numbers, plan) {
            problems.push(
                Problem::warning(object, field, Reason::Overlap)
                    .because(format!(
                        "whoever dials {number} reaches this and no longer {shadowed}"
                    ))
                    .remedy(
                        "write another number, or change the code in PhoneSystem.spec.dialPlan",
                    ),
            );
        }
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
        return Some(format!("outside numbers on a PIN that begin with {rest}"));
    }
    number
        .strip_prefix(&plan.outside_line)
        .map(|rest| format!("the outside number {rest}"))
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
