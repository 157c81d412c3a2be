//! The worker's sockets, bound before anything is promised; what is in use is named with the option that changes it.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;

use crate::cli;
use crate::signalling::{StreamListener, UdpListener};

/// Sockets for SIP and for metrics.
pub(super) struct Sockets {
    pub(super) udp: UdpListener,
    pub(super) tcp: StreamListener,
    pub(super) metrics: TcpListener,
}

impl Sockets {
    pub(super) async fn bind(options: &cli::Standalone) -> anyhow::Result<Self> {
        let (udp, tcp) = sip(options.sip).await?;
        let metrics = TcpListener::bind(options.metrics).await.with_context(|| {
            format!(
                "metrics can't be served on {}: choose another address with --metrics",
                options.metrics
            )
        })?;
        Ok(Self { udp, tcp, metrics })
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
