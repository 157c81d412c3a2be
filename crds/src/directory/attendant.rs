//! Auto attendants: what callers hear at which hour, and where each key leads (spec AA-1).
use std::{collections::HashMap, sync::Arc};

use jiff::{
    Timestamp,
    civil::{DateTime, Time, Weekday},
    tz::TimeZone,
};

use super::TakenTo;

/// A menu that answers callers.
#[derive(Clone, Debug)]
pub struct AttendantEntry {
    /// The `AutoAttendant`'s name.
    pub name: Arc<str>,
    /// The language of what is said beside the greeting.
    pub language: Arc<str>,
    /// Whether callers may dial extensions and the codes of the message and conference centers.
    pub dials_extensions: bool,
    /// In which its hours and dates are meant.
    pub(super) time_zone: TimeZone,
    /// What holds where no schedule does.
    pub(super) always: AttendantMenu,
    /// In order: the first that fits is in force.
    pub(super) schedules: Vec<ScheduleEntry>,
}

/// What callers of an attendant hear, and where each key leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendantMenu {
    /// The name of the schedule that it belongs to.
    pub schedule: Option<Arc<str>>,
    /// What is heard, by its path among the shared files; none: a standard greeting.
    pub greeting: Option<Arc<str>>,
    /// What each digit does.
    pub options: HashMap<char, MenuChoice>,
    /// Where a caller is taken who presses nothing.
    pub no_key: TakenTo,
}

/// What a key of an attendant does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MenuChoice {
    /// It takes the caller there.
    To(TakenTo),
    /// It asks for the letters of a name.
    ByName,
}

/// Hours or dates with a menu of their own.
#[derive(Clone, Debug)]
pub(super) struct ScheduleEntry {
    /// Empty: every day.
    pub(super) days: Vec<Weekday>,
    /// None: every date.
    pub(super) dates: Option<Vec<Date>>,
    /// None: all day.
    pub(super) hours: Option<Hours>,
    pub(super) menu: AttendantMenu,
}

/// A date of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// None: every year.
    pub(super) year: Option<i16>,
    pub(super) month: i8,
    pub(super) day: i8,
}

/// Hours of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) from: Time,
    /// None: the end of the day.
    pub(super) to: Option<Time>,
}

impl AttendantEntry {
    /// The menu in force at this moment, as the clocks of its time zone show it.
    pub fn at(&self, now: Timestamp) -> &AttendantMenu {
        let now = self.time_zone.to_datetime(now);
        let fitting = self.schedules.iter().find(|schedule| schedule.fits(now));
        fitting.map_or(&self.always, |schedule| &schedule.menu)
    }

    /// Every menu that it has at some time.
    pub fn menus(&self) -> impl Iterator<Item = &AttendantMenu> {
        let scheduled = self.schedules.iter().map(|schedule| &schedule.menu);
        std::iter::once(&self.always).chain(scheduled)
    }
}

impl ScheduleEntry {
    fn fits(&self, now: DateTime) -> bool {
        let on_day = self.days.is_empty() || self.days.contains(&now.weekday());
        let on_date = self.dates.as_ref().is_none_or(|dates| {
            dates.iter().any(|date| {
                date.year.is_none_or(|year| year == now.year())
                    && (date.month, date.day) == (now.month(), now.day())
            })
        });
        let in_hours = self.hours.is_none_or(|Hours { from, to }| {
            from <= now.time() && to.is_none_or(|to| now.time() < to)
        });
        on_day && on_date && in_hours
    }
}
