//! A real S3 service (versitygw) in a process of its own, over a folder of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mailbox::{S3Credentials, S3Keys, S3Options};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::ports::{at_free_ports, free_port};
use crate::{root, wait_for};

/// A running service; killed when dropped.
#[derive(Debug)]
pub struct S3 {
    folder: tempfile::TempDir,
    address: SocketAddr,
    tls: bool,
    process: Option<Child>,
}

impl S3 {
    /// Starts a service that speaks HTTP, with one bucket, [`BUCKET`].
    pub fn start() -> Self {
        at_free_ports(|| Self::begin(false))
    }

    /// The same with HTTPS, under a certificate that nobody knows; [`S3::certificate`] has it.
    pub fn start_tls() -> Self {
        at_free_ports(|| Self::begin(true))
    }

    fn begin(tls: bool) -> Result<Self, String> {
        let folder = tempfile::tempdir().expect("a folder for the service");
        for part in ["objects", "objects/voicemail", "credentials"] {
            std::fs::create_dir(folder.path().join(part)).expect("a folder of the service");
        }
        let mut service = Self {
            folder,
            address: (Ipv4Addr::LOCALHOST, free_port()).into(),
            tls,
            process: None,
        };
        service.write_credentials(ACCESS_KEY, SECRET_KEY);
        if tls {
            let CertifiedKey { cert, signing_key } =
                generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
            std::fs::write(service.path("tls.crt"), cert.pem()).expect("the certificate");
            std::fs::write(service.path("tls.key"), signing_key.serialize_pem()).expect("its key");
        }
        service.launch()?;
        Ok(service)
    }

    /// Kills it, as a lost node does.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the service can be killed");
            process.wait().expect("the service is reaped");
        }
    }

    /// Starts it at the same address with what it had.
    pub fn start_again(&mut self) {
        self.launch().expect("versitygw starts where it was");
    }

    fn launch(&mut self) -> Result<(), String> {
        let log = std::fs::File::create(self.path("log")).expect("the service's log");
        let mut command = Command::new(binary());
        command
            .args(["--port", &self.address.to_string(), "--quiet"])
            .env("ROOT_ACCESS_KEY", ACCESS_KEY)
            .env("ROOT_SECRET_KEY", SECRET_KEY);
        if self.tls {
            command.arg("--cert").arg(self.path("tls.crt"));
            command.arg("--key").arg(self.path("tls.key"));
        }
        let process = command
            .arg("posix")
            .arg(self.path("objects"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("versitygw starts");
        self.process = Some(process);
        wait_for("versitygw to answer", Duration::from_mins(1), || {
            let process = self.process.as_mut().expect("it was started");
            if let Some(status) = process.try_wait().expect("its status") {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                let log = log.unwrap_or_default();
                return Some(Err(format!("versitygw ended with {status}: {log}")));
            }
            TcpStream::connect(self.address).ok().map(|_| Ok(()))
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// How to reach its bucket, under that prefix.
    pub fn options(&self, prefix: &str) -> S3Options {
        S3Options {
            endpoint: Some(self.endpoint()),
            region: "us-east-1".to_owned(),
            bucket: BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            credentials: S3Credentials::Folder(self.credentials()),
        }
    }

    /// The credentials that it knows.
    pub fn keys(&self) -> S3Keys {
        S3Keys {
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: SECRET_KEY.to_owned(),
            authority: self.tls.then(|| self.certificate()),
        }
    }

    /// The folder with its credentials, as a mounted Secret has them.
    pub fn credentials(&self) -> PathBuf {
        self.path("credentials")
    }

    /// Writes other credentials into that folder; the service knows [`ACCESS_KEY`] and [`SECRET_KEY`] only.
    pub fn write_credentials(&self, id: &str, secret: &str) {
        for (name, value) in [("accessKeyId", id), ("secretAccessKey", secret)] {
            std::fs::write(self.credentials().join(name), format!("{value}\n"))
                .expect("a credential");
        }
    }

    /// Its certificate, in PEM.
    pub fn certificate(&self) -> String {
        std::fs::read_to_string(self.path("tls.crt")).expect("the certificate")
    }

    /// The folder where it keeps the objects of its bucket as files of their names.
    pub fn objects(&self) -> PathBuf {
        self.path("objects").join(BUCKET)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The files below a folder, folders not counted.
pub fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |path: PathBuf| if path.is_dir() { files(&path) } else { 1 };
    entries.flatten().map(|entry| count(entry.path())).sum()
}

fn binary() -> PathBuf {
    let path = std::env::var_os("VERSITYGW").map_or_else(
        || root().join(".tools/kubernetes/bin/versitygw"),
        PathBuf::from,
    );
    assert!(
        path.exists(),
        "no {}: run ./check, which builds it, or name one with VERSITYGW",
        path.display()
    );
    path
}

/// The bucket that is there.
pub const BUCKET: &str = "voicemail";
/// The account that the service knows.
pub const ACCESS_KEY: &str = "switchboard";
/// Its secret.
pub const SECRET_KEY: &str = "only-for-tests";
