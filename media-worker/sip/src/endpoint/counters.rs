//! Counts of what passed through an endpoint; labels are closed sets.

use crate::syntax::Method;

/// Why a message was refused or dropped inside the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejected {
    /// Not SIP: dropped.
    Unreadable,
    /// SIP with an error that has a reply (400, 413, 414, 416, 420, 501, 505).
    Malformed,
    /// A response that matches no transaction.
    StrayResponse,
    /// An ACK that matches nothing.
    StrayAck,
    /// 405 or 501.
    Method,
    /// 420.
    Extension,
    /// 481.
    NoSuchDialog,
    /// 482: a loop or a merged request.
    Loop,
    /// 483.
    TooManyHops,
    /// 422: session interval too small.
    IntervalTooSmall,
    /// 500: `CSeq` out of order.
    OutOfOrder,
    /// 491 or 500: offers crossed.
    Glare,
    /// 503: too many transactions.
    Transactions,
    /// 503: too many sessions.
    Sessions,
    /// 503: too many bytes from one peer.
    PeerBytes,
}

impl Rejected {
    /// All reasons, in order of their index.
    pub const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::Malformed,
        Self::StrayResponse,
        Self::StrayAck,
        Self::Method,
        Self::Extension,
        Self::NoSuchDialog,
        Self::Loop,
        Self::TooManyHops,
        Self::IntervalTooSmall,
        Self::OutOfOrder,
        Self::Glare,
        Self::Transactions,
        Self::Sessions,
        Self::PeerBytes,
    ];

    /// The label of a metric.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Malformed => "malformed",
            Self::StrayResponse => "stray_response",
            Self::StrayAck => "stray_ack",
            Self::Method => "method",
            Self::Extension => "extension",
            Self::NoSuchDialog => "no_such_dialog",
            Self::Loop => "loop",
            Self::TooManyHops => "too_many_hops",
            Self::IntervalTooSmall => "interval_too_small",
            Self::OutOfOrder => "out_of_order",
            Self::Glare => "glare",
            Self::Transactions => "transactions",
            Self::Sessions => "sessions",
            Self::PeerBytes => "peer_bytes",
        }
    }
}

/// Methods that are counted apart; the rest is "other".
pub const COUNTED_METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "REGISTER",
    "OPTIONS",
    "INFO",
    "PRACK",
    "UPDATE",
    "SUBSCRIBE",
    "NOTIFY",
    "REFER",
    "MESSAGE",
    "PUBLISH",
    "other",
];

/// Counts since they were last drained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests received, by [`COUNTED_METHODS`].
    pub requests_in: [u64; COUNTED_METHODS.len()],
    /// Requests sent, retransmissions not counted, by [`COUNTED_METHODS`].
    pub requests_out: [u64; COUNTED_METHODS.len()],
    /// Responses received, by class: index 0 is 1xx.
    pub responses_in: [u64; 6],
    /// Responses sent, retransmissions not counted, by class: index 0 is 1xx.
    pub responses_out: [u64; 6],
    /// Messages absorbed as retransmissions.
    pub absorbed: u64,
    /// Refused or dropped, by [`Rejected::ALL`].
    pub rejected: [u64; Rejected::ALL.len()],
}

impl Counters {
    /// How often this was the reason.
    pub fn rejected(&self, reason: Rejected) -> u64 {
        self.rejected.get(reason as usize).copied().unwrap_or(0)
    }

    pub(crate) fn reject(&mut self, reason: Rejected) {
        bump(&mut self.rejected, reason as usize);
    }

    pub(crate) fn request_in(&mut self, method: &Method) {
        bump(&mut self.requests_in, index(method));
    }

    pub(crate) fn request_out(&mut self, method: &Method) {
        bump(&mut self.requests_out, index(method));
    }

    pub(crate) fn response_in(&mut self, status: u16) {
        bump(
            &mut self.responses_in,
            usize::from(status / 100).saturating_sub(1),
        );
    }

    pub(crate) fn response_out(&mut self, status: u16) {
        bump(
            &mut self.responses_out,
            usize::from(status / 100).saturating_sub(1),
        );
    }
}

fn bump(counts: &mut [u64], index: usize) {
    if let Some(count) = counts.get_mut(index) {
        *count += 1;
    }
}

fn index(method: &Method) -> usize {
    match method {
        Method::Invite => 0,
        Method::Ack => 1,
        Method::Bye => 2,
        Method::Cancel => 3,
        Method::Register => 4,
        Method::Options => 5,
        Method::Info => 6,
        Method::Prack => 7,
        Method::Update => 8,
        Method::Subscribe => 9,
        Method::Notify => 10,
        Method::Refer => 11,
        Method::Message => 12,
        Method::Publish => 13,
        Method::Other(_) => 14,
    }
}
