//! A `media-worker standalone` in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::office::Office;
use crate::{http, root};

/// A running worker; killed when dropped.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    /// Where it answers SIP.
    pub sip: SocketAddr,
    /// Where it answers SIP over TLS, if it does.
    pub tls: Option<SocketAddr>,
    /// Where it serves metrics.
    pub metrics: SocketAddr,
    output: Arc<Mutex<String>>,
    log: PathBuf,
}

impl Worker {
    /// Starts a worker on `office`, on ports the system gives.
    pub fn start(office: &Office) -> Self {
        Self::start_at(office, "127.0.0.1:0")
    }

    /// The same at a given SIP address: for a worker that comes back after a crash.
    pub fn start_at(office: &Office, sip: &str) -> Self {
        Self::spawn(
            &office.manifests(),
            &office.state(),
            sip,
            &office.path("worker.log"),
        )
    }

    /// The same with everything in the log that can be.
    pub fn start_talkative(office: &Office) -> Self {
        let mut command = Self::standalone(&office.manifests(), &office.state(), "127.0.0.1:0");
        command.env("RUST_LOG", "trace");
        Self::launch(&mut command, &office.path("worker.log"))
    }

    /// Starts the demo company.
    pub fn demo(office: &Office) -> Self {
        Self::demo_at(office, "127.0.0.1:0")
    }

    /// The demo company at a given SIP address.
    pub fn demo_at(office: &Office, sip: &str) -> Self {
        Self::spawn(
            &root().join("crds/examples/office"),
            &office.state(),
            sip,
            &office.path("worker.log"),
        )
    }

    /// Starts a worker that also answers TLS, with the certificate and key in these files.
    pub fn start_with_tls(office: &Office, certificate: &Path, key: &Path) -> Self {
        let mut command = Self::standalone(&office.manifests(), &office.state(), "127.0.0.1:0");
        command
            .args(["--sip-tls", "127.0.0.1:0"])
            .arg("--tls-cert")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key);
        Self::launch(&mut command, &office.path("worker.log"))
    }

    /// Starts a worker that speaks from this folder.
    pub fn start_with_prompts(office: &Office, prompts: &Path) -> Self {
        let mut command = Self::standalone(&office.manifests(), &office.state(), "127.0.0.1:0");
        command
            .env_remove("SWITCHBOARD_PROMPTS")
            .arg("--prompts")
            .arg(prompts);
        Self::launch(&mut command, &office.path("worker.log"))
    }

    /// Starts a worker that trusts the certificates of this file, and no others.
    pub fn start_trusting(office: &Office, certificates: &Path) -> Self {
        let mut command = Self::standalone(&office.manifests(), &office.state(), "127.0.0.1:0");
        command.env("SSL_CERT_FILE", certificates);
        Self::launch(&mut command, &office.path("worker.log"))
    }

    fn spawn(manifests: &Path, state: &Path, sip: &str, log: &Path) -> Self {
        Self::launch(&mut Self::standalone(manifests, state, sip), log)
    }

    fn standalone(manifests: &Path, state: &Path, sip: &str) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("standalone")
            .arg(manifests)
            .arg("--state")
            .arg(state)
            .args(["--sip", sip, "--media", "0-0", "--metrics", "127.0.0.1:0"])
            .env("SWITCHBOARD_PROMPTS", root().join("prompts"))
            .env("RUST_LOG", "info")
            .stdin(Stdio::null());
        command
    }

    /// Starts a worker by any command, and waits until it says where it serves. What it writes to standard error goes to `log`.
    ///
    /// # Panics
    /// When it does not serve in time.
    pub fn launch(command: &mut Command, log: &Path) -> Self {
        let log_file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .expect("the worker's log");
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .expect("media-worker starts");
        let stdout = child.stdout.take().expect("its standard output");
        let output = Arc::new(Mutex::new(String::new()));
        let lines = read_lines(stdout, Arc::clone(&output));
        let (mut sip, mut tls) = (None, None);
        let mut metrics = None;
        while sip.is_none() || metrics.is_none() {
            let Ok(line) = lines.recv_timeout(Duration::from_mins(1)) else {
                let status = child.try_wait();
                let _ = child.kill();
                let _ = child.wait();
                panic!(
                    "the worker did not start ({status:?}); it said:\n{}\n{}",
                    output.lock().unwrap(),
                    std::fs::read_to_string(log).unwrap_or_default()
                );
            };
            let mut words = line.split_whitespace();
            match words.next() {
                Some("SIP") => {
                    let address = words.find_map(|word| word.parse().ok());
                    if line.contains("(TLS)") {
                        tls = address;
                    } else {
                        sip = address;
                    }
                }
                Some("metrics") => {
                    metrics = words.next().and_then(|url| {
                        url.strip_prefix("http://")?
                            .strip_suffix("/metrics")?
                            .parse()
                            .ok()
                    });
                }
                Some(_) | None => {}
            }
        }
        Self {
            child,
            sip: sip.expect("checked"),
            tls,
            metrics: metrics.expect("checked"),
            output,
            log: log.to_path_buf(),
        }
    }

    /// What it has written to its standard output so far.
    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("the worker can be killed");
        self.child.wait().expect("the worker is reaped");
    }

    /// SIGTERM, and waits; its exit code.
    pub fn stop(self) -> Option<i32> {
        self.terminate();
        self.exit_code()
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let done = Command::new("kill")
            .arg(self.child.id().to_string())
            .status()
            .expect("kill runs");
        assert!(done.success());
    }

    /// Waits until it has ended; its exit code.
    pub fn exit_code(mut self) -> Option<i32> {
        crate::wait_for("the worker to stop", Duration::from_mins(1), || {
            self.child.try_wait().expect("the worker's status")
        })
        .code()
    }

    /// The answer to `GET PATH` of its metrics server: status line and body.
    pub fn get(&self, path: &str) -> (String, String) {
        http::get(self.metrics, path)
    }

    /// The value of one metric with its labels as written on the page; 0 when it isn't there.
    pub fn metric(&self, name: &str) -> f64 {
        let (_, page) = self.get("/metrics");
        page.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
            .unwrap_or(0.0)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- the worker said:\n{}\n--- and logged:\n{}",
                self.output(),
                self.log()
            );
        }
    }
}

/// The worker under test: the release build, which `./check` makes first.
pub fn binary() -> PathBuf {
    let path = std::env::var_os("MEDIA_WORKER")
        .map_or_else(|| root().join("target/release/media-worker"), PathBuf::from);
    assert!(
        path.exists(),
        "no {}: run `cargo build --release -p media-worker` (./check does)",
        path.display()
    );
    path
}

/// Runs `media-worker` with these arguments until it ends.
pub fn run(arguments: &[&str]) -> Output {
    run_in(&[], arguments)
}

/// The same with these variables in its environment, as a Pod has them.
pub fn run_in(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    Command::new(binary())
        .args(arguments)
        .envs(environment.iter().copied())
        .env_remove("RUST_LOG")
        .output()
        .expect("media-worker runs")
}

/// What a program has written: its standard output, then its standard error.
pub fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(&[out.as_slice(), err].concat()).into_owned()
}

fn read_lines(from: impl Read + Send + 'static, keep: Arc<Mutex<String>>) -> Receiver<String> {
    let (lines, read) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut kept = keep.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
            drop(kept);
            let _ = lines.send(line);
        }
    });
    read
}
