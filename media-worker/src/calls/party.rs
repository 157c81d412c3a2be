//! One side of a call: its SIP session and its media.

use std::rc::Rc;

use sip::endpoint::SessionId;
use sip::syntax::{Headers, Reason, StatusCode};

use super::EventSender;
use super::negotiation::Negotiation;
use crate::signalling::Signalling;

/// One side of a call. Dropping it frees its media; its session is ended by [`Party::end`] or [`Party::reject`].
pub(super) struct Party {
    /// Its session.
    pub session: SessionId,
    /// Its media.
    pub media: Negotiation,
    signalling: Rc<Signalling>,
}

impl Party {
    /// The far side of `session`, whose events go to `listener` from now on.
    pub(super) fn new(
        signalling: &Rc<Signalling>,
        session: SessionId,
        media: Negotiation,
        listener: &EventSender,
    ) -> Self {
        signalling.listen(session, listener);
        Self {
            session,
            media,
            signalling: Rc::clone(signalling),
        }
    }

    /// Ends the session, whatever state it is in.
    pub(super) fn end(&self, reason: Option<Reason>) {
        self.signalling.forget(self.session);
        self.signalling
            .with(|endpoint, now| endpoint.end(self.session, reason, now));
    }

    /// Refuses the session, which has not been answered.
    pub(super) fn reject(&self, status: StatusCode, headers: Headers) {
        self.signalling.forget(self.session);
        self.signalling
            .with(|endpoint, now| endpoint.reject(self.session, status, headers, now));
    }
}
