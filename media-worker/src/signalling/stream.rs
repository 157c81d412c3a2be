//! SIP over TCP: one task a connection, framing by Content-Length, dead and slow connections closed.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sip::syntax::Limits;
use sip::transport::{Deadlines, Flow, Frame, Protocol, StreamFramer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tracing::debug;

use super::Signalling;

/// A listening TCP socket.
#[derive(Debug)]
pub struct StreamListener {
    listener: TcpListener,
    next: Cell<u64>,
}

impl StreamListener {
    /// Binds; port 0 asks the system for a free one.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            next: Cell::new(1),
        })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// When the system doesn't say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts connections for ever.
    pub async fn accept(self, signalling: Rc<Signalling>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, remote)) => self.serve(&signalling, stream, remote),
                Err(error) => {
                    // Out of descriptors, most likely: give connections time to end.
                    debug!(%error, "a TCP connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(&self, signalling: &Rc<Signalling>, stream: TcpStream, remote: SocketAddr) {
        if signalling.streams.borrow().len() >= MAX_CONNECTIONS {
            debug!("too many TCP connections: one more was closed");
            return;
        }
        let Ok(local) = stream.local_addr() else {
            return;
        };
        // SIP messages are small and someone waits for each.
        let _ = stream.set_nodelay(true);
        let connection = self.next.get();
        self.next.set(connection + 1);
        let flow = Flow {
            protocol: Protocol::Tcp,
            local: SocketAddr::new(signalling.addresses.towards(remote.ip()), local.port()),
            remote,
            connection,
        };
        let (sender, receiver) = mpsc::channel(QUEUE);
        signalling.streams.borrow_mut().insert(connection, sender);
        let signalling = Rc::clone(signalling);
        spawn_local(async move {
            converse(&signalling, flow, stream, receiver).await;
            signalling.streams.borrow_mut().remove(&connection);
            signalling.with(|endpoint, now| endpoint.flow_closed(flow, now));
        });
    }
}

/// Reads and writes until either side ends it.
async fn converse(
    signalling: &Signalling,
    flow: Flow,
    stream: TcpStream,
    mut outgoing: mpsc::Receiver<Bytes>,
) {
    let (mut read, mut write) = stream.into_split();
    let mut framer = StreamFramer::new(Limits::default(), Deadlines::default(), Instant::now());
    let mut buffer = BytesMut::with_capacity(READ);
    loop {
        buffer.reserve(READ);
        let deadline = tokio::time::sleep_until(framer.poll_timeout().into());
        tokio::select! {
            got = read.read_buf(&mut buffer) => match got {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    framer.push(&buffer.split(), Instant::now());
                    if take_frames(signalling, flow, &mut framer, &mut write).await.is_err() {
                        return;
                    }
                }
            },
            message = outgoing.recv() => match message {
                Some(bytes) => {
                    let written = tokio::time::timeout(WRITE_LIMIT, write.write_all(&bytes)).await;
                    if !matches!(written, Ok(Ok(()))) {
                        return;
                    }
                }
                None => return,
            },
            () = deadline => {
                if framer.missed(Instant::now()).is_some() {
                    return;
                }
            }
        }
    }
}

/// Gives whole messages to the endpoint and answers keepalives (RFC 5626 section 3.5.1).
async fn take_frames(
    signalling: &Signalling,
    flow: Flow,
    framer: &mut StreamFramer,
    write: &mut (impl AsyncWriteExt + Unpin),
) -> Result<(), ()> {
    loop {
        match framer.next_frame() {
            Ok(Some(Frame::Message(bytes))) => {
                signalling.with(|endpoint, now| endpoint.handle_datagram(flow, &bytes, now));
            }
            Ok(Some(Frame::Ping)) => {
                let answered = tokio::time::timeout(WRITE_LIMIT, write.write_all(b"\r\n")).await;
                if !matches!(answered, Ok(Ok(()))) {
                    return Err(());
                }
            }
            Ok(Some(Frame::Pong)) => {}
            Ok(None) => return Ok(()),
            Err(error) => {
                debug!(%error, "a TCP connection was closed");
                return Err(());
            }
        }
    }
}

const READ: usize = 4096;
const QUEUE: usize = 64;
const MAX_CONNECTIONS: usize = 10_000;
const WRITE_LIMIT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
