//! Connections of ours to far sides: trunks over TCP and TLS.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use sip::transport::{Flow, Protocol};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tracing::warn;

use super::{Signalling, stream};

/// A connection of ours.
///
/// Calls may go on over one that is dropped: it is closed a good while later, when another is opened.
pub struct Connection {
    /// The flow over it.
    pub flow: Flow,
    gone: oneshot::Receiver<()>,
    signalling: Rc<Signalling>,
}

impl Connection {
    /// Done when it has gone.
    pub async fn gone(&mut self) {
        let _ = (&mut self.gone).await;
    }

    /// Closes it now: nobody answers there.
    pub fn close(self) {
        self.signalling.close(self.flow.connection);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let left = (Instant::now(), self.flow.connection);
        self.signalling.left.borrow_mut().push(left);
    }
}

impl Signalling {
    /// Connects; with TLS where the name is given that the far side's certificate must be for.
    ///
    /// # Errors
    /// When nobody listens there, or the certificate is not one to trust.
    pub async fn connect(
        self: &Rc<Self>,
        remote: SocketAddr,
        secured: Option<&str>,
    ) -> io::Result<Connection> {
        self.close_what_was_left();
        let tcp = within(TcpStream::connect(remote)).await?;
        let protocol = match secured {
            Some(_) => Protocol::Tls,
            None => Protocol::Tcp,
        };
        let mut flow = stream::flow(self, protocol, &tcp, remote)
            .ok_or_else(|| io::Error::other("too many connections are open"))?;
        if protocol == Protocol::Tcp {
            // New requests of the far side find us where we listen: on the same port as over UDP.
            let port = self.udp.address().port();
            flow.local = self.addresses.reached(protocol, port, remote.ip());
        }
        let (done, gone) = oneshot::channel();
        let signalling = Rc::clone(self);
        if let Some(name) = secured {
            let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
            let connector = TlsConnector::from(config()?);
            let stream = within(connector.connect(name, tcp)).await?;
            let outgoing = stream::open(self, flow);
            spawn_local(async move {
                stream::carry(signalling, flow, stream, outgoing).await;
                let _ = done.send(());
            });
        } else {
            let outgoing = stream::open(self, flow);
            spawn_local(async move {
                stream::carry(signalling, flow, tcp, outgoing).await;
                let _ = done.send(());
            });
        }
        Ok(Connection {
            flow,
            gone,
            signalling: Rc::clone(self),
        })
    }

    fn close(&self, connection: u64) {
        // Its task ends with that, and tells whoever waits for something over it.
        self.streams.borrow_mut().remove(&connection);
    }

    fn close_what_was_left(&self) {
        let mut left = self.left.borrow_mut();
        let old = left.extract_if(.., |(since, _)| since.elapsed() >= LINGERS);
        for (_, connection) in old {
            self.close(connection);
        }
    }

    /// Keeps a flow open that something between us and the far side might close (RFC 5626 section 3.5.1).
    pub fn ping(&self, flow: Flow) {
        self.send(flow, Bytes::from_static(b"\r\n\r\n"));
    }
}

async fn within<T>(attempt: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_LIMIT, attempt)
        .await
        .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
}

/// Whom we trust: the certificate authorities of this machine or image; `SSL_CERT_FILE` names others.
fn config() -> io::Result<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(Arc::clone(config));
    }
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        warn!(%error, "a certificate authority can't be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::clone(CONFIG.get_or_init(|| Arc::new(config))))
}

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// As long as calls that still use it may take.
const LINGERS: Duration = Duration::from_hours(4);
