//! What a user has chosen, in memory.

use std::time::Duration;

use async_trait::async_trait;
use crds::user_settings::GreetingSlot;

use super::inbox::SimInbox;
use super::office::Sample;
use super::state::Trouble;
use crate::{Choice, Choices, NotChosen, Preferences, Unavailable, judge_pin};

impl SimInbox {
    fn may_read(&self) -> Result<(), Unavailable> {
        self.unless(Trouble::Settings)
    }

    fn may_change(&self) -> Result<(), Unavailable> {
        self.may_read()?;
        self.unless(Trouble::Saving)
    }
}

#[async_trait(?Send)]
impl Preferences for SimInbox {
    type Audio = Sample;

    async fn choices(&self) -> Result<Choices, Unavailable> {
        self.may_read()?;
        Ok(Choices::of(&self.now()))
    }

    async fn choose(&self, choice: Choice) -> Result<(), NotChosen> {
        self.may_change()?;
        let now = self.now();
        if matches!(choice, Choice::Presence(_)) && now.presence_managed {
            return Err(NotChosen::Managed);
        }
        let verifier = match &choice {
            Choice::Pin(pin) => {
                judge_pin(&now, pin)?;
                let directory = self.state.borrow().directory.clone();
                Some(directory.system().pin_key.verifier(&now.name, pin))
            }
            Choice::Presence(_) | Choice::AnnounceOnly(..) => None,
        };
        self.state
            .borrow_mut()
            .set(&now.name, |settings| match choice {
                Choice::Presence(presence) => settings.presence = Some(presence),
                Choice::AnnounceOnly(slot, on) => {
                    settings.announce_only.retain(|other| *other != slot);
                    settings.announce_only.extend(on.then_some(slot));
                }
                Choice::Pin(_) => settings.pin_verifier = verifier,
            });
        Ok(())
    }

    async fn name(&self) -> Result<Option<Sample>, Unavailable> {
        self.may_read()?;
        Ok(self.state.borrow().names.get(&*self.user.name).cloned())
    }

    async fn set_name(&self, name: &Sample) -> Result<(), Unavailable> {
        self.may_change()?;
        let name = self.kept("name", name.length());
        let mut state = self.state.borrow_mut();
        state.names.insert(self.user.name.to_string(), name);
        Ok(())
    }

    async fn greeting(&self, slot: GreetingSlot) -> Result<Option<Sample>, Unavailable> {
        self.may_read()?;
        let key = (self.user.name.to_string(), slot);
        Ok(self.state.borrow().greetings.get(&key).cloned())
    }

    async fn set_greeting(&self, slot: GreetingSlot, greeting: &Sample) -> Result<(), Unavailable> {
        self.may_change()?;
        let greeting = self.kept(&format!("new {slot:?} greeting"), greeting.length());
        let key = (self.user.name.to_string(), slot);
        self.state.borrow_mut().greetings.insert(key, greeting);
        Ok(())
    }

    async fn delete_greeting(&self, slot: GreetingSlot) -> Result<(), Unavailable> {
        self.may_change()?;
        let mut state = self.state.borrow_mut();
        let key = (self.user.name.to_string(), slot);
        state.greetings.remove(&key);
        state.set(&self.user.name, |settings| {
            settings.announce_only.retain(|other| *other != slot);
        });
        Ok(())
    }
}

impl SimInbox {
    /// What was recorded, under the name by which it is heard from now on.
    fn kept(&self, what: &str, length: Duration) -> Sample {
        Sample::new(&format!("{}'s {what}", self.user.name), length)
    }
}
