//! What an owner who has logged in asks of his home and mailbox about himself.

use apps::{Choice, Choices, NotChosen, Preferences, Unavailable};
use async_trait::async_trait;
use crds::user_settings::GreetingSlot;
use jiff::Timestamp;
use mailbox::MailboxError;
use tracing::warn;

use super::{HomeInbox, ToHome};
use crate::calls::Spoken;

#[async_trait(?Send)]
impl Preferences for HomeInbox {
    type Audio = Spoken;

    async fn choices(&self) -> Result<Choices, Unavailable> {
        let answer = self.home.ask(|reply| ToHome::Choices { reply }).await;
        answer.unwrap_or(Err(Unavailable))
    }

    async fn choose(&self, choice: Choice) -> Result<(), NotChosen> {
        let choice = Box::new(choice);
        let answer = self
            .home
            .ask(|reply| ToHome::Choose { choice, reply })
            .await;
        answer.unwrap_or(Err(Unavailable.into()))
    }

    async fn name(&self) -> Result<Option<Spoken>, Unavailable> {
        let name = self.mailbox.name().await;
        Ok(self
            .taken(name, "a recorded name can't be read")?
            .map(Spoken))
    }

    async fn set_name(&self, name: &Spoken) -> Result<(), Unavailable> {
        let outcome = self.mailbox.set_name(&name.0, Timestamp::now()).await;
        self.taken(outcome, "a recorded name can't be kept")
    }

    async fn greeting(&self, slot: GreetingSlot) -> Result<Option<Spoken>, Unavailable> {
        let greeting = self.mailbox.greeting(&stored_slot(slot)?).await;
        let greeting = self.taken(greeting, "a greeting can't be read")?;
        Ok(greeting.map(Spoken))
    }

    async fn set_greeting(&self, slot: GreetingSlot, greeting: &Spoken) -> Result<(), Unavailable> {
        let slot = stored_slot(slot)?;
        let now = Timestamp::now();
        let outcome = self.mailbox.set_greeting(&slot, &greeting.0, now).await;
        self.taken(outcome, "a greeting can't be kept")
    }

    async fn delete_greeting(&self, slot: GreetingSlot) -> Result<(), Unavailable> {
        // First: should the greeting stay after all, callers can leave a message.
        if self.choices().await?.announce_only.contains(&slot) {
            let off = Choice::AnnounceOnly(slot, false);
            self.choose(off).await.map_err(|_| Unavailable)?;
        }
        let outcome = self.mailbox.delete_greeting(&stored_slot(slot)?).await;
        self.taken(outcome, "a greeting can't be deleted")
    }
}

impl HomeInbox {
    fn taken<T>(&self, outcome: Result<T, MailboxError>, failed: &str) -> Result<T, Unavailable> {
        outcome.map_err(|error| {
            warn!(mailbox = %self.mailbox.id(), %error, "{failed}");
            Unavailable
        })
    }
}

/// The slot as mailboxes name it.
pub(crate) fn stored_slot(slot: GreetingSlot) -> Result<mailbox::GreetingSlot, Unavailable> {
    mailbox::GreetingSlot::new(format!("{slot:?}")).map_err(|_| Unavailable)
}
