//! The transaction state machines against the figures of RFC 3261 17 and RFC 6026, transition by transition.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sip::transaction::timers::{T1, T2, T4, TRANSACTION, TRYING};
use sip::transaction::{
    Action, Client, ClientEvent, InviteClient, InviteClientEvent, InviteServer, InviteServerEvent,
    Reliability, Server, ServerEvent, Timer,
};

use Action::{Arm, Disarm, GiveUp, Pass, Transmit, Trying};
use Reliability::{Reliable, Unreliable};

const REQUEST: Bytes = Bytes::from_static(b"request");
const ACK: Bytes = Bytes::from_static(b"ack");
const RINGING: Bytes = Bytes::from_static(b"180");
const OK: Bytes = Bytes::from_static(b"200");
const BUSY: Bytes = Bytes::from_static(b"486");

/// Feeds the event to the state and compares the next state and the actions.
macro_rules! assert_outputs {
    ($state:expr, $event:expr, $over:expr => $next:pat, [$($action:expr),* $(,)?]) => {{
        let (next, actions) = $state.on($event, $over);
        let expected: Vec<Action> = vec![$($action),*];
        assert_eq!(actions.to_vec(), expected);
        assert!(matches!(next, $next), "{next:?}");
        next
    }};
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn failure() -> InviteClientEvent {
    InviteClientEvent::Failure { ack: ACK }
}

#[test]
fn an_invite_is_sent_again_at_doubling_intervals_until_timer_b() {
    let (mut state, actions) = InviteClient::start(REQUEST, Unreliable);
    assert_eq!(
        actions.to_vec(),
        [
            Transmit(REQUEST),
            Arm(Timer::B, TRANSACTION),
            Arm(Timer::A, T1)
        ]
    );
    for interval in [1000, 2000, 4000, 8000, 16_000] {
        state = assert_outputs!(state, InviteClientEvent::Fired(Timer::A), Unreliable
            => InviteClient::Calling { .. }, [Transmit(REQUEST), Arm(Timer::A, ms(interval))]);
    }
    assert_outputs!(state, InviteClientEvent::Fired(Timer::B), Unreliable
        => InviteClient::Terminated, [Disarm(Timer::A), GiveUp]);
}

#[test]
fn an_invite_over_tcp_is_sent_once() {
    let (_, actions) = InviteClient::start(REQUEST, Reliable);
    assert_eq!(
        actions.to_vec(),
        [Transmit(REQUEST), Arm(Timer::B, TRANSACTION)]
    );
}

#[test]
fn a_ringing_invite_is_not_sent_again_and_never_times_out() {
    let (state, _) = InviteClient::start(REQUEST, Unreliable);
    let state = assert_outputs!(state, InviteClientEvent::Provisional, Unreliable
        => InviteClient::Proceeding, [Disarm(Timer::A), Disarm(Timer::B), Pass]);
    let state = assert_outputs!(state, InviteClientEvent::Provisional, Unreliable => InviteClient::Proceeding, [Pass]);
    for timer in [Timer::A, Timer::B] {
        assert_outputs!(state.clone(), InviteClientEvent::Fired(timer), Unreliable => InviteClient::Proceeding, []);
    }
}

#[test]
fn a_refused_invite_is_acknowledged_every_time_until_timer_d() {
    for (over, linger) in [(Unreliable, TRANSACTION), (Reliable, Duration::ZERO)] {
        let (state, _) = InviteClient::start(REQUEST, over);
        let state = assert_outputs!(state, failure(), over => InviteClient::Completed { .. },
            [Disarm(Timer::A), Disarm(Timer::B), Transmit(ACK), Arm(Timer::D, linger), Pass]);
        let state = assert_outputs!(state, failure(), over => InviteClient::Completed { .. }, [Transmit(ACK)]);
        let state = assert_outputs!(state, InviteClientEvent::Provisional, over => InviteClient::Completed { .. }, []);
        assert_outputs!(state, InviteClientEvent::Fired(Timer::D), over => InviteClient::Terminated, []);
    }
}

#[test]
fn an_accepted_invite_passes_every_2xx_on_until_timer_m() {
    let (state, _) = InviteClient::start(REQUEST, Unreliable);
    let state = assert_outputs!(state, InviteClientEvent::Success, Unreliable => InviteClient::Accepted,
        [Disarm(Timer::A), Disarm(Timer::B), Arm(Timer::M, TRANSACTION), Pass]);
    let state = assert_outputs!(state, InviteClientEvent::Success, Unreliable => InviteClient::Accepted, [Pass]);
    let state = assert_outputs!(state, failure(), Unreliable => InviteClient::Accepted, []);
    assert_outputs!(state, InviteClientEvent::Fired(Timer::M), Unreliable => InviteClient::Terminated, []);
}

#[test]
fn a_request_is_sent_again_up_to_every_t2_until_timer_f() {
    let (mut state, actions) = Client::start(REQUEST, Unreliable);
    assert_eq!(
        actions.to_vec(),
        [
            Transmit(REQUEST),
            Arm(Timer::F, TRANSACTION),
            Arm(Timer::E, T1)
        ]
    );
    for interval in [1000, 2000, 4000, 4000] {
        state = assert_outputs!(state, ClientEvent::Fired(Timer::E), Unreliable
            => Client::Trying { .. }, [Transmit(REQUEST), Arm(Timer::E, ms(interval))]);
    }
    assert_outputs!(state, ClientEvent::Fired(Timer::F), Unreliable => Client::Terminated, [Disarm(Timer::E), GiveUp]);
}

#[test]
fn a_request_with_a_provisional_response_is_sent_again_every_t2() {
    let (state, _) = Client::start(REQUEST, Unreliable);
    let state = assert_outputs!(state, ClientEvent::Provisional, Unreliable
        => Client::Proceeding { .. }, [Pass, Arm(Timer::E, T2)]);
    let state = assert_outputs!(state, ClientEvent::Fired(Timer::E), Unreliable
        => Client::Proceeding { .. }, [Transmit(REQUEST), Arm(Timer::E, T2)]);
    assert_outputs!(state, ClientEvent::Fired(Timer::F), Unreliable => Client::Terminated, [Disarm(Timer::E), GiveUp]);
}

#[test]
fn a_final_response_is_passed_on_once_and_absorbed_until_timer_k() {
    for (over, linger) in [(Unreliable, T4), (Reliable, Duration::ZERO)] {
        let (state, _) = Client::start(REQUEST, over);
        let state = assert_outputs!(state, ClientEvent::Final, over => Client::Completed,
            [Disarm(Timer::E), Disarm(Timer::F), Arm(Timer::K, linger), Pass]);
        let state = assert_outputs!(state, ClientEvent::Final, over => Client::Completed, []);
        assert_outputs!(state, ClientEvent::Fired(Timer::K), over => Client::Terminated, []);
    }
}

#[test]
fn an_invite_that_came_gets_100_after_200_ms_or_when_it_comes_again() {
    let (state, actions) = InviteServer::start();
    assert_eq!(actions.to_vec(), [Arm(Timer::Trying, TRYING), Pass]);
    assert_outputs!(state.clone(), InviteServerEvent::Fired(Timer::Trying), Unreliable
        => InviteServer::Proceeding { last: None }, [Trying]);
    assert_outputs!(state, InviteServerEvent::Retransmission, Unreliable
        => InviteServer::Proceeding { last: None }, [Disarm(Timer::Trying), Trying]);
}

#[test]
fn a_retransmitted_invite_gets_the_last_provisional_response() {
    let (state, _) = InviteServer::start();
    let state = assert_outputs!(state, InviteServerEvent::Provisional(RINGING), Unreliable
        => InviteServer::Proceeding { last: Some(_) }, [Disarm(Timer::Trying), Transmit(RINGING)]);
    let state = assert_outputs!(state, InviteServerEvent::Retransmission, Unreliable
        => InviteServer::Proceeding { .. }, [Transmit(RINGING)]);
    assert_outputs!(state, InviteServerEvent::Fired(Timer::Trying), Unreliable => InviteServer::Proceeding { .. }, []);
}

#[test]
fn a_refusal_is_sent_again_up_to_every_t2_until_its_ack() {
    let (state, _) = InviteServer::start();
    let mut state = assert_outputs!(state, InviteServerEvent::Failure(BUSY), Unreliable
        => InviteServer::Completed { .. },
        [Disarm(Timer::Trying), Transmit(BUSY), Arm(Timer::H, TRANSACTION), Arm(Timer::G, T1)]);
    for interval in [1000, 2000, 4000, 4000] {
        state = assert_outputs!(state, InviteServerEvent::Fired(Timer::G), Unreliable
            => InviteServer::Completed { .. }, [Transmit(BUSY), Arm(Timer::G, ms(interval))]);
    }
    let state = assert_outputs!(state, InviteServerEvent::Retransmission, Unreliable
        => InviteServer::Completed { .. }, [Transmit(BUSY)]);
    assert_outputs!(state.clone(), InviteServerEvent::Fired(Timer::H), Unreliable
        => InviteServer::Terminated, [Disarm(Timer::G), GiveUp]);
    let state = assert_outputs!(state, InviteServerEvent::Ack, Unreliable => InviteServer::Confirmed,
        [Disarm(Timer::G), Disarm(Timer::H), Arm(Timer::I, T4)]);
    let state =
        assert_outputs!(state, InviteServerEvent::Ack, Unreliable => InviteServer::Confirmed, []);
    assert_outputs!(state, InviteServerEvent::Fired(Timer::I), Unreliable => InviteServer::Terminated, []);
}

#[test]
fn a_refusal_over_tcp_is_sent_once_and_its_ack_ends_it() {
    let (state, _) = InviteServer::start();
    let state = assert_outputs!(state, InviteServerEvent::Failure(BUSY), Reliable => InviteServer::Completed { .. },
        [Disarm(Timer::Trying), Transmit(BUSY), Arm(Timer::H, TRANSACTION)]);
    assert_outputs!(state, InviteServerEvent::Ack, Reliable => InviteServer::Confirmed,
        [Disarm(Timer::G), Disarm(Timer::H), Arm(Timer::I, Duration::ZERO)]);
}

#[test]
fn an_accepted_invite_absorbs_retransmissions_and_passes_2xx_through_until_timer_l() {
    let (state, _) = InviteServer::start();
    let state = assert_outputs!(state, InviteServerEvent::Success(OK), Unreliable => InviteServer::Accepted,
        [Disarm(Timer::Trying), Transmit(OK), Arm(Timer::L, TRANSACTION)]);
    let state = assert_outputs!(state, InviteServerEvent::Retransmission, Unreliable => InviteServer::Accepted, []);
    let state = assert_outputs!(state, InviteServerEvent::Success(OK), Unreliable
        => InviteServer::Accepted, [Transmit(OK)]);
    let state = assert_outputs!(state, InviteServerEvent::Failure(BUSY), Unreliable => InviteServer::Accepted, []);
    assert_outputs!(state, InviteServerEvent::Fired(Timer::L), Unreliable => InviteServer::Terminated, []);
}

#[test]
fn a_request_that_came_again_gets_its_final_response_again_until_timer_j() {
    for (over, linger) in [(Unreliable, TRANSACTION), (Reliable, Duration::ZERO)] {
        let (state, actions) = Server::start();
        assert_eq!(
            actions.to_vec(),
            [Arm(Timer::Unanswered, TRANSACTION), Pass]
        );
        let state = assert_outputs!(state, ServerEvent::Retransmission, over => Server::Trying, []);
        let state = assert_outputs!(state, ServerEvent::Final(OK), over => Server::Completed { .. },
            [Disarm(Timer::Unanswered), Transmit(OK), Arm(Timer::J, linger)]);
        let state = assert_outputs!(state, ServerEvent::Retransmission, over => Server::Completed { .. }, [Transmit(OK)]);
        let state =
            assert_outputs!(state, ServerEvent::Final(BUSY), over => Server::Completed { .. }, []);
        assert_outputs!(state, ServerEvent::Fired(Timer::J), over => Server::Terminated, []);
    }
}

#[test]
fn a_request_nobody_answers_is_given_up() {
    let (state, _) = Server::start();
    assert_outputs!(state, ServerEvent::Fired(Timer::Unanswered), Unreliable => Server::Terminated, [GiveUp]);
}

/// What may happen to an INVITE client transaction, timers only while they are armed.
fn happenings() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..4, 0..60)
}

proptest! {
    /// Whatever comes in whatever order, the application hears at most one failure, never one after a success, and
    /// a transaction that has ended leaves no timer.
    #[test]
    fn an_invite_client_tells_one_story(happenings in happenings()) {
        let (mut state, actions) = InviteClient::start(REQUEST, Unreliable);
        let mut armed = std::collections::BTreeSet::new();
        let (mut failures, mut successes) = (0, 0);
        let note = |actions: &[Action], armed: &mut std::collections::BTreeSet<Timer>| {
            for action in actions {
                match action {
                    Arm(timer, _) => { armed.insert(*timer); }
                    Disarm(timer) => { armed.remove(timer); }
                    Transmit(_) | Pass | GiveUp | Trying => {}
                }
            }
        };
        note(&actions, &mut armed);
        for happening in happenings {
            let event = match happening {
                0 => InviteClientEvent::Provisional,
                1 => InviteClientEvent::Success,
                2 => failure(),
                _ => match armed.pop_first() {
                    Some(timer) => InviteClientEvent::Fired(timer),
                    None => continue,
                },
            };
            let (next, actions) = state.on(event.clone(), Unreliable);
            note(&actions, &mut armed);
            if actions.contains(&Pass) || actions.contains(&GiveUp) {
                match event {
                    InviteClientEvent::Success => successes += 1,
                    InviteClientEvent::Failure { .. } | InviteClientEvent::Fired(_) => failures += 1,
                    InviteClientEvent::Provisional => prop_assert_eq!(failures + successes, 0),
                }
            }
            state = next;
            prop_assert!(failures <= 1 && (failures == 0 || successes == 0));
            prop_assert!(state != InviteClient::Terminated || armed.is_empty(), "{:?}", armed);
        }
    }
}
