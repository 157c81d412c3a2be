//! A real SMTP server (Exim) in a process of its own, with STARTTLS and implicit TLS, a login, and a folder of the mails it took.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::mail_server::{Folder, answers};
use crate::ports::{at_free_ports, free_port};
use crate::wait_for;

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Exim {
    folder: Folder,
    plain: u16,
    tls: u16,
    process: Option<Child>,
}

impl Exim {
    /// Starts one. It takes mail of who logs in over TLS, for everybody but `nobody@…`, from everybody but `wrong@…`.
    pub fn start() -> Self {
        at_free_ports(Self::begin)
    }

    fn begin() -> Result<Self, String> {
        let folder = Folder::new("Debian-exim");
        for part in ["spool", "mail", "log"] {
            folder.make(part);
        }
        let mut server = Self {
            plain: free_port(),
            tls: free_port(),
            folder,
            process: None,
        };
        server.launch()?;
        Ok(server)
    }

    /// Starts it at the same ports.
    pub fn start_again(&mut self) {
        self.launch().expect("Exim starts where it was");
    }

    fn launch(&mut self) -> Result<(), String> {
        let configuration = self.folder.path().join("exim.conf");
        std::fs::write(&configuration, self.configuration()).expect("the configuration");
        self.folder.hand_over(&["spool", "mail", "log", "tls.key"]);
        let log = std::fs::File::create(self.folder.path().join("output")).expect("a log");
        let process = Command::new("/usr/sbin/exim4")
            .arg("-C")
            .arg(&configuration)
            .args(["-bdf", "-odi"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("exim4 starts: .ci/peers installs it");
        let ports = [self.plain, self.tls];
        let answers = answers(self.process.insert(process), &ports);
        answers.map_err(|why| format!("Exim: {why}: {}", self.log()))
    }

    /// Kills it.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("the server can be killed");
            process.wait().expect("the server is reaped");
        }
    }

    /// The port where STARTTLS is offered.
    pub fn plain(&self) -> u16 {
        self.plain
    }

    /// The port of TLS from the first byte.
    pub fn tls(&self) -> u16 {
        self.tls
    }

    /// Who signs its certificate, in PEM.
    pub fn authority(&self) -> String {
        self.folder.certificate()
    }

    /// From now on it takes nothing for the time being (451).
    pub fn take_nothing_now(&self, nothing: bool) {
        let mark = self.folder.path().join("later");
        if nothing {
            std::fs::write(mark, "").expect("a mark");
        } else {
            std::fs::remove_file(mark).expect("the mark goes");
        }
    }

    /// The mails it took, oldest first.
    pub fn mails(&self) -> Vec<String> {
        let mut paths: Vec<PathBuf> = files(&self.folder.path().join("mail/new"));
        paths.sort();
        paths
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("a mail is text"))
            .collect()
    }

    /// Waits until it has taken so many.
    pub fn expect_mails(&self, count: usize) -> Vec<String> {
        wait_for("mails", Duration::from_mins(1), || {
            Some(self.mails()).filter(|mails| mails.len() >= count)
        })
    }

    /// How often somebody came who was told to come again.
    pub fn put_off(&self) -> usize {
        self.log().matches("come again later").count()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        let logs = files(&self.folder.path().join("log"));
        let output = self.folder.path().join("output");
        let all = logs.iter().chain([&output]);
        all.filter_map(|path| std::fs::read_to_string(path).ok())
            .collect()
    }

    fn configuration(&self) -> String {
        let folder = self.folder.path().display();
        let (plain, tls) = (self.plain, self.tls);
        format!(
            "spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
primary_hostname = mail.example.com
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
host_lookup =
rfc1413_hosts =
local_interfaces = 127.0.0.1
daemon_smtp_ports = {plain} : {tls}
tls_on_connect_ports = {tls}
daemon_startup_retries = 2
daemon_startup_sleep = 1s
tls_advertise_hosts = *
tls_certificate = {folder}/tls.crt
tls_privatekey = {folder}/tls.key
message_size_limit = 1M
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
no_message_logs
begin acl
mail:
  deny
    message = log in first
    ! authenticated = *
  deny
    message = not a sender of ours
    senders = wrong@example.com
  accept
rcpt:
  deny
    message = nobody of that name
    local_parts = nobody
  defer
    message = come again later
    condition = ${{if exists{{{folder}/later}}}}
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  user = Debian-exim
begin retry
* * F,2h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and {{{{eq{{$auth2}}{{{USERNAME}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_advertise_condition = ${{if def:tls_in_cipher}}
"
        )
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- Exim said:\n{}", self.log());
        }
    }
}

/// Where an address of the test host is that nothing listens on.
pub fn nowhere() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Who may log in.
pub const USERNAME: &str = "voicemail";
/// With which password.
pub const PASSWORD: &str = "open-sesame";
