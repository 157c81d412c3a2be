//! `SIPp`, running the scenarios of `tests/sipp/`.

use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::line::Line;
use crate::office::{DOMAIN, PASSWORD, Person};
use crate::wire::phones_address;
use crate::{root, wait_for};

/// A sipp that runs a scenario once.
#[derive(Debug)]
pub struct Sipp {
    child: Child,
    scenario: &'static str,
}

/// What SIP goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One UDP socket.
    Udp,
    /// One TCP connection.
    Tcp,
}

impl Transport {
    /// As sipp's option `-t` has it.
    fn option(self) -> &'static str {
        match self {
            Self::Udp => "u1",
            Self::Tcp => "t1",
        }
    }
}

impl Sipp {
    /// The handset of `person`, registered, waits for a call.
    ///
    /// # Panics
    /// When it can't register, or is not told of its messages then.
    pub fn waiting(scenario: &'static str, person: &Person, server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((phones_address(), 0)).expect("a UDP port");
        let own = socket.local_addr().expect("its address");
        // Phones are reached where they registered from: sipp takes the port over. Not before the phone has been told what its
        // lamp is to show: sipp would take that for the call.
        let mut line = Line::on(socket, server, &person.handset(), PASSWORD);
        line.register(300).expect("the registration");
        let told = line.await_request(PATIENCE).expect("a NOTIFY");
        assert!(told.starts_with("NOTIFY "), "{told}");
        drop(line);
        let mut command = sipp(scenario, server);
        command.args(["-p", &own.port().to_string()]);
        Self::listening(command, scenario, own.port())
    }

    /// A server of its own at this many calls; its port.
    pub fn serving(scenario: &'static str, worker: SocketAddr, calls: u32) -> (Self, u16) {
        let socket = UdpSocket::bind((phones_address(), 0)).expect("a UDP port");
        let own = socket.local_addr().expect("its address");
        drop(socket);
        let mut command = sipp(scenario, worker);
        command.args(["-p", &own.port().to_string(), "-m", &calls.to_string()]);
        let sipp = Self::listening(command, scenario, own.port());
        (sipp, own.port())
    }

    /// The handset of `person` calls `number`.
    pub fn calling(
        scenario: &'static str,
        person: &Person,
        number: &str,
        server: SocketAddr,
    ) -> Self {
        Self::calling_by(Transport::Udp, scenario, person, number, server)
    }

    /// The same by any transport.
    pub fn calling_by(
        transport: Transport,
        scenario: &'static str,
        person: &Person,
        number: &str,
        server: SocketAddr,
    ) -> Self {
        // sipp answers the first challenge only, and that asks for SHA-256, which it does not know.
        let mut line = Line::new(server, &person.handset(), PASSWORD);
        line.register(300).expect("the registration");
        let credentials = line.credentials("INVITE", &format!("sip:{number}@{DOMAIN}"));
        let mut command = sipp(scenario, server);
        command
            .args(["-t", transport.option()])
            .args(["-s", number, "-key", "credentials", &credentials])
            .args(["-key", "user", &person.handset(), "-key", "domain", DOMAIN]);
        Self::run(command, scenario)
    }

    /// Waits for the end of the scenario.
    ///
    /// # Panics
    /// When it did not go as it is written.
    pub fn succeeds(mut self) {
        let scenario = self.scenario;
        let status = wait_for(scenario, Duration::from_mins(3), || {
            self.child.try_wait().expect("sipp's status")
        });
        assert!(status.success(), "{scenario}.xml: sipp ended with {status}");
    }

    /// Runs it until it has taken this UDP port.
    fn listening(command: Command, scenario: &'static str, port: u16) -> Self {
        let mut sipp = Self::run(command, scenario);
        wait_for("sipp to listen", PATIENCE, || {
            let ended = sipp.child.try_wait().expect("sipp's status");
            assert!(ended.is_none(), "{scenario}.xml: sipp ended with {ended:?}");
            is_taken(port).then_some(())
        });
        sipp
    }

    fn run(mut command: Command, scenario: &'static str) -> Self {
        let child = command
            .spawn()
            .expect("sipp starts: install sip-tester (./check does)");
        Self { child, scenario }
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a UDP socket has this port. It is not tried to take it, which would keep others from it.
fn is_taken(port: u16) -> bool {
    let port = format!(":{port:04X}");
    ["/proc/net/udp", "/proc/net/udp6"]
        .into_iter()
        .any(|table| {
            let table = std::fs::read_to_string(table).unwrap_or_default();
            let mut own = table
                .lines()
                .filter_map(|line| line.split_whitespace().nth(1));
            own.any(|own| own.ends_with(&port))
        })
}

fn sipp(scenario: &str, server: SocketAddr) -> Command {
    let mut command = Command::new("sipp");
    command
        .arg(server.to_string())
        .arg("-sf")
        .arg(
            root()
                .join("tests/sipp")
                .join(scenario)
                .with_extension("xml"),
        )
        .args([
            "-i",
            &phones_address().to_string(),
            "-m",
            "1",
            "-nostdin",
            "-timeout",
            // Less than whoever waits for its end.
            "120",
            "-timeout_error",
        ])
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
