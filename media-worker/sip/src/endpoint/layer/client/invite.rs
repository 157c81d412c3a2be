//! What an INVITE of ours needs beyond its transaction: ACKs, and where nobody wants it any more its CANCEL, or a BYE to who answers.

use std::time::Instant;

use bytes::Bytes;

use super::{COOKIE, ClientUse, Machine, NOBODY, Passed};
use crate::dialog::Dialog;
use crate::endpoint::ids::ClientTx;
use crate::endpoint::layer::{Due, Layer};
use crate::syntax::{HeaderName, Method, Reason, Request, Response};
use crate::transaction::InviteClient;
use crate::transaction::timers::TRANSACTION;
use crate::transport::Flow;

/// How far the CANCEL of an INVITE is that nobody wants any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Withdrawal {
    /// None is to be sent.
    None,
    /// It must wait for a provisional response (RFC 3261 9.1).
    Due(Option<Reason>),
    /// It came too late: this dialog is ended by BYE.
    HangingUp(Box<Dialog>),
}

impl Layer {
    /// Sends the ACK of a 2xx and keeps it for the 2xx's retransmissions.
    pub(crate) fn acknowledge(
        &mut self,
        invite: ClientTx,
        mut ack: Request,
        remote_tag: &str,
        flow: Flow,
    ) {
        let branch = format!("{COOKIE}{:x}.{:016x}", self.next_number(), self.random());
        let via = self.via(&flow, &branch);
        ack.headers.push_front(HeaderName::Via, via);
        if let Some(record) = self.clients.get(&invite) {
            ack.headers.extend(record.credentials.clone());
        }
        self.counters.request_out(&Method::Ack);
        let bytes = ack.to_bytes();
        if let Some(record) = self.clients.get_mut(&invite)
            && record.acks.len() < MOST_ACKS
        {
            record.acks.push((remote_tag.into(), bytes.clone()));
        }
        self.transmit(flow, bytes);
    }

    /// A 2xx that was acknowledged before is acknowledged again (RFC 3261 13.2.2.4).
    pub(super) fn acknowledge_again(&mut self, tx: ClientTx, response: &Response) -> bool {
        let Some(record) = self
            .clients
            .get(&tx)
            .filter(|record| !record.acks.is_empty())
        else {
            return false;
        };
        let tag = remote_tag(response);
        let known = record.acks.iter().find(|(known, _)| **known == *tag);
        let Some((flow, ack)) = known.map(|(_, ack)| (record.flow, ack.clone())) else {
            return false;
        };
        self.transmit(flow, ack);
        true
    }

    /// Nobody wants the INVITE any more; unless it has been answered, it is cancelled as soon as may be (RFC 3261 9.1).
    pub(crate) fn withdraw(&mut self, tx: ClientTx, reason: Option<Reason>, now: Instant) {
        let Some(record) = self.clients.get_mut(&tx) else {
            return;
        };
        match &record.machine {
            Machine::Invite(InviteClient::Calling { .. }) => {
                record.usage = ClientUse::Nobody(Withdrawal::Due(reason));
            }
            Machine::Invite(InviteClient::Proceeding) => {
                record.usage = ClientUse::Nobody(Withdrawal::None);
                self.cancel(tx, reason, now);
            }
            Machine::Invite(
                InviteClient::Accepted | InviteClient::Completed { .. } | InviteClient::Terminated,
            )
            | Machine::Other(_) => record.usage = ClientUse::Nobody(Withdrawal::None),
        }
    }

    /// The session is over, its INVITE (or other request) may find its own end.
    pub(crate) fn orphan(&mut self, tx: ClientTx) {
        if let Some(record) = self.clients.get_mut(&tx) {
            record.usage = ClientUse::Nobody(Withdrawal::None);
        }
    }

    fn cancel(&mut self, invite_tx: ClientTx, reason: Option<Reason>, now: Instant) {
        let Some(record) = self.clients.get(&invite_tx) else {
            return;
        };
        let Some(invite) = record.invite.as_deref() else {
            return;
        };
        let mut cancel = same_hop(invite, Method::Cancel);
        cancel.headers.copy_first(&invite.headers, &HeaderName::To);
        if let Some(reason) = reason {
            cancel.headers.push(HeaderName::Reason, reason.to_string());
        }
        let (branch, flow) = (record.branch.clone(), record.flow);
        let tx = ClientTx(self.next_number());
        self.cancels.insert(invite_tx, tx);
        self.start(tx, branch, cancel, flow, NOBODY, now);
        self.deadlines
            .arm(Due::Forget(invite_tx), now + TRANSACTION);
    }

    /// A response that no session wants: a CANCEL that had to wait is sent, a 2xx to INVITE is acknowledged and ended, and a BYE
    /// that ends one is sent again, signed, where that is asked for.
    pub(crate) fn receive_unwanted(&mut self, passed: &Passed, now: Instant) {
        let Some(record) = self.clients.get_mut(&passed.tx) else {
            return;
        };
        let response = &passed.response;
        if response.status.is_provisional() {
            if let ClientUse::Nobody(Withdrawal::Due(reason)) = &mut record.usage {
                let reason = reason.take();
                record.usage = NOBODY;
                self.cancel(passed.tx, reason, now);
            }
        } else if record.method == Method::Invite && response.status.is_success() {
            self.deadlines.disarm(Due::Forget(passed.tx));
            self.hang_up(passed.tx, response, now);
        } else if let ClientUse::Nobody(Withdrawal::HangingUp(dialog)) = &record.usage
            && dialog.challenged(response)
        {
            let dialog = dialog.clone();
            self.say_goodbye(dialog, now);
        }
    }

    /// ACK and BYE for a 2xx that came too late or from one fork too many (RFC 3261 13.2.2.4).
    fn hang_up(&mut self, invite: ClientTx, response: &Response, now: Instant) {
        let Some(record) = self.clients.get(&invite) else {
            return;
        };
        let (flow, signer) = (record.flow, record.signer.clone());
        let Some(target) = response.headers.to().ok().flatten().map(|to| to.uri) else {
            return;
        };
        let Ok(mut dialog) = Dialog::uac(response, &target, flow) else {
            return;
        };
        let ack = dialog.ack(dialog.local_seq());
        self.acknowledge(invite, ack, dialog.remote_tag(), flow);
        dialog.sign_with(signer);
        self.say_goodbye(Box::new(dialog), now);
    }

    fn say_goodbye(&mut self, mut dialog: Box<Dialog>, now: Instant) {
        let (bye, flow) = (dialog.request(Method::Bye), dialog.flow());
        let usage = ClientUse::Nobody(Withdrawal::HangingUp(dialog));
        self.send(bye, flow, usage, now);
    }
}

/// The To tag of a response.
pub(crate) fn remote_tag(response: &Response) -> Box<str> {
    let to = response.headers.to().ok().flatten();
    to.and_then(|to| to.tag().map(Into::into))
        .unwrap_or_default()
}

/// The ACK for a final response other than 2xx (RFC 3261 17.1.1.3).
pub(super) fn failure_ack(invite: &Request, response: &Response) -> Bytes {
    let mut ack = same_hop(invite, Method::Ack);
    ack.headers.copy_first(&response.headers, &HeaderName::To);
    ack.to_bytes()
}

/// A request that goes the way of an INVITE: Request-URI, top Via, Route, From, Call-ID and `CSeq` number are its
/// (RFC 3261 9.1, 17.1.1.3); To is the caller's to add.
fn same_hop(invite: &Request, method: Method) -> Request {
    let seq = invite
        .headers
        .cseq()
        .ok()
        .flatten()
        .map_or(0, |cseq| cseq.seq);
    let cseq = format!("{seq} {method}");
    let mut request = Request::new(method, invite.uri.clone());
    request
        .headers
        .copy_first(&invite.headers, &HeaderName::Via);
    request
        .headers
        .copy_all(&invite.headers, &HeaderName::Route);
    request.headers.push(HeaderName::MaxForwards, "70");
    request
        .headers
        .copy_first(&invite.headers, &HeaderName::From);
    request
        .headers
        .copy_first(&invite.headers, &HeaderName::CallId);
    request.headers.push(HeaderName::CSeq, cseq);
    request
}

/// ACKs kept per INVITE.
const MOST_ACKS: usize = 16;
