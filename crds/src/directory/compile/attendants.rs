//! Auto attendants, each with the menus of its hours; an option that leads nowhere is left out, and whoever presses nothing then
//! reaches the operator.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::civil;

use super::{Problem, in_order, system::Zones, targets::Targets, validate};
use crate::{
    AutoAttendant, Kind, ObjectRef, Objects,
    auto_attendant::{AttendantSchedule, MenuOption, Weekday},
    call_target::{CallTarget, Recording},
    conditions::Reason,
    directory::{
        AttendantEntry, AttendantMenu, MenuChoice, System, TakenTo,
        attendant::{Date, Hours, ScheduleEntry},
    },
};

/// Every attendant by name.
pub(super) fn compile(
    objects: &Objects,
    system: &System,
    targets: Targets<'_>,
    zones: &mut Zones,
    problems: &mut Vec<Problem>,
) -> HashMap<Arc<str>, AttendantEntry> {
    in_order(&objects.auto_attendants, Kind::AutoAttendant, problems)
        .into_iter()
        .map(|attendant| {
            let name = attendant.metadata.name.as_deref().unwrap_or_default();
            let object = ObjectRef::new(Kind::AutoAttendant, name);
            let mut reader = Reader {
                targets,
                object: &object,
                problems,
            };
            let entry = reader.attendant(name.into(), attendant, system, zones);
            (entry.name.clone(), entry)
        })
        .collect()
}

struct Reader<'a> {
    targets: Targets<'a>,
    object: &'a ObjectRef,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn attendant(
        &mut self,
        name: Arc<str>,
        attendant: &AutoAttendant,
        system: &System,
        zones: &mut Zones,
    ) -> AttendantEntry {
        let spec = &attendant.spec;
        validate::auto_attendant(self.object, spec, self.problems);
        let zone = spec
            .time_zone
            .as_deref()
            .and_then(|zone| zones.get(zone, self.object, "spec.timeZone", self.problems));
        let always = AttendantMenu {
            schedule: None,
            greeting: greeting(spec.greeting.as_ref()),
            options: self.options(&spec.options, "spec.options"),
            no_key: self
                .taken_to(spec.no_key.as_ref(), "spec.noKey")
                .unwrap_or(TakenTo::Operator),
        };
        let schedules = spec.schedules.iter().enumerate();
        let schedules = schedules
            .filter_map(|(i, it)| self.schedule(it, &always, &format!("spec.schedules[{i}]")))
            .collect();
        AttendantEntry {
            name,
            language: match &spec.language {
                Some(language) => language.as_str().into(),
                None => system.language.clone(),
            },
            dials_extensions: spec.dial_extensions,
            time_zone: zone.unwrap_or_else(|| system.time_zone.clone()),
            always,
            schedules,
        }
    }

    /// What it leaves out is as it always is. None where its hours can't be read, which is reported.
    fn schedule(
        &mut self,
        given: &AttendantSchedule,
        always: &AttendantMenu,
        field: &str,
    ) -> Option<ScheduleEntry> {
        let options = self.options(&given.options, &format!("{field}.options"));
        let no_key = self.taken_to(given.no_key.as_ref(), &format!("{field}.noKey"));
        let hours = match (&given.from, &given.to) {
            (None, None) => None,
            (Some(from), Some(to)) => Some(hours(from, to)?),
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let dates = given.dates.iter().filter_map(|it| date(it)).collect();
        Some(ScheduleEntry {
            days: given.days.iter().copied().map(weekday).collect(),
            dates: (!given.dates.is_empty()).then_some(dates),
            hours,
            menu: AttendantMenu {
                schedule: Some(given.name.as_str().into()),
                greeting: greeting(given.greeting.as_ref()).or_else(|| always.greeting.clone()),
                options: if given.options.is_empty() {
                    always.options.clone()
                } else {
                    options
                },
                no_key: no_key.unwrap_or_else(|| match given.no_key {
                    Some(_) => TakenTo::Operator,
                    None => always.no_key.clone(),
                }),
            },
        })
    }

    fn options(&mut self, given: &[MenuOption], field: &str) -> HashMap<char, MenuChoice> {
        let mut seen = HashSet::new();
        let mut options = HashMap::with_capacity(given.len());
        for (i, option) in given.iter().enumerate() {
            let field = format!("{field}[{i}]");
            let target = self.taken_to(option.target.as_ref(), &format!("{field}.target"));
            let mut faces = option.key.chars();
            let (Some(key), None) = (faces.next(), faces.next()) else {
                continue;
            };
            if !seen.insert(key) {
                self.problems.push(
                    Problem::error(
                        self.object.clone(),
                        format!("{field}.key"),
                        Reason::Duplicate,
                    )
                    .because(format!("key {key} has an option already, which holds"))
                    .remedy("write each key once"),
                );
                continue;
            }
            let by_name = option.dial_by_name.map(|_| MenuChoice::ByName);
            if let Some(choice) = target.map(MenuChoice::To).or(by_name)
                && key.is_ascii_digit()
            {
                options.insert(key, choice);
            }
        }
        options
    }

    fn taken_to(&mut self, target: Option<&CallTarget>, field: &str) -> Option<TakenTo> {
        self.targets
            .read(self.object, target?, field, self.problems)
    }
}

fn greeting(recording: Option<&Recording>) -> Option<Arc<str>> {
    let file = recording.map(|it| it.file.as_str());
    file.filter(|file| validate::is_recording(file))
        .map(Into::into)
}

fn hours(from: &str, to: &str) -> Option<Hours> {
    let from = clock(from)?;
    let to = match to {
        "24:00" => None,
        to => Some(clock(to)?),
    };
    to.is_none_or(|to| from < to).then_some(Hours { from, to })
}

fn clock(text: &str) -> Option<civil::Time> {
    let (hour, minute) = text.split_once(':')?;
    civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// `2027-12-24`, or `12-24` for every year.
fn date(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split('-').collect();
    let (year, month, day) = match *parts.as_slice() {
        [year, month, day] => (Some(year.parse().ok()?), month, day),
        [month, day] => (None, month, day),
        _ => return None,
    };
    Some(Date {
        year,
        month: month.parse().ok()?,
        day: day.parse().ok()?,
    })
}

const fn weekday(day: Weekday) -> civil::Weekday {
    match day {
        Weekday::Monday => civil::Weekday::Monday,
        Weekday::Tuesday => civil::Weekday::Tuesday,
        Weekday::Wednesday => civil::Weekday::Wednesday,
        Weekday::Thursday => civil::Weekday::Thursday,
        Weekday::Friday => civil::Weekday::Friday,
        Weekday::Saturday => civil::Weekday::Saturday,
        Weekday::Sunday => civil::Weekday::Sunday,
    }
}
