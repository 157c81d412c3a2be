//! Calls that go out by a trunk (spec TR-1, DP-1): who may call whom, by which trunk, and what becomes of it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use apps::{Announcement, Called};
use crds::directory::{NotCalled, UserEntry};
use sip::endpoint::Invite;
use sip::sdp::Direction;
use sip::syntax::{HeaderName, Headers, NameAddr, StatusCode};
use tracing::{info, warn};

use super::announce;
use super::attempt::Unanswered;
use super::connected::{Connected, Over, Side};
use super::details::{self, Outgoing};
use super::inbound::Inbound;
use super::negotiation::Negotiation;
use super::party::Party;
use super::recall::Recall;
use super::ring::{Answerer, Branch, Rung};
use crate::metrics::{CallResult, Metrics};
use crate::trunks::{Line, LinePlace, Way};

/// Whom a trunk is to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outward {
    /// This number, as E.164.
    Number(Arc<str>),
    /// An emergency number, as it is.
    Help(Arc<str>),
}

/// A call on a trunk, counted when it is dropped.
pub(super) struct OutsideLeg {
    outward: Outward,
    /// The trunks to try next.
    left: Vec<Rc<Line>>,
    place: LinePlace,
    metrics: Metrics,
    /// How it ended, as far as is known.
    pub(super) result: CallResult,
}

impl Drop for OutsideLeg {
    fn drop(&mut self) {
        self.metrics
            .calls_total
            .with_label_values(&[crate::metrics::Direction::Out.label(), self.result.label()])
            .inc();
    }
}

impl OutsideLeg {
    /// The number that is called.
    pub(super) fn number(&self) -> &Arc<str> {
        self.outward.number()
    }

    /// The trunk that carries it.
    pub(super) fn line(&self) -> &Line {
        self.place.line()
    }

    /// For how long its trunk may say nothing at all; for ever, where no other is left.
    pub(super) fn patience(&self) -> Option<Duration> {
        let outbound = self.line().entry().outbound.as_ref()?;
        (!self.left.is_empty()).then_some(outbound.next_after)
    }
}

impl Outward {
    /// The number, as people know it.
    pub(super) fn number(&self) -> &Arc<str> {
        match self {
            Self::Number(number) | Self::Help(number) => number,
        }
    }

    /// Whether another trunk is tried after one has refused with this status.
    fn goes_on_after(&self, status: u16) -> bool {
        match self {
            Self::Number(_) => is_the_trunks(status),
            // Not every provider knows the numbers for help; only a line that is busy has somebody at it.
            Self::Help(_) => !matches!(status, 486 | 600),
        }
    }
}

impl Inbound {
    /// A user has dialled an outside number.
    pub(super) async fn outside(&mut self, dialled: &str) -> CallResult {
        match self.calling_user().await {
            Ok(user) => self.outside_for(&user, dialled).await,
            Err(refused) => refused,
        }
    }

    /// The same on this user's account.
    pub(super) async fn outside_for(&mut self, user: &UserEntry, dialled: &str) -> CallResult {
        let number = match self.directory.outside_number(dialled, user) {
            Ok(number) => number,
            Err(NotCalled::NoNumber) => return announce::unknown_number(self).await,
            Err(refused @ (NotCalled::NotPermitted | NotCalled::Barred)) => {
                info!(user = %user.name, why = %refused, "an outside call was refused");
                return announce::not_permitted(self).await;
            }
        };
        self.record.outside_number = Some(Arc::clone(&number));
        if !self.may_call_again(user).await {
            return announce::overloaded(self).await;
        }
        self.call_out(Outward::Number(number)).await
    }

    /// Whether a user has an outside call left within this hour.
    pub(super) async fn may_call_again(&self, user: &UserEntry) -> bool {
        let home = self.exchange.homes.of_user(&user.name);
        let may = home.begin_outside_call().await;
        if !may {
            warn!(user = %user.name, "an outside call was refused: there were as many within an hour as limits.outsideCallsPerHour allows");
        }
        may
    }

    /// Digits that begin with a PIN and end with an outside number. Where the PIN ends, only the PIN itself says.
    pub(super) async fn on_account(&mut self, digits: &str) -> CallResult {
        let user = match self.calling_user().await {
            Ok(user) => user,
            Err(refused) => return refused,
        };
        let home = self.exchange.homes.of_user(&user.name);
        // A PIN is kept nowhere, also a wrong one.
        let code = &self.directory.system().dial_plan.account_line;
        self.dialled.clone_from(code);
        match home.account_pin(digits).await {
            Some(length) => {
                let number = digits.get(length..).unwrap_or_default().to_owned();
                self.dialled.clone_from(&number);
                self.outside_for(&user, &number).await
            }
            None => announce::not_permitted(self).await,
        }
    }

    /// The user who calls. A phone that nobody has logged in to has no permissions: its call is refused.
    async fn calling_user(&mut self) -> Result<UserEntry, CallResult> {
        match self.user().cloned() {
            Some(user) => Ok(user),
            None => Err(announce::not_permitted(self).await),
        }
    }

    /// The end of a user's route is outside: connected at once, on his account (spec CR-3, CR-10); where he may not call there, his
    /// voicemail answers.
    pub(super) async fn end_outside(&mut self, user: &Arc<str>, number: &str) -> CallResult {
        match self.followed_outside(user, number).await {
            Some(outward) => Box::pin(self.call_out(outward)).await,
            None => self.voicemail(user).await,
        }
    }

    /// The outside number that a user's calls follow him to, if he may call it (spec CR-2).
    pub(super) async fn followed_outside(&self, user: &str, number: &str) -> Option<Outward> {
        let user = self.directory.user(user)?;
        match self.directory.outside_number(number, user) {
            Ok(number) => {
                let may = self.may_call_again(user).await;
                may.then_some(Outward::Number(number))
            }
            Err(refused) => {
                warn!(user = %user.name, why = %refused, "a route leads to an outside number that its owner may not call");
                None
            }
        }
    }

    /// Connects the caller with somebody outside, or says why not.
    pub(super) async fn call_out(&mut self, outward: Outward) -> CallResult {
        self.record.went_out = true;
        match self.ring_out(&outward).await {
            Rung::Answered { callee, by } => self.converse(callee, by).await,
            Rung::CallerGone | Rung::Recalled => CallResult::Cancelled,
            Rung::Unanswered(unanswered) => self.not_reached(unanswered).await,
        }
    }

    async fn not_reached(&mut self, unanswered: Unanswered) -> CallResult {
        match (unanswered, self.refused_with.map(StatusCode::code)) {
            (Unanswered::Busy, _) => announce::busy(self).await,
            (Unanswered::NoAnswer, Some(404 | 484 | 604)) => announce::unknown_number(self).await,
            (Unanswered::NoAnswer, Some(status)) if !is_the_trunks(status) => {
                announce::no_answer(self).await
            }
            (Unanswered::NoAnswer, Some(_) | None) => announce::not_available(self).await,
        }
    }

    /// Rings somebody outside until he answers, refuses, or his side gives up.
    pub(super) async fn ring_out(&mut self, outward: &Outward) -> Rung {
        self.refused_with = None;
        let branch = self.branch_out(outward);
        self.ring_all(branch.into_iter().collect(), LONGEST).await
    }

    /// A call by the best trunk there is.
    pub(super) fn branch_out(&mut self, outward: &Outward) -> Option<Branch> {
        let trunks = &self.exchange.trunks;
        let lines = match outward {
            Outward::Number(number) => trunks.lines_to(&self.directory, number),
            Outward::Help(_) => trunks.lines_for_help(&self.directory),
        };
        let branch = self.invite_by(outward, lines);
        if branch.is_none() {
            warn!("no trunk can take an outside call");
        }
        branch
    }

    /// The same call by the next trunk, where that may end otherwise.
    pub(super) fn next_trunk(&mut self, answerer: Answerer, status: StatusCode) -> Option<Branch> {
        let Answerer::Outside(mut leg) = answerer else {
            return None;
        };
        self.refused_with = Some(status);
        leg.result = match status.code() {
            486 | 600 => CallResult::Busy,
            404 | 484 | 604 => CallResult::UnknownNumber,
            480 | 487 | 603 => CallResult::NoAnswer,
            _ => CallResult::Failed,
        };
        if !leg.outward.goes_on_after(status.code()) || leg.left.is_empty() {
            return None;
        }
        info!(
            status = status.code(),
            "a trunk has failed: the next is tried"
        );
        let (outward, left) = (leg.outward.clone(), std::mem::take(&mut leg.left));
        drop(leg);
        self.invite_by(&outward, left)
    }

    fn invite_by(&mut self, outward: &Outward, lines: Vec<Rc<Line>>) -> Option<Branch> {
        let way = match outward {
            Outward::Number(_) => Way::Out,
            Outward::Help(_) => Way::ForHelp,
        };
        let mut left = lines.into_iter();
        while let Some(line) = left.next() {
            let Some(place) = line.begin_call(way) else {
                continue;
            };
            let Some(party) = self.invite_line(&line, outward) else {
                continue;
            };
            let leg = OutsideLeg {
                outward: outward.clone(),
                left: left.collect(),
                place,
                metrics: self.exchange.metrics.clone(),
                result: CallResult::Cancelled,
            };
            let part = self.part("ring").with("trunk", &line.entry().name);
            return Some(Branch::new(party, Answerer::Outside(Box::new(leg)), part));
        }
        None
    }

    fn invite_line(&mut self, line: &Line, outward: &Outward) -> Option<Party> {
        let flow = line.flow()?;
        let numbers = &self.directory.system().numbers;
        let user = match outward {
            Outward::Number(number) => line.entry().written(number, numbers),
            Outward::Help(number) => number.to_string(),
        };
        let hops = self.hops_left.checked_sub(1)?;
        let mut headers = Headers::default();
        headers.push(HeaderName::MaxForwards, hops.to_string());
        if let Some(identity) = line.caller_id(numbers) {
            headers.push(HeaderName::PAssertedIdentity, identity.to_string());
        }
        let exchange = Rc::clone(&self.exchange);
        let listener = self.sender.clone();
        let mut media = Negotiation::new(&exchange.media, self.number, flow, &listener);
        let codecs = self.party.media.codecs();
        let offer = media.offer(&codecs, Direction::SendRecv).ok()?;
        let invite = Invite {
            target: line.target(&user),
            flow,
            from: line.from(numbers),
            to: NameAddr::new(line.uri(&user)),
            route: Vec::new(),
            headers,
            offer: Some(offer),
            account: line.account(),
        };
        let session = exchange
            .signalling
            .with(|endpoint, now| endpoint.invite(invite, now));
        info!(trunk = %line.entry().name, "a call goes out");
        Some(Party::new(&exchange.signalling, session, media, &listener))
    }
}

/// The outside line (spec MC-O): the caller stays, whatever becomes of the call.
impl Inbound {
    /// Calls somebody outside for this user and comes back; none when the caller has gone meanwhile. It is kept as a call of its own (MC-O3).
    pub(super) async fn call_and_return(
        &mut self,
        user: &Arc<str>,
        outward: &Outward,
    ) -> Option<Called> {
        let began = Outgoing::begins(user, outward.number());
        self.recall = Recall::Listening;
        let rung = self.ring_out(outward).await;
        self.recall = Recall::Off;
        let (called, outgoing) = match rung {
            Rung::Answered { callee, by } => {
                let answered = began.answered();
                (self.talk_and_return(callee, by).await, answered)
            }
            Rung::CallerGone => (None, began.ended(CallResult::Cancelled)),
            Rung::Recalled => (Some(Called::Recalled), began.ended(CallResult::Cancelled)),
            Rung::Unanswered(unanswered) => {
                let (why, result) = announced(unanswered, self.refused_with);
                (Some(Called::NotReached(why)), began.ended(result))
            }
        };
        details::keep_outgoing(self, &outgoing);
        called
    }

    async fn talk_and_return(&mut self, mut callee: Box<Party>, by: Answerer) -> Option<Called> {
        let mut by = by;
        if let Answerer::Outside(leg) = &mut by {
            leg.result = CallResult::Answered;
        }
        let exchange = Rc::clone(&self.exchange);
        let mut connected = Connected::join(&exchange, &mut self.party, &mut callee);
        let over = connected
            .talk(&mut self.events, &mut Recall::Listening)
            .await;
        drop(by);
        match over {
            Over::Left(Side::Callee, _) => Some(Called::Ended),
            Over::Recalled => {
                callee.end(None);
                Some(Called::Recalled)
            }
            Over::Left(Side::Caller, reason) => {
                callee.end(reason);
                None
            }
            Over::Stopped => None,
        }
    }
}

/// Whether a status tells of the trunk and not of the called person: it refuses us, is silent, or has failed.
fn is_the_trunks(status: u16) -> bool {
    matches!(status, 401 | 403 | 407 | 408 | 500..600)
}

/// What an application says when an outside number was not reached.
fn announced(unanswered: Unanswered, refused: Option<StatusCode>) -> (Announcement, CallResult) {
    match (unanswered, refused.map(StatusCode::code)) {
        (Unanswered::Busy, _) => (Announcement::Busy, CallResult::Busy),
        (Unanswered::NoAnswer, Some(404 | 484 | 604)) => {
            (Announcement::UnknownNumber, CallResult::UnknownNumber)
        }
        (Unanswered::NoAnswer, Some(status)) if !is_the_trunks(status) => {
            (Announcement::NoAnswer, CallResult::NoAnswer)
        }
        (Unanswered::NoAnswer, Some(_) | None) => (Announcement::Unavailable, CallResult::Failed),
    }
}

/// Longer than any network lets a phone ring: it is the far side that gives up.
const LONGEST: Duration = Duration::from_mins(4);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_for_help_goes_on_by_the_next_trunk_unless_it_is_busy() {
        let help = Outward::Help("911".into());
        for status in [401, 403, 404, 408, 480, 484, 487, 488, 503, 603, 604] {
            assert!(help.goes_on_after(status), "{status}");
        }
        for status in [486, 600] {
            assert!(!help.goes_on_after(status), "{status}");
        }
    }

    #[test]
    fn another_call_goes_on_only_where_the_trunk_has_failed() {
        let number = Outward::Number("+15855551234".into());
        for status in [401, 403, 407, 408, 500, 503] {
            assert!(number.goes_on_after(status), "{status}");
        }
        for status in [404, 480, 484, 486, 487, 600, 603, 604] {
            assert!(!number.goes_on_after(status), "{status}");
        }
    }

    #[test]
    fn what_the_trunk_refuses_is_no_answer_of_the_called_person() {
        let told = |status: u16| {
            let status = StatusCode::new(status);
            announced(Unanswered::NoAnswer, status)
        };
        let unavailable = (Announcement::Unavailable, CallResult::Failed);
        for status in [401, 403, 407, 408, 503] {
            assert_eq!(told(status), unavailable, "{status}");
        }
        let unknown = (Announcement::UnknownNumber, CallResult::UnknownNumber);
        assert_eq!(told(404), unknown);
        for status in [480, 487, 603] {
            let silent = (Announcement::NoAnswer, CallResult::NoAnswer);
            assert_eq!(told(status), silent, "{status}");
        }
        assert_eq!(announced(Unanswered::NoAnswer, None), unavailable);
    }
}
