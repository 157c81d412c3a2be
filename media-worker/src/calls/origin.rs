//! Where a call comes from: one of our phones, or a trunk.

use std::rc::Rc;
use std::sync::Arc;

use crds::Directory;
use crds::directory::{Account, Caller};
use sip::syntax::{Host, NameAddr, Uri};

use super::Exchange;
use crate::homes::CallPlace;
use crate::trunks::{Incoming, LinePlace, Way};

/// Where a call comes from.
pub enum Origin {
    /// This phone, which has proven it.
    Phone(Arc<Account>),
    /// A trunk, by which somebody outside calls.
    Trunk(Incoming),
}

/// What a call in progress occupies; free again when dropped.
pub(super) enum Place {
    /// One of the calls of a phone's user.
    User(#[expect(dead_code, reason = "held")] CallPlace),
    /// One of the calls of a trunk.
    Trunk(#[expect(dead_code, reason = "held")] LinePlace),
    /// Nothing that could run out: a call for help.
    Help,
}

impl Origin {
    /// Who calls.
    pub fn caller(&self, directory: &Directory) -> Caller {
        match self {
            Self::Phone(account) => directory.caller_of(account),
            Self::Trunk(incoming) => incoming.caller.clone(),
        }
    }

    /// The handset that calls, if one of ours does.
    pub(super) fn handset(&self) -> Option<&Arc<str>> {
        match self {
            Self::Phone(account) => Some(&account.handset),
            Self::Trunk(_) => None,
        }
    }

    /// The number that called phones see.
    pub(super) fn number(&self) -> Option<&str> {
        match self {
            Self::Phone(account) => account.extension.as_deref(),
            Self::Trunk(Incoming {
                caller: Caller::External { number, .. },
                ..
            }) => Some(number).map(|it| &**it).filter(|it| !it.is_empty()),
            Self::Trunk(_) => None,
        }
    }

    /// The name that called phones see.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Phone(account) => Some(&account.display_name),
            Self::Trunk(Incoming {
                caller: Caller::External { name, .. },
                ..
            }) => name.as_deref(),
            Self::Trunk(_) => None,
        }
    }

    /// The address that called phones see, in this domain.
    pub(super) fn identity(&self, domain: &str) -> NameAddr {
        let number = match self {
            Self::Phone(account) => self.number().unwrap_or(&account.username),
            Self::Trunk(_) => self.number().unwrap_or(ANONYMOUS),
        };
        let uri = Uri::sip(Some(number), Host::Name(domain.into()), None);
        match self.name() {
            Some(name) => NameAddr::named(name, uri),
            None => NameAddr::new(uri),
        }
    }

    /// Who it is, for the log.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Phone(account) => &account.handset,
            Self::Trunk(incoming) => &incoming.line.entry().name,
        }
    }

    /// A place for the call; none when there are as many as there may be.
    pub(super) async fn place(&self, exchange: &Rc<Exchange>) -> Option<Place> {
        match self {
            Self::Phone(account) => {
                let home = exchange.homes.of(account);
                home.begin_call().await.map(Place::User)
            }
            Self::Trunk(incoming) => incoming.line.begin_call(Way::In).map(Place::Trunk),
        }
    }
}

/// A caller whose number is withheld (RFC 3323).
const ANONYMOUS: &str = "anonymous";
