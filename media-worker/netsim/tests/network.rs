//! What the simulated network does to datagrams.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use netsim::{Datagram, Filtering, Link, Mapping, Nat, Network};

const A: &str = "10.0.0.1:1000";
const B: &str = "192.0.2.2:2000";
const C: &str = "192.0.2.3:3000";
const PUBLIC: &str = "203.0.113.9";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn datagram(from: &str, to: &str, payload: u32) -> Datagram<u32> {
    Datagram {
        from: address(from),
        to: address(to),
        payload,
    }
}

fn arrivals(network: &mut Network<u32>, within: Duration) -> Vec<Datagram<u32>> {
    let until = network.now() + within;
    let mut all = Vec::new();
    while let Some(at) = network.next_arrival().filter(|at| *at <= until) {
        network.advance_to(at);
        all.extend(std::iter::from_fn(|| network.receive()));
    }
    network.advance_to(until);
    all
}

fn home_router() -> Nat {
    Nat::new(PUBLIC.parse::<IpAddr>().unwrap(), [address(A).ip()])
}

#[test]
fn a_datagram_arrives_after_the_delay() {
    let mut network = Network::new(1, Link::delayed(Duration::from_millis(20)));
    network.send(datagram(A, B, 7));
    assert!(arrivals(&mut network, Duration::from_millis(19)).is_empty());
    assert_eq!(
        arrivals(&mut network, Duration::from_millis(1)),
        [datagram(A, B, 7)]
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let link = Link::default()
            .losing(0.3)
            .jittery(Duration::from_millis(50))
            .duplicating(0.2);
        let mut network = Network::new(seed, link);
        (0..200).for_each(|n| network.send(datagram(A, B, n)));
        arrivals(&mut network, Duration::from_secs(1))
            .iter()
            .map(|it| it.payload)
            .collect::<Vec<_>>()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn loss_duplication_and_jitter_are_in_proportion() {
    let link = Link::default()
        .losing(0.25)
        .duplicating(0.1)
        .jittery(Duration::from_millis(10));
    let mut network = Network::new(3, link);
    (0..4000).for_each(|n| network.send(datagram(A, B, n)));
    let order: Vec<u32> = arrivals(&mut network, Duration::from_secs(1))
        .iter()
        .map(|it| it.payload)
        .collect();
    assert!(
        (900..1100).contains(&network.tally().lost),
        "{:?}",
        network.tally()
    );
    assert!((3200..3400).contains(&order.len()), "{}", order.len());
    assert!(!order.is_sorted(), "jitter reorders");
}

#[test]
fn a_nat_hides_the_inside_and_lets_answers_through() {
    let mut network = Network::new(1, Link::default());
    network.add_nat(home_router());
    network.send(datagram(A, B, 1));
    let seen = arrivals(&mut network, Duration::from_secs(1)).remove(0);
    assert_eq!(seen.from.ip().to_string(), PUBLIC);
    network.send(Datagram {
        from: address(B),
        to: seen.from,
        payload: 2,
    });
    assert_eq!(
        arrivals(&mut network, Duration::from_secs(1)),
        [datagram(B, A, 2)]
    );
    network.send(Datagram {
        from: address(C),
        to: seen.from,
        payload: 3,
    });
    assert!(
        arrivals(&mut network, Duration::from_secs(1)).is_empty(),
        "a stranger is filtered"
    );
    assert_eq!(network.tally().filtered, 1);
}

#[test]
fn a_full_cone_lets_strangers_through() {
    let mut network = Network::new(1, Link::default());
    network.add_nat(home_router().filtering(Filtering::EndpointIndependent));
    network.send(datagram(A, B, 1));
    let seen = arrivals(&mut network, Duration::from_secs(1)).remove(0);
    network.send(Datagram {
        from: address(C),
        to: seen.from,
        payload: 3,
    });
    assert_eq!(
        arrivals(&mut network, Duration::from_secs(1)),
        [datagram(C, A, 3)]
    );
}

#[test]
fn a_symmetric_nat_shows_each_destination_another_port() {
    let mut network = Network::new(1, Link::default());
    network.add_nat(home_router().mapping(Mapping::AddressAndPortDependent));
    network.send(datagram(A, B, 1));
    network.send(datagram(A, C, 2));
    let seen = arrivals(&mut network, Duration::from_secs(1));
    assert_ne!(seen[0].from.port(), seen[1].from.port());
}

#[test]
fn an_idle_mapping_is_forgotten() {
    let mut network = Network::new(1, Link::default());
    network.add_nat(home_router().idle(Duration::from_secs(30)));
    network.send(datagram(A, B, 1));
    let seen = arrivals(&mut network, Duration::from_secs(31)).remove(0);
    network.send(Datagram {
        from: address(B),
        to: seen.from,
        payload: 2,
    });
    assert!(arrivals(&mut network, Duration::from_secs(1)).is_empty());
}
