//! Transactions (RFC 3261 17, RFC 6026, RFC 4320): four state machines over bytes and time.
//!
//! A machine's `on` consumes the state with an event and returns the next state and the [`Action`]s to
//! carry out. The machines know no addresses and parse nothing; [`crate::Endpoint`] matches messages to
//! them and carries their actions out.

mod client;
mod invite_client;
mod invite_server;
mod server;
pub mod timers;

use std::time::Duration;

use bytes::Bytes;
use smallvec::SmallVec;

pub use client::{Client, ClientEvent};
pub use invite_client::{InviteClient, InviteClientEvent};
pub use invite_server::{InviteServer, InviteServerEvent};
pub use server::{Server, ServerEvent};
pub use timers::Timer;

/// Whether the transport below delivers by itself (TCP, TLS) or not (UDP).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reliability {
    /// TCP or TLS: nothing is retransmitted.
    Reliable,
    /// UDP: the transaction retransmits.
    Unreliable,
}

impl Reliability {
    /// A wait that exists only to absorb retransmissions: zero over a reliable transport.
    fn linger(self, unreliable: Duration) -> Duration {
        match self {
            Self::Reliable => Duration::ZERO,
            Self::Unreliable => unreliable,
        }
    }
}

/// What a transaction asks of the layer around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes on the transaction's flow.
    Transmit(Bytes),
    /// Start (or restart) a timer.
    Arm(Timer, Duration),
    /// Stop a timer.
    Disarm(Timer),
    /// Hand the message that caused the event to the transaction user.
    Pass,
    /// Tell the transaction user that no answer came (timers B, F, H, L).
    GiveUp,
    /// 200 ms have passed without an answer to an INVITE: a 100 Trying is due (RFC 3261 17.2.1).
    Trying,
}

/// The actions of one event.
pub type Actions = SmallVec<[Action; 4]>;
