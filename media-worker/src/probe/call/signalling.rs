//! What the far side's SIP says, and what it means for the call.

use std::io::Write;
use std::time::Instant;

use bytes::Bytes;
use media::codec::Codec;
use sip::sdp::{Agreed, Session as Description, agree, answer, offer};
use sip::syntax::{HeaderName, Headers, Response, StatusCode};
use sip::{EndReason, Event, Invite, Output, SessionEvent};

use super::{Call, Caller, End, Errand, Order, Outcome, Report, Stage, failed, verdict};

impl Call {
    /// Calls, for the first time or with an answer to a challenge (RFC 3261 section 22.2: the same Call-ID, the next `CSeq`).
    pub(super) fn invite(&mut self, headers: Headers, now: Instant) {
        self.invites += 1;
        let headers = headers
            .with(HeaderName::CallId, self.id.clone())
            .with(HeaderName::CSeq, format!("{} INVITE", self.invites));
        let invite = Invite {
            target: self.order.callee.uri.clone(),
            flow: self.sockets.flow(),
            from: self.order.caller.from(),
            to: self.order.caller.to(&self.order.callee),
            route: Vec::new(),
            headers,
            offer: Some(self.description.to_bytes()),
            account: None,
        };
        self.session = Some(self.endpoint.invite(invite, now));
    }

    /// Sends and tells all that the endpoint has.
    pub(super) fn drain<W: Write>(&mut self, report: &mut Report<'_, W>) -> anyhow::Result<()> {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Send { bytes, .. } => self.sockets.send_sip(&bytes),
                Output::Close(_) => {}
                Output::Event(event) => self.on_event(*event, report)?,
            }
        }
        Ok(())
    }

    fn on_event<W: Write>(
        &mut self,
        event: Event,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let now = Instant::now();
        match event {
            Event::Session { session, event } if self.session == Some(session) => {
                self.on_session(event, report)
            }
            Event::Session { .. } | Event::Response { .. } => Ok(()),
            Event::Invite { session, .. } => {
                let busy = StatusCode::BUSY_HERE;
                self.endpoint.reject(session, busy, Headers::default(), now);
                Ok(())
            }
            Event::Request { tx, request, .. } => {
                self.endpoint
                    .respond(tx, request.respond(StatusCode::OK), now);
                Ok(())
            }
        }
    }

    fn on_session<W: Write>(
        &mut self,
        event: SessionEvent,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let now = Instant::now();
        match event {
            SessionEvent::Progress { response, sdp, .. } => {
                self.progress(&response, sdp, report)?;
            }
            SessionEvent::Answered { response, sdp, .. } => {
                self.answered(&response, sdp, report)?;
            }
            SessionEvent::Failed { response } => self.refused(&response, report)?,
            SessionEvent::Offer { sdp } => self.on_offer(sdp, now),
            SessionEvent::Answer { sdp } => {
                self.settle(&sdp);
            }
            SessionEvent::Request { tx, request } => {
                self.endpoint
                    .respond(tx, request.respond(StatusCode::OK), now);
            }
            SessionEvent::Ended { reason } => self.ended(&reason, report)?,
            SessionEvent::Trying
            | SessionEvent::OfferFailed { .. }
            | SessionEvent::Confirmed { .. }
            | SessionEvent::Cancelled { .. } => {}
        }
        Ok(())
    }

    fn progress<W: Write>(
        &mut self,
        response: &Response,
        sdp: Option<Bytes>,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let code = response.status.code();
        let name = match response.status {
            StatusCode::RINGING => "ringing",
            StatusCode::SESSION_PROGRESS => "progress",
            _ => response.status.reason_phrase(),
        };
        let audio = match sdp.and_then(|sdp| self.settle(&sdp)) {
            Some(codec) => format!(": early audio, {codec}"),
            None => String::new(),
        };
        Ok(report.now(&format!("{name} ({code}){audio}"))?)
    }

    fn answered<W: Write>(
        &mut self,
        response: &Response,
        sdp: Option<Bytes>,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let code = response.status.code();
        let Some(codec) = sdp.and_then(|sdp| self.settle(&sdp)) else {
            report.now(&format!(
                "answered ({code}): no audio that the probe can speak"
            ))?;
            self.over(End::Ours, failed(verdict::no_codec()));
            return Ok(());
        };
        report.now(&format!("answered ({code}): {codec}"))?;
        if !self.order.keys.is_empty() && !self.mouth.has_keys() {
            self.over(End::Ours, failed(verdict::no_keys()));
            return Ok(());
        }
        self.mouth.press(&self.order.keys);
        let errand = if self.order.message.is_some() {
            Errand::AwaitBeep
        } else {
            Errand::Listen
        };
        self.stage = Stage::Answered(errand);
        Ok(())
    }

    fn refused<W: Write>(
        &mut self,
        response: &Response,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        if verdict::is_silence(response) {
            let sentence = verdict::no_answer(self.sockets.flow().remote);
            self.over(End::Theirs, Outcome::Unanswered(sentence));
            return Ok(());
        }
        let code = response.status.code();
        let caller = &self.order.caller;
        let may_answer =
            self.invites == 1 || self.invites < MAX_INVITES && Caller::is_stale(response);
        let credentials = caller
            .credentials(response, &self.order.callee.uri, &self.cnonce)
            .filter(|_| may_answer);
        if let Some(headers) = credentials {
            report.now(&format!("asked for the password ({code})"))?;
            self.invite(headers, Instant::now());
            return Ok(());
        }
        self.tell_last_words(report)?;
        report.now(&format!("refused ({code} {})", response.reason))?;
        let Order { callee, caller, .. } = &self.order;
        let sentence = verdict::refused(response, &callee.name(), caller.handset());
        self.over(End::Theirs, Outcome::Unanswered(sentence));
        Ok(())
    }

    fn ended<W: Write>(
        &mut self,
        reason: &EndReason,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let why = match reason {
            EndReason::Bye { .. } => "the far side hung up",
            EndReason::AckTimeout | EndReason::Unanswered => "the call was never confirmed",
            EndReason::SessionExpired => "the session was not refreshed",
            EndReason::FlowLost | EndReason::Timeout => "the far side no longer answers",
        };
        self.tell_last_words(report)?;
        report.now(why)?;
        let outcome = match (&self.stage, reason) {
            (Stage::Answered(Errand::Listen), EndReason::Bye { .. }) => self.judge_listening(),
            (Stage::Answered(Errand::Finish), _) => Outcome::Done,
            (Stage::Answered(Errand::AwaitBeep), _) => failed(verdict::before_beep(why)),
            (Stage::Answered(Errand::Speak), _) => failed(verdict::before_end(why)),
            (Stage::Answered(Errand::Listen) | Stage::Calling | Stage::Over { .. }, _) => {
                Outcome::Failed(verdict::ended(why))
            }
        };
        self.over(End::Theirs, outcome);
        Ok(())
    }

    /// The far side changes the session: hold, another address, another codec.
    fn on_offer(&mut self, sdp: Option<Bytes>, now: Instant) {
        let Some(session) = self.session else {
            return;
        };
        self.version.version += 1;
        let Some(sdp) = sdp else {
            self.description = offer(&self.capabilities, self.version);
            self.endpoint
                .answer_offer(session, self.description.to_bytes(), now);
            return;
        };
        let answered = Description::parse(&sdp)
            .ok()
            .and_then(|theirs| answer(&theirs, &self.capabilities, self.version).ok());
        match answered {
            Some((ours, agreed)) => {
                self.endpoint.answer_offer(session, ours.to_bytes(), now);
                self.follow(agreed);
            }
            None => self
                .endpoint
                .refuse_offer(session, StatusCode::NOT_ACCEPTABLE_HERE, now),
        }
    }

    /// Takes an answer to our offer; returns the name of the codec, `None` if it is no use.
    fn settle(&mut self, sdp: &[u8]) -> Option<&'static str> {
        let theirs = Description::parse(sdp).ok()?;
        let agreed = agree(&self.description, &theirs).ok()?;
        self.follow(agreed)
    }

    fn follow(&mut self, agreed: Agreed) -> Option<&'static str> {
        let codec = Codec::from_name(&agreed.send.name)?;
        let events = agreed.telephone_event.as_ref().map(|format| format.send);
        self.mouth.agree(codec, agreed.send.send, events);
        self.listening.agree(&agreed);
        if self.agreed.replace(agreed).is_none() {
            self.next_packet = Instant::now();
        }
        Some(codec.name())
    }
}

/// The first, one with the password, one more if its nonce was too old.
const MAX_INVITES: u32 = 3;
