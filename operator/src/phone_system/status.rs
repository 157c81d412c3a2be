//! What a telephone system is told of itself.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crds::{
    PhoneSystem, Problem,
    conditions::{ConditionType, Reason},
    report,
    secrets::{PIN_KEY, key_entry},
};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use serde_json::{Map, Value, json};

use super::{
    MANAGER,
    addresses::{self, Learnt},
    build::{Desired, SLOT},
    dereference::Found,
    keys::Keys,
    spool, unready,
    worker::{self, Step, is_ready},
};
use crate::{
    conditions::{Finding, find},
    context::Context,
    error::Error,
    names,
    ours::generation,
    readiness,
    status::{conclude, not_accepted},
};

/// Figures change with each call; they are written no oftener than this.
pub(super) const FIGURES_AT_MOST_EVERY: Duration = Duration::from_secs(5);

/// How far a reconcile has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'a> {
    /// What the worker's Pod needed.
    pub(super) step: Step,
    /// What the API server refused, where that has ended it.
    pub(super) refused: Option<&'a Error>,
}

/// Writes the status. False if figures are held back, so that it must be written again.
pub(super) async fn status(
    context: &Context,
    system: &Arc<PhoneSystem>,
    problems: &[Problem],
    found: &Found,
    desired: &Desired,
    course: Course<'_>,
) -> Result<bool, Error> {
    let learnt = Learnt {
        sip: &found.sip,
        media: &found.media,
        node: &found.node,
    };
    let media = addresses::media(system, learnt);
    let calls = found.report.as_ref().map_or(0, |report| report.calls);
    let pod = found.pod.as_deref();
    let ready = ready(system, problems, found, course.refused);
    let mut findings = vec![
        ready.clone(),
        scaled(system, pod, course),
        media_address_known(media.is_some()),
        media_reachable(found),
        worker::updating(course.step, pod, calls),
    ];
    findings.extend(storage(system, found));
    findings.extend(mail(system, found));
    findings.extend(certificate(system, found));
    let caches = &context.caches;
    let claim = names::spool(&system.name_any(), SLOT);
    let claim = caches.made.claims.get(&claim);
    let secret = key_entry(&system.name_any(), PIN_KEY).name;
    let keys = Keys::of(system, caches.secrets.get(&secret).as_deref());
    findings.extend(spool::finding(desired.spool.as_ref(), claim.as_deref()));
    findings.extend(keys.finding(system));
    let refused = course.refused.map(|_| ready);
    let mut more = Map::new();
    more.insert("pinKey".to_owned(), json!(keys.remembered(system)));
    more.insert(
        "addresses".to_owned(),
        list(&addresses::sip(system, learnt)),
    );
    if let Some(ports) = addresses::sip_ports(system, found.node_ports) {
        more.insert("sipPorts".to_owned(), json!(ports));
    }
    more.insert("media".to_owned(), list(media.as_slice()));
    let complete = figures(context, system, found, &mut more);
    conclude(context, MANAGER, system, problems, findings, more).await?;
    if let Some(refused) = &refused {
        tell(context, system, refused).await;
    }
    Ok(complete)
}

/// Tells people of what was refused, unless the condition says so already.
async fn tell(context: &Context, system: &PhoneSystem, finding: &Finding) {
    let stored = system.status.as_ref().map(|it| it.conditions.as_slice());
    let before = find(stored.unwrap_or_default(), finding.condition);
    let reason = finding.reason.as_str();
    if before.is_none_or(|it| it.reason != reason || it.message != finding.message) {
        context.warn(system, reason, finding.message.clone()).await;
    }
}

/// Writes the status of a system beside an older one.
pub(super) async fn not_in_force(
    context: &Context,
    system: &Arc<PhoneSystem>,
    problems: &[Problem],
) -> Result<(), Error> {
    let ready = not_accepted(problems).into_iter().collect();
    conclude(context, MANAGER, system, problems, ready, Map::new()).await
}

/// How many workers, phones and calls there are. False if they are held back.
fn figures(
    context: &Context,
    system: &PhoneSystem,
    found: &Found,
    more: &mut Map<String, Value>,
) -> bool {
    let report = found.report.as_deref();
    let serves = found.pod.as_deref().is_some_and(is_ready) && report.is_some();
    more.insert("workersReady".to_owned(), json!(u32::from(serves)));
    let stored = system.status.as_ref();
    let old = stored
        .map(|it| (it.registrations, it.calls))
        .unwrap_or_default();
    let new = (
        Some(report.map_or(0, |it| it.registrations)),
        Some(report.map_or(0, |it| it.calls)),
    );
    let now = old == new || context.figures_due(FIGURES_AT_MOST_EVERY, Instant::now());
    let (registrations, calls) = if now { new } else { old };
    more.insert("registrations".to_owned(), json!(registrations));
    more.insert("calls".to_owned(), json!(calls));
    now
}

fn ready(
    system: &PhoneSystem,
    problems: &[Problem],
    found: &Found,
    refused: Option<&Error>,
) -> Finding {
    let no = |reason, message: String| Finding::no(ConditionType::Ready, reason, message);
    if let Some(error) = refused {
        let namespace = system.namespace().unwrap_or_default();
        let message = unready::refused(&error.told(), &namespace);
        return if found.pod.as_deref().is_some_and(is_ready) {
            let message = format!("the worker serves, but not all is made: {message}");
            Finding::yes(ConditionType::Ready, Reason::ApplyFailed, message)
        } else {
            no(Reason::ApplyFailed, message)
        };
    }
    let uid = system.uid().unwrap_or_default();
    let loaded = found.report.as_ref().and_then(|it| it.generation(&uid));
    match (&found.pod, loaded) {
        (Some(pod), Some(loaded)) if is_ready(pod) => {
            if loaded >= generation(system) {
                readiness::loaded(problems)
            } else {
                no(
                    Reason::Loading,
                    "the worker has not loaded this change yet".to_owned(),
                )
            }
        }
        (Some(pod), _) => no(
            Reason::NoWorker,
            unready::why(pod, found.trouble.as_deref()),
        ),
        (None, _) if system.spec.workers.replicas == 0 => no(
            Reason::NoWorker,
            "no worker is asked for; set spec.workers.replicas to 1".to_owned(),
        ),
        (None, _) => not_accepted(problems)
            .unwrap_or_else(|| no(Reason::NoWorker, "the worker is being started".to_owned())),
    }
}

fn scaled(system: &PhoneSystem, pod: Option<&Pod>, course: Course<'_>) -> Finding {
    let replicas = system.spec.workers.replicas;
    if replicas > 1 {
        return Finding::no(
            ConditionType::Scaled,
            Reason::SharingNotYetAvailable,
            format!(
                "{replicas} workers are asked for and one serves: workers cannot share calls yet; set spec.workers.replicas to 1"
            ),
        );
    }
    // Not while one replaces another.
    let is_lacking = course.refused.is_some() || course.step == Step::Held;
    if replicas == 1 && pod.is_none() && is_lacking {
        let message = "one worker is asked for and there is none; the condition Ready says why";
        return Finding::no(ConditionType::Scaled, Reason::NoWorker, message);
    }
    let message = "as many workers as asked for";
    Finding::yes(ConditionType::Scaled, Reason::AsAsked, message)
}

fn media_address_known(known: bool) -> Finding {
    if known {
        let message = "the worker knows the address it announces for media";
        return Finding::yes(
            ConditionType::MediaAddressKnown,
            Reason::AddressKnown,
            message,
        );
    }
    Finding::no(
        ConditionType::MediaAddressKnown,
        Reason::WaitingForAddress,
        "neither load balancer nor node has given an address yet; if none will, write spec.network.media.advertised, or another spec.network.mode",
    )
}

fn media_reachable(found: &Found) -> Finding {
    let said = found
        .report
        .as_ref()
        .and_then(|report| report.media.as_ref());
    said.map_or_else(
        || {
            let message = "no call has been answered yet";
            Finding::new(
                ConditionType::MediaReachable,
                None,
                Reason::NoCallYet,
                message,
            )
        },
        |said| of_report(ConditionType::MediaReachable, said),
    )
}

/// Whether object storage takes what is written; nothing where there is none.
fn storage(system: &PhoneSystem, found: &Found) -> Option<Finding> {
    system.spec.storage.as_ref()?;
    let said = found
        .report
        .as_ref()
        .and_then(|report| report.storage.as_ref());
    Some(said.map_or_else(
        || {
            let message = "no worker has tried object storage yet";
            Finding::new(ConditionType::StorageReady, None, Reason::Loading, message)
        },
        |said| of_report(ConditionType::StorageReady, said),
    ))
}

/// Whether the mail server takes e-mails; nothing where there is none, or before the first.
fn mail(system: &PhoneSystem, found: &Found) -> Option<Finding> {
    system.spec.mail.as_ref()?;
    let said = found.report.as_ref()?.mail.as_ref()?;
    Some(of_report(ConditionType::MailReady, said))
}

/// Whether the TLS certificate can be used; nothing where there is none, or before a worker has looked.
fn certificate(system: &PhoneSystem, found: &Found) -> Option<Finding> {
    system.spec.network.sip.tls_secret_ref.as_ref()?;
    let said = found.report.as_ref()?.certificate.as_ref()?;
    Some(of_report(ConditionType::CertificateReady, said))
}

fn of_report(condition: ConditionType, said: &report::Finding) -> Finding {
    let known = Reason::ALL.iter().find(|it| it.as_str() == said.reason);
    let otherwise = match (condition, said.ok) {
        (ConditionType::StorageReady, true) => Reason::Writable,
        (ConditionType::StorageReady, false) => Reason::StorageAway,
        (ConditionType::MailReady, true) => Reason::MailTaken,
        (ConditionType::MailReady, false) => Reason::MailServerAway,
        (ConditionType::CertificateReady, true) => Reason::CertificateUsable,
        (ConditionType::CertificateReady, false) => Reason::CertificateUnusable,
        (_, true) => Reason::Heard,
        (_, false) => Reason::NothingHeard,
    };
    let reason = known.copied().unwrap_or(otherwise);
    Finding::new(condition, Some(said.ok), reason, said.message.clone())
}

/// As the status is stored: an empty list is not.
fn list<T: serde::Serialize>(items: &[T]) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        json!(items)
    }
}
