//! The edge: every new request and call comes here, its sender is made to prove who he is, and it goes on to the right home.
//!
//! The edge keeps nothing about anybody, so any worker can be one.

mod md5_only;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crds::Directory;
use crds::directory::{Account, Meaning, Target, UserEntry};
use sip::digest::{Authority, Denial, Ha1, Ha1s, Outcome};
use sip::endpoint::{Event, ServerTx};
use sip::syntax::{HeaderName, Headers, Method, Request, Response, StatusCode};
use sip::transport::Flow;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

use crate::calls::{self, Arrival, Exchange, Life, Origin, retry_soon};
use crate::homes::{Home, may_watch};
use crate::metrics::{CallResult, Direction};
use md5_only::Md5Only;

/// Where requests arrive.
pub struct Edge {
    exchange: Rc<Exchange>,
    authority: RefCell<Authority>,
    md5_only: RefCell<Md5Only>,
}

impl Edge {
    /// An edge whose challenges are made by `authority`.
    pub fn new(exchange: Rc<Exchange>, authority: Authority) -> Rc<Self> {
        Rc::new(Self {
            exchange,
            authority: RefCell::new(authority),
            md5_only: RefCell::default(),
        })
    }

    /// Serves requests until the endpoint has gone.
    pub async fn serve(self: Rc<Self>, mut requests: mpsc::UnboundedReceiver<Event>) {
        while let Some(event) = requests.recv().await {
            match event {
                Event::Request { tx, request, flow } => self.request(tx, request, flow),
                Event::Invite {
                    session,
                    request,
                    flow,
                } => match self.origin(&request, &flow) {
                    Ok(from) => self.call(Arrival {
                        session,
                        request,
                        flow,
                        from,
                    }),
                    Err(refusal) => self.exchange.signalling.with(|endpoint, now| {
                        endpoint.dismiss(session, refusal.status, refusal.headers, now);
                    }),
                },
                // Those of calls and of our own requests find their way by themselves.
                Event::Session { .. } | Event::Response { .. } => {}
            }
        }
    }

    fn call(&self, arrival: Arrival) {
        let taken = match self.exchange.life() {
            Life::Serving => true,
            Life::Draining => self.is_emergency(&arrival),
            Life::Stopping => false,
        };
        if taken {
            calls::take(Rc::clone(&self.exchange), arrival);
            return;
        }
        self.exchange
            .metrics
            .calls_total
            .with_label_values(&[Direction::In.label(), CallResult::Refused.label()])
            .inc();
        self.exchange.signalling.with(|endpoint, now| {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            endpoint.reject(arrival.session, status, retry_soon(), now);
        });
    }

    /// Whether a call is one for help, which is never refused.
    fn is_emergency(&self, arrival: &Arrival) -> bool {
        let directory = self.exchange.directory();
        let Origin::Phone(account) = &arrival.from else {
            return false;
        };
        let dialled = arrival.request.uri.user();
        let caller = directory.caller_of(account);
        dialled.is_some_and(|dialled| {
            matches!(
                directory.interpret(&dialled, &caller),
                Meaning::Emergency { .. }
            )
        })
    }

    fn request(self: &Rc<Self>, tx: ServerTx, request: Request, flow: Flow) {
        match request.method {
            Method::Register => self.register(tx, request, flow),
            Method::Subscribe => self.subscribe(tx, request, flow),
            Method::Options => self.respond(tx, request.respond(StatusCode::OK)),
            Method::Invite
            | Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Info
            | Method::Prack
            | Method::Update
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => self.respond(tx, request.respond(StatusCode::NOT_IMPLEMENTED)),
        }
    }

    fn register(self: &Rc<Self>, tx: ServerTx, request: Request, flow: Flow) {
        let account = match self.identify(&request, &flow) {
            Ok(account) => account,
            Err(refusal) => return self.dismiss(tx, refusal.to(&request)),
        };
        let whose = request.headers.to().ok().flatten();
        let user = whose.as_ref().and_then(|to| to.uri.user());
        // RFC 3261 section 10.3 step 3: whoever he is, he may register only for himself.
        if user.as_deref() != Some(&*account.username) {
            return self.respond(tx, request.respond(StatusCode::FORBIDDEN));
        }
        let home = self.exchange.homes.of(&account);
        let edge = Rc::clone(self);
        spawn_local(async move {
            let fallback = request.respond(StatusCode::SERVICE_UNAVAILABLE);
            let response = home
                .register(Arc::clone(&account.handset), request, flow)
                .await;
            edge.respond(tx, response.unwrap_or(fallback));
        });
    }

    fn subscribe(self: &Rc<Self>, tx: ServerTx, request: Request, flow: Flow) {
        let account = match self.identify(&request, &flow) {
            Ok(account) => account,
            Err(refusal) => return self.dismiss(tx, refusal.to(&request)),
        };
        let event = request.headers.event().ok().flatten();
        if event.is_none_or(|event| event.package != "message-summary") {
            let mut response = request.respond(StatusCode::BAD_EVENT);
            response
                .headers
                .push(HeaderName::AllowEvents, "message-summary");
            return self.respond(tx, response);
        }
        let Some(home) = self.watched(&account, &request) else {
            return self.respond(tx, request.respond(StatusCode::NOT_FOUND));
        };
        let edge = Rc::clone(self);
        spawn_local(async move {
            let fallback = request.respond(StatusCode::SERVICE_UNAVAILABLE);
            let response = home
                .subscribe(Arc::clone(&account.handset), request, flow)
                .await;
            edge.respond(tx, response.unwrap_or(fallback));
        });
    }

    /// The home whose message lamp the request is for, where the phone may watch it (spec MB-3). Refresh requests come to
    /// our Contact, which names nobody: the home is then that of the phone's own user.
    fn watched(&self, account: &Account, request: &Request) -> Option<Home> {
        let directory = self.exchange.directory();
        let named = request
            .headers
            .to()
            .ok()
            .flatten()?
            .uri
            .user()
            .map(std::borrow::Cow::into_owned);
        let own = account.user.clone().or_else(|| account.owner.clone());
        let user = match named.as_deref() {
            None => directory.user(own.as_deref()?)?,
            Some(name) => named_user(&directory, account, name)?,
        };
        may_watch(account, user).then(|| self.exchange.homes.of_user(&user.name))
    }

    /// Where a call comes from: a trunk, which is known by where it is or by what only it knows, or a phone.
    fn origin(&self, request: &Request, flow: &Flow) -> Result<Origin, Refusal> {
        let directory = self.exchange.directory();
        if let Some(incoming) = self.exchange.trunks.recognise(request, flow, &directory) {
            return Ok(Origin::Trunk(incoming));
        }
        self.identify(request, flow).map(Origin::Phone)
    }

    /// Who sends the request, proven by digest; otherwise what to answer. Unknown users and wrong passwords get the same answer.
    fn identify(&self, request: &Request, flow: &Flow) -> Result<Arc<Account>, Refusal> {
        let directory = self.exchange.directory();
        let now = Instant::now();
        let mut authority = self.authority.borrow_mut();
        let outcome = authority.verify(request, |username| hashes(&directory, username), now);
        let stale = match outcome {
            Outcome::Ok { username } => {
                self.md5_only
                    .borrow_mut()
                    .answered(flow.remote.ip(), request);
                return directory
                    .account(&username)
                    .cloned()
                    .ok_or_else(|| Refusal::plain(StatusCode::FORBIDDEN));
            }
            Outcome::Challenge { stale } => stale,
            Outcome::Denied(denial) => {
                let reason = match denial {
                    Denial::Credentials => "credentials",
                    Denial::Uri => "uri",
                    Denial::Malformed => "malformed",
                };
                self.exchange
                    .metrics
                    .auth_failures_total
                    .with_label_values(&[reason])
                    .inc();
                false
            }
        };
        let mut headers = Headers::default();
        // The strongest first.
        let mut challenges = authority.challenge(now, stale);
        if self
            .md5_only
            .borrow_mut()
            .challenged(flow.remote.ip(), request, now)
        {
            challenges.drain(..challenges.len().saturating_sub(1));
        }
        for challenge in challenges {
            headers.push(HeaderName::WwwAuthenticate, challenge);
        }
        Err(Refusal {
            status: StatusCode::UNAUTHORIZED,
            headers,
        })
    }

    /// Answers one who has not proven who he is: a stranger's request holds no memory.
    fn dismiss(&self, tx: ServerTx, response: Response) {
        self.exchange
            .signalling
            .with(|endpoint, _| endpoint.dismiss_request(tx, response));
    }

    fn respond(&self, tx: ServerTx, response: Response) {
        self.exchange
            .signalling
            .with(|endpoint, now| endpoint.respond(tx, response, now));
    }
}

/// What a request is answered with that is not served.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    headers: Headers,
}

impl Refusal {
    fn plain(status: StatusCode) -> Self {
        Self {
            status,
            headers: Headers::default(),
        }
    }

    fn to(self, request: &Request) -> Response {
        let mut response = request.respond(self.status);
        response.headers.extend(self.headers);
        response
    }
}

fn hashes(directory: &Directory, username: &str) -> Option<Ha1s> {
    let known = directory.account(username)?.ha1?;
    Some(
        Ha1s::default()
            .with(Ha1::md5(known.md5))
            .with(Ha1::sha256(known.sha256)),
    )
}

/// The user that a phone means by its own username, a user's name or an extension.
fn named_user<'a>(
    directory: &'a Directory,
    account: &Account,
    name: &str,
) -> Option<&'a UserEntry> {
    if *account.username == *name {
        return directory.user(account.user.as_deref().or(account.owner.as_deref())?);
    }
    if let Some(user) = directory.user(name) {
        return Some(user);
    }
    let meaning = directory.interpret(name, &directory.caller_of(account));
    let user: Arc<str> = match meaning {
        Meaning::User(user) | Meaning::MessageCenterOf(user) => user,
        Meaning::MessageCenter | Meaning::Extension(Target::MessageCenter) => {
            account.user.clone().or_else(|| account.owner.clone())?
        }
        Meaning::Emergency { .. }
        | Meaning::Extension(_)
        | Meaning::LeaveMessage(_)
        | Meaning::ConferenceCenter
        | Meaning::Operator
        | Meaning::Outside { .. }
        | Meaning::Account { .. }
        | Meaning::Unknown => return None,
    };
    directory.user(&user)
}
