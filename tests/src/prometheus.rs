//! A real Prometheus, which scrapes every second.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::http;

/// A running Prometheus; killed when dropped.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts one on these targets, each with the name of its job. As in a cluster, they have the label `namespace`.
    pub fn start(targets: &[(&str, SocketAddr)]) -> Self {
        let folder = TempDir::new().expect("a folder");
        let configuration = folder.path().join("prometheus.yaml");
        std::fs::write(&configuration, configuration_of(targets)).expect("its configuration");
        let mut child = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus starts: .ci/peers installs it");
        let mut log = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = log
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| listening(&line))
            .expect("it listens");
        // What it logs later must go somewhere.
        std::thread::spawn(move || log.for_each(drop));
        Self {
            child,
            address,
            _folder: folder,
        }
    }

    /// How many series this query gives now.
    ///
    /// # Panics
    /// When Prometheus can't read the query.
    pub fn series(&self, query: &str) -> usize {
        let (_, body) = http::get(
            self.address,
            &format!("/api/v1/query?query={}", encoded(query)),
        );
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        let error = answer["error"].as_str();
        assert!(error.is_none(), "{query}: {error:?}");
        answer["data"]["result"].as_array().map_or(0, Vec::len)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page of metrics that never changes, served until the test's process ends.
pub fn serve_page(page: String) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = BufReader::new(stream.try_clone().expect("a reader")).lines();
            // The head ends with an empty line.
            request.find(|line| line.as_ref().map_or(true, String::is_empty));
            let head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\r\n";
            let _ = std::io::Write::write_all(&mut stream, format!("{head}{page}").as_bytes());
        }
    });
    address
}

fn configuration_of(targets: &[(&str, SocketAddr)]) -> String {
    let mut text = "global: {scrape_interval: 1s}\nscrape_configs:\n".to_owned();
    for (job, address) in targets {
        let _ = writeln!(
            text,
            "- job_name: {job}\n  static_configs: [{{targets: [\"{address}\"], labels: {{namespace: telephony}}}}]"
        );
    }
    text
}

/// `… msg="Listening on" address=127.0.0.1:41927`
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, behind) = line.split_once("msg=\"Listening on\" address=")?;
    behind.split_whitespace().next()?.parse().ok()
}

/// As RFC 3986 section 2.1 has it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}
