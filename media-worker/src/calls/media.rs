//! Media legs as calls see them: a seat on a port, opened when the far side is known, gone when dropped.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use media::engine::{Command, Event, Expect, LegId, LegSpec, PlayItem};
use media::pairs::{Far, Pairs, PortId, WaitError};
use sip::sdp::Agreed;
use sip::transport::Flow;

use super::hearing::{Heard, Hearing};
use super::{CallEvent, EventSender, formats};
use crate::media_threads::MediaHandle;
use crate::random::Random;
use crate::signalling::same_family;

/// The worker's media ports and threads.
pub struct MediaPool {
    threads: MediaHandle,
    pairs: RefCell<Pairs>,
    /// Who hears of a leg: the call that owns it.
    listeners: RefCell<HashMap<LegId, EventSender>>,
    random: Rc<Random>,
    next_leg: Cell<LegId>,
    /// What far sides are told instead of the address of signalling.
    advertised: RefCell<Option<MediaAddresses>>,
    hearing: RefCell<Hearing>,
}

/// Where media reach us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaAddresses {
    /// Of either family.
    pub addresses: Vec<IpAddr>,
    /// The port that leads to our lowest one, and so on upwards; none: the same.
    pub first_port: Option<u16>,
}

impl MediaPool {
    /// Seats on the ports of running media threads.
    pub fn new(threads: MediaHandle, pairs: Pairs, random: Rc<Random>) -> Rc<Self> {
        Rc::new(Self {
            threads,
            pairs: RefCell::new(pairs),
            listeners: RefCell::default(),
            random,
            next_leg: Cell::new(1),
            advertised: RefCell::default(),
            hearing: RefCell::default(),
        })
    }

    /// Tells far sides of new calls this address for media.
    pub fn advertise(&self, addresses: Option<MediaAddresses>) {
        self.advertised.replace(addresses);
    }

    /// Whether callers are heard.
    pub fn hearing(&self) -> Heard {
        self.hearing.borrow().heard()
    }

    /// A seat for one leg of `call` that we offer to the far side of `flow`; none when every port is taken.
    pub(super) fn reserve(
        self: &Rc<Self>,
        call: u64,
        flow: &Flow,
        listener: &EventSender,
    ) -> Option<Seat> {
        let leg = self.next_leg();
        let far = Far::Nat(flow.remote.ip());
        let port = self
            .pairs
            .borrow_mut()
            .reserve(leg, call, far, Instant::now())?;
        Some(self.seat(call, (leg, port), flow, listener))
    }

    /// A seat for one leg of `call` whose far side has offered: its packets are waited for from now on. None when every port is taken.
    pub(super) fn answer(
        self: &Rc<Self>,
        call: u64,
        flow: &Flow,
        far: Far,
        remote_ssrc: Option<u32>,
        listener: &EventSender,
    ) -> Option<Seat> {
        let leg = self.next_leg();
        let port = self
            .pairs
            .borrow_mut()
            .answer(leg, call, far, remote_ssrc, Instant::now())?;
        Some(self.seat(call, (leg, port), flow, listener))
    }

    fn seat(
        self: &Rc<Self>,
        call: u64,
        (leg, port): (LegId, PortId),
        flow: &Flow,
        listener: &EventSender,
    ) -> Seat {
        self.listeners.borrow_mut().insert(leg, listener.clone());
        self.hearing.borrow_mut().begun(leg, call);
        let advertised = self.advertised.borrow();
        let given = advertised.as_ref();
        let address = given.and_then(|given| same_family(&given.addresses, flow.remote.ip()));
        let first_port = address.and(given).and_then(|given| given.first_port);
        Seat {
            pool: Rc::clone(self),
            leg,
            port,
            address: address.unwrap_or(flow.local.ip()),
            first_port,
            ssrc: self.random.u32(),
            stage: Stage::Reserved,
        }
    }

    fn next_leg(&self) -> LegId {
        self.next_leg.replace(self.next_leg.get() + 1)
    }

    /// Passes an event of the media threads on to the call whose leg it is.
    pub fn dispatch(&self, event: Event) {
        let leg = match event {
            Event::FirstPacket { leg, from, ssrc } => {
                self.pairs.borrow_mut().latched(leg, from, ssrc);
                self.hearing.borrow_mut().heard_leg(leg);
                leg
            }
            Event::Digit { leg, .. }
            | Event::PlayEnded { leg, .. }
            | Event::RecordEnded { leg, .. }
            | Event::DigitsSent { leg }
            | Event::MediaLost { leg }
            | Event::Closed { leg, .. } => leg,
        };
        if let Some(call) = self.listeners.borrow().get(&leg) {
            // A call that has just gone needs no more events.
            let _ = call.unbounded_send(CallEvent::Media(event));
        }
    }

    /// The media threads, for their counters.
    pub fn threads(&self) -> &MediaHandle {
        &self.threads
    }

    /// Calls refused for want of a port.
    pub fn refused(&self) -> u64 {
        self.pairs.borrow().refused()
    }
}

/// How far a seat's leg has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Reserved,
    Open,
}

/// One leg's place on a local port. Dropping it closes the leg.
pub(super) struct Seat {
    pool: Rc<MediaPool>,
    leg: LegId,
    port: PortId,
    address: IpAddr,
    /// The port that is told for the lowest of ours.
    first_port: Option<u16>,
    ssrc: u32,
    stage: Stage,
}

impl Seat {
    /// Its leg.
    pub(super) fn leg(&self) -> LegId {
        self.leg
    }

    /// Where the far side is told to send.
    pub(super) fn address(&self) -> SocketAddr {
        // Pairs hands out only ports that the threads have bound.
        let threads = &self.pool.threads;
        let bound = threads.local_addr(self.port.thread, self.port.port);
        let bound = bound.map_or(0, |bound| bound.port());
        let port = self.first_port.map_or(bound, |first| {
            first.saturating_add(bound.saturating_sub(threads.lowest_port()))
        });
        SocketAddr::new(self.address, port)
    }

    /// The SSRC of what we send, as announced.
    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Before an answer of ours to a changed offer goes out: waits for the far side on a free pair, which may be on another port than was reserved.
    ///
    /// # Errors
    /// [`WaitError::NoneFree`]: answer 503.
    pub(super) fn wait_for(&mut self, far: Far, remote_ssrc: Option<u32>) -> Result<(), WaitError> {
        match self.start_waiting(far, remote_ssrc) {
            Err(WaitError::Move(port)) => {
                self.port = port;
                self.start_waiting(far, remote_ssrc)
            }
            done => done,
        }
    }

    /// After the far side's answer to our offer: true when the leg must move by re-INVITE, since another leg waits on the announced port.
    ///
    /// # Errors
    /// [`WaitError::NoneFree`]: end the leg.
    pub(super) fn answered(
        &mut self,
        far: Far,
        remote_ssrc: Option<u32>,
    ) -> Result<bool, WaitError> {
        match self.start_waiting(far, remote_ssrc) {
            Err(WaitError::Move(port)) => {
                self.port = port;
                self.start_waiting(far, remote_ssrc).map(|()| true)
            }
            done => done.map(|()| false),
        }
    }

    fn start_waiting(&mut self, far: Far, remote_ssrc: Option<u32>) -> Result<(), WaitError> {
        self.pool
            .pairs
            .borrow_mut()
            .start_waiting(self.leg, far, remote_ssrc, Instant::now())
    }

    /// Opens the leg with what the two sides agreed on, or changes it to that.
    pub(super) fn set(&mut self, agreed: &Agreed, flow: &Flow) {
        let Some(spec) = self.spec(agreed, flow) else {
            return;
        };
        let command = match self.stage {
            Stage::Reserved => Command::Open(spec),
            Stage::Open => Command::Redirect(spec),
        };
        if self.stage == Stage::Reserved {
            self.pool.hearing.borrow_mut().opened(self.leg);
        }
        self.stage = Stage::Open;
        self.order(command);
    }

    /// Plays items in order; [`Event::PlayEnded`] comes back with the tag.
    pub(super) fn play(&self, items: Vec<PlayItem>, tag: u64) {
        self.order(Command::Play {
            leg: self.leg,
            items,
            tag,
        });
    }

    /// Stops playing.
    pub(super) fn stop_play(&self) {
        self.order(Command::StopPlay { leg: self.leg });
    }

    /// Records into the spool.
    pub(super) fn record(&self, recording: u64, silence: Option<Duration>, max: Duration) {
        self.order(Command::Record {
            leg: self.leg,
            recording,
            silence,
            max,
        });
    }

    /// Ends the recording.
    pub(super) fn stop_record(&self) {
        self.order(Command::StopRecord { leg: self.leg });
    }

    /// Lets this leg and another hear each other.
    pub(super) fn bridge(&self, other: &Seat) {
        self.order(Command::Bridge {
            a: self.leg,
            b: other.leg,
        });
    }

    /// Sends digits as the far side understands them.
    pub(super) fn send_digits(&self, digits: impl IntoIterator<Item = media::dtmf::Digit>) {
        self.order(Command::SendDigits {
            leg: self.leg,
            digits: digits.into_iter().collect(),
        });
    }

    fn order(&self, command: Command) {
        self.pool.threads.command(self.port.thread, command);
    }

    fn spec(&self, agreed: &Agreed, flow: &Flow) -> Option<LegSpec> {
        Some(LegSpec {
            id: self.leg,
            port: self.port.port,
            remote: expect(far(agreed.remote, flow)),
            remote_ssrc: agreed.ssrc,
            local_ssrc: self.ssrc,
            send: formats::sent(&agreed.send)?,
            receive: agreed
                .formats
                .iter()
                .filter_map(formats::received)
                .collect(),
            telephone_event: agreed.telephone_event.as_ref().map(|events| events.receive),
            inband_dtmf: agreed.telephone_event.is_none(),
            ptime: agreed.ptime,
            direction: formats::direction(agreed.direction),
            rtcp_mux: agreed.remote_rtcp.is_none(),
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.stage == Stage::Open {
            self.order(Command::Close(self.leg));
        }
        self.pool.hearing.borrow_mut().ended(self.leg);
        self.pool.pairs.borrow_mut().free(self.leg, Instant::now());
        self.pool.listeners.borrow_mut().remove(&self.leg);
    }
}

/// Where a leg's packets will come from: the address in SDP, unless that is a private one behind the public one that signalling comes from.
pub(super) fn far(announced: SocketAddr, flow: &Flow) -> Far {
    let source = flow.remote.ip();
    // A softphone on this machine that registers at the loopback address but names its network card's: its packets to us come
    // from the loopback address too.
    if flow.local.ip().is_loopback()
        && !announced.ip().is_loopback()
        && !announced.ip().is_unspecified()
    {
        return Far::Address(SocketAddr::new(flow.local.ip(), announced.port()));
    }
    if announced.ip() != source && is_private(announced.ip()) {
        Far::Nat(source)
    } else {
        Far::Address(announced)
    }
}

fn expect(far: Far) -> Expect {
    match far {
        Far::Address(address) => Expect::Announced(address),
        Far::Nat(signalling) => Expect::BehindNat { signalling },
    }
}

/// Addresses that can't be reached from elsewhere (RFC 1918, RFC 6598, RFC 4193, link-local, loopback, unspecified).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, _, _] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::transport::Protocol;

    fn from(source: &str) -> Flow {
        Flow {
            protocol: Protocol::Udp,
            local: "198.51.100.1:5060".parse().unwrap(),
            remote: source.parse().unwrap(),
            connection: 0,
        }
    }

    #[test]
    fn a_private_address_in_sdp_behind_a_public_source_is_a_nat() {
        let announced = "192.168.1.20:4000".parse().unwrap();
        assert_eq!(
            far(announced, &from("203.0.113.9:61000")),
            Far::Nat("203.0.113.9".parse().unwrap())
        );
    }

    #[test]
    fn a_softphone_on_this_machine_sends_from_where_it_reaches_us() {
        let flow = Flow {
            local: "127.0.0.1:5060".parse().unwrap(),
            ..from("192.168.1.20:5060")
        };
        let announced = "192.168.1.20:4000".parse().unwrap();
        assert_eq!(
            far(announced, &flow),
            Far::Address("127.0.0.1:4000".parse().unwrap())
        );
    }

    #[test]
    fn a_phone_in_the_same_network_and_a_public_media_server_send_from_what_they_announce() {
        let same = "192.168.1.20:4000".parse().unwrap();
        assert_eq!(far(same, &from("192.168.1.20:5060")), Far::Address(same));
        let server = "203.0.113.77:30000".parse().unwrap();
        assert_eq!(far(server, &from("203.0.113.9:5060")), Far::Address(server));
    }
}
