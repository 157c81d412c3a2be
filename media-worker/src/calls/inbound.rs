//! A call that came in, from its INVITE to its end.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use apps::{Key, Silence};
use crds::Directory;
use crds::directory::{Attempt, Caller, Finally, Meaning, Plan, Target, UserEntry};
use futures::channel::mpsc;
use jiff::Timestamp;
use sip::endpoint::{SessionEvent, SessionId};
use sip::syntax::{Headers, NameAddr, Request, StatusCode};
use sip::transport::Flow;
use tokio::task::spawn_local;
use tracing::{Instrument, info, info_span, warn};

use super::attempt::Unanswered;
use super::connected::Connected;
use super::negotiation::Negotiation;
use super::origin::{Origin, Place};
use super::outside::Outward;
use super::party::Party;
use super::recall::Recall;
use super::ring::{Answerer, Rung};
use super::stage::Stage;
use super::{EventReceiver, EventSender, Exchange, announce, applications, incoming};
use crate::metrics::CallResult;
use crate::traces::{Part, Trace};

/// A call in progress.
pub(super) struct Inbound {
    pub(super) exchange: Rc<Exchange>,
    /// The snapshot that the call began with; it keeps it to its end.
    pub(super) directory: Arc<Directory>,
    pub(super) number: u64,
    pub(super) party: Party,
    /// Where it comes from.
    pub(super) from: Origin,
    pub(super) caller: Caller,
    /// The language that the caller has chosen, for whichever application comes next.
    pub(super) language: Option<Arc<str>>,
    pub(super) dialled: String,
    /// The user that the call is for, once known.
    pub(super) called: Option<Arc<str>>,
    pub(super) events: EventReceiver,
    pub(super) sender: EventSender,
    pub(super) hops_left: u8,
    /// Whether `*#` means something while others are called.
    pub(super) recall: Recall,
    /// What the last trunk refused the last outside call with.
    pub(super) refused_with: Option<StatusCode>,
    /// What the caller has been told.
    pub(super) stage: Stage,
    /// Keys that nobody has taken yet: they outlast the application that they were dialled in.
    pub(super) keys: VecDeque<Key>,
    /// How often applications have sent him on.
    transfers: u32,
    /// The attendants at which the caller has pressed nothing.
    pub(super) silence: Silence,
    pub(super) record: Record,
    trace: Option<Box<Trace>>,
}

/// What is kept of the call (spec CD-1).
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) began_at: Timestamp,
    pub(super) began: Instant,
    pub(super) answered: Option<Instant>,
    /// A handset, or an outside number.
    pub(super) answered_by: Option<Arc<str>>,
    /// Whether the call was to go out, alone or beside phones here, answered there or not.
    pub(super) went_out: bool,
    /// Whether somebody outside has answered.
    pub(super) answered_outside: bool,
    /// The outside number that the caller has dialled, as E.164, whichever code he began with.
    pub(super) outside_number: Option<Arc<str>>,
    pub(super) route: Option<Arc<str>>,
    pub(super) result: CallResult,
}

impl Record {
    /// Whether it is a call to outside: somebody there has answered, or might have and nobody here did.
    pub(super) fn leads_outside(&self) -> bool {
        self.answered_outside || self.went_out && self.answered_by.is_none()
    }
}

/// An INVITE whose sender has proven who he is.
pub struct Arrival {
    /// Its session.
    pub session: SessionId,
    /// The INVITE.
    pub request: Request,
    /// The flow it came over.
    pub flow: Flow,
    /// Where it comes from.
    pub from: Origin,
}

/// Takes a call; a task of its own sees it to its end.
pub fn take(exchange: Rc<Exchange>, arrival: Arrival) {
    let number = exchange.next_call();
    let span = info_span!("call", number);
    let call = span.in_scope(|| Inbound::new(exchange, arrival, number));
    // Boxed: what a task is begun with, it sets room aside for twice.
    if let Some(call) = call.map(Box::new) {
        spawn_local(call.live().instrument(span));
    }
}

impl Inbound {
    async fn live(mut self: Box<Self>) {
        let Some(_place) = Box::pin(self.place()).await else {
            let from = self.from.label();
            warn!(
                from,
                "a call was refused: there are as many as limits.callsPerUser, or the trunk's maxCalls, allows"
            );
            self.record.result = self.refuse(StatusCode::BUSY_HERE, CallResult::Refused);
            return self.close();
        };
        let dialled = self.dialled.clone();
        let taken_to = match &self.from {
            Origin::Phone(_) => None,
            Origin::Trunk(incoming) => {
                let numbers = &self.directory.system().numbers;
                Some(incoming.line.entry().answers(&dialled, numbers).clone())
            }
        };
        self.record.result = match taken_to {
            Some(target) => self.take_to(target).await,
            None => self.dial(&dialled).await,
        };
        self.close();
    }

    /// A place for the call. One for help has it always.
    async fn place(&self) -> Option<Place> {
        if let Origin::Phone(_) = &self.from
            && let Meaning::Emergency { .. } = self.directory.interpret(&self.dialled, &self.caller)
        {
            return Some(Place::Help);
        }
        self.from.place(&self.exchange).await
    }

    fn new(exchange: Rc<Exchange>, arrival: Arrival, number: u64) -> Option<Self> {
        let Arrival {
            session,
            request,
            flow,
            from,
        } = arrival;
        let (sender, events) = mpsc::unbounded();
        let media = Negotiation::new(&exchange.media, number, flow, &sender);
        let mut party = Party::new(&exchange.signalling, session, media, &sender);
        if !request.body.is_empty()
            && let Err(status) = party.media.take_offer(&request.body)
        {
            party.reject(status, Headers::default());
            return None;
        }
        let directory = exchange.directory();
        let caller = from.caller(&directory);
        let dialled = match &from {
            Origin::Phone(_) => request.uri.user().unwrap_or_default().into_owned(),
            Origin::Trunk(incoming) => incoming.dialled.to_string(),
        };
        let hops_left = request.headers.max_forwards().ok().flatten().unwrap_or(70);
        exchange
            .metrics
            .calls_active
            .with_label_values(&["in"])
            .inc();
        let users = [caller.user(), meant(&directory, &from, &dialled, &caller)];
        let traced = directory.system().traces.as_ref();
        let trace = exchange.traces.begin(traced, &users).map(Box::new);
        Some(Self {
            exchange,
            directory,
            number,
            party,
            from,
            caller,
            language: None,
            dialled,
            called: None,
            events,
            sender,
            hops_left,
            recall: Recall::default(),
            refused_with: None,
            stage: Stage::Trying,
            keys: VecDeque::new(),
            transfers: 0,
            silence: Silence::default(),
            record: Record {
                began_at: Timestamp::now(),
                began: Instant::now(),
                answered: None,
                answered_by: None,
                went_out: false,
                answered_outside: false,
                outside_number: None,
                route: None,
                result: CallResult::Failed,
            },
            trace,
        })
    }

    /// Takes the call to what this number means to the caller.
    pub(super) async fn dial(&mut self, number: &str) -> CallResult {
        let meaning = self.directory.interpret(number, &self.caller);
        self.to(meaning).await
    }

    /// Takes the call to what was dialled. Each way is boxed, so that a call holds what its own way needs and not what
    /// the longest does.
    pub(super) async fn to(&mut self, meaning: Meaning) -> CallResult {
        match meaning {
            Meaning::User(name) | Meaning::Extension(Target::User(name)) => {
                match self.plan_of(&name) {
                    Some(plan) => Box::pin(self.follow(plan)).await,
                    None => announce::unknown_number(self).await,
                }
            }
            Meaning::Extension(Target::CallRoute(route)) => {
                match self.directory.plan(&route).cloned() {
                    Some(plan) => Box::pin(self.follow(plan)).await,
                    None => announce::unknown_number(self).await,
                }
            }
            Meaning::LeaveMessage(user) => self.voicemail(&user).await,
            Meaning::MessageCenter | Meaning::Extension(Target::MessageCenter) => {
                Box::pin(applications::message_center(self, None)).await
            }
            Meaning::MessageCenterOf(user) => {
                Box::pin(applications::message_center(self, Some(user))).await
            }
            Meaning::Extension(Target::Alias(alias)) => {
                Box::pin(applications::leave_message_to_alias(self, &alias)).await
            }
            Meaning::Extension(Target::AutoAttendant(name)) => {
                Box::pin(applications::attendant(self, &name)).await
            }
            Meaning::Unknown => announce::unknown_number(self).await,
            // Help is for those who are here.
            Meaning::Emergency { number } if self.caller.is_internal() => {
                Box::pin(self.call_out(Outward::Help(number.into()))).await
            }
            Meaning::Outside { number } if number.is_empty() => {
                Box::pin(applications::outside_line(self)).await
            }
            Meaning::Outside { number } => Box::pin(self.outside(&number)).await,
            Meaning::Account { digits } => Box::pin(self.on_account(&digits)).await,
            Meaning::Operator
            | Meaning::ConferenceCenter
            | Meaning::Emergency { .. }
            | Meaning::Extension(
                Target::Conference(_)
                | Target::ConferenceCenter
                | Target::Queue(_)
                | Target::Monitor(_),
            ) => announce::not_available(self).await,
        }
    }

    fn plan_of(&mut self, user: &str) -> Option<Arc<Plan>> {
        let presence = self.directory.user(user)?.presence;
        self.directory.route(user, &self.caller, presence).cloned()
    }

    /// Follows a route, and the routes it leads to: each user once, so that a loop ends (spec CR-8).
    async fn follow(&mut self, first: Arc<Plan>) -> CallResult {
        let mut visited: Vec<Arc<str>> = Vec::new();
        let mut plan = first;
        loop {
            if visited.contains(&plan.user) {
                let first = visited
                    .first()
                    .cloned()
                    .unwrap_or_else(|| plan.user.clone());
                return self.voicemail(&first).await;
            }
            visited.push(plan.user.clone());
            self.called = Some(plan.user.clone());
            self.record.route.clone_from(&plan.route);
            let finally = match self.attempts(&plan).await {
                Ok(result) => return result,
                Err(finally) => finally,
            };
            plan = match finally {
                Finally::Voicemail(user) => return self.voicemail(&user).await,
                Finally::Busy => return announce::busy(self).await,
                Finally::Outside(number) => return self.end_outside(&plan.user, &number).await,
                Finally::AutoAttendant(name) => {
                    return Box::pin(applications::attendant(self, &name)).await;
                }
                Finally::Queue(_) => return announce::not_available(self).await,
                Finally::Extension(number) => match self.directory.interpret(&number, &self.caller)
                {
                    Meaning::User(user) => match self.plan_of(&user) {
                        Some(plan) => plan,
                        None => return announce::unknown_number(self).await,
                    },
                    Meaning::LeaveMessage(user) => return self.voicemail(&user).await,
                    other @ (Meaning::Emergency { .. }
                    | Meaning::Extension(_)
                    | Meaning::MessageCenter
                    | Meaning::MessageCenterOf(_)
                    | Meaning::ConferenceCenter
                    | Meaning::Operator
                    | Meaning::Outside { .. }
                    | Meaning::Account { .. }
                    | Meaning::Unknown) => return Box::pin(self.to(other)).await,
                },
            };
        }
    }

    /// Rings a plan's attempts in order; what remains to be done when nobody answered.
    async fn attempts(&mut self, plan: &Plan) -> Result<CallResult, Finally> {
        for attempt in &plan.attempts {
            match self.try_one(attempt).await {
                Ok(result) => return Ok(result),
                Err(Unanswered::NoAnswer) => {}
                Err(Unanswered::Busy) => {
                    let Some(on_busy) = &plan.on_busy else {
                        continue;
                    };
                    for attempt in &on_busy.attempts {
                        if let Ok(result) = self.try_one(attempt).await {
                            return Ok(result);
                        }
                    }
                    return Err(on_busy.finally.clone());
                }
            }
        }
        Err(plan.finally.clone())
    }

    async fn try_one(&mut self, attempt: &Attempt) -> Result<CallResult, Unanswered> {
        match self.ring(attempt).await {
            Rung::Answered { callee, by } => Ok(self.converse(callee, by).await),
            Rung::CallerGone | Rung::Recalled => Ok(CallResult::Cancelled),
            Rung::Unanswered(unanswered) => Err(unanswered),
        }
    }

    /// Lets the two talk until one of them hangs up.
    pub(super) async fn converse(&mut self, mut callee: Box<Party>, by: Answerer) -> CallResult {
        let by = self.answered_by(by);
        let exchange = Rc::clone(&self.exchange);
        let _talk = self.part("talk");
        let connected = Connected::join(&exchange, &mut self.party, &mut callee);
        connected.talk_to_the_end(&mut self.events).await;
        drop(by);
        CallResult::Answered
    }

    /// Notes who has answered.
    pub(super) fn answered_by(&mut self, mut by: Answerer) -> Answerer {
        match &mut by {
            Answerer::Handset(handset) => {
                info!(%handset, "answered");
                self.record.answered_by = Some(Arc::clone(handset));
            }
            Answerer::Outside(leg) => {
                info!("answered outside");
                leg.result = CallResult::Answered;
                self.record.answered_by = Some(Arc::clone(leg.number()));
                self.record.answered_outside = true;
            }
        }
        by
    }

    pub(super) async fn voicemail(&mut self, user: &Arc<str>) -> CallResult {
        self.called = Some(Arc::clone(user));
        Box::pin(applications::leave_message(self, user)).await
    }

    /// Whether an application may send the caller on once more; it is counted.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.transfers += 1;
        self.transfers <= MOST_TRANSFERS
    }

    /// Whether an event of the caller's session means that he is gone; what he asks for while ringing is answered.
    pub(super) fn caller_has_gone(&mut self, event: SessionEvent) -> bool {
        match event {
            SessionEvent::Cancelled { .. }
            | SessionEvent::Ended { .. }
            | SessionEvent::Failed { .. } => true,
            SessionEvent::Request { tx, request } => {
                let response = request.respond(StatusCode::NOT_IMPLEMENTED);
                self.exchange
                    .signalling
                    .with(|endpoint, now| endpoint.respond(tx, response, now));
                false
            }
            SessionEvent::Offer { .. } => {
                let session = self.party.session;
                self.exchange.signalling.with(|endpoint, now| {
                    endpoint.refuse_offer(session, StatusCode::REQUEST_PENDING, now);
                });
                false
            }
            SessionEvent::Confirmed { .. }
            | SessionEvent::Answer { .. }
            | SessionEvent::OfferFailed { .. }
            | SessionEvent::Trying
            | SessionEvent::Progress { .. }
            | SessionEvent::Answered { .. } => false,
        }
    }

    /// The user who calls, if one does.
    pub(super) fn user(&self) -> Option<&UserEntry> {
        self.directory.user(self.caller.user()?)
    }

    /// The caller as called phones see him.
    pub(super) fn identity(&self) -> NameAddr {
        self.from.identity(&self.directory.system().domain)
    }

    /// A part of the call begins, in its trace if it has one.
    pub(super) fn part(&self, name: &'static str) -> Part {
        Part::of(self.trace.as_deref(), name)
    }

    /// The trace of the call, if it has one.
    pub(super) fn trace(&self) -> Option<&Trace> {
        self.trace.as_deref()
    }

    fn close(self) {
        let result = self.record.result.label();
        self.exchange
            .metrics
            .calls_active
            .with_label_values(&["in"])
            .dec();
        self.exchange
            .metrics
            .calls_total
            .with_label_values(&["in", result])
            .inc();
        super::details::keep(&self);
    }
}

/// The user whose number was called.
fn meant<'a>(
    directory: &'a Directory,
    from: &Origin,
    dialled: &str,
    caller: &Caller,
) -> Option<&'a str> {
    let meaning = match from {
        Origin::Phone(_) => directory.interpret(dialled, caller),
        Origin::Trunk(incoming) => {
            let numbers = &directory.system().numbers;
            let target = incoming.line.entry().answers(dialled, numbers);
            incoming::meaning(target, directory, caller)?
        }
    };
    let user = directory.user(meaning.user()?)?;
    Some(&user.name)
}

/// More than anybody needs in one call.
const MOST_TRANSFERS: u32 = 30;
