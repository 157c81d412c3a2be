//! What the caller is told of his call: that a phone rings, early media, the answer, a refusal.

use std::time::Instant;

use bytes::Bytes;
use media::codec::Codec;
use sip::sdp::Direction;
use sip::syntax::{Headers, StatusCode};

use super::inbound::Inbound;
use super::party::Party;
use super::retry_soon;
use crate::metrics::CallResult;

/// What the caller has been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Trying,
    Ringing,
    /// 183 with this answer.
    Early(Bytes),
    Answered,
}

impl Inbound {
    /// Lets the caller know that a phone rings: his own phone makes the sound, or we do once he is answered.
    pub(super) fn ringing(&mut self) {
        match self.stage {
            Stage::Trying => {
                self.stage = Stage::Ringing;
                self.provisional(StatusCode::RINGING, None);
            }
            Stage::Answered => {
                if let (Some(seat), Some(codec)) =
                    (self.party.media.seat(), self.party.media.sends())
                {
                    seat.play(vec![self.exchange.voice.ringback(codec)], RINGBACK);
                }
            }
            Stage::Ringing | Stage::Early(_) => {}
        }
    }

    /// Lets the caller hear what a phone that rings plays.
    pub(super) fn early_media(&mut self, phone: &Party) -> Result<(), StatusCode> {
        let prefer: Vec<Codec> = phone.media.sends().into_iter().collect();
        self.progress_with_media(&prefer)?;
        if let (Some(caller), Some(phone)) = (self.party.media.seat(), phone.media.seat()) {
            caller.bridge(phone);
        }
        Ok(())
    }

    /// 183 with media, once: announcements before an answer cost the caller nothing (RFC 3960).
    pub(super) fn progress_with_media(&mut self, prefer: &[Codec]) -> Result<(), StatusCode> {
        match self.stage {
            Stage::Early(_) | Stage::Answered => Ok(()),
            Stage::Trying | Stage::Ringing => {
                let body = self.party.media.answer(prefer, Direction::SendRecv)?;
                self.stage = Stage::Early(body.clone());
                self.provisional(StatusCode::SESSION_PROGRESS, Some(body));
                Ok(())
            }
        }
    }

    /// Answers the caller, with what early media has agreed on already where there was any.
    pub(super) fn answer(&mut self, prefer: &[Codec]) -> Result<(), StatusCode> {
        let body = match &self.stage {
            Stage::Answered => {
                if let Some(seat) = self.party.media.seat() {
                    seat.stop_play();
                }
                return Ok(());
            }
            Stage::Early(body) => body.clone(),
            Stage::Trying | Stage::Ringing => {
                self.party.media.answer(prefer, Direction::SendRecv)?
            }
        };
        self.stage = Stage::Answered;
        let answered = Instant::now();
        self.record.answered = Some(answered);
        self.exchange
            .metrics
            .call_setup_seconds
            .observe((answered - self.record.began).as_secs_f64());
        let session = self.party.session;
        self.exchange
            .signalling
            .with(|endpoint, now| endpoint.accept(session, body, Headers::default(), now));
        Ok(())
    }

    /// Refuses the call, or ends it when it is answered.
    pub(super) fn refuse(&mut self, status: StatusCode, result: CallResult) -> CallResult {
        match self.stage {
            Stage::Answered => self.party.end(None),
            Stage::Trying | Stage::Ringing | Stage::Early(_) => {
                let headers = if status == StatusCode::SERVICE_UNAVAILABLE {
                    retry_soon()
                } else {
                    Headers::default()
                };
                self.party.reject(status, headers);
            }
        }
        result
    }

    fn provisional(&self, status: StatusCode, body: Option<Bytes>) {
        let session = self.party.session;
        self.exchange.signalling.with(|endpoint, now| {
            endpoint.progress(session, status, body, Headers::default(), now);
        });
    }
}

/// Names the playing of the ringing tone, whose end nobody waits for.
const RINGBACK: u64 = 0;
