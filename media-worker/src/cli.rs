//! The commands of `media-worker` and their options.

mod bucket;
mod files;
mod mailbox;
mod run;
mod slot;
mod upload;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::files::{Files, ListFiles, PutFile, RemoveFile};
pub use self::mailbox::{CheckStore, CopyStore, Export, Here, Mailbox, StoreAt};
pub use bucket::{Bucket, S3Service};
pub use run::Run;
pub use slot::Slot;
pub use upload::Upload;

use crate::service::{SocketPlan, TlsPlan};
use crate::signalling::CertificateFiles;

/// Switchboard, an office telephone system: the system itself, and the tools for it.
#[derive(Debug, Parser)]
#[command(name = "media-worker", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How log lines are written to standard output.
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub log: LogFormat,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a whole telephone system from a folder of manifests: no cluster, no S3.
    Standalone(Standalone),
    /// Run in a Pod: the directory from the Kubernetes API, the options from the environment the operator sets.
    Run(Run),
    /// Read the manifests of a folder and say what is wrong with them, one line a problem.
    Check(Check),
    /// Place a real call and say what was heard.
    Probe(Probe),
    /// Carry what a worker left in its spool to object storage, whenever no worker runs: the sidecar of a worker's Pod.
    Upload(Upload),
    /// Look after stored messages: check a whole store, export a mailbox, or copy everything into another store.
    #[command(subcommand)]
    Mailbox(Mailbox),
    /// Look after the company's shared files, such as the greetings of auto attendants.
    #[command(subcommand)]
    Files(Files),
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Options of `standalone`.
#[derive(Debug, Args)]
pub struct Standalone {
    /// The folder of manifests (YAML). It is watched: a change is in force within a second.
    pub manifests: PathBuf,
    /// Where mailboxes, settings and generated passwords are kept.
    #[arg(long, default_value = "./state", value_name = "DIR")]
    pub state: PathBuf,
    /// Where SIP is answered, UDP and TCP alike; port 0 asks the system for a free one.
    #[arg(long, default_value = "0.0.0.0:5060", value_name = "ADDR:PORT", value_parser = address)]
    pub sip: SocketAddr,
    /// Where SIP over TLS is answered.
    #[arg(long, value_name = "ADDR:PORT", value_parser = address, requires_all = ["tls_cert", "tls_key"])]
    pub sip_tls: Option<SocketAddr>,
    /// The certificate and its chain (PEM), read again when it changes.
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// The address that phones are told to send to; without it, the one that routes to each phone.
    #[arg(long, value_name = "IP")]
    pub advertise: Option<IpAddr>,
    /// The UDP ports for media; `0-0` asks the system for eight free ones.
    #[arg(long, default_value = "20000-20007", value_name = "FIRST-LAST", value_parser = media_ports)]
    pub media: RangeInclusive<u16>,
    /// Where `/metrics`, `/healthz` and `/readyz` are served.
    #[arg(long, default_value = "127.0.0.1:9090", value_name = "ADDR:PORT", value_parser = address)]
    pub metrics: SocketAddr,
    /// The folder of prompts; without it, the one beside the program or the working folder.
    #[arg(long, value_name = "DIR", env = "SWITCHBOARD_PROMPTS")]
    pub prompts: Option<PathBuf>,
}

impl Standalone {
    /// Where SIP is to be answered.
    pub fn sockets(&self) -> SocketPlan {
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        SocketPlan {
            sip: self.sip,
            tls: self
                .sip_tls
                .zip(files)
                .map(|(address, (certificate, key))| TlsPlan {
                    address,
                    files: CertificateFiles { certificate, key },
                }),
        }
    }
}

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The folder of manifests.
    pub manifests: PathBuf,
}

/// Options of `probe`.
#[derive(Debug, Args)]
pub struct Probe {
    /// Whom to call: `sip:101@127.0.0.1:5060`.
    pub uri: String,
    /// The handset to call as: its username.
    #[arg(long = "as", value_name = "HANDSET", requires = "password")]
    pub handset: Option<String>,
    /// That handset's SIP password.
    #[arg(long, env = "SWITCHBOARD_PROBE_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Wait for the beep and leave this recording (WAV, or FLAC); without FILE, a short spoken one.
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    pub leave_message: Option<Option<PathBuf>>,
    /// Wait for the beep and leave a tone of this frequency: a message that `--expect tone:HZ` knows again.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u16).range(350..=3000), conflicts_with = "leave_message")]
    pub leave_tone: Option<u16>,
    /// Keys to press once answered, in order; `,` waits a second: `13579#,1`.
    #[arg(long, value_name = "KEYS")]
    pub keys: Option<String>,
    /// Fail unless this is heard: `speech`, or `tone:HZ`. Hang up once it is.
    #[arg(long, value_name = "SOUND", conflicts_with_all = ["leave_message", "leave_tone"])]
    pub expect: Option<String>,
    /// Keys to press when the expected was heard, before hanging up.
    #[arg(long, value_name = "KEYS", requires = "expect")]
    pub afterwards: Option<String>,
    /// Keep what was heard in this WAV file.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// The domain in From and To; without it, the host of the URI.
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Hang up this many seconds after calling, whatever has happened by then.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub seconds: u64,
    /// Call again, each second, while nobody takes the call; for this many seconds.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    pub wait: u64,
}

/// `ADDR:PORT`, of an IPv6 address also without brackets: so it comes from Kubernetes.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || {
        format!(
            "`{text}`: write an IP address and a port, for example 127.0.0.1:5060, or 0.0.0.0:5060 for every address of this machine"
        )
    };
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (ip, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
    Ok(SocketAddr::new(ip, port.parse().map_err(|_| wrong())?))
}

fn media_ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let wrong =
        || format!("`{text}` is no range of ports: write FIRST-LAST, for example 20000-20007");
    let (first, last) = text.split_once('-').ok_or_else(wrong)?;
    let first: u16 = first.trim().parse().map_err(|_| wrong())?;
    let last: u16 = last.trim().parse().map_err(|_| wrong())?;
    if last < first {
        return Err(format!("`{text}`: the last port is below the first"));
    }
    if last - first >= 64 {
        return Err(format!(
            "`{text}`: 64 ports at most; a few carry thousands of calls"
        ));
    }
    Ok(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_begins_with_what_this_is() {
        let help = Cli::command().render_help().to_string();
        assert!(
            help.starts_with("Switchboard, an office telephone system"),
            "{help}"
        );
    }

    #[test]
    fn an_address_is_read_with_or_without_brackets() {
        for (text, read) in [
            ("192.0.2.7:9090", "192.0.2.7:9090"),
            ("[2001:db8::7]:9090", "[2001:db8::7]:9090"),
            ("2001:db8::7:9090", "[2001:db8::7]:9090"),
        ] {
            assert_eq!(address(text), Ok(read.parse().unwrap()));
        }
        for text in ["9090", "localhost:5060", "127.0.0.1"] {
            assert!(address(text).is_err_and(|e| e.contains("0.0.0.0:5060")));
        }
        let wrong = [
            "media-worker",
            "standalone",
            "office",
            "--sip",
            "localhost:5060",
        ];
        let refused = Cli::try_parse_from(wrong).unwrap_err().to_string();
        assert!(
            refused.contains("write an IP address and a port"),
            "{refused}"
        );
    }

    #[test]
    fn a_range_of_media_ports_is_read_or_refused_with_a_remedy() {
        assert_eq!(media_ports("20000-20007"), Ok(20000..=20007));
        assert!(media_ports("20007-20000").is_err_and(|e| e.contains("below")));
        assert!(media_ports("many").is_err_and(|e| e.contains("FIRST-LAST")));
        assert!(media_ports("1-60000").is_err_and(|e| e.contains("64")));
    }
}
