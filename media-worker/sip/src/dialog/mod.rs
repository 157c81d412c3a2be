//! Dialogs (RFC 3261 12): what two user agents keep so that requests find their way between them.

mod route;

use bytes::Bytes;

use crate::digest::Signer;
use crate::syntax::{Contacts, HeaderName, Headers, Method, NameAddr, Request, Response, Uri};
use crate::transport::Flow;

/// Which side of the INVITE (or SUBSCRIBE) we were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We sent it: the Call-ID is ours.
    Uac,
    /// We received it.
    Uas,
}

/// Why a message cannot create a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADialog {
    /// A header is missing or unreadable.
    #[error("missing or unreadable {0}")]
    Header(&'static str),
}

/// Whether a request of the far side is in order (RFC 3261 12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Higher than all before.
    New,
    /// Not higher: to be answered 500.
    Old,
}

/// A dialog as text, of which a UAS is kept over a restart: all but its flow and what was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDialog {
    /// Call-ID.
    pub call_id: String,
    /// Our From, with our tag.
    pub local: String,
    /// The far side's From, with its tag.
    pub remote: String,
    /// The far side's Contact.
    pub remote_target: String,
    /// The Routes of our requests.
    pub route_set: Vec<String>,
    /// The `CSeq` number of the far side's last request.
    pub remote_seq: Option<u32>,
}

/// A dialog, early or confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    role: Role,
    call_id: Box<str>,
    local: Party,
    remote: Party,
    remote_target: Uri,
    route_set: Box<[Box<str>]>,
    local_seq: u32,
    remote_seq: Option<u32>,
    flow: Flow,
    /// What signs our requests, where the far side has asked for it.
    signer: Option<Signer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Party {
    /// Value of From or To, tag included.
    value: Bytes,
    tag: Option<Box<str>>,
}

impl Dialog {
    /// The UAS's side of the dialog that a request creates (RFC 3261 12.1.1).
    pub fn uas(request: &Request, local_tag: &str, flow: Flow) -> Result<Self, NotADialog> {
        let headers = &request.headers;
        let local = required(headers.to(), "To")?.with_tag(local_tag);
        let seq = required(headers.cseq(), "CSeq")?.seq;
        Ok(Self {
            role: Role::Uas,
            call_id: call_id(headers)?,
            local: Party::of(&local),
            remote: Party::of(&required(headers.from(), "From")?),
            remote_target: target(headers)?,
            route_set: route::recorded(headers).collect(),
            local_seq: 0,
            remote_seq: Some(seq),
            flow,
            signer: None,
        })
    }

    /// The UAC's side of the dialog that a response creates (RFC 3261 12.1.2). A provisional response without
    /// Contact makes a dialog whose target is yet the Request-URI of the INVITE (`fallback`).
    pub fn uac(response: &Response, fallback: &Uri, flow: Flow) -> Result<Self, NotADialog> {
        let headers = &response.headers;
        let remote_target = match target(headers) {
            Ok(uri) => uri,
            Err(_) => fallback.clone(),
        };
        let mut route_set: Box<[Box<str>]> = route::recorded(headers).collect();
        route_set.reverse();
        Ok(Self {
            role: Role::Uac,
            call_id: call_id(headers)?,
            local: Party::of(&required(headers.from(), "From")?),
            remote: Party::of(&required(headers.to(), "To")?),
            remote_target,
            route_set,
            local_seq: required(headers.cseq(), "CSeq")?.seq,
            remote_seq: None,
            flow,
            signer: None,
        })
    }

    /// A UAS's dialog that another process kept; none where the text makes no sense.
    pub fn restored(kept: &KeptDialog, flow: Flow) -> Option<Self> {
        Some(Self {
            role: Role::Uas,
            call_id: kept.call_id.as_str().into(),
            local: Party::of(&NameAddr::parse(&kept.local).ok()?),
            remote: Party::of(&NameAddr::parse(&kept.remote).ok()?),
            remote_target: Uri::parse(&kept.remote_target).ok()?,
            route_set: kept
                .route_set
                .iter()
                .map(|route| route.as_str().into())
                .collect(),
            local_seq: 0,
            remote_seq: kept.remote_seq,
            flow,
            signer: None,
        })
    }

    /// This dialog as text.
    pub fn kept(&self) -> KeptDialog {
        let text = |party: &Party| String::from_utf8_lossy(&party.value).into_owned();
        KeptDialog {
            call_id: self.call_id.to_string(),
            local: text(&self.local),
            remote: text(&self.remote),
            remote_target: self.remote_target.to_string(),
            route_set: self.route_set.iter().map(ToString::to_string).collect(),
            remote_seq: self.remote_seq,
        }
    }

    /// Which side of the first request we were.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Call-ID.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Our tag.
    pub fn local_tag(&self) -> &str {
        self.local.tag.as_deref().unwrap_or_default()
    }

    /// The far side's tag; empty if it is of the days of RFC 2543.
    pub fn remote_tag(&self) -> &str {
        self.remote.tag.as_deref().unwrap_or_default()
    }

    /// Where requests go: the flow the far side last used.
    pub fn flow(&self) -> Flow {
        self.flow
    }

    /// The far side's Contact.
    pub fn remote_target(&self) -> &Uri {
        &self.remote_target
    }

    /// The `CSeq` number of our last request.
    pub fn local_seq(&self) -> u32 {
        self.local_seq
    }

    /// Whether a message with these is of this dialog (RFC 3261 12.2.2).
    pub fn matches(&self, call_id: &str, local_tag: &str, remote_tag: &str) -> bool {
        *self.call_id == *call_id
            && self.local_tag() == local_tag
            && self.remote_tag() == remote_tag
    }

    /// A request within the dialog (RFC 3261 12.2.1.1): everything but Via, Contact and body. CANCEL and ACK
    /// are not made here.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_seq = self.local_seq.saturating_add(1);
        let mut request = self.build(method, self.local_seq);
        if let Some(signer) = &self.signer {
            signer.sign(&mut request);
        }
        request
    }

    /// Requests of ours are signed by this from now on: its challenges have been answered.
    pub(crate) fn sign_with(&mut self, signer: Option<Signer>) {
        if let Some(signer) = &signer {
            signer.accepted();
        }
        self.signer = signer;
    }

    /// Takes in a final response to a request of ours. True: it is a challenge, and the request is to be made again.
    pub(crate) fn challenged(&self, response: &Response) -> bool {
        let Some(signer) = &self.signer else {
            return false;
        };
        if response.status.is_success() {
            signer.accepted();
        }
        signer.challenged(response)
    }

    /// The ACK for a 2xx to the INVITE with this `CSeq` number (RFC 3261 13.2.2.4).
    pub fn ack(&self, seq: u32) -> Request {
        self.build(Method::Ack, seq)
    }

    /// Never uses a `CSeq` number up to this one: an INVITE's early dialogs count on from the INVITE together.
    pub fn skip_seq(&mut self, used: u32) {
        self.local_seq = self.local_seq.max(used);
    }

    /// Takes note of a request of the far side: its `CSeq`, and the flow it used. ACK and CANCEL do not come here.
    pub fn note_request(&mut self, seq: u32, flow: Flow) -> Order {
        if self.remote_seq.is_some_and(|last| seq <= last) {
            return Order::Old;
        }
        self.remote_seq = Some(seq);
        self.flow = flow;
        Order::New
    }

    /// A target refresh (RFC 3261 12.2: re-INVITE, UPDATE, SUBSCRIBE, NOTIFY and their 2xx).
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(uri) = target(headers) {
            self.remote_target = uri;
        }
    }

    fn build(&self, method: Method, seq: u32) -> Request {
        let (uri, routes) = route::request_target(&self.remote_target, &self.route_set);
        let cseq = format!("{seq} {method}");
        let mut request = Request::new(method, uri);
        let headers = &mut request.headers;
        for route in routes {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, self.local.value.clone());
        headers.push(HeaderName::To, self.remote.value.clone());
        headers.push(HeaderName::CallId, self.call_id.to_string());
        headers.push(HeaderName::CSeq, cseq);
        request
    }
}

impl Party {
    fn of(address: &NameAddr) -> Self {
        Self {
            value: address
                .to_string()
                .into_boxed_str()
                .into_boxed_bytes()
                .into(),
            tag: address.tag().map(Into::into),
        }
    }
}

fn required<T, E>(value: Result<Option<T>, E>, name: &'static str) -> Result<T, NotADialog> {
    value.ok().flatten().ok_or(NotADialog::Header(name))
}

fn call_id(headers: &Headers) -> Result<Box<str>, NotADialog> {
    required(headers.call_id(), "Call-ID").map(Into::into)
}

fn target(headers: &Headers) -> Result<Uri, NotADialog> {
    match headers.contacts() {
        Ok(Contacts::List(list)) => list.into_iter().next().map(|contact| contact.uri),
        Ok(Contacts::All) | Err(_) => None,
    }
    .ok_or(NotADialog::Header("Contact"))
}
