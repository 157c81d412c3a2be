//! The non-INVITE server transaction: RFC 3261 17.2.2, RFC 4320.

use bytes::Bytes;
use smallvec::smallvec;

use super::timers::TRANSACTION;
use super::{Action, Actions, Reliability, Timer};

/// States of RFC 3261 figure 8. Proceeding does not occur: RFC 4320 4.1 forbids provisional responses other
/// than 100, and a 100 only helps a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// The request is with the transaction user.
    Trying,
    /// The final response was sent.
    Completed {
        /// The response as sent, for retransmitted requests.
        response: Bytes,
    },
    /// Over.
    Terminated,
}

/// What happens to a non-INVITE server transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// The request was retransmitted.
    Retransmission,
    /// The transaction user sends the final response.
    Final(Bytes),
    /// A timer fired.
    Fired(Timer),
}

impl Server {
    /// A request came: it is passed on.
    pub fn start() -> (Self, Actions) {
        (
            Self::Trying,
            smallvec![Action::Arm(Timer::Unanswered, TRANSACTION), Action::Pass],
        )
    }

    /// The next state and what is to be done.
    pub fn on(self, event: ServerEvent, reliability: Reliability) -> (Self, Actions) {
        use ServerEvent as Event;
        match (self, event) {
            (Self::Trying, Event::Final(response)) => {
                let actions = smallvec![
                    Action::Disarm(Timer::Unanswered),
                    Action::Transmit(response.clone()),
                    Action::Arm(Timer::J, reliability.linger(TRANSACTION))
                ];
                (Self::Completed { response }, actions)
            }
            // RFC 4320 4.2: after 64 × T1 a late answer, even a 408, would only confuse.
            (Self::Trying, Event::Fired(Timer::Unanswered)) => {
                (Self::Terminated, smallvec![Action::GiveUp])
            }
            (Self::Completed { response }, Event::Retransmission) => {
                let actions = smallvec![Action::Transmit(response.clone())];
                (Self::Completed { response }, actions)
            }
            (Self::Completed { .. }, Event::Fired(Timer::J)) => (Self::Terminated, Actions::new()),
            (
                state @ (Self::Trying | Self::Completed { .. } | Self::Terminated),
                Event::Retransmission | Event::Final(_) | Event::Fired(_),
            ) => (state, Actions::new()),
        }
    }
}
