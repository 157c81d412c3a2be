//! The end of a session after its application has gone (RFC 3261 15).

use super::exchange::Unacknowledged;
use super::{Context, SessionTimer, State};
use crate::dialog::Dialog;
use crate::endpoint::ids::{ClientTx, ServerTx};
use crate::endpoint::layer::Passed;
use crate::syntax::{Method, Reason, Request, StatusCode};

/// What is still to be done.
pub(super) enum Leaving {
    /// BYE has to wait for the ACK of our 2xx, or for its time-out (RFC 3261 15).
    Unacknowledged {
        /// The dialog.
        dialog: Dialog,
        /// Our 2xx.
        waiting: Unacknowledged,
        /// For the BYE.
        reason: Option<Reason>,
    },
    /// Our BYE is under way; the far side's may cross it.
    Bye {
        /// The dialog.
        dialog: Dialog,
        /// The BYE.
        tx: ClientTx,
    },
}

impl Leaving {
    pub(super) fn unacknowledged(
        dialog: Dialog,
        waiting: Unacknowledged,
        reason: Option<Reason>,
    ) -> Self {
        Self::Unacknowledged {
            dialog,
            waiting,
            reason,
        }
    }

    /// Sends BYE.
    pub(super) fn bye(cx: &mut Context<'_>, mut dialog: Dialog, reason: Option<Reason>) -> Self {
        let tx = cx.bye(&mut dialog, reason);
        Self::Bye { dialog, tx }
    }

    pub(super) fn dialog(&self) -> &Dialog {
        match self {
            Self::Unacknowledged { dialog, .. } | Self::Bye { dialog, .. } => dialog,
        }
    }

    pub(super) fn on_response(mut self: Box<Self>, cx: &mut Context<'_>, passed: &Passed) -> State {
        match &mut *self {
            Self::Bye { tx, dialog } if *tx == passed.tx => {
                if passed.response.status.is_provisional() {
                    return State::Leaving(self);
                }
                if !dialog.challenged(&passed.response) {
                    return State::Over;
                }
                *tx = cx.bye(dialog, None);
                State::Leaving(self)
            }
            Self::Bye { .. } | Self::Unacknowledged { .. } => {
                cx.layer.receive_unwanted(passed, cx.now);
                State::Leaving(self)
            }
        }
    }

    pub(super) fn on_gone(self: Box<Self>, gone: ClientTx) -> State {
        match &*self {
            Self::Bye { tx, .. } if *tx == gone => State::Over,
            Self::Bye { .. } | Self::Unacknowledged { .. } => State::Leaving(self),
        }
    }

    pub(super) fn on_request(
        self: Box<Self>,
        cx: &mut Context<'_>,
        tx: ServerTx,
        request: &Request,
    ) -> State {
        if request.method != Method::Bye {
            cx.refuse(tx, request, StatusCode::CALL_DOES_NOT_EXIST);
            return State::Leaving(self);
        }
        cx.refuse(tx, request, StatusCode::OK);
        match *self {
            // Their BYE does what ours would have done.
            Self::Unacknowledged { .. } => {
                Unacknowledged::disarm(cx);
                State::Over
            }
            Self::Bye { .. } => State::Leaving(self),
        }
    }

    pub(super) fn on_ack(self: Box<Self>, cx: &mut Context<'_>, request: &Request) -> State {
        let seq = request
            .headers
            .cseq()
            .ok()
            .flatten()
            .map_or(0, |cseq| cseq.seq);
        match *self {
            Self::Unacknowledged {
                dialog,
                waiting,
                reason,
            } if waiting.seq() == seq => {
                Unacknowledged::disarm(cx);
                State::Leaving(Box::new(Self::bye(cx, dialog, reason)))
            }
            other @ (Self::Unacknowledged { .. } | Self::Bye { .. }) => {
                State::Leaving(Box::new(other))
            }
        }
    }

    pub(super) fn on_timer(self: Box<Self>, cx: &mut Context<'_>, timer: SessionTimer) -> State {
        match (*self, timer) {
            (
                Self::Unacknowledged {
                    dialog,
                    mut waiting,
                    reason,
                },
                SessionTimer::Retransmit,
            ) => {
                waiting.retransmit(cx);
                State::Leaving(Box::new(Self::Unacknowledged {
                    dialog,
                    waiting,
                    reason,
                }))
            }
            // RFC 3261 13.3.1.4: confirmed but never acknowledged: BYE.
            (Self::Unacknowledged { dialog, reason, .. }, SessionTimer::AckWait) => {
                Unacknowledged::disarm(cx);
                State::Leaving(Box::new(Self::bye(cx, dialog, reason)))
            }
            (
                other @ (Self::Unacknowledged { .. } | Self::Bye { .. }),
                SessionTimer::Retransmit
                | SessionTimer::AckWait
                | SessionTimer::Reliable
                | SessionTimer::PrackWait
                | SessionTimer::Remind
                | SessionTimer::Unanswered
                | SessionTimer::Glare
                | SessionTimer::Refresh
                | SessionTimer::Expire,
            ) => State::Leaving(Box::new(other)),
        }
    }
}
