//! Sending, answering and forwarding messages from the message center (spec MC-M3, MC-L1, MC-L2).

use crds::directory::{Caller, UserEntry};
use mailbox::Message;
use prompts::PromptId;

use crate::addressing::{Addressed, address};
use crate::call::{Call, HungUp};
use crate::compose::{Composed, Letter, Manner, begin, compose, refused};
use crate::farewell::farewell;
use crate::login::Owner;
use crate::{Exit, Forwards, Office};

/// Asks whom a message is for, records and sends it; back to the menu if there is no exit.
pub(crate) async fn send<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
) -> Result<Option<Exit>, HungUp> {
    let to = match address(call, office, owner).await? {
        Addressed::To(to) => to,
        Addressed::Nobody => return Ok(None),
        Addressed::GaveUp => return farewell(call, []).await.map(Some),
    };
    post(call, office, owner, &to, None, PromptId::RECORD_MESSAGE).await
}

/// Records and sends an answer to this user.
pub(crate) async fn reply<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    to: &UserEntry,
) -> Result<Option<Exit>, HungUp> {
    post(call, office, owner, &[to], None, PromptId::RECORD_REPLY).await
}

/// Asks whom this message is to be forwarded to, and records an introduction to it.
pub(crate) async fn forward<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    message: &Message,
) -> Result<Option<Exit>, HungUp> {
    let to = match address(call, office, owner).await? {
        Addressed::To(to) => to,
        Addressed::Nobody => return Ok(None),
        Addressed::GaveUp => return farewell(call, []).await.map(Some),
    };
    let forwards = Forwards {
        owner: owner.user,
        message,
    };
    let asks = PromptId::RECORD_INTRODUCTION;
    post(call, office, owner, &to, Some(forwards), asks).await
}

async fn post<O: Office>(
    call: &mut impl Call<O>,
    office: &O,
    owner: &Owner<'_, O>,
    to: &[&UserEntry],
    forwards: Option<Forwards<'_>>,
    asks: PromptId,
) -> Result<Option<Exit>, HungUp> {
    let from = Caller::User(owner.user.name.clone());
    let letter = Letter {
        to,
        from: &from,
        forwards,
        manner: Manner::Sending { asks },
    };
    let composed = match begin(office, &letter).await {
        Ok(begun) => compose(call, office, &letter, begun).await,
        Err(refusal) => Composed::Over(refused(office, &letter, refusal).await),
    };
    match composed {
        Composed::HungUp => Err(HungUp),
        Composed::Over(words) => {
            call.play(&words).await?;
            Ok(None)
        }
        Composed::GaveUp(words) => farewell(call, words).await.map(Some),
        Composed::Connect(words, to) => {
            call.play(&words).await?;
            Ok(Some(Exit::Transfer(to)))
        }
    }
}
