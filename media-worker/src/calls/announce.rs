//! Announcements to callers who can't be connected: spoken before the call is refused, so they cost nothing.

use std::time::Duration;

use media::engine::Event;
use prompts::{PromptId, Say};
use sip::syntax::StatusCode;
use tokio::time::{Instant, sleep_until};

use super::CallEvent;
use super::inbound::Inbound;
use crate::metrics::CallResult;
use crate::voice::Voice;

/// The number means nothing.
pub async fn unknown_number(call: &mut Inbound) -> CallResult {
    refuse(call, PromptId::ANNOUNCE_UNKNOWN_NUMBER, StatusCode::NOT_FOUND, CallResult::UnknownNumber).await
}

/// What the number means can't be reached: no trunk, no conference center yet.
pub async fn not_available(call: &mut Inbound) -> CallResult {
    refuse(call, PromptId::ANNOUNCE_UNAVAILABLE, StatusCode::TEMPORARILY_UNAVAILABLE, CallResult::Refused).await
}

async fn refuse(call: &mut Inbound, prompt: PromptId, status: StatusCode, result: CallResult) -> CallResult {
    // A caller whose media can't be agreed on is told by the status alone.
    if call.progress_with_media(&[]).is_ok() && speak(call, prompt).await == Caller::Gone {
        return CallResult::Cancelled;
    }
    call.refuse(status, result)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    There,
    Gone,
}

async fn speak(call: &mut Inbound, prompt: PromptId) -> Caller {
    let (Some(seat), Some(codec)) = (call.party.media.seat(), call.party.media.sends()) else { return Caller::There };
    let system = call.directory.system();
    let now = jiff::Timestamp::now().to_zoned(system.time_zone.clone());
    // The first words are easily lost while the far side opens its ear.
    let say = [Say::Pause(LEAD), Say::Prompt(prompt)];
    let items = call.exchange.voice.items(&system.language, &say, codec, &now);
    let deadline = Instant::now() + Voice::duration(&items) + LEAD;
    seat.play(items, TAG);
    loop {
        let event = tokio::select! {
            event = call.events.recv() => event,
            () = sleep_until(deadline) => return Caller::There,
        };
        match event {
            Some(CallEvent::Media(Event::PlayEnded { tag: TAG, .. })) => return Caller::There,
            Some(CallEvent::Media(_)) => {}
            Some(CallEvent::Session(session, event)) if session == call.party.session => {
                if call.caller_has_gone(event) {
                    return Caller::Gone;
                }
            }
            Some(CallEvent::Session(..)) => {}
            None => return Caller::Gone,
        }
    }
}

const TAG: u64 = 0;
const LEAD: Duration = Duration::from_millis(300);
