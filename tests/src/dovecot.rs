//! A real IMAP server (Dovecot) in a process of its own, with TLS and one account.

use std::process::{Child, Command, Stdio};

use crate::mail_server::{Folder, answers};
use crate::ports::{at_free_ports, free_port};

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Dovecot {
    folder: Folder,
    port: u16,
    process: Child,
}

impl Dovecot {
    /// Starts one with the account [`USERNAME`] and so many unread and read mails in it.
    pub fn start(unseen: usize, seen: usize) -> Self {
        at_free_ports(|| Self::begin(unseen, seen))
    }

    fn begin(unseen: usize, seen: usize) -> Result<Self, String> {
        let folder = Folder::new("mail");
        let port = free_port();
        for part in ["run", "mail", "mail/new", "mail/cur", "mail/tmp"] {
            folder.make(part);
        }
        let users = format!("{USERNAME}:{{PLAIN}}{PASSWORD}\n");
        std::fs::write(folder.path().join("users"), users).expect("the accounts");
        for number in 0..unseen {
            folder.write(&format!("mail/new/{number}.new"), MAIL);
        }
        for number in 0..seen {
            folder.write(&format!("mail/cur/{number}.old:2,S"), MAIL);
        }
        folder.hand_over(&["mail"]);
        let configuration = folder.path().join("dovecot.conf");
        std::fs::write(&configuration, configured(&folder, port)).expect("the configuration");
        let process = Command::new("/usr/sbin/dovecot")
            .args(["-F", "-c"])
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dovecot starts: .ci/peers installs it");
        let mut server = Self {
            folder,
            port,
            process,
        };
        match answers(&mut server.process, &[port]) {
            Ok(()) => Ok(server),
            Err(why) => Err(format!("Dovecot: {why}: {}", server.log())),
        }
    }

    /// The port of TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who signs its certificate, in PEM.
    pub fn authority(&self) -> String {
        self.folder.certificate()
    }

    /// One more unread mail comes.
    pub fn receive(&self, name: &str) {
        self.folder.write(&format!("mail/new/{name}"), MAIL);
        self.folder.hand_over(&["mail"]);
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            // Its master ends its children, which `kill -9` would leave.
            let asked = Command::new("kill")
                .arg(self.process.id().to_string())
                .status();
            if !asked.is_ok_and(|status| status.success()) {
                let _ = self.process.kill();
            }
            let _ = self.process.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- Dovecot said:\n{}", self.log());
        }
    }
}

fn configured(folder: &Folder, port: u16) -> String {
    let folder = folder.path().display();
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{folder}/mail
first_valid_uid = 1
first_valid_gid = 1
ssl = required
ssl_cert = <{folder}/tls.crt
ssl_key = <{folder}/tls.key
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
namespace inbox {{
  inbox = yes
}}
"
    )
}

const MAIL: &str = "From: john@example.com\nSubject: lunch\n\nAt noon?\n";
/// The account.
pub const USERNAME: &str = "mary@example.com";
/// Its password, with what has to be quoted.
pub const PASSWORD: &str = "open \"sesame\" \\ now";
