//! What one side of a call and we have agreed on for its media, by offer and answer (RFC 3264).

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use media::codec::Codec;
use sip::sdp::{self, Agreed, Direction, Refusal, Version};
use sip::syntax::StatusCode;
use sip::transport::Flow;

use super::media::{MediaPool, Seat, far};
use super::{EventSender, formats};

/// The media of one side of a call. Dropping it frees its seat.
pub(super) struct Negotiation {
    pool: Rc<MediaPool>,
    flow: Flow,
    call: u64,
    listener: EventSender,
    seat: Option<Seat>,
    /// The far side's offer, until it is answered.
    offered: Option<Box<sdp::Session>>,
    ours: Option<Said>,
    theirs: Option<Said>,
    agreed: Option<Terms>,
    version: u64,
}

/// What one side said last. Descriptions themselves are not kept: a call lasts, and they are large.
struct Said {
    codecs: Box<[Codec]>,
    direction: Direction,
}

/// What of an agreement is asked for later; the engine has the rest.
struct Terms {
    remote: SocketAddr,
    sends: Option<Codec>,
    events: bool,
}

impl Negotiation {
    /// Nothing said yet, with the far side of `flow`.
    pub(super) fn new(pool: &Rc<MediaPool>, call: u64, flow: Flow, listener: &EventSender) -> Self {
        Self {
            pool: Rc::clone(pool),
            flow,
            call,
            listener: listener.clone(),
            seat: None,
            offered: None,
            ours: None,
            theirs: None,
            agreed: None,
            version: 0,
        }
    }

    /// Reads the far side's offer.
    ///
    /// # Errors
    /// 400 when it can't be read.
    pub(super) fn take_offer(&mut self, offer: &Bytes) -> Result<(), StatusCode> {
        let theirs = sdp::Session::parse(offer).map_err(|_| StatusCode::BAD_REQUEST)?;
        self.theirs = Some(Said::by(&theirs));
        self.offered = Some(Box::new(theirs));
        Ok(())
    }

    /// The codecs that the far side named last, best first.
    pub(super) fn codecs(&self) -> Vec<Codec> {
        self.theirs
            .as_ref()
            .map(|theirs| theirs.codecs.to_vec())
            .unwrap_or_default()
    }

    /// The codec we send in, once agreed.
    pub(super) fn sends(&self) -> Option<Codec> {
        self.agreed.as_ref()?.sends
    }

    /// Whether the far side takes RFC 4733 events.
    pub(super) fn takes_events(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.events)
    }

    /// Its media, once there is any.
    pub(super) fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    /// Our answer to the offer taken last, or an offer when the far side made none; media flows as it says from now on.
    ///
    /// # Errors
    /// The status to refuse with: 488 when nothing can be agreed on, 503 when every port is taken.
    pub(super) fn answer(
        &mut self,
        prefer: &[Codec],
        direction: Direction,
    ) -> Result<Bytes, StatusCode> {
        let Some(offered) = self.offered.take() else {
            return self.offer(prefer, direction);
        };
        match self.answer_to(&offered, prefer, direction) {
            Ok((ours, agreed)) => {
                self.ours = Some(Said::by(&ours));
                self.agree(&agreed);
                Ok(ours.to_bytes())
            }
            Err(status) => {
                self.offered = Some(offered);
                Err(status)
            }
        }
    }

    fn answer_to(
        &mut self,
        theirs: &sdp::Session,
        prefer: &[Codec],
        direction: Direction,
    ) -> Result<(sdp::Session, Agreed), StatusCode> {
        let remote = formats::audio(theirs)
            .and_then(|media| Some(SocketAddr::new(theirs.address(media)?, media.port)))
            .ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let ssrc = formats::audio(theirs).and_then(|media| media.ssrcs.first().copied());
        let place = far(remote, &self.flow);
        let moves = self
            .agreed
            .as_ref()
            .is_none_or(|before| before.remote != remote);
        // Before the port is named: it is one where nobody else waits for the same far side.
        let seat = match &mut self.seat {
            Some(seat) => {
                if moves {
                    seat.wait_for(place, ssrc)
                        .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
                }
                seat
            }
            none @ None => {
                let seat = self
                    .pool
                    .answer(self.call, &self.flow, place, ssrc, &self.listener);
                none.insert(seat.ok_or(StatusCode::SERVICE_UNAVAILABLE)?)
            }
        };
        let capabilities = formats::capabilities(seat, prefer, direction);
        sdp::answer(theirs, &capabilities, self.next_version()).map_err(Refusal::status)
    }

    /// An offer of ours.
    ///
    /// # Errors
    /// 503 when every port is taken.
    pub(super) fn offer(
        &mut self,
        prefer: &[Codec],
        direction: Direction,
    ) -> Result<Bytes, StatusCode> {
        let seat = match &mut self.seat {
            Some(seat) => seat,
            none @ None => {
                let seat = self.pool.reserve(self.call, &self.flow, &self.listener);
                none.insert(seat.ok_or(StatusCode::SERVICE_UNAVAILABLE)?)
            }
        };
        let capabilities = formats::capabilities(seat, prefer, direction);
        let ours = sdp::offer(&capabilities, self.next_version());
        self.ours = Some(Said::by(&ours));
        Ok(ours.to_bytes())
    }

    /// The far side's answer to our offer; media flows as it says from now on. True when the leg had to move to another
    /// port, so that a new offer must follow.
    ///
    /// # Errors
    /// The status that says why the call can't go on.
    pub(super) fn take_answer(&mut self, answer: &Bytes) -> Result<bool, StatusCode> {
        let ours = self.our_offer().ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let theirs = sdp::Session::parse(answer).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
        let agreed = sdp::agree(&ours, &theirs).map_err(|_| StatusCode::NOT_ACCEPTABLE_HERE)?;
        let known = self
            .agreed
            .as_ref()
            .is_some_and(|before| before.remote == agreed.remote);
        let place = far(agreed.remote, &self.flow);
        let moved = match &mut self.seat {
            Some(seat) if !known => seat
                .answered(place, agreed.ssrc)
                .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?,
            Some(_) | None => false,
        };
        self.theirs = Some(Said::by(&theirs));
        self.agree(&agreed);
        Ok(moved)
    }

    /// Which way media is to flow by what the far side said last, from its point of view.
    pub(super) fn offered_direction(&self) -> Direction {
        self.theirs
            .as_ref()
            .map_or(Direction::SendRecv, |theirs| theirs.direction)
    }

    /// Which way media flows by what we said last, from our point of view.
    pub(super) fn told_direction(&self) -> Direction {
        self.ours
            .as_ref()
            .map_or(Direction::SendRecv, |ours| ours.direction)
    }

    /// What we offered last, made again from what it said.
    fn our_offer(&self) -> Option<sdp::Session> {
        let (seat, ours) = (self.seat.as_ref()?, self.ours.as_ref()?);
        let capabilities = formats::capabilities(seat, &ours.codecs, ours.direction);
        Some(sdp::offer(&capabilities, self.version()))
    }

    fn agree(&mut self, agreed: &Agreed) {
        if let Some(seat) = &mut self.seat {
            seat.set(agreed, &self.flow);
        }
        self.agreed = Some(Terms {
            remote: agreed.remote,
            sends: formats::sent(&agreed.send).map(|format| format.codec),
            events: agreed.telephone_event.is_some(),
        });
    }

    fn next_version(&mut self) -> Version {
        self.version += 1;
        self.version()
    }

    fn version(&self) -> Version {
        Version {
            session: self.call,
            version: self.version,
        }
    }
}

impl Said {
    fn by(session: &sdp::Session) -> Self {
        Self {
            codecs: formats::named_in(session).into(),
            direction: formats::direction_of(session),
        }
    }
}
