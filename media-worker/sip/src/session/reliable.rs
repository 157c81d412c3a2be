//! Reliable provisional responses (RFC 3262), the sending side.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::{Context, SessionTimer};
use crate::endpoint::ids::ServerTx;
use crate::syntax::{HeaderName, RAck, Response, StatusCode};
use crate::transaction::timers::{T1, TRANSACTION};

/// How provisional responses are sent.
pub(super) enum Provisionals {
    /// The far side does not require 100rel: sent once.
    Unreliable,
    /// Reliably; all have been acknowledged.
    Quiet {
        /// The next `RSeq`.
        next: u32,
    },
    /// Reliably; one awaits its PRACK.
    Pending(Pending),
}

/// A reliable provisional response that awaits its PRACK.
pub(super) struct Pending {
    rseq: u32,
    status: StatusCode,
    bytes: Bytes,
    interval: Duration,
    /// Whether it carries a session description: a 2xx then has to wait (RFC 3262 3).
    described: bool,
    queue: VecDeque<Response>,
}

impl Provisionals {
    /// For an INVITE that requires 100rel or not.
    pub(super) fn new(cx: &mut Context<'_>, required: bool) -> Self {
        // RFC 3262 3: the first RSeq is random, in 1..2^31.
        if required {
            Self::Quiet {
                next: (cx.layer.random() as u32 >> 2) + 1,
            }
        } else {
            Self::Unreliable
        }
    }

    /// Sends a provisional response, or queues it behind the one that awaits its PRACK.
    pub(super) fn send(self, cx: &mut Context<'_>, tx: ServerTx, mut response: Response) -> Self {
        match self {
            Self::Unreliable => {
                cx.reply(tx, response);
                Self::Unreliable
            }
            Self::Quiet { next } => {
                response.headers.push(HeaderName::Require, "100rel");
                response.headers.push(HeaderName::RSeq, next.to_string());
                let (status, described) = (response.status, !response.body.is_empty());
                let bytes = cx.reply(tx, response);
                cx.arm(SessionTimer::Reliable, T1);
                cx.arm(SessionTimer::PrackWait, TRANSACTION);
                Self::Pending(Pending {
                    rseq: next,
                    status,
                    bytes,
                    interval: T1,
                    described,
                    queue: VecDeque::new(),
                })
            }
            Self::Pending(mut pending) => {
                if pending.queue.len() < LONGEST_QUEUE {
                    pending.queue.push_back(response);
                }
                Self::Pending(pending)
            }
        }
    }

    /// A PRACK came; `Err`: it acknowledges nothing that waits (481).
    pub(super) fn acknowledged(
        self,
        cx: &mut Context<'_>,
        tx: ServerTx,
        seq: u32,
        rack: &RAck,
    ) -> Result<Self, Self> {
        match self {
            Self::Pending(mut pending) if rack.rseq == pending.rseq && rack.cseq.seq == seq => {
                cx.disarm(SessionTimer::Reliable);
                cx.disarm(SessionTimer::PrackWait);
                let quiet = Self::Quiet {
                    next: pending.rseq + 1,
                };
                let Some(next) = pending.queue.pop_front() else {
                    return Ok(quiet);
                };
                let sent = match quiet.send(cx, tx, next) {
                    Self::Pending(sent) => Self::Pending(Pending {
                        queue: pending.queue,
                        ..sent
                    }),
                    other @ (Self::Unreliable | Self::Quiet { .. }) => other,
                };
                Ok(sent)
            }
            other @ (Self::Unreliable | Self::Quiet { .. } | Self::Pending(_)) => Err(other),
        }
    }

    /// RFC 3262 3: sent again at T1, doubling.
    pub(super) fn retransmit(&mut self, cx: &mut Context<'_>, tx: ServerTx) {
        if let Self::Pending(pending) = self {
            cx.layer
                .reply_bytes(tx, pending.status, pending.bytes.clone(), cx.now);
            pending.interval *= 2;
            cx.arm(SessionTimer::Reliable, pending.interval);
        }
    }

    /// Whether a 2xx has to wait for a PRACK.
    pub(super) fn holds_answer(&self) -> bool {
        match self {
            Self::Unreliable | Self::Quiet { .. } => false,
            Self::Pending(pending) => {
                pending.described || pending.queue.iter().any(|next| !next.body.is_empty())
            }
        }
    }
}

/// Provisional responses kept behind one that awaits its PRACK.
const LONGEST_QUEUE: usize = 8;
