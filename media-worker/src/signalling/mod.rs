//! SIP on real sockets: the endpoint, what it sends, and who hears its events.
//!
//! All of it lives on the main thread. A command borrows the endpoint, and what comes out is sent
//! before the command returns, so a call costs no task switch per message.

mod connect;
mod local_address;
mod stream;
mod tls;
mod udp;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use crate::calls::{CallEvent, EventSender};
use bytes::Bytes;
use sip::endpoint::{ClientTx, Endpoint, Event, Output, RequestError, SessionEvent, SessionId};
use sip::syntax::Response;
use sip::transport::{Flow, Protocol};
use tokio::sync::{Notify, mpsc, oneshot};

pub use connect::Connection;
pub(crate) use local_address::same_family;
pub use local_address::{Advertised, LocalAddresses, SipPorts};
pub use stream::StreamListener;
pub use tls::{Certificate, CertificateError, CertificateFiles};
pub use udp::UdpListener;

/// The answer to a request of ours: a final response, or why there is none.
pub type Answer = Result<Response, RequestError>;

/// SIP on the worker's sockets.
pub struct Signalling {
    endpoint: RefCell<Endpoint>,
    udp: UdpListener,
    streams: RefCell<HashMap<u64, mpsc::Sender<Bytes>>>,
    /// Connections of ours that nobody holds any more, since when.
    left: RefCell<Vec<(Instant, u64)>>,
    connections: Cell<u64>,
    /// Who hears of a session: the call that owns it.
    sessions: RefCell<HashMap<SessionId, EventSender>>,
    answers: RefCell<HashMap<ClientTx, oneshot::Sender<Answer>>>,
    /// New requests and calls, for the edge.
    incoming: mpsc::UnboundedSender<Event>,
    addresses: LocalAddresses,
    dropped: Cell<u64>,
    timer_changed: Notify,
    next_wake: Cell<Option<Instant>>,
}

impl Signalling {
    /// SIP on an open UDP socket; new requests and calls come out of the receiver.
    pub fn new(
        endpoint: Endpoint,
        udp: UdpListener,
        addresses: LocalAddresses,
    ) -> (Rc<Self>, mpsc::UnboundedReceiver<Event>) {
        let (incoming, edge) = mpsc::unbounded_channel();
        let signalling = Rc::new(Self {
            endpoint: RefCell::new(endpoint),
            udp,
            streams: RefCell::default(),
            left: RefCell::default(),
            connections: Cell::new(0),
            sessions: RefCell::default(),
            answers: RefCell::default(),
            incoming,
            addresses,
            dropped: Cell::new(0),
            timer_changed: Notify::new(),
            next_wake: Cell::new(None),
        });
        (signalling, edge)
    }

    /// Runs a command on the endpoint and sends what comes of it.
    pub fn with<T>(&self, command: impl FnOnce(&mut Endpoint, Instant) -> T) -> T {
        let value = command(&mut self.endpoint.borrow_mut(), Instant::now());
        self.flush();
        value
    }

    /// From now on the events of `session` go to `listener`.
    pub fn listen(&self, session: SessionId, listener: &EventSender) {
        self.sessions.borrow_mut().insert(session, listener.clone());
    }

    /// Nobody hears of `session` any more.
    pub fn forget(&self, session: SessionId) {
        self.sessions.borrow_mut().remove(&session);
    }

    /// The answer to a request just sent.
    pub fn answer_to(&self, tx: ClientTx) -> oneshot::Receiver<Answer> {
        let (sender, receiver) = oneshot::channel();
        self.answers.borrow_mut().insert(tx, sender);
        receiver
    }

    /// Our addresses, as far sides should be told.
    pub fn addresses(&self) -> &LocalAddresses {
        &self.addresses
    }

    /// Where UDP is answered.
    pub fn udp_address(&self) -> SocketAddr {
        self.udp.address()
    }

    /// Datagrams and stream messages that could not be sent.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }

    /// The UDP flow between us and `remote`.
    pub fn udp_flow(&self, remote: SocketAddr) -> Flow {
        Flow {
            protocol: Protocol::Udp,
            local: self
                .addresses
                .reached(Protocol::Udp, self.udp.address().port(), remote.ip()),
            remote,
            connection: 0,
        }
    }

    /// The number of the next connection, never used twice.
    fn next_connection(&self) -> u64 {
        self.connections.set(self.connections.get() + 1);
        self.connections.get()
    }

    /// The same flow under the address that is advertised now.
    pub fn as_advertised(&self, flow: Flow) -> Flow {
        match flow.protocol {
            Protocol::Udp => self.udp_flow(flow.remote),
            Protocol::Tcp | Protocol::Tls => flow,
        }
    }

    /// Receives datagrams for ever.
    ///
    /// # Errors
    /// When the socket fails for good.
    pub async fn receive_udp(self: Rc<Self>) -> std::io::Result<()> {
        loop {
            self.udp
                .receive(|from, datagram| {
                    let flow = self.udp_flow(from);
                    let bytes = Bytes::copy_from_slice(datagram);
                    self.with(|endpoint, now| endpoint.handle_datagram(flow, &bytes, now));
                })
                .await?;
        }
    }

    /// Lets the endpoint's timers run, for ever.
    pub async fn run_timers(self: Rc<Self>) {
        loop {
            let changed = self.timer_changed.notified();
            if let Some(at) = self.next_wake.get() {
                tokio::select! {
                    () = tokio::time::sleep_until(at.into()) => {
                        self.next_wake.set(None);
                        self.with(Endpoint::handle_timeout);
                    }
                    () = changed => {}
                }
            } else {
                changed.await;
            }
        }
    }

    fn flush(&self) {
        loop {
            let output = self.endpoint.borrow_mut().poll_output();
            match output {
                Some(Output::Send { flow, bytes }) => self.send(flow, bytes),
                Some(Output::Close(flow)) => {
                    self.streams.borrow_mut().remove(&flow.connection);
                }
                Some(Output::Event(event)) => self.dispatch(*event),
                None => break,
            }
        }
        let due = self.endpoint.borrow().poll_timeout();
        let sooner = match (due, self.next_wake.get()) {
            (Some(due), Some(planned)) => due < planned,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if sooner {
            self.next_wake.set(due);
            self.timer_changed.notify_one();
        }
    }

    fn send(&self, flow: Flow, bytes: Bytes) {
        let sent = match flow.protocol {
            Protocol::Udp => self.udp.send(flow.remote, &bytes),
            Protocol::Tcp | Protocol::Tls => self
                .streams
                .borrow()
                .get(&flow.connection)
                .is_some_and(|stream| stream.try_send(bytes).is_ok()),
        };
        if !sent {
            self.dropped.set(self.dropped.get() + 1);
        }
    }

    fn dispatch(&self, event: Event) {
        match event {
            Event::Session { session, event } => {
                let last = matches!(
                    event,
                    SessionEvent::Ended { .. }
                        | SessionEvent::Failed { .. }
                        | SessionEvent::Cancelled { .. }
                );
                if let Some(call) = self.sessions.borrow().get(&session) {
                    // A call that has just gone needs no more events.
                    let _ = call.unbounded_send(CallEvent::Session(session, Box::new(event)));
                }
                if last {
                    self.forget(session);
                }
            }
            Event::Response { tx, result } => {
                if let Some(waiting) = self.answers.borrow_mut().remove(&tx) {
                    let _ = waiting.send(result);
                }
            }
            event @ (Event::Request { .. } | Event::Invite { .. }) => {
                // The edge lives as long as the worker; while stopping it may be gone.
                let _ = self.incoming.send(event);
            }
        }
    }
}
