//! A caller on the line, as the applications see him: what they say is played, his keys are collected, his voice is recorded.

use std::sync::Arc;
use std::time::Duration;

use apps::{Call, Called, Ended, HungUp, Key, Listener, Outside, RecordRules, Step, Take, Wake};
use crds::directory::{Caller, UserEntry};
use futures::StreamExt;
use media::codec::Codec;
use media::engine::{Event, LegId, PlayItem, RecordEnd};
use prompts::Say;
use sip::endpoint::SessionEvent;
use sip::sdp::Direction;
use sip::syntax::Reason;
use tokio::time::{Instant, sleep_until, timeout};

use super::breath::Breath;
use super::inbound::Inbound;
use super::office::{CallOffice, Recording, Spoken};
use super::outside::Outward;
use super::{CallEvent, info};

/// The caller of an answered call.
pub(super) struct Line<'a> {
    call: &'a mut Inbound,
    listener: Listener,
    speech: Speech,
    breath: Breath,
    tag: u64,
    presence: Presence,
}

/// What is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speech {
    Silent,
    Speaking(u64),
    /// Said to its end, and not told yet.
    Said,
}

/// Whether the caller is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    There,
    Gone,
}

/// What an event meant for the application.
#[derive(Clone, Copy, Debug, PartialEq)]
enum News {
    Key(Key),
    Said,
    Recorded {
        recording: u64,
        why: RecordEnd,
        length: Duration,
        spoken: bool,
    },
    Gone,
    Nothing,
}

impl<'a> Line<'a> {
    /// The caller of `call`, who is answered and spoken to like this.
    pub(super) fn new(call: &'a mut Inbound, listener: Listener) -> Self {
        Self {
            call,
            listener,
            speech: Speech::Silent,
            breath: Breath::default(),
            tag: 0,
            presence: Presence::There,
        }
    }

    /// Waits for what happens next, at most until `deadline`; none when that has passed.
    async fn news(&mut self, deadline: Instant) -> Option<News> {
        if self.presence == Presence::Gone {
            return Some(News::Gone);
        }
        let mut stopping = self.call.exchange.stopping();
        let event = tokio::select! {
            event = self.call.events.next() => event,
            () = stopping.stopped() => {
                self.call.party.end(Some(Reason::sip(503, "Service is stopping")));
                None
            }
            () = sleep_until(deadline) => return None,
        };
        Some(self.note(event))
    }

    /// Takes note of an event; none means that no more come.
    fn note(&mut self, event: Option<CallEvent>) -> News {
        let news = match event {
            Some(CallEvent::Media(event)) => self.heard(event),
            Some(CallEvent::Session(session, event)) if session == self.call.party.session => {
                self.signalled(*event)
            }
            // A phone that rang before and lost.
            Some(CallEvent::Session(..)) => News::Nothing,
            None => News::Gone,
        };
        match news {
            News::Gone => self.presence = Presence::Gone,
            News::Key(key) if self.call.keys.len() < MAX_KEYS => self.call.keys.push_back(key),
            News::Said => {
                self.speech = Speech::Said;
                self.breath.said(Instant::now());
            }
            News::Key(_) | News::Recorded { .. } | News::Nothing => {}
        }
        news
    }

    fn heard(&mut self, event: Event) -> News {
        match event {
            Event::Digit { digit, .. } => {
                Key::from_char(digit.to_char()).map_or(News::Nothing, News::Key)
            }
            Event::PlayEnded {
                tag,
                completed: true,
                ..
            } if self.speech == Speech::Speaking(tag) => News::Said,
            Event::RecordEnded {
                recording,
                why,
                duration,
                spoken,
                ..
            } => News::Recorded {
                recording,
                why,
                length: duration,
                spoken,
            },
            Event::PlayEnded { .. }
            | Event::DigitsSent { .. }
            | Event::FirstPacket { .. }
            | Event::Closed { .. } => News::Nothing,
            Event::MediaLost { leg } => self.lost(leg),
        }
    }

    /// A phone that is gone never hangs up: as if it had.
    fn lost(&mut self, leg: LegId) -> News {
        let seat = self.call.party.media.seat();
        if seat.is_none_or(|seat| seat.leg() != leg) {
            // Of a phone that rang before.
            return News::Nothing;
        }
        tracing::info!(
            "nothing has come from the caller's phone for half a minute: the call is ended"
        );
        let reason = Reason::sip(408, "No media from your phone");
        self.call.party.end(Some(reason));
        News::Gone
    }

    fn signalled(&mut self, event: SessionEvent) -> News {
        match event {
            SessionEvent::Ended { .. }
            | SessionEvent::Cancelled { .. }
            | SessionEvent::Failed { .. } => News::Gone,
            SessionEvent::Request { tx, request } => {
                let (digit, status) = info::key(&request);
                let response = request.respond(status);
                self.call
                    .exchange
                    .signalling
                    .with(|endpoint, now| endpoint.respond(tx, response, now));
                digit
                    .and_then(|digit| Key::from_char(digit.to_char()))
                    .map_or(News::Nothing, News::Key)
            }
            SessionEvent::Offer { sdp } => {
                self.offered(sdp.as_ref());
                News::Nothing
            }
            SessionEvent::Confirmed { sdp: Some(sdp) } => {
                // The answer to the offer in our 200, for an INVITE that came without one.
                let _ = self.call.party.media.take_answer(&sdp);
                News::Nothing
            }
            SessionEvent::Confirmed { sdp: None }
            | SessionEvent::Answer { .. }
            | SessionEvent::OfferFailed { .. }
            | SessionEvent::Trying
            | SessionEvent::Progress { .. }
            | SessionEvent::Answered { .. } => News::Nothing,
        }
    }

    /// The caller's phone changes its media (a hold, a new address): as it likes.
    fn offered(&mut self, sdp: Option<&bytes::Bytes>) {
        let party = &mut self.call.party;
        let session = party.session;
        let prefer: Vec<Codec> = party.media.sends().into_iter().collect();
        let answered = sdp
            .map_or(Ok(()), |sdp| party.media.take_offer(sdp))
            .and_then(|()| party.media.answer(&prefer, Direction::SendRecv));
        self.call
            .exchange
            .signalling
            .with(|endpoint, now| match answered {
                Ok(body) => endpoint.answer_offer(session, body, now),
                Err(status) => endpoint.refuse_offer(session, status, now),
            });
    }

    fn there(&self) -> Result<(), HungUp> {
        match self.presence {
            Presence::There => Ok(()),
            Presence::Gone => Err(HungUp),
        }
    }

    /// Ends the recording and waits until its last frame is in the spool: how long it is, and whether anybody spoke.
    async fn finish_recording(&mut self, recording: u64) -> Option<(Duration, bool)> {
        if let Some(seat) = self.call.party.media.seat() {
            seat.stop_record();
        }
        let ended = async {
            // Also of a caller who has gone: his recording ends all the same.
            while let Some(event) = self.call.events.next().await {
                if let News::Recorded {
                    recording: ended,
                    length,
                    spoken,
                    ..
                } = self.note(Some(event))
                    && ended == recording
                {
                    return Some((length, spoken));
                }
            }
            None
        };
        timeout(RECORD_END, ended).await.ok().flatten()
    }
}

impl Call<CallOffice> for Line<'_> {
    fn caller(&self) -> &Caller {
        &self.call.caller
    }

    fn took(&mut self, step: Step) {
        if let Some(trace) = self.call.trace() {
            let way = format!("{:?}", step.way);
            trace.event("menu", vec![("menu", step.menu.to_owned()), ("way", way)]);
        }
    }

    fn listener(&self) -> &Listener {
        &self.listener
    }

    fn set_listener(&mut self, listener: Listener) {
        self.listener = listener;
    }

    fn chosen_language(&self) -> Option<&Arc<str>> {
        self.call.language.as_ref()
    }

    fn choose_language(&mut self, language: Arc<str>) {
        self.listener.language = Arc::clone(&language);
        self.call.language = Some(language);
    }

    async fn start(&mut self, what: &[Say<Spoken>]) -> Result<(), HungUp> {
        self.there()?;
        let Some(seat) = self.call.party.media.seat() else {
            return Err(HungUp);
        };
        let codec = self.call.party.media.sends().unwrap_or(Codec::Pcmu);
        let now = jiff::Timestamp::now().to_zoned(self.listener.zone.clone());
        let system = self.call.directory.system();
        let languages = [&*self.listener.language, &*system.language];
        let voice = &self.call.exchange.voice;
        let mut items = voice.items(&languages, what, codec, &now);
        if items.is_empty() {
            self.speech = Speech::Said;
            return Ok(());
        }
        let pause = self.breath.before(what, Instant::now());
        if !pause.is_zero() {
            items.insert(0, PlayItem::Silence(pause));
        }
        self.tag += 1;
        self.speech = Speech::Speaking(self.tag);
        seat.play(items, self.tag);
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), HungUp> {
        self.there()?;
        if let (Speech::Speaking(_), Some(seat)) = (self.speech, self.call.party.media.seat()) {
            seat.stop_play();
        }
        self.speech = Speech::Silent;
        self.breath.interrupted();
        Ok(())
    }

    async fn wait(&mut self, at_most: Duration) -> Result<Wake, HungUp> {
        let deadline = Instant::now() + at_most;
        loop {
            if !self.call.keys.is_empty() {
                return Ok(Wake::Key);
            }
            if self.speech == Speech::Said {
                self.speech = Speech::Silent;
                return Ok(Wake::Finished);
            }
            match self.news(deadline).await {
                Some(News::Gone) => return Err(HungUp),
                Some(News::Key(_) | News::Said | News::Recorded { .. } | News::Nothing) => {}
                None => return Ok(Wake::TimeOver),
            }
        }
    }

    fn waiting_key(&self) -> Option<Key> {
        self.call.keys.front().copied()
    }

    fn take_key(&mut self) -> Option<Key> {
        let key = self.call.keys.pop_front();
        if key.is_some() {
            self.breath.interrupted();
        }
        key
    }

    async fn dial_tone(&mut self) -> Result<(), HungUp> {
        self.there()?;
        let Some(seat) = self.call.party.media.seat() else {
            return Err(HungUp);
        };
        let codec = self.call.party.media.sends().unwrap_or(Codec::Pcmu);
        self.tag += 1;
        self.speech = Speech::Speaking(self.tag);
        seat.play(vec![self.call.exchange.voice.dial_tone(codec)], self.tag);
        Ok(())
    }

    async fn call_out(&mut self, user: &UserEntry, whom: &Outside) -> Result<Called, HungUp> {
        self.stop().await?;
        self.call.keys.clear();
        let whom = match whom {
            Outside::Number(number) => Outward::Number(number.clone()),
            Outside::Help(number) => Outward::Help(number.clone()),
        };
        let called = self.call.call_and_return(&user.name, &whom).await;
        if called.is_none() {
            self.presence = Presence::Gone;
        }
        called.ok_or(HungUp)
    }

    async fn record(&mut self, recording: &Recording, rules: &RecordRules<'_>) -> Take {
        let _ = self.stop().await;
        while let Some(key) = self.call.keys.pop_front() {
            if rules.ends.contains(&key) {
                return Take::nothing(Ended::Key(key));
            }
        }
        let Some(seat) = self.call.party.media.seat() else {
            return Take::nothing(Ended::HungUp);
        };
        seat.record(recording.number(), rules.silence, rules.max);
        let began = Instant::now();
        // The engine keeps the length; this is for an engine that has gone.
        let deadline = began + rules.max + RECORD_END;
        loop {
            let news = self.news(deadline).await.unwrap_or(News::Gone);
            let ended = match news {
                News::Key(key) => {
                    self.call.keys.pop_back();
                    if !rules.ends.contains(&key) {
                        continue;
                    }
                    Ended::Key(key)
                }
                News::Recorded {
                    recording: ended,
                    why,
                    length,
                    spoken,
                } if ended == recording.number() => {
                    let ended = match why {
                        RecordEnd::Stopped | RecordEnd::LegClosed => Ended::HungUp,
                        RecordEnd::Silence => Ended::Silence,
                        RecordEnd::MaxLength => Ended::MaxLength,
                    };
                    recording.lasted(length);
                    return Take {
                        length,
                        spoken,
                        ended,
                    };
                }
                News::Gone => Ended::HungUp,
                News::Said | News::Nothing | News::Recorded { .. } => continue,
            };
            let finished = self.finish_recording(recording.number()).await;
            // What an engine that has gone has recorded may be words: they are kept.
            let (length, spoken) = finished.unwrap_or_else(|| (began.elapsed(), true));
            recording.lasted(length);
            return Take {
                length,
                spoken,
                ended,
            };
        }
    }
}

const MAX_KEYS: usize = 64;
/// How long the engine may take to hand over a recording's end; it takes a tick.
const RECORD_END: Duration = Duration::from_secs(1);
