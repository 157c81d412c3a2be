//! The INVITE client transaction: RFC 3261 17.1.1 with RFC 6026 7.2 (Accepted, timer M).

use std::time::Duration;

use bytes::Bytes;
use smallvec::smallvec;

use super::timers::{D, T1, TRANSACTION};
use super::{Action, Actions, Reliability, Timer};

/// States of RFC 3261 figure 5 as amended by RFC 6026 figure 7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteClient {
    /// The INVITE was sent; nothing came back.
    Calling {
        /// The INVITE as sent, for retransmission.
        request: Bytes,
        /// The present value of timer A.
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding,
    /// A final response other than 2xx came and was acknowledged.
    Completed {
        /// The ACK, for when the response is retransmitted.
        ack: Bytes,
    },
    /// A 2xx came; others (forks, retransmissions) are passed on until timer M.
    Accepted,
    /// Over.
    Terminated,
}

/// What happens to an INVITE client transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteClientEvent {
    /// A 1xx came.
    Provisional,
    /// A 2xx came.
    Success,
    /// Another final response came.
    Failure {
        /// The ACK for it (RFC 3261 17.1.1.3).
        ack: Bytes,
    },
    /// A timer fired.
    Fired(Timer),
}

impl InviteClient {
    /// Sends the INVITE.
    pub fn start(request: Bytes, reliability: Reliability) -> (Self, Actions) {
        let mut actions: Actions = smallvec![
            Action::Transmit(request.clone()),
            Action::Arm(Timer::B, TRANSACTION)
        ];
        if reliability == Reliability::Unreliable {
            actions.push(Action::Arm(Timer::A, T1));
        }
        (
            Self::Calling {
                request,
                interval: T1,
            },
            actions,
        )
    }

    /// The next state and what is to be done.
    pub fn on(self, event: InviteClientEvent, reliability: Reliability) -> (Self, Actions) {
        use InviteClientEvent as Event;
        match (self, event) {
            // 17.1.1.2: timer A doubles with every retransmission.
            (Self::Calling { request, interval }, Event::Fired(Timer::A)) => {
                let interval = interval * 2;
                let actions = smallvec![
                    Action::Transmit(request.clone()),
                    Action::Arm(Timer::A, interval)
                ];
                (Self::Calling { request, interval }, actions)
            }
            (Self::Calling { .. }, Event::Fired(Timer::B)) => (
                Self::Terminated,
                smallvec![Action::Disarm(Timer::A), Action::GiveUp],
            ),
            (Self::Calling { .. }, Event::Provisional) => (
                Self::Proceeding,
                smallvec![
                    Action::Disarm(Timer::A),
                    Action::Disarm(Timer::B),
                    Action::Pass
                ],
            ),
            (Self::Proceeding, Event::Provisional) => (Self::Proceeding, smallvec![Action::Pass]),
            // RFC 6026 7.2: a 2xx no longer ends the transaction, so that forks and retransmissions find it.
            (Self::Calling { .. } | Self::Proceeding, Event::Success) => (
                Self::Accepted,
                smallvec![
                    Action::Disarm(Timer::A),
                    Action::Disarm(Timer::B),
                    Action::Arm(Timer::M, TRANSACTION),
                    Action::Pass
                ],
            ),
            (Self::Accepted, Event::Success) => (Self::Accepted, smallvec![Action::Pass]),
            (Self::Calling { .. } | Self::Proceeding, Event::Failure { ack }) => {
                Self::complete(ack, reliability)
            }
            // 17.1.1.2: a retransmitted final response is acknowledged again and not passed on.
            (Self::Completed { ack }, Event::Failure { .. }) => {
                let actions = smallvec![Action::Transmit(ack.clone())];
                (Self::Completed { ack }, actions)
            }
            (Self::Accepted, Event::Fired(Timer::M))
            | (Self::Completed { .. }, Event::Fired(Timer::D)) => {
                (Self::Terminated, Actions::new())
            }
            (
                state @ (Self::Calling { .. }
                | Self::Proceeding
                | Self::Completed { .. }
                | Self::Accepted
                | Self::Terminated),
                Event::Fired(_) | Event::Provisional | Event::Success | Event::Failure { .. },
            ) => (state, Actions::new()),
        }
    }

    fn complete(ack: Bytes, reliability: Reliability) -> (Self, Actions) {
        let actions = smallvec![
            Action::Disarm(Timer::A),
            Action::Disarm(Timer::B),
            Action::Transmit(ack.clone()),
            Action::Arm(Timer::D, reliability.linger(D)),
            Action::Pass
        ];
        (Self::Completed { ack }, actions)
    }
}
