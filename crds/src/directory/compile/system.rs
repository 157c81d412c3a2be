//! The `PhoneSystem` in force.
use std::{collections::HashMap, sync::Arc};

use jiff::tz::TimeZone;
use kube::ResourceExt;

use super::{Known, in_order, mail, oldest, phones::messages_key, validate};
use crate::{
    Kind, ObjectRef, Objects, PhoneSystemSpec, Problem,
    conditions::Reason,
    directory::{System, Traced, UserEntry},
    number::NumberPlan,
    phone_system::{Class, Traces},
    pin::PinKey,
    secrets::{self, NONCE_KEY, PIN_KEY},
};

/// The system's row, and its classes by name.
pub(super) struct Compiled {
    pub(super) entry: System,
    /// None where there is no `PhoneSystem`, which alone is said then.
    pub(super) classes: Option<HashMap<String, Class>>,
}

/// Time zones by name, each looked up once.
#[derive(Default)]
pub(super) struct Zones(HashMap<String, Option<TimeZone>>);

impl Zones {
    /// The zone of this name; an unknown one is reported at `field`.
    pub(super) fn get(
        &mut self,
        name: &str,
        object: &ObjectRef,
        field: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<TimeZone> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), TimeZone::get(name).ok());
        }
        let zone = self.0.get(name).cloned().flatten();
        if zone.is_none() {
            problems.push(
                Problem::error(object.clone(), field, Reason::InvalidValue)
                    .because(format!("{name:?} is no time zone"))
                    .remedy("write an IANA name such as America/New_York or Europe/Berlin"),
            );
        }
        zone
    }
}

pub(super) fn compile(
    objects: &Objects,
    known: &Known<'_>,
    problems: &mut Vec<Problem>,
) -> Compiled {
    let systems = in_order(&objects.phone_systems, Kind::PhoneSystem, problems);
    let chosen = oldest(&objects.phone_systems);
    let name = chosen.map(ResourceExt::name_any).unwrap_or_default();
    for other in systems.iter().filter(|other| other.name_any() != name) {
        problems.push(
            Problem::error(
                ObjectRef::new(Kind::PhoneSystem, other.name_any()),
                "",
                Reason::NotOldest,
            )
            .because(format!(
                "the PhoneSystem {name} is older, and a namespace has one"
            ))
            .remedy("delete one of the two, or move this one to another namespace"),
        );
    }
    let object = ObjectRef::new(Kind::PhoneSystem, name.clone());
    let absent = PhoneSystemSpec {
        domain: "localhost".into(),
        time_zone: "UTC".into(),
        ..PhoneSystemSpec::default()
    };
    let spec = chosen.map_or(&absent, |system| &system.spec);
    if chosen.is_none() {
        problems.push(
            Problem::error(object.clone(), "", Reason::NoPhoneSystem)
                .because("there is none")
                .remedy("write one: kind: PhoneSystem, with a name and spec.domain"),
        );
    }
    validate::phone_system(&object, spec, problems);
    let key = Some(spec.features.messages_key);
    messages_key(&object, "spec.features.messagesKey", key, problems);
    let key = |key| known.secrets.get(&secrets::key_entry(&name, key));
    let mut entry = System {
        name: name.as_str().into(),
        domain: spec.domain.to_ascii_lowercase().into(),
        time_zone: Zones::default()
            .get(&spec.time_zone, &object, "spec.timeZone", problems)
            .unwrap_or(TimeZone::UTC),
        language: spec.languages.default.as_str().into(),
        alternate_language: spec.languages.alternate.as_deref().map(Into::into),
        dial_plan: spec.dial_plan.clone(),
        numbers: NumberPlan::new(&spec.dial_plan.numbers),
        registration_expiry: spec.limits.registration_expiry.get(),
        calls_per_user: spec.limits.calls_per_user,
        outside_calls_per_hour: spec.limits.outside_calls_per_hour,
        traces: spec.traces.as_ref().map(traced),
        pin_key: Arc::new(PinKey::new(key(PIN_KEY).unwrap_or_default())),
        nonce_key: key(NONCE_KEY).map(Into::into),
        mail: None,
    };
    if let Some(given) = &spec.mail {
        entry.mail = Some(Arc::new(mail::server(&object, given, known, problems)));
    }
    let classes = chosen.map(|system| {
        let classes = system.spec.classes.iter();
        classes
            .map(|class| (class.name.clone(), class.clone()))
            .collect()
    });
    Compiled { entry, classes }
}

fn traced(traces: &Traces) -> Traced {
    let users = traces.users.iter().map(|user| user.name.clone());
    Traced {
        endpoint: traces.endpoint.trim_end_matches('/').into(),
        users: (!traces.everyone).then(|| users.collect()),
    }
}

/// Users of whom no call can be traced, for they are not there.
pub(super) fn check_traces(
    objects: &Objects,
    users: &HashMap<Arc<str>, UserEntry>,
    problems: &mut Vec<Problem>,
) {
    let Some(system) = oldest(&objects.phone_systems) else {
        return;
    };
    let object = ObjectRef::new(Kind::PhoneSystem, system.name_any());
    let traced = system.spec.traces.iter().flat_map(|traces| &traces.users);
    for (i, user) in traced.enumerate() {
        let name = user.name.as_str();
        if !users.contains_key(name) {
            let field = format!("spec.traces.users[{i}].name");
            problems.push(
                Problem::warning(object.clone(), field, Reason::NotFound)
                    .because(format!("there is no User {name}"))
                    .remedy("write the name of a User that exists, or create it"),
            );
        }
    }
}
