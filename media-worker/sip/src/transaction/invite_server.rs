//! The INVITE server transaction: RFC 3261 17.2.1 with RFC 6026 7.1 (Accepted, timer L).

use std::time::Duration;

use bytes::Bytes;
use smallvec::smallvec;

use super::timers::{T1, T2, T4, TRANSACTION, TRYING};
use super::{Action, Actions, Reliability, Timer};

/// States of RFC 3261 figure 7 as amended by RFC 6026 figure 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteServer {
    /// No final response yet.
    Proceeding {
        /// The last provisional response, for retransmitted INVITEs.
        last: Option<Bytes>,
    },
    /// A final response other than 2xx was sent and awaits its ACK.
    Completed {
        /// The response as sent.
        response: Bytes,
        /// The present value of timer G.
        interval: Duration,
    },
    /// The ACK came; more of them are absorbed until timer I.
    Confirmed,
    /// A 2xx was sent: the transaction user retransmits it; INVITEs are absorbed until timer L.
    Accepted,
    /// Over.
    Terminated,
}

/// What happens to an INVITE server transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteServerEvent {
    /// The INVITE was retransmitted.
    Retransmission,
    /// An ACK for a final response other than 2xx came.
    Ack,
    /// The transaction user sends a 1xx.
    Provisional(Bytes),
    /// The transaction user sends (or retransmits) a 2xx.
    Success(Bytes),
    /// The transaction user sends another final response.
    Failure(Bytes),
    /// A timer fired.
    Fired(Timer),
}

impl InviteServer {
    /// An INVITE came: it is passed on, and 100 Trying is due in 200 ms.
    pub fn start() -> (Self, Actions) {
        (
            Self::Proceeding { last: None },
            smallvec![Action::Arm(Timer::Trying, TRYING), Action::Pass],
        )
    }

    /// The next state and what is to be done.
    pub fn on(self, event: InviteServerEvent, reliability: Reliability) -> (Self, Actions) {
        use InviteServerEvent as Event;
        match (self, event) {
            (Self::Proceeding { last: None }, Event::Fired(Timer::Trying)) => {
                (Self::Proceeding { last: None }, smallvec![Action::Trying])
            }
            // The far side did not hear of us in time: the 100 is due at once.
            (Self::Proceeding { last: None }, Event::Retransmission) => (
                Self::Proceeding { last: None },
                smallvec![Action::Disarm(Timer::Trying), Action::Trying],
            ),
            (Self::Proceeding { last: Some(last) }, Event::Retransmission) => {
                let actions = smallvec![Action::Transmit(last.clone())];
                (Self::Proceeding { last: Some(last) }, actions)
            }
            (Self::Proceeding { .. }, Event::Provisional(response)) => {
                let actions = smallvec![
                    Action::Disarm(Timer::Trying),
                    Action::Transmit(response.clone())
                ];
                (
                    Self::Proceeding {
                        last: Some(response),
                    },
                    actions,
                )
            }
            // RFC 6026 7.1: a 2xx leads to Accepted instead of ending the transaction.
            (Self::Proceeding { .. }, Event::Success(response)) => (
                Self::Accepted,
                smallvec![
                    Action::Disarm(Timer::Trying),
                    Action::Transmit(response),
                    Action::Arm(Timer::L, TRANSACTION)
                ],
            ),
            (Self::Accepted, Event::Success(response)) => {
                (Self::Accepted, smallvec![Action::Transmit(response)])
            }
            (Self::Proceeding { .. }, Event::Failure(response)) => {
                Self::complete(response, reliability)
            }
            (Self::Completed { response, interval }, Event::Retransmission) => {
                let actions = smallvec![Action::Transmit(response.clone())];
                (Self::Completed { response, interval }, actions)
            }
            // 17.2.1: timer G doubles up to T2.
            (Self::Completed { response, interval }, Event::Fired(Timer::G)) => {
                let interval = (interval * 2).min(T2);
                let actions = smallvec![
                    Action::Transmit(response.clone()),
                    Action::Arm(Timer::G, interval)
                ];
                (Self::Completed { response, interval }, actions)
            }
            (Self::Completed { .. }, Event::Ack) => (
                Self::Confirmed,
                smallvec![
                    Action::Disarm(Timer::G),
                    Action::Disarm(Timer::H),
                    Action::Arm(Timer::I, reliability.linger(T4))
                ],
            ),
            (Self::Completed { .. }, Event::Fired(Timer::H)) => (
                Self::Terminated,
                smallvec![Action::Disarm(Timer::G), Action::GiveUp],
            ),
            (Self::Accepted, Event::Fired(Timer::L))
            | (Self::Confirmed, Event::Fired(Timer::I)) => (Self::Terminated, Actions::new()),
            (
                state @ (Self::Proceeding { .. }
                | Self::Completed { .. }
                | Self::Confirmed
                | Self::Accepted
                | Self::Terminated),
                Event::Retransmission
                | Event::Ack
                | Event::Provisional(_)
                | Event::Success(_)
                | Event::Failure(_)
                | Event::Fired(_),
            ) => (state, Actions::new()),
        }
    }

    fn complete(response: Bytes, reliability: Reliability) -> (Self, Actions) {
        let mut actions: Actions = smallvec![
            Action::Disarm(Timer::Trying),
            Action::Transmit(response.clone()),
            Action::Arm(Timer::H, TRANSACTION)
        ];
        if reliability == Reliability::Unreliable {
            actions.push(Action::Arm(Timer::G, T1));
        }
        (
            Self::Completed {
                response,
                interval: T1,
            },
            actions,
        )
    }
}
