//! The same for conferences, trunks, attendants, queues, aliases and lists.
use std::net::IpAddr;

use jiff::civil::{Date, DateTime};

use super::{Check, count, counted, digits, is_extension};
use crate::{
    AutoAttendantSpec, CallQueueSpec, ConferenceSpec, DistributionListSpec, MessageAliasSpec,
    ObjectRef, Problem, TrunkSpec,
    auto_attendant::{AttendantSchedule, MenuOption},
    call_target::{CallTarget, Recording},
    directory::Network,
    trunk::{ExtensionRange, Outbound},
};

pub(crate) fn conference(object: &ObjectRef, spec: &ConferenceSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    if let Some(id) = &spec.id {
        let is_id = (3..=10).contains(&id.len()) && digits(id);
        check.that(is_id, "spec.id", || {
            (
                format!("{id:?} is no conference ID"),
                "write 3 to 10 digits, for example \"480\", or leave id out",
            )
        });
    }
    if let Some(schedule) = &spec.schedule {
        let start = &schedule.start;
        let is_start = start.len() == "2027-01-15T14:00".len()
            && DateTime::strptime("%Y-%m-%dT%H:%M", start).is_ok();
        check.that(is_start, "spec.schedule.start", || {
            (
                format!("{start:?} is no date and time"),
                "write both without a zone, for example \"2027-01-15T14:00\"",
            )
        });
    }
}

pub(crate) fn trunk(object: &ObjectRef, spec: &TrunkSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    let host = &spec.server.host;
    check.that(
        is_host(host),
        "spec.server.host",
        || {
            (
                format!("{host:?} is no host"),
                "write a host name or an address without scheme or port, for example sip.provider.example",
            )
        },
    );
    for (i, address) in spec.addresses.iter().enumerate() {
        check.that(address.parse::<Network>().is_ok(), &format!("spec.addresses[{i}]"), || {
            (
                format!("{address:?} is no address"),
                "write an address or a network, for example \"203.0.113.7\" or \"2001:db8::/64\"",
            )
        });
    }
    for (i, each) in spec.inbound.numbers.iter().enumerate() {
        let field = format!("spec.inbound.numbers[{i}]");
        check.e164(&each.number, &format!("{field}.number"));
        check.call_target(&each.target, &format!("{field}.target"));
    }
    if let Some(otherwise) = &spec.inbound.otherwise {
        check.call_target(otherwise, "spec.inbound.otherwise");
    }
    if let Some(outbound) = &spec.outbound {
        check.outbound(outbound);
    }
    let ranges = spec.site.iter().flat_map(|site| &site.extensions);
    for (i, range) in ranges.enumerate() {
        check.that(is_range(range), &format!("spec.site.extensions[{i}]"), || {
            (
                format!("{} to {} is no range of extensions", range.first, range.last),
                "write two of the same length, the smaller first, for example {first: \"200\", last: \"299\"}",
            )
        });
    }
}

pub(crate) fn auto_attendant(
    object: &ObjectRef,
    spec: &AutoAttendantSpec,
    problems: &mut Vec<Problem>,
) {
    let mut check = Check { object, problems };
    check.recording(spec.greeting.as_ref(), "spec.greeting");
    check.options(&spec.options, "spec.options");
    if let Some(no_key) = &spec.no_key {
        check.call_target(no_key, "spec.noKey");
    }
    for (i, schedule) in spec.schedules.iter().enumerate() {
        check.schedule(schedule, &format!("spec.schedules[{i}]"));
    }
}

pub(crate) fn call_queue(object: &ObjectRef, spec: &CallQueueSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    let said = &spec.announcements;
    check.recording(said.greeting.as_ref(), "spec.announcements.greeting");
    check.recording(said.music.as_ref(), "spec.announcements.music");
    if let Some(target) = &spec.overflow.target {
        check.call_target(target, "spec.overflow.target");
    }
}

pub(crate) fn message_alias(
    object: &ObjectRef,
    spec: &MessageAliasSpec,
    problems: &mut Vec<Problem>,
) {
    Check { object, problems }.extension(&spec.extension, "spec.extension");
}

pub(crate) fn distribution_list(
    object: &ObjectRef,
    spec: &DistributionListSpec,
    problems: &mut Vec<Problem>,
) {
    let mut check = Check { object, problems };
    check.email(&spec.address, "spec.address");
    for (i, address) in spec.others.iter().enumerate() {
        check.email(address, &format!("spec.others[{i}]"));
    }
}

impl Check<'_> {
    fn call_target(&mut self, target: &CallTarget, field: &str) {
        let members = count([
            target.extension.is_some(),
            target.voicemail.is_some(),
            target.auto_attendant.is_some(),
            target.queue.is_some(),
            target.conference.is_some(),
            target.conference_center.is_some(),
            target.message_center.is_some(),
            target.outside.is_some(),
            target.busy.is_some(),
        ]);
        self.that(members == 1, field, || {
            (
                counted(members),
                "write exactly one member, for example {extension: {number: \"101\"}}",
            )
        });
        if let Some(extension) = &target.extension {
            self.extension(&extension.number, &format!("{field}.extension.number"));
        }
        if let Some(outside) = &target.outside {
            self.outside(&outside.number, field);
        }
    }

    fn recording(&mut self, recording: Option<&Recording>, field: &str) {
        let Some(Recording { file }) = recording else {
            return;
        };
        self.that(is_recording(file), &format!("{field}.file"), || {
            (
                format!("{file:?} is no recording among the shared files"),
                "write the path of a .wav or .flac file there, for example attendant/open.wav",
            )
        });
    }

    fn outbound(&mut self, outbound: &Outbound) {
        for (i, prefix) in outbound.prefixes.iter().enumerate() {
            let beginning = prefix.strip_prefix('+');
            let is_prefix =
                beginning.is_some_and(|rest| (1..=15).contains(&rest.len()) && digits(rest));
            self.that(is_prefix, &format!("spec.outbound.prefixes[{i}]"), || {
                (
                    format!("no outside number begins with {prefix:?}"),
                    "write + and country code, for example \"+1\"",
                )
            });
        }
        if let Some(number) = &outbound.caller_id {
            self.e164(number, "spec.outbound.callerId");
        }
    }

    fn options(&mut self, options: &[MenuOption], field: &str) {
        for (i, option) in options.iter().enumerate() {
            let field = format!("{field}[{i}]");
            let one = option.target.is_some() != option.dial_by_name.is_some();
            self.that(one, &field, || {
                (
                    "a key does exactly one thing".to_owned(),
                    "write either target: {extension: {number: \"101\"}} or dialByName: {}",
                )
            });
            let key = &option.key;
            let is_key = key.len() == 1 && digits(key);
            self.that(is_key, &format!("{field}.key"), || {
                (
                    format!("{key:?} is no key of a menu"),
                    "write one digit, for example \"1\"",
                )
            });
            if let Some(target) = &option.target {
                self.call_target(target, &format!("{field}.target"));
            }
        }
    }

    fn schedule(&mut self, schedule: &AttendantSchedule, field: &str) {
        for (i, date) in schedule.dates.iter().enumerate() {
            self.that(is_date(date), &format!("{field}.dates[{i}]"), || {
                (
                    format!("{date:?} is no date"),
                    "write year, month and day, or month and day for every year: \"2027-04-02\" or \"12-25\"",
                )
            });
        }
        let (from, to) = (schedule.from.as_deref(), schedule.to.as_deref());
        for (name, time) in [("from", from), ("to", to)] {
            let latest = if name == "to" { "24:00" } else { "23:59" };
            let is_time = time.is_none_or(|time| is_clock(time) && time <= latest);
            self.that(is_time, &format!("{field}.{name}"), || {
                (
                    format!("{:?} is no time of day", time.unwrap_or_default()),
                    "write hours and minutes, for example \"08:00\"",
                )
            });
        }
        let later = from.is_some() == to.is_some() && from.zip(to).is_none_or(|(a, b)| a < b);
        self.that(later, field, || {
            (
                "its hours have no end after their beginning".to_owned(),
                "write from and to, for example \"08:00\" and \"17:00\", and two schedules for hours across midnight",
            )
        });
        self.recording(schedule.greeting.as_ref(), &format!("{field}.greeting"));
        self.options(&schedule.options, &format!("{field}.options"));
        if let Some(no_key) = &schedule.no_key {
            self.call_target(no_key, &format!("{field}.noKey"));
        }
    }
}

/// A host name or an address.
pub(crate) fn is_host(text: &str) -> bool {
    super::phone_system::is_domain(text) || text.parse::<IpAddr>().is_ok()
}

fn is_range(range: &ExtensionRange) -> bool {
    let (first, last) = (&range.first, &range.last);
    is_extension(first) && is_extension(last) && first.len() == last.len() && first <= last
}

/// A relative path of plain names that ends in `.wav` or `.flac`.
pub(crate) fn is_recording(file: &str) -> bool {
    let plain = |name: &str| {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        !name.is_empty() && !name.starts_with('.') && name.bytes().all(inside)
    };
    let ending = file.rsplit_once('.');
    file.split('/').all(plain) && ending.is_some_and(|(_, e)| e == "wav" || e == "flac")
}

/// `2027-12-24`, or `12-24` for every year.
fn is_date(text: &str) -> bool {
    let whole = match text.len() {
        5 => format!("{LEAP_YEAR}-{text}"),
        10 => text.to_owned(),
        _ => return false,
    };
    whole.parse::<Date>().is_ok()
}

/// Two digits for the hours and two for the minutes.
fn is_clock(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else {
        return false;
    };
    hours.len() == 2 && minutes.len() == 2 && digits(hours) && digits(minutes) && minutes < "60"
}

/// Has the 29th of February.
const LEAP_YEAR: &str = "2028";
