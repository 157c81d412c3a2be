//! What must be refused: a field of a valid object, a value that is wrong there, and what its author is told.

use std::fmt;

use crds::Kind;
use serde_json::{Value, json};

use super::every_kind;

/// The first object of a Kind with one value changed.
pub(super) struct Row {
    pub(super) kind: Kind,
    field: String,
    value: Value,
    pub(super) message: &'static str,
}

impl Row {
    /// The object that must be refused.
    pub(super) fn manifest(&self) -> Value {
        let named = |manifest: &Value| manifest["kind"] == self.kind.as_str();
        let mut manifest = every_kind().into_iter().find(named).unwrap();
        let mut at = &mut manifest;
        for step in self.field.split(['.', '[']) {
            at = match step.strip_suffix(']') {
                Some(index) => &mut at[index.parse::<usize>().unwrap()],
                None => &mut at[step],
            };
        }
        *at = self.value.clone();
        manifest
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {}: {}", self.kind, self.field, self.value)
    }
}

/// All of them: a row for each rule, at each place where it stands.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = phone_system();
    rows.extend(system_names());
    rows.extend(advertised());
    rows.extend(dial_plan());
    rows.extend(users());
    rows.extend(phones());
    rows.extend(call_route());
    rows.extend(conference());
    rows.extend(trunk());
    rows.extend(auto_attendant());
    rows.extend(call_queue());
    rows.extend(lists());
    rows
}

fn row(kind: Kind, field: impl Into<String>, value: Value, message: &'static str) -> Row {
    let field = field.into();
    Row {
        kind,
        field,
        value,
        message,
    }
}

fn phone_system() -> Vec<Row> {
    let system = |field: &str, value, message| row(Kind::PhoneSystem, field, value, message);
    vec![
        system(
            "spec.domain",
            json!("sip:office.example.com"),
            "write a domain name without scheme or port, for example domain: office.example.com",
        ),
        system(
            "spec.languages",
            json!({"default": "en", "alternate": "en"}),
            "the alternate language must be another one than the default; leave alternate out if there is only one",
        ),
        system(
            "spec.mail.smtp.tls",
            json!("Off"),
            "a login is not sent in the clear; set tls to StartTls or Tls, or leave credentialsSecretRef out",
        ),
        system(
            "spec.mail.smtp.from",
            json!("Voicemail"),
            "write an address, perhaps with a name before it, for example Voicemail <voicemail@example.com>",
        ),
        system(
            "spec.workers.spool",
            json!({"size": "5Gi", "ephemeral": {}}),
            "a spool is either a volume or ephemeral; write {size: 5Gi} or {ephemeral: {}}",
        ),
        system(
            "spec.network.media.firstPort",
            json!(65_530),
            "the last media port would be above 65535; write a smaller firstPort, for example 20000",
        ),
        system(
            "spec.network.media.advertised[1].addresses",
            json!(["203.0.113.6"]),
            "one address may not serve two slots; give each slot addresses of its own",
        ),
        system(
            "spec.traces.endpoint",
            json!("otel-collector:4318"),
            "write http:// with host and port of a collector that takes OTLP over HTTP, for example http://otel-collector.monitoring:4318",
        ),
    ]
}

fn system_names() -> Vec<Row> {
    let told = "a PhoneSystem's name becomes part of other names; write at most 50 small letters, digits and -, a letter first, for example office";
    let long = "o".repeat(51);
    let system = |name: &str| row(Kind::PhoneSystem, "metadata.name", json!(name), told);
    ["head.office", "1st-floor", long.as_str()]
        .map(system)
        .into()
}

fn advertised() -> Vec<Row> {
    let none = [
        "office.dyndns.org",
        "203.0.113.5:5060",
        "::ffff:203.0.113.5",
    ];
    let sip = |address: &str| {
        row(
            Kind::PhoneSystem,
            "spec.network.sip.advertised.addresses",
            json!([address]),
            "phones are told addresses, no names; write for example addresses: [203.0.113.5]",
        )
    };
    let media = |address: &str| {
        row(
            Kind::PhoneSystem,
            "spec.network.media.advertised[1].addresses",
            json!([address]),
            "phones are told addresses, no names; write for example {slot: 0, addresses: [203.0.113.6]}",
        )
    };
    let all = none.iter();
    all.flat_map(|address| [sip(address), media(address)])
        .collect()
}

fn dial_plan() -> Vec<Row> {
    let code = |field: &str, value, message| {
        row(
            Kind::PhoneSystem,
            format!("spec.dialPlan.{field}"),
            value,
            message,
        )
    };
    vec![
        code(
            "everyone",
            json!("nine"),
            "a code is 1 to 8 of the keys 0-9, * and #; write for example operator: \"0\"",
        ),
        code(
            "hotDeskLogin",
            json!("*login"),
            "a code is 1 to 8 of the keys 0-9, * and #; write for example hotDeskLogin: \"*11\"",
        ),
        code(
            "hotDeskLogout",
            json!("*login"),
            "a code is 1 to 8 of the keys 0-9, * and #; write for example hotDeskLogout: \"*12\"",
        ),
        code(
            "queueLogin",
            json!("*login"),
            "a code is 1 to 8 of the keys 0-9, * and #; write for example queueLogin: \"*21\"",
        ),
        code(
            "queueLogout",
            json!("*login"),
            "a code is 1 to 8 of the keys 0-9, * and #; write for example queueLogout: \"*22\"",
        ),
        code(
            "emergency",
            json!(["911", "1"]),
            "an emergency number is 2 to 8 digits; write for example emergency: [\"911\"]",
        ),
        code(
            "numbers.countryCode",
            json!("+1"),
            "write 1 to 3 digits without +, for example countryCode: \"1\"",
        ),
        code(
            "numbers.areaCode",
            json!("(585)"),
            "write 1 to 6 digits, for example areaCode: \"585\"",
        ),
    ]
}

fn users() -> Vec<Row> {
    vec![
        row(
            Kind::User,
            "metadata.name",
            json!("m".repeat(64)),
            "a User's name becomes part of other names; write one of at most 63 characters",
        ),
        row(
            Kind::User,
            "spec.extension",
            json!("1O1"),
            "an extension is 1 to 15 digits and nothing else; write for example extension: \"101\"",
        ),
        row(
            Kind::User,
            "spec.email",
            json!("mary"),
            "write an address with one @, for example mary@example.com",
        ),
        row(
            Kind::User,
            "spec.quickTransfer",
            json!("5855550100"),
            "write the number with + and country code, for example quickTransfer: \"+15855550100\"",
        ),
    ]
}

fn phones() -> Vec<Row> {
    vec![
        row(
            Kind::Handset,
            "spec.username",
            json!("mary desk"),
            "a username is letters, digits and . _ + -; write for example mary-desk",
        ),
        row(
            Kind::Handset,
            "spec.provisioning.mac",
            json!("805EC0123456"),
            "write six pairs of hexadecimal digits with colons, for example mac: \"80:5e:c0:12:34:56\"",
        ),
        row(
            Kind::Handset,
            "spec.keys[0]",
            json!({"position": 1, "extension": "102", "mailbox": {"name": "john"}}),
            "a key shows exactly one thing; write extension: \"102\", mailbox: {name: john} or monitor: {name: front-desk}",
        ),
        row(
            Kind::Extension,
            "metadata.name",
            json!("operator"),
            "the name of an Extension is its number: write 1 to 15 digits, quoted, for example name: \"150\"",
        ),
        row(
            Kind::Extension,
            "spec.target",
            json!({"user": {"name": "mary"}, "messageCenter": {}}),
            "a target is exactly one thing; write for example target: {user: {name: mary}}",
        ),
    ]
}

fn call_route() -> Vec<Row> {
    let mut rows = vec![
        row(
            Kind::CallRoute,
            "spec.callers[0]",
            json!({"external": "*", "internal": {}}),
            "a caller is either external or internal; write {external: \"585*\"} or {internal: {}}",
        ),
        row(
            Kind::CallRoute,
            "spec.callers[0].external",
            json!("*585"),
            "write digits, with * only at the end, for example external: \"585*\", or \"*\" for every outside caller",
        ),
    ];
    for attempts in ["spec.attempts", "spec.onBusy.attempts"] {
        let field = format!("{attempts}[0].destinations[0]");
        let one =
            "a destination is exactly one thing; write for example {handset: {name: mary-desk}}";
        rows.push(row(Kind::CallRoute, field.as_str(), json!({}), one));
        rows.extend(numbers(Kind::CallRoute, &field));
    }
    for field in ["spec.finally", "spec.onBusy.finally"] {
        let one = "finally is exactly one thing; write for example finally: {voicemail: {userRef: {name: mary}}}";
        rows.push(row(
            Kind::CallRoute,
            field,
            json!({"voicemail": {}, "busy": {}}),
            one,
        ));
        rows.extend(numbers(Kind::CallRoute, field));
    }
    rows
}

fn conference() -> Vec<Row> {
    vec![
        row(
            Kind::Conference,
            "spec.id",
            json!("48"),
            "a conference ID is 3 to 10 digits; write for example id: \"480\", or leave id out",
        ),
        row(
            Kind::Conference,
            "spec.schedule.start",
            json!("2027-01-04T09:00:00Z"),
            "write date and time without a zone, for example start: \"2027-01-15T14:00\"; the zone is timeZone",
        ),
    ]
}

fn trunk() -> Vec<Row> {
    let trunk = |field: &str, value, message| row(Kind::Trunk, field, value, message);
    let mut rows = vec![
        trunk(
            "spec.server.host",
            json!("sip.provider.example:5060"),
            "write a host name or an address without scheme or port, for example host: sip.provider.example",
        ),
        trunk(
            "spec.addresses",
            json!(["sip.provider.example"]),
            "write addresses or networks, for example addresses: [\"203.0.113.7\", \"2001:db8::/64\"]",
        ),
        trunk(
            "spec.inbound.numbers[0].number",
            json!("585-555-0100"),
            "write the number with + and country code and without spaces, for example number: \"+15855550100\"",
        ),
        trunk(
            "spec.outbound.prefixes",
            json!(["1"]),
            "write beginnings of numbers with + and country code, for example prefixes: [\"+1\", \"+49\"]",
        ),
        trunk(
            "spec.outbound.callerId",
            json!("5855550100"),
            "write the number with + and country code, for example callerId: \"+15855550100\"",
        ),
        trunk(
            "spec.site",
            json!({"extensions": [{"first": "299", "last": "200"}]}),
            "a range is two extensions of the same length, the smaller first; write for example {first: \"200\", last: \"299\"}",
        ),
    ];
    rows.extend(call_targets(Kind::Trunk, "spec.inbound.numbers[0].target"));
    rows.extend(call_targets(Kind::Trunk, "spec.inbound.otherwise"));
    rows
}

fn auto_attendant() -> Vec<Row> {
    let schedule = |field: &str, value, message| {
        row(
            Kind::AutoAttendant,
            format!("spec.schedules[1].{field}"),
            value,
            message,
        )
    };
    let mut rows = vec![
        schedule(
            "to",
            json!("07:00"),
            "hours have a beginning and a later end; write for example from: \"08:00\" and to: \"17:00\", and two schedules for hours across midnight",
        ),
        schedule(
            "from",
            json!("8:00"),
            "write hours and minutes from 00:00 to 23:59, for example from: \"08:00\"",
        ),
        schedule(
            "to",
            json!("25:00"),
            "write hours and minutes from 00:00 to 24:00, for example to: \"17:00\"",
        ),
        schedule(
            "dates",
            json!(["25.12."]),
            "write year, month and day, or month and day for every year, for example dates: [\"2027-04-02\", \"12-25\"]",
        ),
    ];
    for menu in ["spec", "spec.schedules[1]"] {
        let option = format!("{menu}.options[0]");
        rows.push(row(
            Kind::AutoAttendant,
            option.as_str(),
            json!({"key": "1"}),
            "a key does exactly one thing; write either target: {extension: {number: \"101\"}} or dialByName: {}",
        ));
        rows.push(row(
            Kind::AutoAttendant,
            format!("{option}.key"),
            json!("12"),
            "an option is one digit; write for example key: \"1\"",
        ));
        rows.push(recording(Kind::AutoAttendant, &format!("{menu}.greeting")));
        rows.extend(call_targets(
            Kind::AutoAttendant,
            &format!("{option}.target"),
        ));
        rows.extend(call_targets(Kind::AutoAttendant, &format!("{menu}.noKey")));
    }
    rows
}

fn call_queue() -> Vec<Row> {
    let mut rows = call_targets(Kind::CallQueue, "spec.overflow.target");
    rows.push(recording(Kind::CallQueue, "spec.announcements.greeting"));
    rows.push(recording(Kind::CallQueue, "spec.announcements.music"));
    rows
}

fn lists() -> Vec<Row> {
    vec![
        row(
            Kind::MessageAlias,
            "spec.extension",
            json!("sales"),
            "an extension is 1 to 15 digits and nothing else; write for example extension: \"500\"",
        ),
        row(
            Kind::DistributionList,
            "spec.address",
            json!("sales"),
            "write an address with one @, for example address: sales@example.com",
        ),
        row(
            Kind::DistributionList,
            "spec.others",
            json!(["partner@example.org", "a@b@c"]),
            "write addresses with one @ each, for example others: [partner@example.org]",
        ),
    ]
}

/// The rules of where a caller is taken.
fn call_targets(kind: Kind, field: &str) -> Vec<Row> {
    let one =
        "a caller is taken to exactly one thing; write for example {extension: {number: \"101\"}}";
    let mut rows = vec![row(
        kind,
        field,
        json!({"busy": {}, "messageCenter": {}}),
        one,
    )];
    rows.extend(numbers(kind, field));
    rows
}

/// The rules of numbers inside and outside the company.
fn numbers(kind: Kind, field: &str) -> [Row; 2] {
    [
        row(
            kind,
            field,
            json!({"extension": {"number": "10 1"}}),
            "an extension is 1 to 15 digits and nothing else; write for example number: \"102\"",
        ),
        row(
            kind,
            field,
            json!({"outside": {"number": "+1 585 555 0111"}}),
            "write the number with + and country code and without spaces, for example number: \"+15855550111\"",
        ),
    ]
}

fn recording(kind: Kind, field: &str) -> Row {
    row(
        kind,
        field,
        json!({"file": "../secrets.wav"}),
        "a recording is a file among the shared ones; write for example file: attendant/open.wav",
    )
}
