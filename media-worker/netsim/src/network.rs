//! Datagrams in flight, in virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::{Link, Nat, Node};

/// A payload on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram<P> {
    /// Source as the receiver sees it.
    pub from: SocketAddr,
    /// Destination as the sender wrote it; once delivered, the receiver's own address.
    pub to: SocketAddr,
    /// What it carries.
    pub payload: P,
}

/// What has happened to datagrams so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Handed to the network.
    pub sent: u64,
    /// Delivered to a node, duplicates included.
    pub delivered: u64,
    /// Lost on a link.
    pub lost: u64,
    /// Stopped by a NAT's filter.
    pub filtered: u64,
    /// Addressed to nobody.
    pub unclaimed: u64,
}

/// The network: links, NATs, what is in flight, and the clock.
pub struct Network<P> {
    origin: Instant,
    now: Instant,
    random: ChaCha8Rng,
    link: Link,
    links: HashMap<(IpAddr, IpAddr), Link>,
    nats: Vec<Nat>,
    order: u64,
    in_flight: BinaryHeap<Reverse<(Instant, u64)>>,
    datagrams: HashMap<u64, Datagram<P>>,
    tally: Tally,
}

impl<P: Clone> Network<P> {
    /// A network whose every path is `link`; the same seed gives the same run.
    pub fn new(seed: u64, link: Link) -> Self {
        // An origin is needed because `Instant` has no literal; only differences to it are ever seen.
        let origin = Instant::now();
        Self {
            origin,
            now: origin,
            random: ChaCha8Rng::seed_from_u64(seed),
            link,
            links: HashMap::new(),
            nats: Vec::new(),
            order: 0,
            in_flight: BinaryHeap::new(),
            datagrams: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Virtual time since the network was made.
    pub fn elapsed(&self) -> Duration {
        self.now.duration_since(self.origin)
    }

    /// Counts of what happened so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Replaces the quality of every path that has no quality of its own.
    pub fn set_link(&mut self, link: Link) {
        self.link = link;
    }

    /// Gives the path from one (public) address to another its own quality, in that direction only.
    pub fn set_link_between(&mut self, from: IpAddr, to: IpAddr, link: Link) {
        self.links.insert((from, to), link);
    }

    /// Puts a NAT before its inside addresses.
    pub fn add_nat(&mut self, nat: Nat) {
        self.nats.push(nat);
    }

    /// Sends a datagram at the present time.
    pub fn send(&mut self, mut datagram: Datagram<P>) {
        self.tally.sent += 1;
        let inside = self
            .nats
            .iter()
            .position(|nat| nat.covers(datagram.from.ip()) && !nat.covers(datagram.to.ip()));
        if let Some(nat) = inside.and_then(|index| self.nats.get_mut(index)) {
            datagram.from = nat.outgoing(datagram.from, datagram.to, self.now);
        }
        let path = (datagram.from.ip(), datagram.to.ip());
        let link = self.links.get(&path).copied().unwrap_or(self.link);
        let copies = link.copies(&mut self.random);
        if copies == 0 {
            self.tally.lost += 1;
        }
        for _ in 0..copies {
            let arrival = self.now + link.transit(&mut self.random);
            self.order += 1;
            self.in_flight.push(Reverse((arrival, self.order)));
            self.datagrams.insert(self.order, datagram.clone());
        }
    }

    /// When the next datagram arrives.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.in_flight.peek().map(|Reverse((at, _))| *at)
    }

    /// Moves the clock forward; it never goes back.
    pub fn advance_to(&mut self, at: Instant) {
        self.now = self.now.max(at);
    }

    /// The next datagram that has arrived by now, past any NAT in its way.
    pub fn receive(&mut self) -> Option<Datagram<P>> {
        while let Some(&Reverse((at, order))) = self.in_flight.peek() {
            if at > self.now {
                return None;
            }
            self.in_flight.pop();
            let Some(mut datagram) = self.datagrams.remove(&order) else {
                continue;
            };
            match self.nats.iter().find(|nat| nat.is_public(datagram.to.ip())) {
                None => return Some(datagram),
                Some(nat) => match nat.incoming(datagram.from, datagram.to.port(), self.now) {
                    Some(inside) => {
                        datagram.to = inside;
                        return Some(datagram);
                    }
                    None => self.tally.filtered += 1,
                },
            }
        }
        None
    }

    /// Lets nodes and datagrams take their turns until nothing is left to do before `until`; the clock
    /// stands at `until` afterwards.
    pub fn run_until(&mut self, nodes: &mut [&mut dyn Node<P>], until: Instant) {
        loop {
            self.collect(nodes);
            let timeouts = nodes.iter().filter_map(|node| node.next_timeout());
            let Some(next) = timeouts
                .chain(self.next_arrival())
                .min()
                .filter(|next| *next <= until)
            else {
                break;
            };
            self.advance_to(next);
            self.deliver(nodes);
            for node in nodes.iter_mut() {
                if node.next_timeout().is_some_and(|at| at <= self.now) {
                    node.timeout(self.now);
                }
            }
        }
        self.advance_to(until);
    }

    /// [`Network::run_until`] a time from now.
    pub fn run_for(&mut self, nodes: &mut [&mut dyn Node<P>], time: Duration) {
        self.run_until(nodes, self.now + time);
    }

    fn collect(&mut self, nodes: &mut [&mut dyn Node<P>]) {
        for node in nodes.iter_mut() {
            while let Some(datagram) = node.transmit() {
                self.send(datagram);
            }
        }
    }

    fn deliver(&mut self, nodes: &mut [&mut dyn Node<P>]) {
        while let Some(datagram) = self.receive() {
            match nodes.iter_mut().find(|node| node.owns(datagram.to)) {
                Some(node) => {
                    self.tally.delivered += 1;
                    node.receive(datagram, self.now);
                }
                None => self.tally.unclaimed += 1,
            }
        }
    }
}
