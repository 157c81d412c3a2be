//! SIP over TCP and TLS: one task a connection, framing by Content-Length, dead and slow connections closed.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use sip::syntax::Limits;
use sip::transport::{Deadlines, Flow, Frame, Protocol, StreamFramer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tracing::debug;

use super::Signalling;

/// A listening TCP socket.
#[derive(Debug)]
pub struct StreamListener {
    listener: TcpListener,
}

impl StreamListener {
    /// Binds; port 0 asks the system for a free one.
    ///
    /// # Errors
    /// When the address is in use or not ours.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(address).await?,
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
            let (stream, remote) = self.next().await;
            let Some(flow) = flow(&signalling, Protocol::Tcp, &stream, remote) else {
                continue;
            };
            let signalling = Rc::clone(&signalling);
            spawn_local(async move { serve(signalling, flow, stream).await });
        }
    }

    /// The next connection.
    pub(super) async fn next(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    // Out of descriptors, most likely: give connections time to end.
                    debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// The flow of a connection; none when there are too many.
pub(super) fn flow(
    signalling: &Signalling,
    protocol: Protocol,
    stream: &TcpStream,
    remote: SocketAddr,
) -> Option<Flow> {
    if signalling.streams.borrow().len() >= MAX_CONNECTIONS {
        debug!("too many connections: one more was closed");
        return None;
    }
    let local = stream.local_addr().ok()?;
    // SIP messages are small and someone waits for each.
    let _ = stream.set_nodelay(true);
    Some(Flow {
        protocol,
        local: signalling
            .addresses
            .reached(protocol, local.port(), remote.ip()),
        remote,
        connection: signalling.next_connection(),
    })
}

/// Serves one connection to its end.
pub(super) async fn serve(
    signalling: Rc<Signalling>,
    flow: Flow,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) {
    let outgoing = open(&signalling, flow);
    carry(signalling, flow, stream, outgoing).await;
}

/// Messages may be sent over the flow from now on.
pub(super) fn open(signalling: &Signalling, flow: Flow) -> mpsc::Receiver<Bytes> {
    let (sender, outgoing) = mpsc::channel(QUEUE);
    signalling
        .streams
        .borrow_mut()
        .insert(flow.connection, sender);
    outgoing
}

/// Carries what goes in and out, to the connection's end.
pub(super) async fn carry(
    signalling: Rc<Signalling>,
    flow: Flow,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    outgoing: mpsc::Receiver<Bytes>,
) {
    converse(&signalling, flow, stream, outgoing).await;
    signalling.streams.borrow_mut().remove(&flow.connection);
    signalling.with(|endpoint, now| endpoint.flow_closed(flow, now));
}

/// Reads and writes until either side ends it.
async fn converse(
    signalling: &Signalling,
    flow: Flow,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<Bytes>,
) {
    let (mut read, mut write) = tokio::io::split(stream);
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
                    if put(&mut write, &bytes).await.is_err() {
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
    write: &mut (impl AsyncWrite + Unpin),
) -> Result<(), ()> {
    loop {
        match framer.next_frame() {
            Ok(Some(Frame::Message(bytes))) => {
                signalling.with(|endpoint, now| endpoint.handle_datagram(flow, &bytes, now));
            }
            Ok(Some(Frame::Ping)) => {
                put(write, b"\r\n").await?;
            }
            Ok(Some(Frame::Pong)) => {}
            Ok(None) => return Ok(()),
            Err(error) => {
                debug!(%error, "a connection was closed");
                return Err(());
            }
        }
    }
}

/// Writes all of it, as long as the far side reads.
async fn put(write: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), ()> {
    let written = async {
        write.write_all(bytes).await?;
        write.flush().await
    };
    match tokio::time::timeout(WRITE_LIMIT, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(()),
    }
}

const READ: usize = 4096;
const QUEUE: usize = 64;
const MAX_CONNECTIONS: usize = 10_000;
const WRITE_LIMIT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
