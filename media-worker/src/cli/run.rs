//! Options of `media-worker run`. The operator sets them as environment; a person can give them on the command line.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{ArgAction, Args};
use crds::Period;

use super::{Bucket, Slot, address, media_ports};
use crate::service::{SocketPlan, TlsPlan};
use crate::signalling::CertificateFiles;

/// Options of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Which worker this is, and whose objects it watches.
    #[command(flatten)]
    pub slot: Slot,
    /// The UID of this worker's Pod.
    #[arg(
        long,
        env = "SWITCHBOARD_POD_UID",
        value_name = "UID",
        default_value = ""
    )]
    pub pod_uid: String,
    /// The volume for the spool and what else must outlive the process.
    #[arg(
        long,
        env = "SWITCHBOARD_STATE",
        value_name = "DIR",
        default_value = "/var/lib/switchboard"
    )]
    pub state: PathBuf,
    /// Where SIP is answered, UDP and TCP alike.
    #[arg(
        long,
        env = "SWITCHBOARD_SIP",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:5060",
        value_parser = address
    )]
    pub sip: SocketAddr,
    /// Where SIP over TLS is answered.
    #[arg(
        long,
        env = "SWITCHBOARD_SIP_TLS",
        value_name = "ADDR:PORT",
        value_parser = address,
        requires = "tls_dir"
    )]
    pub sip_tls: Option<SocketAddr>,
    /// The folder with `tls.crt` and `tls.key`, read again when they change.
    #[arg(long, env = "SWITCHBOARD_TLS_DIR", value_name = "DIR")]
    pub tls_dir: Option<PathBuf>,
    /// The UDP ports for media; `0-0` asks the system for eight free ones.
    #[arg(long, env = "SWITCHBOARD_MEDIA", default_value = "20000-20007", value_name = "FIRST-LAST", value_parser = media_ports)]
    pub media: RangeInclusive<u16>,
    /// Where `/metrics`, `/healthz`, `/readyz` and `/report` are served.
    #[arg(
        long,
        env = "SWITCHBOARD_METRICS",
        value_name = "ADDR:PORT",
        default_value = "0.0.0.0:9090",
        value_parser = address
    )]
    pub metrics: SocketAddr,
    /// How long to wait for the last calls once told to go: `15m`.
    #[arg(
        long,
        env = "SWITCHBOARD_DRAIN_TIMEOUT",
        value_name = "TIME",
        default_value = "15m"
    )]
    pub drain_timeout: Period,
    /// Whether audio may be sent before the far side has sent; `false` behind a Service.
    #[arg(long, env = "SWITCHBOARD_SEND_FIRST", value_name = "true|false", default_value_t = true, action = ArgAction::Set)]
    pub send_first: bool,
    /// Where messages are kept.
    #[command(flatten)]
    pub bucket: Bucket,
    /// The folder of prompts; without it, the one beside the program or the working folder.
    #[arg(long, value_name = "DIR", env = "SWITCHBOARD_PROMPTS")]
    pub prompts: Option<PathBuf>,
}

impl Run {
    /// Where SIP is to be answered.
    pub fn sockets(&self) -> SocketPlan {
        let tls = self.sip_tls.zip(self.tls_dir.as_ref());
        SocketPlan {
            sip: self.sip,
            tls: tls.map(|(address, folder)| TlsPlan {
                address,
                files: CertificateFiles {
                    certificate: folder.join("tls.crt"),
                    key: folder.join("tls.key"),
                },
            }),
        }
    }
}
