//! One trunk as calls see it: where it leads, how it stands, and its free places.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crds::directory::TrunkEntry;
use crds::number::NumberPlan;
use crds::trunk::{Registration, Transport};
use prometheus::IntGauge;
use sip::digest::Account;
use sip::syntax::{Host, NameAddr, Uri};
use sip::transport::{Flow, Protocol};
use tracing::warn;

use super::TrunkContext;
use crate::metrics::Direction;
use crate::signalling::Signalling;
use crate::statuses::Statuses;

/// One trunk.
pub struct Line {
    entry: Arc<TrunkEntry>,
    signalling: Rc<Signalling>,
    statuses: Statuses,
    going_out: IntGauge,
    /// The way there; none while there is none.
    flow: Cell<Option<Flow>>,
    /// Where the far side's name leads.
    addresses: RefCell<Vec<IpAddr>>,
    standing: Cell<Option<Registration>>,
    /// Why it does not stand well.
    why: RefCell<Arc<str>>,
    /// When a call waited in vain for any word of the far side, and none has come since.
    silent_since: Cell<Option<Instant>>,
    calls: Cell<u32>,
    /// Whether another has taken its place: what it knows counts no longer.
    retired: Cell<bool>,
}

impl Line {
    /// A trunk that nothing is known of yet.
    pub(super) fn new(entry: Arc<TrunkEntry>, context: &TrunkContext) -> Rc<Self> {
        let out = Direction::Out.label();
        Rc::new(Self {
            entry,
            signalling: Rc::clone(&context.signalling),
            statuses: context.statuses.clone(),
            going_out: context.metrics.calls_active.with_label_values(&[out]),
            flow: Cell::new(None),
            addresses: RefCell::default(),
            standing: Cell::new(None),
            why: RefCell::new(Arc::from("")),
            silent_since: Cell::new(None),
            calls: Cell::new(0),
            retired: Cell::new(false),
        })
    }

    /// What the directory says of it.
    pub fn entry(&self) -> &Arc<TrunkEntry> {
        &self.entry
    }

    /// The way to the far side, as we are advertised now; none while there is none.
    pub fn flow(&self) -> Option<Flow> {
        let flow = self.flow.get()?;
        Some(self.signalling.as_advertised(flow))
    }

    /// How the far side knows us; none before that is clear.
    pub fn standing(&self) -> Option<Registration> {
        self.standing.get()
    }

    /// Whether a call may go out by it with good hope.
    pub fn stands(&self) -> bool {
        let known = match self.standing.get() {
            Some(Registration::NotNeeded | Registration::Registered) | None => true,
            Some(Registration::Refused | Registration::NoAnswer) => false,
        };
        let silent = self.silent_since.get();
        let silent = silent.is_some_and(|since| since.elapsed() < SILENT_FOR);
        known && !silent && self.flow.get().is_some()
    }

    /// A call has waited in vain for a word of the far side: for a while others go first.
    pub fn was_silent(&self) {
        if self.silent_since.replace(Some(Instant::now())).is_none() {
            let trunk = &*self.entry.name;
            warn!(
                trunk,
                "the far side of a trunk says nothing to calls: others go first for a while"
            );
        }
    }

    /// The far side has said something to a call.
    pub fn was_heard(&self) {
        self.silent_since.set(None);
    }

    /// A call begins on it; none when it carries as many as it may. Calls for help always find a place.
    pub fn begin_call(self: &Rc<Self>, way: Way) -> Option<LinePlace> {
        let limit = match way {
            Way::In | Way::Out => self.entry.max_calls,
            Way::ForHelp => None,
        };
        if limit.is_some_and(|limit| self.calls.get() >= limit) {
            return None;
        }
        self.calls.set(self.calls.get() + 1);
        if way != Way::In {
            self.going_out.inc();
        }
        self.tell();
        Some(LinePlace {
            line: Rc::clone(self),
            way,
        })
    }

    /// Who we are to a far side that asks.
    pub fn account(&self) -> Option<Account> {
        let account = self.entry.account.as_ref()?;
        Some(Account {
            username: Arc::clone(&account.username),
            password: Arc::clone(&account.password),
        })
    }

    /// The address of a user at the far side.
    pub fn uri(&self, user: &str) -> Uri {
        Uri::sip(Some(user), self.host(), self.entry.port)
    }

    /// The address of the far side itself.
    pub(super) fn far_side(&self) -> Uri {
        Uri::sip(None, self.host(), self.entry.port)
    }

    /// Where a number (E.164, or for help as it is) is called.
    pub fn target(&self, user: &str) -> Uri {
        match self.entry.transport {
            Transport::Udp => self.uri(user),
            Transport::Tcp => self.uri(user).with_param("transport", Some("tcp")),
            Transport::Tls => self.uri(user).with_param("transport", Some("tls")),
        }
    }

    /// The number that called persons see, as the far side writes it; none when it chooses.
    pub fn caller_id(&self, numbers: &NumberPlan) -> Option<NameAddr> {
        let number = self.entry.outbound.as_ref()?.caller_id.as_deref()?;
        let user = self.entry.written(number, numbers);
        Some(NameAddr::new(Uri::sip(Some(&user), self.host(), None)))
    }

    /// From of calls that go out.
    pub fn from(&self, numbers: &NumberPlan) -> NameAddr {
        self.caller_id(numbers).unwrap_or_else(|| {
            let account = self.entry.account.as_ref();
            let user = account.map_or(ANONYMOUS, |account| &account.username);
            NameAddr::new(Uri::sip(Some(user), self.host(), None))
        })
    }

    /// Whether the far side sends from this address.
    pub(super) fn sends_from(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.entry.networks.is_empty() {
            return self.addresses.borrow().contains(&address);
        }
        let networks = &self.entry.networks;
        networks.iter().any(|network| network.contains(address))
    }

    /// Where we are to be reached by the far side over this flow.
    pub(super) fn contact(&self, flow: &Flow) -> Uri {
        let user = self.entry.token.as_deref().unwrap_or(&self.entry.name);
        let uri = Uri::of_socket(Some(user), flow.local);
        match flow.protocol {
            Protocol::Udp => uri,
            Protocol::Tcp | Protocol::Tls => {
                uri.with_param("transport", Some(flow.protocol.uri_name()))
            }
        }
    }

    pub(super) fn leads_to(&self, addresses: Vec<IpAddr>) {
        self.addresses.replace(addresses);
    }

    pub(super) fn set_flow(&self, flow: Option<Flow>) {
        self.flow.set(flow);
    }

    /// How the far side knows us now, and if not well, why.
    pub(super) fn set_standing(&self, standing: Registration, why: &str) {
        let before = self.standing.replace(Some(standing));
        let reason = self.why.replace(Arc::from(why));
        if before != Some(standing) || &*reason != why {
            self.tell();
        }
    }

    /// The far side's host.
    pub(super) fn host(&self) -> Host {
        match self.entry.host.parse::<IpAddr>() {
            Ok(address) => Host::Ip(address),
            Err(_) => Host::Name(self.entry.host.as_ref().into()),
        }
    }

    /// Another takes its place, or none does.
    pub(super) fn retire(&self) {
        self.retired.set(true);
    }

    fn tell(&self) {
        if self.retired.get() {
            return;
        }
        if let Some(standing) = self.standing.get() {
            let why = Arc::clone(&self.why.borrow());
            self.statuses
                .trunk(&self.entry.name, standing, why, self.calls.get());
        }
    }
}

/// Which way a call takes a trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the far side.
    In,
    /// To it.
    Out,
    /// To it, for help.
    ForHelp,
}

/// One of the calls that a trunk carries; free again when dropped.
pub struct LinePlace {
    line: Rc<Line>,
    way: Way,
}

impl LinePlace {
    /// The trunk.
    pub fn line(&self) -> &Line {
        &self.line
    }
}

impl Drop for LinePlace {
    fn drop(&mut self) {
        let calls = &self.line.calls;
        calls.set(calls.get().saturating_sub(1));
        if self.way != Way::In {
            self.line.going_out.dec();
        }
        self.line.tell();
    }
}

const ANONYMOUS: &str = "anonymous";
/// For so long a trunk whose far side said nothing is tried only after the others.
const SILENT_FOR: Duration = Duration::from_mins(1);
