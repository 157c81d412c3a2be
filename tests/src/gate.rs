//! A way to a TCP server that can be shut or fall silent: for a server that is away or hangs without being stopped.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Passes connections on while it is open.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    passage: Arc<(Mutex<Passage>, Condvar)>,
}

#[derive(Debug)]
struct Passage {
    open: bool,
    /// Whether what is sent goes no further for now.
    silent: bool,
    /// So many bytes still go through before it falls silent.
    left: Option<usize>,
    /// Both ends of each connection that was passed on.
    connections: Vec<TcpStream>,
}

impl Gate {
    /// An open gate before `server`.
    pub fn before(server: SocketAddr) -> Self {
        let gate = Self::shut_before(server);
        gate.open();
        gate
    }

    /// A gate that is shut until it is opened.
    pub fn shut_before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let passage = Passage {
            open: false,
            silent: false,
            left: None,
            connections: Vec::new(),
        };
        let passage = Arc::new((Mutex::new(passage), Condvar::new()));
        let passed = Arc::clone(&passage);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let mut passage = passed.0.lock().unwrap();
                if !passage.open {
                    continue; // closed by being dropped
                }
                let far = TcpStream::connect(server).expect("the server behind the gate");
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (
                        from.try_clone().expect("a copy"),
                        to.try_clone().expect("a copy"),
                    );
                    let passed = Arc::clone(&passed);
                    thread::spawn(move || pass(from, to, &passed));
                }
                passage.connections.extend([near, far]);
            }
        });
        Self { address, passage }
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets connections pass.
    pub fn open(&self) {
        self.passage.0.lock().unwrap().open = true;
    }

    /// Cuts every connection and lets none pass.
    pub fn shut(&self) {
        self.speak();
        let mut passage = self.passage.0.lock().unwrap();
        passage.open = false;
        for connection in passage.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Takes connections and what is sent over them, and lets nothing further: as a server that hangs.
    pub fn fall_silent(&self) {
        self.passage.0.lock().unwrap().silent = true;
    }

    /// The same once so many bytes more have gone through, however late somebody looks.
    pub fn fall_silent_after(&self, bytes: usize) {
        self.passage.0.lock().unwrap().left = Some(bytes);
    }

    /// Whether it has fallen silent.
    pub fn is_silent(&self) -> bool {
        self.passage.0.lock().unwrap().silent
    }

    /// Lets pass what was held back, and all that follows.
    pub fn speak(&self) {
        let mut passage = self.passage.0.lock().unwrap();
        passage.silent = false;
        passage.left = None;
        self.passage.1.notify_all();
    }
}

impl Passage {
    /// So many bytes want to go through.
    fn count(&mut self, bytes: usize) {
        if let Some(left) = self.left {
            self.left = left.checked_sub(bytes);
            self.silent |= self.left.is_none();
        }
    }
}

/// Passes on what comes from one end, unless the gate is silent.
fn pass(mut from: TcpStream, mut to: TcpStream, passage: &(Mutex<Passage>, Condvar)) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let mut waiting = passage.0.lock().unwrap();
        waiting.count(read);
        let waited = passage.1.wait_while(waiting, |passage| passage.silent);
        drop(waited);
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
