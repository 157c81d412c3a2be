//! What a home's user chooses about himself: kept in his settings, and in force before he is told so.

use std::sync::Arc;

use apps::{Choice, Choices, NotChosen, Unavailable, judge_pin};
use crds::UserSettingsSpec;
use crds::directory::{PinOrigin, UserEntry};
use tracing::{info, warn};

use super::home::HomeState;

impl HomeState {
    /// What he has chosen; none if there is no such user any more.
    pub(super) fn choices(&self) -> Result<Choices, Unavailable> {
        self.user().as_ref().map(Choices::of).ok_or(Unavailable)
    }

    /// Keeps what he chooses. Once this is over, every new call goes by it.
    pub(super) async fn choose(&self, choice: Choice) -> Result<(), NotChosen> {
        let user = self.user().ok_or(Unavailable)?;
        if matches!(choice, Choice::Presence(_)) && user.presence_managed {
            return Err(NotChosen::Managed);
        }
        if let Choice::Pin(pin) = &choice {
            judge_pin(&user, pin)?;
        }
        let told = said(&choice);
        let edit = self.edit(&user, choice);
        let source = &self.context().source;
        if let Err(error) = source.update_settings(&user.name, edit).await {
            warn!(user = %user.name, %error, "what a user has chosen by phone can't be kept");
            return Err(Unavailable.into());
        }
        self.in_force().await;
        info!(user = %user.name, "{told}");
        Ok(())
    }

    /// How the choice changes his settings.
    fn edit(
        &self,
        user: &UserEntry,
        choice: Choice,
    ) -> Box<dyn FnOnce(&mut UserSettingsSpec) + Send> {
        match choice {
            Choice::Presence(presence) => {
                Box::new(move |settings| settings.presence = Some(presence))
            }
            Choice::AnnounceOnly(slot, on) => Box::new(move |settings| {
                settings.announce_only.retain(|other| *other != slot);
                settings.announce_only.extend(on.then_some(slot));
            }),
            Choice::Pin(pin) => {
                let directory = self.context().directory.borrow();
                let verifier = directory.system().pin_key.verifier(&user.name, &pin);
                // A PIN that replaces one of his own goes on replacing the Secret's.
                let replaced = (user.pin_origin != PinOrigin::Chosen).then(|| user.pin.text());
                Box::new(move |settings| {
                    settings.pin_verifier = Some(verifier);
                    if let Some(replaced) = replaced {
                        settings.pin_replaces = replaced;
                    }
                })
            }
        }
    }

    /// Done when the directory in force is the newest one there is.
    async fn in_force(&self) {
        let snapshots = self.context().source.snapshots();
        let mut directories = self.context().directory.clone();
        loop {
            let newest = Arc::clone(&snapshots.borrow().directory);
            if Arc::ptr_eq(&directories.borrow_and_update(), &newest) {
                return;
            }
            // Ends with the worker only.
            if directories.changed().await.is_err() {
                return;
            }
        }
    }
}

/// What the log says of a choice: of a PIN, that there is another.
fn said(choice: &Choice) -> String {
    match choice {
        Choice::Presence(presence) => format!("the presence is {presence} now"),
        Choice::AnnounceOnly(slot, true) => {
            format!("no messages are taken after the greeting {slot:?}")
        }
        Choice::AnnounceOnly(slot, false) => {
            format!("messages are taken after the greeting {slot:?}")
        }
        Choice::Pin(_) => "the PIN has been changed".to_owned(),
    }
}
