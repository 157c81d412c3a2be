//! Ports for servers that have to be told theirs.

use std::net::{Ipv4Addr, TcpListener};

/// A port that nobody had a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Starts a server at free ports, and anew at others if it ends at once: somebody else may have taken one of them meanwhile.
///
/// # Panics
/// With its last words, when it has ended so often that there is another cause.
pub(crate) fn at_free_ports<T>(start: impl Fn() -> Result<T, String>) -> T {
    let mut said = String::new();
    for _ in 0..PORT_RACES {
        match start() {
            Ok(server) => return server,
            Err(last_words) => said = last_words,
        }
    }
    panic!("a server did not start {PORT_RACES} times: {said}");
}

/// More than somebody else takes a port in the wrong moment.
const PORT_RACES: usize = 3;
