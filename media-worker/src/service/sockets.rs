//! The worker's sockets, bound before anything is promised; what is in use is named with the option that changes it.

use std::net::SocketAddr;

use anyhow::{Context, bail};

use crate::signalling::{Certificate, CertificateFiles, StreamListener, UdpListener};

/// Sockets for SIP.
pub(super) struct Sockets {
    pub(super) udp: UdpListener,
    pub(super) tcp: StreamListener,
    pub(super) tls: Option<Tls>,
}

/// A socket for SIP over TLS, and what its connections are secured with.
pub(super) struct Tls {
    pub(super) listener: StreamListener,
    pub(super) certificate: Certificate,
}

/// Where SIP is to be answered.
#[derive(Clone, Debug)]
pub struct SocketPlan {
    /// UDP and TCP.
    pub sip: SocketAddr,
    /// TLS, where there is a certificate.
    pub tls: Option<TlsPlan>,
}

/// SIP over TLS.
#[derive(Clone, Debug)]
pub struct TlsPlan {
    /// Where it is to be answered.
    pub address: SocketAddr,
    /// The certificate and its key.
    pub files: CertificateFiles,
}

impl Sockets {
    pub(super) async fn bind(plan: &SocketPlan) -> anyhow::Result<Self> {
        let (udp, tcp) = sip(plan.sip).await?;
        let tls = match &plan.tls {
            Some(plan) => Some(Tls::bind(plan).await?),
            None => None,
        };
        Ok(Self { udp, tcp, tls })
    }
}

impl Tls {
    async fn bind(plan: &TlsPlan) -> anyhow::Result<Self> {
        let certificate = Certificate::read(plan.files.clone());
        let listener = StreamListener::bind(plan.address).await.with_context(|| {
            let address = plan.address;
            format!("SIP can't be answered on TLS {address}: stop what uses it, or choose another address with --sip-tls")
        })?;
        Ok(Self {
            listener,
            certificate,
        })
    }

    /// Where it is bound.
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.address()
    }

    /// Whether there is a certificate that can be used.
    pub(super) fn has_certificate(&self) -> bool {
        self.certificate.acceptor().borrow().is_some()
    }
}

/// UDP and TCP on one port. A port that the system chose for UDP may be taken for TCP: then another is asked for.
async fn sip(address: SocketAddr) -> anyhow::Result<(UdpListener, StreamListener)> {
    let attempts = if address.port() == 0 {
        FREE_PORT_ATTEMPTS
    } else {
        1
    };
    let mut last = None;
    for _ in 0..attempts {
        let udp = UdpListener::bind(address).with_context(|| in_use(address, "UDP"))?;
        match StreamListener::bind(udp.address()).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) => Err(error).with_context(|| in_use(address, "TCP")),
        None => bail!(in_use(address, "TCP")),
    }
}

fn in_use(address: SocketAddr, protocol: &str) -> String {
    format!(
        "SIP can't be answered on {protocol} {address}: stop what uses it, or choose another address with --sip"
    )
}

const FREE_PORT_ATTEMPTS: usize = 16;
