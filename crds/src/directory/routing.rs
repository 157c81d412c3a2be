//! Where calls go (spec CR-1 to CR-8).
use std::{sync::Arc, time::Duration};

use super::Caller;
use crate::{Presence, number::NumberPlan};

/// How long one ring is.
pub const RING: Duration = Duration::from_secs(6);

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The user whose call it is.
    pub user: Arc<str>,
    /// The name of the `CallRoute`; none for what holds without one.
    pub route: Option<Arc<str>>,
    /// The connection attempts, in order.
    pub attempts: Vec<Attempt>,
    /// What becomes of a call that nobody answered.
    pub finally: Finally,
    /// Followed when all destinations of an attempt have failed and at least one was busy (CR-5).
    pub on_busy: Option<OnBusy>,
}

/// What is done instead when somebody is busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnBusy {
    /// The connection attempts, in order.
    pub attempts: Vec<Attempt>,
    /// What becomes of a call that nobody answered.
    pub finally: Finally,
}

/// One connection attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What rings, all at once.
    pub destinations: Vec<Destination>,
    /// How many rings.
    pub rings: u8,
    /// How long that is.
    pub ring_time: Duration,
}

/// What an attempt rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A handset, by name.
    Handset(Arc<str>),
    /// A number of the company.
    Extension(Arc<str>),
    /// A call monitor, by name.
    Monitor(Arc<str>),
    /// An outside number, as E.164.
    Outside(Arc<str>),
    /// Wherever the user is logged in.
    HotDesk,
}

/// What becomes of a call that nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finally {
    /// The mailbox of this user.
    Voicemail(Arc<str>),
    /// A number of the company.
    Extension(Arc<str>),
    /// An outside number, as E.164, connected at once.
    Outside(Arc<str>),
    /// An auto attendant, by name.
    AutoAttendant(Arc<str>),
    /// A call queue, by name.
    Queue(Arc<str>),
    /// The caller hears busy.
    Busy,
}

/// A `CallRoute` of one user, ready to be chosen. A user's routes are kept oldest first.
#[derive(Debug)]
pub(super) struct Route {
    /// Empty: every presence.
    pub(super) presences: Vec<Presence>,
    /// Empty: everyone.
    pub(super) callers: Vec<CallerPattern>,
    pub(super) plan: Arc<Plan>,
}

/// Whose calls a route is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallerPattern {
    /// The phones of this user.
    InternalUser(Arc<str>),
    /// Every phone of the company.
    Internal,
    /// This national number.
    Number(Box<str>),
    /// National numbers that begin so; empty: every outside caller.
    Prefix(Box<str>),
}

/// How exactly a route means a caller; what is greater wins (CR-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Specificity {
    Everyone,
    Kind,
    Prefix(usize),
    Exact,
}

/// The plan of the route that fits best: the most specific caller, then one that names the presence, then the first.
pub(super) fn select<'a>(
    routes: &'a [Route],
    caller: &Caller,
    presence: Presence,
    numbers: &NumberPlan,
) -> Option<&'a Arc<Plan>> {
    let national = match caller {
        Caller::External { number, .. } => Some(numbers.national(number)),
        Caller::User(_) | Caller::SharedHandset(_) => None,
    };
    let fit = |route: &Route| {
        let named = route.presences.contains(&presence);
        (named || route.presences.is_empty()).then_some(())?;
        Some((
            specificity(&route.callers, caller, national.as_deref())?,
            named,
        ))
    };
    let mut best: Option<((Specificity, bool), &Route)> = None;
    for route in routes {
        if let Some(rank) = fit(route)
            && best.as_ref().is_none_or(|(held, _)| rank > *held)
        {
            best = Some((rank, route));
        }
    }
    best.map(|(_, route)| &route.plan)
}

fn specificity(
    patterns: &[CallerPattern],
    caller: &Caller,
    national: Option<&str>,
) -> Option<Specificity> {
    if patterns.is_empty() {
        return Some(Specificity::Everyone);
    }
    patterns
        .iter()
        .filter_map(|pattern| matched(pattern, caller, national))
        .max()
}

fn matched(
    pattern: &CallerPattern,
    caller: &Caller,
    national: Option<&str>,
) -> Option<Specificity> {
    match pattern {
        CallerPattern::InternalUser(user) => {
            (caller.user() == Some(user)).then_some(Specificity::Exact)
        }
        CallerPattern::Internal => caller.is_internal().then_some(Specificity::Kind),
        CallerPattern::Number(number) => (national? == &**number).then_some(Specificity::Exact),
        CallerPattern::Prefix(prefix) if prefix.is_empty() => national.map(|_| Specificity::Kind),
        CallerPattern::Prefix(prefix) => national?
            .starts_with(&**prefix)
            .then_some(Specificity::Prefix(prefix.len())),
    }
}
