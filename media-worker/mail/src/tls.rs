//! Whom we trust, and a secured connection.

use std::io;
use std::sync::{Arc, LazyLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server::Server;

/// Connects to a server; the first of its addresses that answers.
pub(crate) async fn connect(server: &Server) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Secures a connection to a server, whose certificate must be its own.
pub(crate) async fn secure(server: &Server, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(server.host.clone())
        .map_err(|_| io::Error::other(format!("{:?} is no host name", server.host)))?;
    let config = match &server.authority {
        Some(pem) => Arc::new(trusting(roots(pem)?)?),
        None => SYSTEMS
            .clone()
            .ok_or_else(|| io::Error::other("no TLS of this program can be used"))?,
    };
    TlsConnector::from(config).connect(name, stream).await
}

/// Trusts whom the system trusts; read once.
static SYSTEMS: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    // What cannot be read is not trusted; a server that needs it fails with its own words.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(roots).ok().map(Arc::new)
});

fn trusting(roots: RootCertStore) -> io::Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn roots(pem: &str) -> io::Result<RootCertStore> {
    let wrong = |why: String| io::Error::other(format!("ca.crt beside the login: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}
