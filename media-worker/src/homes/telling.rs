//! What a home has told the world, so that it tells only what has changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crds::user::MessageCounts;

use super::lamps::Shown;
use super::phones::Phones;
use crate::statuses::{Phone, Statuses};

/// What was told last.
#[derive(Debug)]
pub(super) struct Told {
    statuses: Statuses,
    phones: HashMap<Arc<str>, Vec<Phone>>,
    messages: Option<Shown>,
}

impl Told {
    /// Nothing yet; it is told by `statuses`.
    pub(super) fn by(statuses: Statuses) -> Self {
        Self {
            statuses,
            phones: HashMap::new(),
            messages: None,
        }
    }

    /// Which phones are registered.
    pub(super) fn phones(&mut self, registered: &Phones, now: Instant) {
        for handset in registered.handsets() {
            let contacts = registered.contacts(handset, now).into_iter();
            let phones: Vec<Phone> = contacts
                .map(|contact| Phone {
                    uri: contact.uri.to_string(),
                    user_agent: contact.user_agent,
                })
                .collect();
            let told = self.phones.entry(Arc::clone(handset)).or_default();
            if *told != phones {
                told.clone_from(&phones);
                self.statuses.phones(handset, phones);
            }
        }
    }

    /// How many messages a user has.
    pub(super) fn messages(&mut self, user: &Arc<str>, shown: Shown) {
        if self.messages.replace(shown) != Some(shown) {
            let Shown { new, saved } = shown;
            self.statuses.messages(user, MessageCounts { new, saved });
        }
    }
}
