//! The call itself: one loop over two sockets and a clock.

mod signalling;

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use media::codec::Codec;
use sip::sdp::{Agreed, Capabilities, Payload, Session as Description, Version, offer};
use sip::syntax::Headers;
use sip::{Endpoint, EndpointConfig, SessionId};

use super::callee::Callee;
use super::caller::Caller;
use super::ear::{Heard, Noted};
use super::expectation::Expectation;
use super::listening::Listening;
use super::message::Message;
use super::mouth::{Mouth, PACKET, Uttered};
use super::report::Report;
use super::sockets::{Arrived, Sockets};
use super::stroke::Stroke;
use super::{Outcome, verdict};
use crate::random::Random;

/// What the probe is to do.
#[derive(Clone)]
pub(super) struct Order {
    /// Whom to call.
    pub(super) callee: Callee,
    /// Who calls.
    pub(super) caller: Caller,
    /// Keys to press once answered.
    pub(super) keys: Vec<Stroke>,
    /// The message to leave.
    pub(super) message: Option<Message>,
    /// What is to be heard.
    pub(super) expectation: Option<Expectation>,
    /// Keys to press when it was.
    pub(super) afterwards: Vec<Stroke>,
    /// When to hang up, counted from the INVITE.
    pub(super) limit: Duration,
}

/// A call under way.
pub(super) struct Call {
    order: Order,
    endpoint: Endpoint,
    sockets: Sockets,
    session: Option<SessionId>,
    id: String,
    cnonce: String,
    invites: u32,
    capabilities: Capabilities,
    version: Version,
    description: Description,
    stage: Stage,
    agreed: Option<Agreed>,
    mouth: Mouth,
    next_packet: Instant,
    listening: Listening,
}

/// How far the call is.
enum Stage {
    /// Nobody has answered.
    Calling,
    /// Answered: what is still to be done.
    Answered(Errand),
    /// Nothing more is to be done; we hang up if the far side has not.
    Over { outcome: Outcome, end: End },
}

/// What is to be done with an answered call.
#[derive(Clone, Copy)]
enum Errand {
    Listen,
    AwaitBeep,
    Speak,
    /// The expected was heard; the last keys are pressed.
    Finish,
}

/// Who ended the call.
#[derive(Clone, Copy)]
enum End {
    Ours,
    Theirs,
}

impl Call {
    /// Sends the INVITE.
    pub(super) fn place(order: Order, sockets: Sockets, random: &Random) -> Self {
        let at = sockets.rtp_address();
        let ssrc = random.u32();
        let capabilities = Capabilities {
            audio: CODECS.into_iter().filter_map(payload).collect(),
            cname: "probe".to_owned(),
            ..Capabilities::telephony(at.ip(), at.port(), ssrc)
        };
        let version = Version {
            session: u64::from(random.u32()),
            version: 1,
        };
        let config = EndpointConfig {
            user_agent: concat!("switchboard-probe/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact_user: Some(order.caller.user().to_owned()),
            ..EndpointConfig::default()
        };
        let now = Instant::now();
        let mut call = Call {
            endpoint: Endpoint::new(config, random.bytes()),
            session: None,
            id: format!("{:016x}", u64::from_be_bytes(random.bytes())),
            cnonce: format!("{:016x}", u64::from_be_bytes(random.bytes())),
            invites: 0,
            description: offer(&capabilities, version),
            capabilities,
            version,
            stage: Stage::Calling,
            agreed: None,
            mouth: Mouth::new(ssrc, random.u32() as u16, random.u32()),
            next_packet: now,
            listening: Listening::default(),
            order,
            sockets,
        };
        call.invite(Headers::default(), now);
        call
    }

    /// Goes on until the call is over, and says goodbye.
    pub(super) fn run<W: Write>(&mut self, report: &mut Report<'_, W>) -> anyhow::Result<Outcome> {
        let mut buffer = vec![0; MAX_DATAGRAM];
        let (outcome, end) = loop {
            self.step(&mut buffer, report)?;
            if let Stage::Over { outcome, end } = &self.stage {
                break (outcome.clone(), *end);
            }
            if report.since(Instant::now()) >= self.order.limit {
                self.time_over(report)?;
            }
        };
        self.tell_last_words(report)?;
        if let (End::Ours, Some(session)) = (end, self.session) {
            self.endpoint.end(session, None, Instant::now());
            report.now("hung up")?;
        }
        self.linger(end, &mut buffer, report)?;
        Ok(outcome)
    }

    /// Writes what was heard as a WAV file.
    pub(super) fn keep_heard<W: Write>(
        &self,
        file: &Path,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let Some(recording) = self.listening.recording() else {
            return Ok(report.now("nothing was heard: no recording is written")?);
        };
        let pcm = recording.to_pcm();
        std::fs::write(file, media::wav::write(&pcm)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        let seconds = pcm.duration().as_secs_f64();
        Ok(report.now(&format!("recorded {} ({seconds:.1} s)", file.display()))?)
    }

    /// What the sockets and the clock bring, a few milliseconds of it.
    fn step<W: Write>(
        &mut self,
        buffer: &mut [u8],
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let mut refused = false;
        loop {
            match self.sockets.receive_sip(buffer) {
                Arrived::Datagram(length) => {
                    let bytes = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
                    let flow = self.sockets.flow();
                    self.endpoint.handle_datagram(flow, &bytes, Instant::now());
                }
                Arrived::Refused => refused = true,
                Arrived::Nothing => break,
            }
        }
        self.endpoint.handle_timeout(Instant::now());
        self.drain(report)?;
        if refused && matches!(self.stage, Stage::Calling) {
            let sentence = verdict::nobody_listens(self.sockets.flow().remote);
            self.over(End::Theirs, Outcome::Unanswered(sentence));
        }
        let asked = report.since(Instant::now());
        let noted = if let Some(length) = self.sockets.receive_rtp(buffer) {
            let arrival = report.since(Instant::now());
            let packet = buffer.get(..length).unwrap_or_default();
            self.listening.receive(packet, arrival)
        } else {
            // Only when no packet waits has there been silence: after we were held up, they wait.
            self.listening.pass(asked)
        };
        self.hear(noted, report)?;
        self.utter(buffer, report)
    }

    /// Sends the packets that are due.
    fn utter<W: Write>(
        &mut self,
        buffer: &mut [u8],
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        let Some(remote) = self.agreed.as_ref().map(|agreed| agreed.remote) else {
            return Ok(());
        };
        while self.next_packet <= Instant::now() {
            self.next_packet += PACKET;
            let (length, uttered) = self.mouth.next_packet(buffer);
            if self.may_send() {
                self.sockets
                    .send_rtp(buffer.get(..length).unwrap_or_default(), remote);
            }
            match uttered {
                Uttered::More => {}
                Uttered::Keys(1) => report.now("pressing a key")?,
                Uttered::Keys(count) => report.now(&format!("pressing {count} keys"))?,
                Uttered::Message => {
                    self.tell_last_words(report)?;
                    report.now("message spoken to its end")?;
                    self.over(End::Ours, Outcome::Done);
                }
            }
        }
        if matches!(self.stage, Stage::Answered(Errand::Finish)) && self.mouth.is_idle() {
            self.over(End::Ours, Outcome::Done);
        }
        Ok(())
    }

    fn may_send(&self) -> bool {
        self.agreed
            .as_ref()
            .is_some_and(|agreed| agreed.direction.sends() && agreed.remote.port() != 0)
    }

    fn hear<W: Write>(
        &mut self,
        noted: Vec<Noted>,
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        for (at, heard) in noted {
            report.at(at, &sentence(heard))?;
            let is_beep = matches!(heard, Heard::Beep { .. });
            if is_beep && matches!(self.stage, Stage::Answered(Errand::AwaitBeep)) {
                self.speak(report)?;
            }
            let expected = |expectation: &Expectation| expectation.is_met_by(heard);
            let is_expected = self.order.expectation.as_ref().is_some_and(expected);
            if is_expected && matches!(self.stage, Stage::Answered(Errand::Listen)) {
                report.now("that was to be heard")?;
                self.finish();
            }
        }
        Ok(())
    }

    /// Tells what was going on when the call ended, which was before the end. What comes yet is not listened to.
    fn tell_last_words<W: Write>(&mut self, report: &mut Report<'_, W>) -> anyhow::Result<()> {
        let now = report.since(Instant::now());
        for (at, heard) in self.listening.finish() {
            // The last packet that has come may reach beyond this moment.
            report.at(at.min(now), &sentence(heard))?;
        }
        Ok(())
    }

    /// Presses the last keys, and leaves the far side a second to act on them.
    fn finish(&mut self) {
        if !self.order.afterwards.is_empty() {
            self.mouth.press(&self.order.afterwards);
            self.mouth.press(&[Stroke::Wait]);
        }
        self.stage = Stage::Answered(Errand::Finish);
    }

    /// The beep was heard; one among the keys is none of ours.
    fn speak<W: Write>(&mut self, report: &mut Report<'_, W>) -> anyhow::Result<()> {
        let Some(message) = self.order.message.as_ref().filter(|_| self.mouth.is_idle()) else {
            return Ok(());
        };
        self.mouth.speak(message.clip(self.mouth.codec()));
        self.stage = Stage::Answered(Errand::Speak);
        let seconds = message.duration().as_secs_f64();
        let name = &message.name;
        Ok(report.now(&format!("speaking {name} ({seconds:.1} s)"))?)
    }

    /// The limit is reached.
    fn time_over<W: Write>(&mut self, report: &mut Report<'_, W>) -> anyhow::Result<()> {
        let seconds = self.order.limit.as_secs();
        self.tell_last_words(report)?;
        report.now(&format!("{seconds} s are over"))?;
        let outcome = match self.stage {
            Stage::Calling => failed(verdict::not_taken(&self.order.callee.name(), seconds)),
            Stage::Answered(Errand::Listen) => self.judge_listening(),
            Stage::Answered(Errand::AwaitBeep) if self.listening.packets() == 0 => {
                self.judge_listening()
            }
            Stage::Answered(Errand::AwaitBeep) => failed(verdict::no_beep(seconds)),
            Stage::Answered(Errand::Speak) => failed(verdict::cut_short(seconds)),
            Stage::Answered(Errand::Finish) => Outcome::Done,
            Stage::Over { .. } => return Ok(()),
        };
        self.over(End::Ours, outcome);
        Ok(())
    }

    /// A call without a message has done well if there was anything to hear, unless something certain was to be.
    fn judge_listening(&self) -> Outcome {
        if self.listening.packets() == 0 {
            return failed(verdict::no_audio(self.sockets.rtp_address()));
        }
        match &self.order.expectation {
            Some(expectation) => failed(verdict::not_heard(expectation)),
            None => Outcome::Done,
        }
    }

    fn over(&mut self, end: End, outcome: Outcome) {
        if !matches!(self.stage, Stage::Over { .. }) {
            self.stage = Stage::Over { outcome, end };
        }
    }

    /// Waits until the goodbye is heard, but not long.
    fn linger<W: Write>(
        &mut self,
        end: End,
        buffer: &mut [u8],
        report: &mut Report<'_, W>,
    ) -> anyhow::Result<()> {
        self.agreed = None;
        let begin = Instant::now();
        loop {
            self.step(buffer, report)?;
            let least = match end {
                End::Ours if self.endpoint.session_count() > 0 => GOODBYE,
                End::Ours | End::Theirs => SETTLING,
            };
            if begin.elapsed() >= least {
                return Ok(());
            }
        }
    }
}

fn failed(sentence: String) -> Outcome {
    Outcome::Failed(sentence)
}

fn payload(codec: Codec) -> Option<Payload> {
    codec.static_payload().and_then(Payload::of_static_number)
}

fn sentence(heard: Heard) -> String {
    match heard {
        Heard::SpeechBegins => "speech begins".to_owned(),
        Heard::SpeechEnds(length) => format!("speech ends: {:.1} s", length.as_secs_f64()),
        Heard::Beep { hz, length } => format!("beep: {hz:.0} Hz, {:.2} s", length.as_secs_f64()),
        Heard::Tone { hz, length } => format!("tone: {hz:.0} Hz, {:.1} s", length.as_secs_f64()),
    }
}

/// In order of preference.
const CODECS: [Codec; 3] = [Codec::Pcmu, Codec::Pcma, Codec::G722];
const MAX_DATAGRAM: usize = 65_536;
/// For the ACK of a refusal, or the answers to a CANCEL.
const SETTLING: Duration = Duration::from_millis(150);
/// For the answer to a BYE that may get lost twice.
const GOODBYE: Duration = Duration::from_secs(2);
