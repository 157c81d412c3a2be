//! What the operator is told on its command line.
use std::time::Duration;

use clap::{Parser, ValueEnum};
use crds::Period;

use crate::leader::LEASE;

/// Turns the custom resources of some namespaces into running workers.
#[derive(Clone, Debug, Parser)]
#[command(name = "operator", version)]
pub struct Options {
    /// The namespace the operator runs in, where its Lease lies.
    #[arg(long, env = "POD_NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// The namespaces whose objects it reconciles, with commas between. Default: its own.
    #[arg(long, env = "SWITCHBOARD_WATCH_NAMESPACES", value_delimiter = ',')]
    pub watch_namespaces: Vec<String>,
    /// What tells this operator from another of the same namespace: its Pod's name.
    #[arg(long, env = "POD_NAME", default_value = "operator")]
    pub identity: String,
    /// The Lease by which one operator works and others wait. Those that look after other namespaces have another.
    #[arg(long, value_name = "NAME", default_value = LEASE)]
    pub lease: String,
    /// How long the others wait after the leader's last sign of life before one of them leads.
    #[arg(long, default_value = "15s", value_parser = duration)]
    pub lease_duration: Duration,
    /// The image of the workers.
    #[arg(
        long,
        env = "SWITCHBOARD_WORKER_IMAGE",
        default_value = "switchboard/media-worker:latest"
    )]
    pub worker_image: String,
    /// When the node fetches the workers' image.
    #[arg(long, value_enum, default_value_t = PullPolicy::IfNotPresent)]
    pub image_pull_policy: PullPolicy,
    /// A Secret with which the node fetches the workers' image; may be given several times.
    #[arg(long = "image-pull-secret", value_name = "NAME")]
    pub image_pull_secrets: Vec<String>,
    /// How workers' log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub worker_log: LogFormat,
    /// The port at which workers serve their report.
    #[arg(long, default_value_t = 9090)]
    pub report_port: u16,
    /// How long a deletion waits for object storage, or for a worker whose time to end is over, before it is given up and
    /// mailboxes stay.
    #[arg(long, default_value = "10m", value_parser = duration)]
    pub deletion_patience: Duration,
    /// Where `/metrics`, `/healthz` and `/readyz` are served.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9090")]
    pub metrics: std::net::SocketAddr,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

/// When a node fetches an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum PullPolicy {
    /// Each time a Pod starts.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// Never: it is on the node already.
    Never,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Options {
    /// The namespaces to reconcile: those asked for, else the operator's own.
    pub fn namespaces(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .watch_namespaces
            .iter()
            .filter(|name| !name.is_empty())
            .cloned()
            .collect();
        if all.is_empty() {
            all.push(self.namespace.clone());
        }
        all.sort();
        all.dedup();
        all
    }
}

impl LogFormat {
    /// The name as `media-worker --log` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl PullPolicy {
    /// The name as a Pod spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<Period>()
        .map(Period::get)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from([&["operator", "--namespace", "telephony"], arguments].concat())
    }

    #[test]
    fn it_watches_its_own_namespace_unless_told_others() {
        assert_eq!(options(&[]).namespaces(), ["telephony"]);
        let told = options(&["--watch-namespaces", "b,a,b"]);
        assert_eq!(told.namespaces(), ["a", "b"]);
    }
}
