//! The applications that answer a call in a phone's place.

use std::mem;
use std::sync::Arc;

use apps::{Exit, Listener, Whose};
use sip::syntax::StatusCode;
use tracing::warn;

use super::announce;
use super::inbound::Inbound;
use super::line::Line;
use super::office::CallOffice;
use crate::metrics::CallResult;

/// The caller leaves `user` a message.
pub(super) async fn leave_message(call: &mut Inbound, user: &Arc<str>) -> CallResult {
    let exit = run(call, "voicemail", async |line, office| {
        apps::leave_message(line, office, user).await
    })
    .await;
    leave(call, exit, CallResult::Voicemail).await
}

/// The caller leaves a message to the members of a message alias.
pub(super) async fn leave_message_to_alias(call: &mut Inbound, alias: &str) -> CallResult {
    let exit = run(call, "voicemail", async |line, office| {
        apps::leave_message_to_alias(line, office, alias).await
    })
    .await;
    leave(call, exit, CallResult::Voicemail).await
}

/// The caller hears his messages, or those of `user`, whose PIN he knows.
pub(super) async fn message_center(call: &mut Inbound, user: Option<Arc<str>>) -> CallResult {
    let exit = run(call, "message center", async |line, office| {
        let whose = user.as_deref().map_or(Whose::Callers, Whose::Of);
        apps::message_center(line, office, whose).await
    })
    .await;
    leave(call, exit, CallResult::Application).await
}

/// The caller hears the menu of this auto attendant, and of those that it leads to.
pub(super) async fn attendant(call: &mut Inbound, name: &str) -> CallResult {
    let mut silence = mem::take(&mut call.silence);
    let exit = run(call, "auto attendant", async |line, office| {
        apps::attendant(line, office, name, &mut silence).await
    })
    .await;
    call.silence = silence;
    leave(call, exit, CallResult::Application).await
}

/// The caller has dialled the outside line's prefix alone: he hears a dial tone.
pub(super) async fn outside_line(call: &mut Inbound) -> CallResult {
    let Some(user) = call.caller.user().map(str::to_owned) else {
        return announce::not_permitted(call).await;
    };
    let exit = run(call, "outside line", async |line, office| {
        apps::outside_line(line, office, &user).await
    })
    .await;
    leave(call, exit, CallResult::Application).await
}

/// Answers the caller and lets an application speak with him, which is a part of the call; the status to refuse him with where he
/// can't be answered.
async fn run(
    call: &mut Inbound,
    part: &'static str,
    application: impl AsyncFnOnce(&mut Line<'_>, &CallOffice) -> Exit,
) -> Result<Exit, StatusCode> {
    call.answer(&[])?;
    let _part = call.part(part);
    let office = CallOffice::new(call);
    let listener = listener(call);
    let mut line = Line::new(call, listener);
    Ok(application(&mut line, &office).await)
}

/// The caller is spoken to in his own language and time zone, a stranger in the system's; but in the language that he
/// has chosen for the call, if he has.
pub(super) fn listener(call: &Inbound) -> Listener {
    let system = call.directory.system();
    let (own, zone) = match call.user() {
        Some(user) => (&user.language, &user.time_zone),
        None => (&system.language, &system.time_zone),
    };
    Listener {
        language: Arc::clone(call.language.as_ref().unwrap_or(own)),
        zone: zone.clone(),
    }
}

/// What follows an application: the caller goes on to where it has sent him, or the call ends.
async fn leave(
    call: &mut Inbound,
    exit: Result<Exit, StatusCode>,
    result: CallResult,
) -> CallResult {
    let exit = match exit {
        Ok(exit) => exit,
        Err(status) => return call.refuse(status, CallResult::Failed),
    };
    if matches!(exit, Exit::Transfer(_) | Exit::TakenTo(_)) && !call.may_go_on() {
        // What is done for each transfer waits until the next one has ended.
        warn!("a caller who was transferred again and again is hung up on");
        return call.refuse(StatusCode::LOOP_DETECTED, result);
    }
    match exit {
        Exit::HungUp => result,
        Exit::Finished => call.refuse(StatusCode::OK, result),
        Exit::Transfer(number) => Box::pin(call.dial(&number)).await,
        Exit::TakenTo(target) => Box::pin(call.take_to(target)).await,
    }
}
