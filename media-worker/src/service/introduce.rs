//! What a worker says at its start.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tracing::info;

use super::following::complain;
use super::worker::Worker;
use crate::cli::LogFormat;
use crate::source::setup_sheet;

impl Worker {
    /// Says where everything is; and to people also who can be rung and how, with passwords, which have no place in a log.
    pub(super) fn introduce(&self, log: LogFormat, out: &mut impl Write) -> anyhow::Result<()> {
        let snapshot = Arc::clone(&self.source.snapshots().borrow());
        match log {
            LogFormat::Json => snapshot.complaints.iter().for_each(complain),
            LogFormat::Text => {
                let reached = self.reached_at(self.exchange.signalling.udp_address());
                let sheet = setup_sheet(&snapshot.directory, &snapshot.credentials, &reached);
                writeln!(out, "{sheet}")?;
                for complaint in &snapshot.complaints {
                    writeln!(out, "  {complaint}")?;
                }
            }
        }
        self.introduce_sockets(log, out)
    }

    /// Says where everything is.
    pub(super) fn introduce_sockets(
        &self,
        log: LogFormat,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let sip = self.exchange.signalling.udp_address();
        let media = list(&self.media_ports);
        let state = self.state.display();
        match log {
            LogFormat::Json => {
                let tls = self.tls_address.map(tracing::field::display);
                info!(%sip, tls, media, %state, metrics = %self.shown.address, "serving");
            }
            LogFormat::Text => {
                writeln!(out, "  SIP      {sip} (UDP and TCP)")?;
                if let Some(tls) = self.tls_address {
                    let once = if self.has_certificate {
                        ""
                    } else {
                        ", once there is a certificate that can be used"
                    };
                    writeln!(out, "  SIP      {tls} (TLS){once}")?;
                }
                writeln!(out, "  media    UDP {media}")?;
                writeln!(out, "  state    {state}")?;
                writeln!(out, "  metrics  http://{}/metrics", self.shown.address)?;
                writeln!(out)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// The address to type into a phone: where SIP is bound to every address, the one that leads out of this machine.
    fn reached_at(&self, sip: SocketAddr) -> String {
        let elsewhere = IpAddr::from(DOCUMENTATION_NET);
        let address = self.exchange.signalling.addresses().towards(elsewhere);
        let address = if address.is_unspecified() {
            IpAddr::from([127, 0, 0, 1])
        } else {
            address
        };
        SocketAddr::new(address, sip.port()).to_string()
    }
}

/// `20000-20007`, or the ports one by one where the system chose them.
fn list(ports: &[u16]) -> String {
    match (ports.first(), ports.last()) {
        (Some(first), Some(last)) if usize::from(last - first) + 1 == ports.len() => {
            format!("{first}-{last}")
        }
        _ => ports
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// Nobody's address (RFC 5737): the way to it is the way out.
const DOCUMENTATION_NET: [u8; 4] = [192, 0, 2, 1];
