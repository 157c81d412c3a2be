//! The non-INVITE client transaction: RFC 3261 17.1.2.

use std::time::Duration;

use bytes::Bytes;
use smallvec::smallvec;

use super::timers::{T1, T2, T4, TRANSACTION};
use super::{Action, Actions, Reliability, Timer};

/// States of RFC 3261 figure 6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// The request was sent; nothing came back.
    Trying {
        /// The request as sent.
        request: Bytes,
        /// The present value of timer E.
        interval: Duration,
    },
    /// A provisional response came.
    Proceeding {
        /// The request as sent.
        request: Bytes,
    },
    /// A final response came; its retransmissions are absorbed until timer K.
    Completed,
    /// Over.
    Terminated,
}

/// What happens to a non-INVITE client transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientEvent {
    /// A 1xx came.
    Provisional,
    /// A final response came.
    Final,
    /// A timer fired.
    Fired(Timer),
}

impl Client {
    /// Sends the request.
    pub fn start(request: Bytes, reliability: Reliability) -> (Self, Actions) {
        let mut actions: Actions = smallvec![
            Action::Transmit(request.clone()),
            Action::Arm(Timer::F, TRANSACTION)
        ];
        if reliability == Reliability::Unreliable {
            actions.push(Action::Arm(Timer::E, T1));
        }
        (
            Self::Trying {
                request,
                interval: T1,
            },
            actions,
        )
    }

    /// The next state and what is to be done.
    pub fn on(self, event: ClientEvent, reliability: Reliability) -> (Self, Actions) {
        use ClientEvent as Event;
        match (self, event) {
            // 17.1.2.2: timer E doubles up to T2 while trying, and is T2 once proceeding.
            (Self::Trying { request, interval }, Event::Fired(Timer::E)) => {
                let interval = (interval * 2).min(T2);
                let actions = smallvec![
                    Action::Transmit(request.clone()),
                    Action::Arm(Timer::E, interval)
                ];
                (Self::Trying { request, interval }, actions)
            }
            (Self::Proceeding { request }, Event::Fired(Timer::E)) => {
                let actions =
                    smallvec![Action::Transmit(request.clone()), Action::Arm(Timer::E, T2)];
                (Self::Proceeding { request }, actions)
            }
            (Self::Trying { .. } | Self::Proceeding { .. }, Event::Fired(Timer::F)) => (
                Self::Terminated,
                smallvec![Action::Disarm(Timer::E), Action::GiveUp],
            ),
            (Self::Trying { request, .. } | Self::Proceeding { request }, Event::Provisional) => {
                let mut actions: Actions = smallvec![Action::Pass];
                if reliability == Reliability::Unreliable {
                    actions.push(Action::Arm(Timer::E, T2));
                }
                (Self::Proceeding { request }, actions)
            }
            (Self::Trying { .. } | Self::Proceeding { .. }, Event::Final) => (
                Self::Completed,
                smallvec![
                    Action::Disarm(Timer::E),
                    Action::Disarm(Timer::F),
                    Action::Arm(Timer::K, reliability.linger(T4)),
                    Action::Pass
                ],
            ),
            (Self::Completed, Event::Fired(Timer::K)) => (Self::Terminated, Actions::new()),
            (
                state @ (Self::Trying { .. }
                | Self::Proceeding { .. }
                | Self::Completed
                | Self::Terminated),
                Event::Fired(_) | Event::Provisional | Event::Final,
            ) => (state, Actions::new()),
        }
    }
}
