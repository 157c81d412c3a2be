//! The same for a `PhoneSystem`.
use std::{collections::HashSet, net::IpAddr};

use super::{Check, digits};
use crate::{
    ObjectRef, PhoneSystemSpec, Problem,
    phone_system::{MediaNetwork, Numbers, Smtp, SmtpTls, Traces},
};

pub(crate) fn phone_system(
    object: &ObjectRef,
    spec: &PhoneSystemSpec,
    problems: &mut Vec<Problem>,
) {
    let mut check = Check { object, problems };
    // Where there is no PhoneSystem at all, that is said elsewhere.
    let named = object.name.is_empty() || is_name(&object.name);
    check.that(named, "metadata.name", || {
        (
            format!(
                "{:?} can't become part of the names of Services",
                object.name
            ),
            "write at most 50 small letters, digits and -, a letter first, for example office",
        )
    });
    check.that(is_domain(&spec.domain), "spec.domain", || {
        (
            format!("{:?} is no domain name", spec.domain),
            "write a domain name without scheme or port, for example office.example.com",
        )
    });
    let languages = &spec.languages;
    check.that(
        languages.alternate.as_ref() != Some(&languages.default),
        "spec.languages.alternate",
        || {
            (
                "the alternate language is the default one".to_owned(),
                "leave alternate out if there is only one language",
            )
        },
    );
    dial_plan(&mut check, spec);
    if let Some(section) = &spec.traces {
        traces(&mut check, section);
    }
    check.addresses(
        &spec.network.sip.advertised.addresses,
        "spec.network.sip.advertised.addresses",
    );
    media(&mut check, &spec.network.media);
    if let Some(mail) = &spec.mail {
        smtp(&mut check, &mail.smtp);
    }
    bounds(&mut check, spec);
}

fn bounds(check: &mut Check<'_>, spec: &PhoneSystemSpec) {
    let spool = &spec.workers.spool;
    let volume = spool.size.is_some() || spool.storage_class_name.is_some();
    check.that(
        !(volume && spool.ephemeral.is_some()),
        "spec.workers.spool",
        || {
            (
                "a spool is either a volume or ephemeral".to_owned(),
                "write {size: 5Gi} or {ephemeral: {}}",
            )
        },
    );
    check.that(
        spec.limits.calls_per_user >= 1,
        "spec.limits.callsPerUser",
        || {
            (
                "nobody could call".to_owned(),
                "write 1 or more; the default is 8",
            )
        },
    );
    check.that(
        spec.limits.outside_calls_per_hour >= 1,
        "spec.limits.outsideCallsPerHour",
        || {
            (
                "nobody could call outside".to_owned(),
                "write 1 or more; the default is 60",
            )
        },
    );
}

fn traces(check: &mut Check<'_>, traces: &Traces) {
    let rest = traces.endpoint.strip_prefix("http://");
    let host = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let is_one = host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '?', '#']));
    check.that(is_one, "spec.traces.endpoint", || {
        (
            format!("{:?} is no collector's URL", traces.endpoint),
            "write http:// with host and port of a collector that takes OTLP over HTTP, for example \
             http://otel-collector.monitoring:4318",
        )
    });
}

fn dial_plan(check: &mut Check<'_>, spec: &PhoneSystemSpec) {
    let plan = &spec.dial_plan;
    let everyone = std::iter::once(("everyone", plan.everyone.as_str()));
    for (field, code) in plan.codes().chain(everyone) {
        let keys = (1..=8).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_digit() || b"*#".contains(&b));
        check.that(keys, &format!("spec.dialPlan.{field}"), || {
            (
                format!("{code:?} cannot be dialled"),
                "write 1 to 8 of the keys 0-9, * and #",
            )
        });
    }
    for (i, number) in plan.emergency.iter().enumerate() {
        check.that(
            (2..=8).contains(&number.len()) && digits(number),
            &format!("spec.dialPlan.emergency[{i}]"),
            || {
                (
                    format!("{number:?} is no emergency number"),
                    "write 2 to 8 digits, for example \"911\"",
                )
            },
        );
    }
    numbers(check, &plan.numbers);
}

fn numbers(check: &mut Check<'_>, numbers: &Numbers) {
    let country = (1..=3).contains(&numbers.country_code.len())
        && digits(&numbers.country_code)
        && !numbers.country_code.starts_with('0');
    check.that(country, "spec.dialPlan.numbers.countryCode", || {
        (
            format!("{:?} is no country code", numbers.country_code),
            "write 1 to 3 digits without +, for example \"1\"",
        )
    });
    if let Some(area) = &numbers.area_code {
        check.that(
            (1..=6).contains(&area.len()) && digits(area),
            "spec.dialPlan.numbers.areaCode",
            || {
                (
                    format!("{area:?} is no area code"),
                    "write 1 to 6 digits, for example \"585\"",
                )
            },
        );
    }
}

fn smtp(check: &mut Check<'_>, smtp: &Smtp) {
    let secured = smtp.tls != SmtpTls::Off;
    check.that(
        secured || smtp.credentials_secret_ref.is_none(),
        "spec.mail.smtp",
        || {
            (
                "a login is not sent in the clear".to_owned(),
                "set tls to StartTls or Tls, or leave credentialsSecretRef out",
            )
        },
    );
    check.that(is_sender(&smtp.from), "spec.mail.smtp.from", || {
        (
            format!("{:?} is no sender", smtp.from),
            "write an address, perhaps with a name before it, for example Voicemail <voicemail@example.com>",
        )
    });
}

/// `NAME <ADDRESS>`, or an address.
fn is_sender(text: &str) -> bool {
    let is_address = |text: &str| {
        let plain = |part: &str| !part.is_empty() && !part.contains(['<', '>', '@', ' ']);
        text.split_once('@')
            .is_some_and(|(local, domain)| plain(local) && plain(domain))
    };
    match text.split_once('<') {
        Some((name, rest)) => {
            !name.contains(['>', '@']) && rest.strip_suffix('>').is_some_and(is_address)
        }
        None => is_address(text),
    }
}

fn media(check: &mut Check<'_>, media: &MediaNetwork) {
    check.that(
        u32::from(media.first_port) + u32::from(media.ports) <= 65536,
        "spec.network.media",
        || {
            (
                "the last media port would be above 65535".to_owned(),
                "write a smaller firstPort, for example 20000",
            )
        },
    );
    for (i, slot) in media.advertised.iter().enumerate() {
        let field = format!("spec.network.media.advertised[{i}].addresses");
        check.addresses(&slot.addresses, &field);
    }
    let mut given = HashSet::new();
    let mut addresses = media.advertised.iter().flat_map(|slot| &slot.addresses);
    let once = addresses.all(|address| given.insert(address));
    check.that(once, "spec.network.media.advertised", || {
        (
            "one address serves two slots".to_owned(),
            "give each slot addresses of its own",
        )
    });
}

impl Check<'_> {
    fn addresses(&mut self, addresses: &[String], field: &str) {
        for (i, address) in addresses.iter().enumerate() {
            self.that(is_address(address), &format!("{field}[{i}]"), || {
                (
                    format!("{address:?} is no address"),
                    "write an IPv4 or IPv6 address, for example 203.0.113.5, no name",
                )
            });
        }
    }
}

/// As CEL's `isIP` has it: no IPv4 address in IPv6's clothes.
fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok_and(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => address.to_ipv4_mapped().is_none(),
    })
}

/// Services are named after it (RFC 1035), with a suffix.
fn is_name(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= 50
        && text.bytes().all(inside)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
}

pub(super) fn is_domain(text: &str) -> bool {
    let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.len() <= 253
        && text.bytes().all(inside)
        && edge(text.bytes().next())
        && edge(text.bytes().last())
}
