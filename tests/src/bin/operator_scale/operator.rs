//! The operator under measurement.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use switchboard_tests::api_server::ApiServer;

/// An operator in a process of its own; stopped when dropped.
pub(crate) struct Operator {
    process: Child,
    pages: String,
}

impl Operator {
    /// Starts one that asks workers for their report at this port.
    pub(crate) fn start(server: &ApiServer, namespace: &str, report_port: u16) -> Self {
        let port = free_port();
        let pages = format!("127.0.0.1:{port}");
        let asked_for = std::env::var_os("RUST_LOG").is_some();
        let logs = if asked_for {
            Stdio::inherit()
        } else {
            Stdio::null()
        };
        let process = Command::new(binary())
            .args([
                "--namespace",
                namespace,
                "--metrics",
                &pages,
                "--report-port",
                &report_port.to_string(),
            ])
            .env("KUBECONFIG", server.kubeconfig())
            .stdout(logs)
            .spawn()
            .expect("the operator starts");
        Self { process, pages }
    }

    /// Returns once every User has been reconciled and nothing is reconciled any more; the time of the last reconcile.
    pub(crate) async fn settle(&self, users: usize) -> Instant {
        self.reconcile_all(users).await;
        let (mut last, mut since) = (self.reconciles().await, Instant::now());
        while since.elapsed() < QUIET {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.reconciles().await;
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        since
    }

    /// Returns once every object of every User has been reconciled.
    pub(crate) async fn reconcile_all(&self, users: usize) {
        let all = ["User", "UserSettings", "Handset", "Extension"];
        loop {
            let counts = self.reconciles().await;
            if all
                .iter()
                .all(|kind| counts.get(*kind).is_some_and(|it| *it >= users))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn reconciles(&self) -> BTreeMap<String, usize> {
        let page = self.page().await.unwrap_or_default();
        let counts = page.lines().filter_map(|line| {
            let rest = line.strip_prefix("switchboard_operator_reconciles_total{kind=\"")?;
            let (kind, count) = rest.split_once("\"} ")?;
            Some((kind.to_owned(), count.parse().ok()?))
        });
        counts.collect()
    }

    async fn page(&self) -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(&self.pages).await.ok()?;
        let request = b"GET /metrics HTTP/1.1\r\nHost: operator\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        Some(page)
    }

    /// A figure of the process, in MiB.
    pub(crate) fn memory(&self, figure: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("the process's status");
        let line = status
            .lines()
            .find(|line| line.starts_with(figure))
            .expect("the figure");
        let kilobytes = line
            .split_whitespace()
            .nth(1)
            .and_then(|it| it.parse::<u64>().ok());
        kilobytes.expect("a number") / 1024
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody listened on a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().unwrap().port()
}

/// Nothing is waited for that comes later than this.
const QUIET: Duration = Duration::from_secs(3);

/// The operator under measurement, which `OPERATOR` names.
fn binary() -> PathBuf {
    let path = std::env::var_os("OPERATOR").expect("OPERATOR names the operator to measure");
    PathBuf::from(path)
}
