//! What must hold of one object alone: the same as its CEL rules say, for manifests in a folder and as a second line
//! of defence behind the API server.
mod phone_system;
mod services;

pub(crate) use self::{
    phone_system::phone_system,
    services::{
        auto_attendant, call_queue, conference, distribution_list, is_host, is_recording,
        message_alias, trunk,
    },
};
use crate::{
    CallRouteSpec, ExtensionSpec, HandsetSpec, ObjectRef, Problem, UserSpec,
    call_route::{Attempt, CallerMatch, Destination, Finally},
    conditions::Reason,
    extension::ExtensionTarget,
};

/// 1 to 15 digits.
pub(crate) fn is_extension(text: &str) -> bool {
    (1..=15).contains(&text.len()) && digits(text)
}

/// Letters, digits and `. _ + -`, at most 64.
pub(crate) fn is_username(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// `+` and 2 to 15 digits.
pub(crate) fn is_e164(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|rest| (2..=15).contains(&rest.len()) && digits(rest))
}

/// Digits, perhaps `+` before and `*` behind, or `*`.
pub(crate) fn is_caller_pattern(text: &str) -> bool {
    let bare = text.strip_suffix('*').unwrap_or(text);
    let number = bare.strip_prefix('+').unwrap_or(bare);
    text == "*" || ((1..=20).contains(&number.len()) && digits(number))
}

pub(crate) fn user(object: &ObjectRef, spec: &UserSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    check.that(object.name.len() <= 63, "metadata.name", || {
        (
            format!("a name of {} characters is too long", object.name.len()),
            "write one of at most 63, since it becomes part of other names",
        )
    });
    if let Some(extension) = &spec.extension {
        check.extension(extension, "spec.extension");
    }
    if let Some(email) = &spec.email {
        check.email(email, "spec.email");
    }
    if let Some(number) = &spec.quick_transfer {
        check.e164(number, "spec.quickTransfer");
    }
    let voicemail = &spec.voicemail;
    check.that(
        voicemail.min_message_length <= voicemail.max_message_length,
        "spec.voicemail.minMessageLength",
        || {
            let (min, max) = (voicemail.min_message_length, voicemail.max_message_length);
            (
                format!("no message is both {min} long and at most {max}"),
                "write less than maxMessageLength; the default is 1s",
            )
        },
    );
}

pub(crate) fn handset(object: &ObjectRef, spec: &HandsetSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    let username = spec.username.as_deref().unwrap_or(&object.name);
    check.that(is_username(username), "spec.username", || {
        (
            format!("{username:?} is no username"),
            "write letters, digits and . _ + -, for example mary-desk",
        )
    });
    if let Some(provisioning) = &spec.provisioning {
        check.that(is_mac(&provisioning.mac), "spec.provisioning.mac", || {
            (
                format!("{:?} is no hardware address", provisioning.mac),
                "write six pairs of hexadecimal digits with colons, for example \"80:5e:c0:12:34:56\"",
            )
        });
    }
    for (i, key) in spec.keys.iter().enumerate() {
        check.that(
            count([
                key.extension.is_some(),
                key.mailbox.is_some(),
                key.monitor.is_some(),
            ]) == 1,
            &format!("spec.keys[{i}]"),
            || {
                let one = "write extension: \"102\", mailbox: {name: john} or monitor: {name: front-desk}";
                ("a key shows exactly one thing".to_owned(), one)
            },
        );
        let again = spec
            .keys
            .iter()
            .take(i)
            .any(|other| other.position == key.position);
        check.that(!again, &format!("spec.keys[{i}].position"), || {
            (
                format!("key {} is there twice", key.position),
                "give each key a position of its own",
            )
        });
    }
}

/// Whether the Extension can be in force at all.
pub(crate) fn extension(
    object: &ObjectRef,
    spec: &ExtensionSpec,
    problems: &mut Vec<Problem>,
) -> bool {
    let mut check = Check { object, problems };
    let numbered = check.that(is_extension(&object.name), "metadata.name", || {
        let digits = "write 1 to 15 digits, quoted, for example name: \"150\"";
        (
            format!(
                "the name of an Extension is its number, and {:?} is none",
                object.name
            ),
            digits,
        )
    });
    let one = check.that(targets(&spec.target) == 1, "spec.target", || {
        (
            counted(targets(&spec.target)),
            "write exactly one member, for example {user: {name: mary}}",
        )
    });
    numbered && one
}

pub(crate) fn call_route(object: &ObjectRef, spec: &CallRouteSpec, problems: &mut Vec<Problem>) {
    let mut check = Check { object, problems };
    for (i, caller) in spec.callers.iter().enumerate() {
        check.caller(caller, &format!("spec.callers[{i}]"));
    }
    check.attempts(&spec.attempts, "spec.attempts");
    check.finally(spec.finally.as_ref(), "spec.finally");
    if let Some(busy) = &spec.on_busy {
        check.attempts(&busy.attempts, "spec.onBusy.attempts");
        check.finally(busy.finally.as_ref(), "spec.onBusy.finally");
    }
}

/// Collects what does not hold of one object.
struct Check<'a> {
    object: &'a ObjectRef,
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn that(
        &mut self,
        holds: bool,
        field: &str,
        otherwise: impl FnOnce() -> (String, &'static str),
    ) -> bool {
        if !holds {
            let (message, remedy) = otherwise();
            let problem = Problem::error(self.object.clone(), field, Reason::InvalidValue);
            self.problems.push(problem.because(message).remedy(remedy));
        }
        holds
    }

    fn caller(&mut self, caller: &CallerMatch, field: &str) {
        self.that(
            caller.external.is_some() != caller.internal.is_some(),
            field,
            || {
                let count = usize::from(caller.external.is_some()) * 2;
                (
                    counted(count),
                    "write either {external: \"585*\"} or {internal: {}}",
                )
            },
        );
        if let Some(pattern) = &caller.external {
            self.that(
                is_caller_pattern(pattern),
                &format!("{field}.external"),
                || {
                    (
                        format!("{pattern:?} matches no number"),
                        "write digits, with * only at the end, or \"*\" alone",
                    )
                },
            );
        }
    }

    fn attempts(&mut self, attempts: &[Attempt], field: &str) {
        for (i, attempt) in attempts.iter().enumerate() {
            self.that(
                (1..=15).contains(&attempt.rings),
                &format!("{field}[{i}].rings"),
                || {
                    (
                        format!("{} rings are too few or too many", attempt.rings),
                        "write 1 to 15; a ring is 6 seconds",
                    )
                },
            );
            self.that(
                !attempt.destinations.is_empty(),
                &format!("{field}[{i}].destinations"),
                || {
                    (
                        "nothing would ring".to_owned(),
                        "write a destination, for example {handset: {name: mary-desk}}",
                    )
                },
            );
            for (j, destination) in attempt.destinations.iter().enumerate() {
                self.destination(destination, &format!("{field}[{i}].destinations[{j}]"));
            }
        }
    }

    fn destination(&mut self, destination: &Destination, field: &str) {
        let count = count([
            destination.handset.is_some(),
            destination.extension.is_some(),
            destination.monitor.is_some(),
            destination.outside.is_some(),
            destination.hot_desk.is_some(),
        ]);
        self.that(count == 1, field, || {
            (
                counted(count),
                "write exactly one member, for example {handset: {name: mary-desk}}",
            )
        });
        if let Some(extension) = &destination.extension {
            self.extension(&extension.number, &format!("{field}.extension.number"));
        }
        if let Some(outside) = &destination.outside {
            self.outside(&outside.number, field);
        }
    }

    fn finally(&mut self, finally: Option<&Finally>, field: &str) {
        let Some(finally) = finally else { return };
        let count = count([
            finally.voicemail.is_some(),
            finally.extension.is_some(),
            finally.outside.is_some(),
            finally.auto_attendant.is_some(),
            finally.queue.is_some(),
            finally.busy.is_some(),
        ]);
        self.that(count == 1, field, || {
            (
                counted(count),
                "write exactly one member, for example {voicemail: {userRef: {name: mary}}}",
            )
        });
        if let Some(extension) = &finally.extension {
            self.extension(&extension.number, &format!("{field}.extension.number"));
        }
        if let Some(outside) = &finally.outside {
            self.outside(&outside.number, field);
        }
    }

    fn outside(&mut self, number: &str, field: &str) {
        self.e164(number, &format!("{field}.outside.number"));
    }

    fn e164(&mut self, number: &str, field: &str) {
        self.that(is_e164(number), field, || {
            (format!("{number:?} is no outside number"), E164)
        });
    }

    fn extension(&mut self, number: &str, field: &str) {
        self.that(is_extension(number), field, || {
            (
                format!("{number:?} is no extension"),
                "write 1 to 15 digits and nothing else, for example \"101\"",
            )
        });
    }

    fn email(&mut self, address: &str, field: &str) {
        let one_at = address
            .split_once('@')
            .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('@'));
        self.that(one_at && !address.contains(' '), field, || {
            (
                format!("{address:?} is no e-mail address"),
                "write an address with one @, for example mary@example.com",
            )
        });
    }
}

const E164: &str = "write + and country code and no spaces, for example \"+15855550100\"";

fn is_mac(text: &str) -> bool {
    let pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(pair)
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn targets(target: &ExtensionTarget) -> usize {
    count([
        target.user.is_some(),
        target.call_route.is_some(),
        target.conference.is_some(),
        target.conference_center.is_some(),
        target.message_center.is_some(),
        target.auto_attendant.is_some(),
        target.queue.is_some(),
        target.monitor.is_some(),
        target.alias.is_some(),
    ])
}

fn count<const N: usize>(members: [bool; N]) -> usize {
    members.into_iter().filter(|set| *set).count()
}

fn counted(members: usize) -> String {
    if members == 0 {
        "no member is set".to_owned()
    } else {
        "more than one member is set".to_owned()
    }
}
