//! Packets on their way out, gathered per port.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use media::engine::Sink;

use crate::sockets::{Called, UdpBatch};

/// A thread's sockets with a batch each.
pub(super) struct Outbox {
    ports: Vec<Port>,
    dropped: u64,
}

struct Port {
    socket: UdpSocket,
    batch: UdpBatch,
    called: Called,
}

impl Outbox {
    /// Empty batches for these sockets.
    pub(super) fn new(sockets: Vec<UdpSocket>) -> Self {
        let ports = sockets
            .into_iter()
            .map(|socket| Port {
                socket,
                batch: UdpBatch::new(MAX_PACKET),
                called: Called::default(),
            })
            .collect();
        Self { ports, dropped: 0 }
    }

    /// The sockets, in the order of their ports.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        self.ports.iter().map(|port| &port.socket)
    }

    /// A port's socket.
    pub(super) fn socket(&self, port: usize) -> Option<&UdpSocket> {
        self.ports.get(port).map(|port| &port.socket)
    }

    /// A packet of `remote` came to this port at `local`, if the kernel has told: it is answered from there.
    pub(super) fn came(&mut self, port: usize, remote: SocketAddr, local: Option<Ipv4Addr>) {
        if let Some(port) = self.ports.get_mut(port) {
            port.called.note(remote, local);
        }
    }

    /// Sends all that was gathered.
    pub(super) fn flush(&mut self) {
        for port in &mut self.ports {
            if !port.batch.is_empty() {
                self.dropped += port.batch.send(&port.socket).dropped as u64;
            }
        }
    }

    /// Packets that the kernel refused so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Sink for Outbox {
    fn send(&mut self, port: usize, to: SocketAddr, packet: &[u8]) {
        let Some(port) = self.ports.get_mut(port) else {
            return;
        };
        if port.batch.is_full() {
            self.dropped += port.batch.send(&port.socket).dropped as u64;
        }
        if !port.batch.push_from(port.called.by(to), to, packet) {
            self.dropped += 1;
        }
    }
}

/// The engine sends nothing longer.
const MAX_PACKET: usize = 1500;
