//! Where callers are taken: what refers to nothing is reported and left out.
use std::{collections::HashMap, sync::Arc};

use super::{Problem, no_such_number, not_found, references::Names, validate};
use crate::{
    Kind, ObjectRef,
    call_target::CallTarget,
    directory::{TakenTo, Target, UserEntry},
};

/// Makes a place of a name.
type Make = fn(Arc<str>) -> TakenTo;

/// What callers may be taken to.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    pub(super) users: &'a HashMap<Arc<str>, UserEntry>,
    pub(super) extensions: &'a HashMap<Arc<str>, Target>,
    pub(super) names: &'a Names,
}

impl Targets<'_> {
    /// Where `target` leads, which stands at `field` of `object`; none where that is nowhere.
    pub(super) fn read(
        &self,
        object: &ObjectRef,
        target: &CallTarget,
        field: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<TakenTo> {
        if let Some(extension) = &target.extension {
            let known = self.extensions.get_key_value(extension.number.as_str());
            if known.is_none() && validate::is_extension(&extension.number) {
                let field = format!("{field}.extension.number");
                problems.push(no_such_number(object, field, &extension.number));
            }
            return known.map(|(number, _)| TakenTo::Extension(number.clone()));
        }
        if let Some(voicemail) = &target.voicemail {
            let known = self.users.get(voicemail.name.as_str());
            if known.is_none() {
                let field = format!("{field}.voicemail.name");
                problems.push(not_found(object, field, "User", &voicemail.name));
            }
            return known.map(|user| TakenTo::Voicemail(user.name.clone()));
        }
        if let Some(outside) = &target.outside {
            return validate::is_e164(&outside.number)
                .then(|| TakenTo::Outside(outside.number.as_str().into()));
        }
        let named: [(_, _, _, Make); 3] = [
            (
                "autoAttendant",
                Kind::AutoAttendant,
                &target.auto_attendant,
                TakenTo::AutoAttendant,
            ),
            ("queue", Kind::CallQueue, &target.queue, TakenTo::Queue),
            (
                "conference",
                Kind::Conference,
                &target.conference,
                TakenTo::Conference,
            ),
        ];
        for (member, kind, named, make) in named {
            let Some(named) = named else { continue };
            let field = format!("{field}.{member}");
            problems.extend(self.names.problem(object, &field, kind, &named.name));
            let there = self.names.has(kind, &named.name);
            return there.then(|| make(named.name.as_str().into()));
        }
        let center = target.conference_center.as_ref();
        let center = center.map(|_| TakenTo::ConferenceCenter);
        let messages = target.message_center.as_ref();
        let messages = messages.map(|_| TakenTo::MessageCenter);
        center
            .or(messages)
            .or(target.busy.as_ref().map(|_| TakenTo::Busy))
    }
}
