//! SIP over TLS (RFC 3261 section 26.3.2): handshakes bounded in time and number, and a certificate that may be renewed.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sip::transport::Protocol;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, error, info};

use super::Signalling;
use super::stream::{self, StreamListener};

/// Where a certificate and its key are (PEM).
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate, with its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// A certificate, read again when its files change. Without one that can be used, phones go on by UDP and TCP.
pub struct Certificate {
    files: CertificateFiles,
    /// What the files held when they could last be read.
    read: Option<(Vec<u8>, Vec<u8>)>,
    config: watch::Sender<Option<Arc<ServerConfig>>>,
    /// Why the files can't be used.
    trouble: watch::Sender<Option<String>>,
}

/// A certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is no such file, as long as a Secret has not come to the Pod.
    #[error("there is no {}", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file is no PEM with what it should hold.
    #[error("{}: {error}; it must be PEM", path.display())]
    NotPem {
        /// Which.
        path: PathBuf,
        /// Why.
        error: rustls::pki_types::pem::Error,
    },
    /// The two do not go together, or are not to be used so.
    #[error("{} with {}: {error}", files.certificate.display(), files.key.display())]
    Unusable {
        /// Which.
        files: CertificateFiles,
        /// Why.
        error: rustls::Error,
    },
}

impl Certificate {
    /// Reads the certificate and its key. Where they can't be used, says so; they may come later.
    pub fn read(files: CertificateFiles) -> Self {
        let mut certificate = Self {
            files,
            read: None,
            config: watch::Sender::new(None),
            trouble: watch::Sender::new(None),
        };
        certificate.renew();
        certificate
    }

    /// What new connections are to be secured with, as it changes; none while there is nothing.
    pub fn acceptor(&self) -> watch::Receiver<Option<Arc<ServerConfig>>> {
        self.config.subscribe()
    }

    /// Why the files can't be used, as it changes; none while they can.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.subscribe()
    }

    /// Looks after the files for ever. Mounted Secrets change by a link that is swapped, so that contents are compared.
    pub async fn follow(mut self) {
        let mut ticks = interval(LOOKED_AFTER);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.renew();
        }
    }

    /// Takes a changed certificate; while the files can't be used, the old one stays.
    fn renew(&mut self) {
        let read = match self.files.read() {
            Ok(read) if self.read.as_ref() == Some(&read) => return,
            Ok(read) => read,
            Err(error) => {
                self.read = None;
                self.doubt(&error);
                return;
            }
        };
        match self.files.config(&read) {
            Ok(config) => {
                let before = self.config.send_replace(Some(Arc::new(config)));
                let trouble = self.trouble.send_replace(None);
                if before.is_some() || trouble.is_some() {
                    info!("the TLS certificate has been renewed: new connections get it");
                }
            }
            Err(error) => self.doubt(&error),
        }
        self.read = Some(read);
    }

    /// Says why the files can't be used, once for each reason.
    fn doubt(&self, error: &CertificateError) {
        let outcome = if self.config.borrow().is_some() {
            "the old one stays in use"
        } else {
            "until it can, phones connect by UDP and TCP only"
        };
        let trouble = Some(format!(
            "the TLS certificate can't be used: {error}; {outcome}"
        ));
        self.trouble.send_if_modified(|told| {
            let is_news = *told != trouble;
            if is_news {
                error!("{}", trouble.as_deref().unwrap_or_default());
                *told = trouble;
            }
            is_news
        });
    }
}

impl CertificateFiles {
    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), CertificateError> {
        let read = |path: &PathBuf| {
            let path = path.clone();
            fs::read(&path).map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    CertificateError::Missing { path }
                } else {
                    CertificateError::Io { path, error }
                }
            })
        };
        Ok((read(&self.certificate)?, read(&self.key)?))
    }

    fn config(
        &self,
        (certificate, key): &(Vec<u8>, Vec<u8>),
    ) -> Result<ServerConfig, CertificateError> {
        let not_pem = |path: &PathBuf| {
            let path = path.clone();
            |error| CertificateError::NotPem { path, error }
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, _>>()
            .map_err(not_pem(&self.certificate))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(not_pem(&self.key))?;
        let unusable = |error| CertificateError::Unusable {
            files: self.clone(),
            error,
        };
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)
    }
}

impl StreamListener {
    /// Accepts TLS connections for ever, each under the certificate that is in use then.
    pub async fn accept_tls(
        self,
        signalling: Rc<Signalling>,
        config: watch::Receiver<Option<Arc<ServerConfig>>>,
    ) {
        let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
        loop {
            // A place first: whoever comes meanwhile waits in the system's queue.
            let Ok(place) = Arc::clone(&handshakes).acquire_owned().await else {
                return; // it is never closed
            };
            let (tcp, remote) = self.next().await;
            let Some(config) = config.borrow().clone() else {
                // Closed at once, so that the phone tries another transport without waiting.
                debug!("a TLS connection was closed: there is no certificate");
                continue;
            };
            let Some(flow) = stream::flow(&signalling, Protocol::Tls, &tcp, remote) else {
                continue;
            };
            let acceptor = TlsAcceptor::from(config);
            let signalling = Rc::clone(&signalling);
            spawn_local(async move {
                let done = timeout(HANDSHAKE_LIMIT, acceptor.accept(tcp)).await;
                drop(place);
                match done {
                    Ok(Ok(stream)) => stream::serve(signalling, flow, stream).await,
                    Ok(Err(error)) => debug!(%error, "a TLS handshake has failed"),
                    Err(_) => debug!("a TLS handshake took too long"),
                }
            });
        }
    }
}

const LOOKED_AFTER: Duration = Duration::from_secs(2);
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
const MAX_HANDSHAKES: usize = 256;
