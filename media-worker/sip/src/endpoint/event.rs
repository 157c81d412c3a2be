//! What an endpoint gives: datagrams to send, flows to close, events for the application.

use bytes::Bytes;

use super::ids::{ClientTx, ServerTx, SessionId};
use crate::digest::Account;
use crate::syntax::{Headers, NameAddr, Reason, Request, Response, StatusCode, Uri};
use crate::transport::Flow;

/// One output of [`crate::Endpoint::poll_output`].
#[derive(Debug)]
pub enum Output {
    /// Send these bytes.
    Send {
        /// Where.
        flow: Flow,
        /// One whole message.
        bytes: Bytes,
    },
    /// Close a connection whose far side does not speak SIP.
    Close(Flow),
    /// Something for the application.
    Event(Box<Event>),
}

/// Something for the application.
#[derive(Debug)]
pub enum Event {
    /// A request outside of sessions, to be answered with [`crate::Endpoint::respond`].
    Request {
        /// What to answer.
        tx: ServerTx,
        /// The request, its top Via completed with `received` and `rport`.
        request: Request,
        /// The flow it came over.
        flow: Flow,
    },
    /// A new incoming call.
    Invite {
        /// Its session.
        session: SessionId,
        /// The INVITE.
        request: Request,
        /// The flow it came over.
        flow: Flow,
    },
    /// Something happened in a session.
    Session {
        /// Which.
        session: SessionId,
        /// What.
        event: SessionEvent,
    },
    /// The final response to [`crate::Endpoint::request`] or [`crate::Endpoint::request_within`].
    Response {
        /// Which request.
        tx: ClientTx,
        /// Its answer.
        result: Result<Response, RequestError>,
    },
}

/// Why a request has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Timer B or F: nobody answered (to be treated as 408).
    #[error("no answer came in time")]
    Timeout,
    /// The connection was lost (to be treated as 503).
    #[error("the connection was lost")]
    Transport,
    /// Too many transactions, or no such session.
    #[error("the request could not be sent")]
    Refused,
}

/// Something that happened in a session. After a terminal event ([`SessionEvent::Failed`],
/// [`SessionEvent::Cancelled`], [`SessionEvent::Ended`]) or a call of [`crate::Endpoint::end`] or
/// [`crate::Endpoint::reject`], nothing more is told of it.
#[derive(Debug)]
pub enum SessionEvent {
    /// UAC: a 100. Somebody there has the INVITE.
    Trying,
    /// UAC: a provisional response other than 100.
    Progress {
        /// 180, 183, …
        response: Response,
        /// Its body, if it has one: early media.
        sdp: Option<Bytes>,
        /// Which early dialog: forks have different ones, counted from 0.
        branch: u32,
    },
    /// UAC: a 2xx. The ACK is sent, unless the INVITE carried no offer: then [`crate::Endpoint::ack_with`] sends it.
    Answered {
        /// The 2xx.
        response: Response,
        /// The answer (or the offer, for a delayed offer); of the reliable provisional response if the 2xx has none.
        sdp: Option<Bytes>,
        /// The early dialog that was answered.
        branch: u32,
    },
    /// UAC: a final response other than 2xx, 408 and 503 also for time-out and lost connection.
    Failed {
        /// The response, real or synthesized.
        response: Response,
    },
    /// UAS: the ACK came.
    Confirmed {
        /// Its body: the answer, if our 2xx carried the offer.
        sdp: Option<Bytes>,
    },
    /// UAS: cancelled before it was answered (487 has been sent).
    Cancelled {
        /// Reason header (RFC 3326), such as "Call completed elsewhere".
        reason: Option<Reason>,
    },
    /// The far side wants to change the session: to be answered with [`crate::Endpoint::answer_offer`] or
    /// [`crate::Endpoint::refuse_offer`].
    Offer {
        /// The offer; `None`: a re-INVITE without one, and what we answer is our offer.
        sdp: Option<Bytes>,
    },
    /// The answer to our [`crate::Endpoint::reoffer`], or to the offer we made in answer to an empty re-INVITE.
    Answer {
        /// The answer.
        sdp: Bytes,
    },
    /// Our [`crate::Endpoint::reoffer`] was refused: the session stays as it was.
    OfferFailed {
        /// By what.
        status: StatusCode,
    },
    /// INFO, REFER, NOTIFY, MESSAGE … within the session, to be answered with [`crate::Endpoint::respond`].
    Request {
        /// What to answer.
        tx: ServerTx,
        /// The request.
        request: Request,
    },
    /// The session is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
}

/// Why a session ended that we did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndReason {
    /// The far side sent BYE.
    Bye {
        /// With this Reason (RFC 3326).
        reason: Option<Reason>,
    },
    /// Nobody acknowledged our 2xx (RFC 3261 13.3.1.4).
    AckTimeout,
    /// The session was not refreshed (RFC 4028).
    SessionExpired,
    /// The connection it used was lost.
    FlowLost,
    /// The far side no longer answers, or no longer knows the session (408, 481).
    Timeout,
    /// Nobody answered the incoming call within [`crate::EndpointConfig::unanswered`], or acknowledged a reliable
    /// provisional response.
    Unanswered,
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Request-URI.
    pub target: Uri,
    /// Where it goes.
    pub flow: Flow,
    /// From, without tag.
    pub from: NameAddr,
    /// To, without tag.
    pub to: NameAddr,
    /// Route set, as header values, nearest first.
    pub route: Vec<String>,
    /// Further headers: P-Asserted-Identity, Authorization, … A Call-ID, `CSeq`, Max-Forwards or Contact here is used.
    pub headers: Headers,
    /// The offer; `None`: the far side is to offer.
    pub offer: Option<Bytes>,
    /// Who we are to a far side that asks for credentials (RFC 3261 section 22.2); `None`: a challenge is a refusal.
    pub account: Option<Account>,
}
