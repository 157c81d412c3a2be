use super::*;

const REST: Duration = Duration::from_secs(2);

fn pairs(threads: usize, ports_per_thread: usize) -> Pairs {
    Pairs::new(PairsConfig {
        threads,
        ports_per_thread,
        rest: REST,
        max_legs: 10_000,
    })
}

fn nat() -> Far {
    Far::Nat("203.0.113.9".parse().unwrap())
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::new("203.0.113.9".parse().unwrap(), port)
}

#[test]
fn all_legs_of_a_call_are_on_one_thread() {
    let now = start();
    let mut pairs = pairs(4, 8);
    for call in 0..20 {
        let first = pairs.reserve(call * 2, call, nat(), now).unwrap();
        let second = pairs
            .answer(
                call * 2 + 1,
                call,
                Far::Address(address(4000 + call as u16)),
                None,
                now,
            )
            .unwrap();
        assert_eq!(first.thread, second.thread);
    }
    let on = |thread| {
        pairs
            .legs
            .values()
            .filter(|place| place.port.thread == thread)
            .count()
    };
    assert!(
        (0..4).all(|thread| on(thread) == 10),
        "calls spread over the threads"
    );
}

#[test]
fn no_two_legs_wait_on_one_pair() {
    let now = start();
    let mut pairs = pairs(1, 2);
    for leg in 0..2 {
        pairs.answer(leg, leg, nat(), None, now).unwrap();
    }
    assert_ne!(pairs.port(0), pairs.port(1));
    assert_eq!(
        pairs.answer(2, 2, nat(), None, now),
        None,
        "both pairs wait: 503"
    );
    assert_eq!(pairs.refused(), 1);
    pairs.latched(0, address(9000), 77);
    assert_eq!(
        pairs.answer(2, 2, nat(), None, now),
        pairs.port(0),
        "latched: the pair may wait again"
    );
}

#[test]
fn a_call_goes_to_the_thread_where_a_pair_is_free() {
    let now = start();
    let mut pairs = pairs(2, 1);
    let first = pairs.answer(1, 1, nat(), None, now).unwrap();
    let second = pairs.answer(2, 2, nat(), None, now).unwrap();
    assert_ne!(first.thread, second.thread);
    assert_eq!(
        pairs.answer(3, 1, nat(), None, now),
        None,
        "a second leg of the first call cannot"
    );
}

#[test]
fn an_offered_leg_waits_only_when_answered_and_moves_when_another_was_faster() {
    let now = start();
    let mut pairs = pairs(1, 2);
    for leg in 0..4 {
        pairs.reserve(leg, leg, nat(), now).unwrap();
    }
    assert_eq!(pairs.port(0), pairs.port(2), "offers share ports");
    pairs.start_waiting(0, nat(), None, now).unwrap();
    let moved = pairs.start_waiting(2, nat(), None, now).unwrap_err();
    assert_eq!(moved, WaitError::Move(pairs.port(2).unwrap()));
    assert_ne!(pairs.port(0), pairs.port(2));
    pairs.start_waiting(2, nat(), None, now).unwrap();
    assert_eq!(
        pairs.start_waiting(3, nat(), None, now),
        Err(WaitError::NoneFree)
    );
    assert_eq!(
        pairs.start_waiting(9, nat(), None, now),
        Err(WaitError::UnknownLeg)
    );
}

#[test]
fn an_offer_may_share_a_pair_that_waits_now() {
    let now = start();
    let mut pairs = pairs(1, 1);
    pairs.answer(1, 1, nat(), None, now).unwrap();
    assert!(
        pairs.reserve(2, 2, nat(), now).is_some(),
        "by its answer the pair may be free"
    );
    pairs.latched(1, address(9000), 77);
    assert_eq!(pairs.start_waiting(2, nat(), None, now), Ok(()));
}

#[test]
fn announced_ssrcs_share_a_pair() {
    let now = start();
    let mut pairs = pairs(1, 1);
    let far = Far::Address(address(20_000));
    for leg in 0..50 {
        pairs.answer(leg, leg, far, Some(leg as u32), now).unwrap();
    }
    assert_eq!(
        pairs.answer(99, 99, far, Some(7), now),
        None,
        "one SSRC twice cannot be told apart"
    );
    assert_eq!(
        pairs.answer(99, 99, far, None, now),
        None,
        "a leg without announced SSRC must wait alone"
    );
}

#[test]
fn a_reinvite_that_moves_nothing_does_not_wait_again() {
    let now = start();
    let mut pairs = pairs(1, 1);
    pairs.answer(1, 1, nat(), None, now).unwrap();
    pairs.latched(1, address(9000), 77);
    pairs.start_waiting(1, nat(), None, now).unwrap();
    assert!(
        pairs.answer(2, 2, nat(), None, now).is_some(),
        "the pair is free to wait on"
    );
}

#[test]
fn a_freed_pair_rests_before_reuse() {
    let now = start();
    let mut pairs = pairs(1, 1);
    let far = Far::Address(address(4000));
    pairs.answer(1, 1, far, None, now).unwrap();
    pairs.latched(1, address(4000), 5);
    pairs.free(1, now);
    assert_eq!(pairs.answer(2, 2, far, None, now), None);
    assert!(
        pairs
            .answer(3, 3, Far::Address(address(4002)), None, now)
            .is_some(),
        "another address is not concerned"
    );
    assert!(pairs.answer(2, 2, far, None, now + REST).is_some());
}

#[test]
fn a_leg_that_was_only_offered_leaves_no_rest() {
    let now = start();
    let mut pairs = pairs(1, 1);
    pairs.reserve(1, 1, nat(), now).unwrap();
    pairs.free(1, now);
    assert!(pairs.is_empty() && pairs.claims.is_empty() && pairs.calls.is_empty());
    assert!(pairs.answer(2, 2, nat(), None, now).is_some());
}

#[test]
fn nothing_is_left_when_all_is_freed_and_rested() {
    let now = start();
    let mut pairs = pairs(2, 4);
    for leg in 0..200u64 {
        let far = Far::Address(address(5000 + leg as u16));
        pairs.answer(leg, leg / 2, far, None, now).unwrap();
    }
    for leg in 0..200 {
        pairs.free(leg, now);
    }
    pairs.end_rests(now + REST);
    assert!(
        pairs.legs.is_empty()
            && pairs.calls.is_empty()
            && pairs.claims.is_empty()
            && pairs.resting.is_empty()
    );
    assert!(pairs.load.iter().all(|load| *load == 0));
}

#[allow(
    clippy::disallowed_methods,
    reason = "an Instant can be made in no other way; the tests only add to it"
)]
fn start() -> Instant {
    Instant::now()
}
