//! What real mail servers in a test have in common: a folder, a certificate, an account of the machine that they run under.

use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};

/// A server's folder, with `tls.crt` and `tls.key` for `localhost`; gone with this value.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: tempfile::TempDir,
    account: &'static str,
}

impl Folder {
    /// A folder for a server that runs as this account of the machine.
    pub(crate) fn new(account: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the server");
        // The server is not who runs the tests.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .expect("the folder is opened");
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(folder.path().join("tls.crt"), cert.pem()).expect("the certificate");
        std::fs::write(folder.path().join("tls.key"), signing_key.serialize_pem())
            .expect("its key");
        Self { folder, account }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn certificate(&self) -> String {
        std::fs::read_to_string(self.path().join("tls.crt")).expect("the certificate")
    }

    pub(crate) fn make(&self, part: &str) {
        std::fs::create_dir(self.path().join(part)).expect("a folder of the server");
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("a file of the server");
    }

    /// Makes these the account's. It takes root, which runs the tests in CI.
    pub(crate) fn hand_over(&self, parts: &[&str]) {
        let done = Command::new("chown")
            .args(["-R", &format!("{}:", self.account)])
            .args(parts)
            .current_dir(self.path())
            .status()
            .expect("chown runs");
        assert!(done.success(), "mail servers are tested as root");
    }
}

/// Waits until a server answers at these ports, or what keeps it from that.
pub(crate) fn answers(server: &mut Child, ports: &[u16]) -> Result<(), String> {
    let connects = |port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let end = Instant::now() + Duration::from_mins(1);
    while !ports.iter().all(connects) {
        if let Some(status) = server.try_wait().expect("the server's status") {
            return Err(format!("it ended with {status}"));
        }
        if Instant::now() >= end {
            return Err("it does not answer".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
