//! A way to a TCP server that can be shut: for a server that is away without being stopped.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Passes connections on while it is open.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    passage: Arc<Mutex<Passage>>,
}

#[derive(Debug)]
struct Passage {
    open: bool,
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
        let passage = Arc::new(Mutex::new(Passage {
            open: false,
            connections: Vec::new(),
        }));
        let passed = Arc::clone(&passage);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let mut passage = passed.lock().unwrap();
                if !passage.open {
                    continue; // closed by being dropped
                }
                let far = TcpStream::connect(server).expect("the server behind the gate");
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (
                        from.try_clone().expect("a copy"),
                        to.try_clone().expect("a copy"),
                    );
                    thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
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
        self.passage.lock().unwrap().open = true;
    }

    /// Cuts every connection and lets none pass.
    pub fn shut(&self) {
        let mut passage = self.passage.lock().unwrap();
        passage.open = false;
        for connection in passage.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
