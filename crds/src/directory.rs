//! The compiled, indexed, immutable snapshot of a `PhoneSystem` that a worker works from.
//!
//! [`compile`] is a function of the stored objects alone; the queries are pure: who is this, what does this number
//! mean, which route applies to this caller now.
mod attendant;
mod caller;
mod compile;
mod dialling;
mod entry;
mod mail;
mod outside;
mod routing;
mod trunk;

use std::{collections::HashMap, sync::Arc};

pub(crate) use self::compile::oldest;
use self::routing::Route;
pub use self::{
    attendant::{AttendantEntry, AttendantMenu, MenuChoice},
    caller::Caller,
    compile::{ADOPT_MAILBOX, compile, compile_with},
    dialling::Meaning,
    entry::{
        Account, AliasEntry, Ha1s, MailboxLimits, Permissions, PinOrigin, System, Target, Traced,
        UserEntry,
    },
    mail::{MailAccount, MailAuth, MailServer},
    outside::NotCalled,
    routing::{Attempt, Destination, Finally, OnBusy, Plan, RING},
    trunk::{Network, NoNetwork, Outbound, TakenTo, TrunkAccount, TrunkEntry},
};
use crate::Presence;

/// Everything a worker asks while it handles a call, indexed.
#[derive(Debug)]
pub struct Directory {
    system: System,
    users: HashMap<Arc<str>, UserEntry>,
    /// Users' names by their mailboxes.
    mailboxes: HashMap<Arc<str>, Arc<str>>,
    /// Shared with the calls of their phones.
    accounts: HashMap<Arc<str>, Arc<Account>>,
    /// Usernames by handset name.
    usernames: HashMap<Arc<str>, Arc<str>>,
    extensions: HashMap<Arc<str>, Target>,
    aliases: HashMap<Arc<str>, AliasEntry>,
    attendants: HashMap<Arc<str>, AttendantEntry>,
    routes: HashMap<Arc<str>, Vec<Route>>,
    /// User and plan of every route, by its name.
    plans: HashMap<Arc<str>, Arc<Plan>>,
    /// The plans of users none of whose routes applies.
    default_plans: HashMap<Arc<str>, Arc<Plan>>,
    /// In the order in which calls go out.
    trunks: Vec<Arc<TrunkEntry>>,
}

impl Directory {
    /// What holds for everybody.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<&UserEntry> {
        self.users.get(name)
    }

    /// Every user, in no order.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &UserEntry> {
        self.users.values()
    }

    /// The user whose mailbox this is.
    pub fn user_of_mailbox(&self, mailbox: &str) -> Option<&UserEntry> {
        self.users.get(self.mailboxes.get(mailbox)?)
    }

    /// The user whose own number this is.
    pub fn user_by_extension(&self, number: &str) -> Option<&UserEntry> {
        match self.extensions.get(number)? {
            Target::User(name) => self.users.get(name),
            Target::CallRoute(_)
            | Target::Conference(_)
            | Target::ConferenceCenter
            | Target::MessageCenter
            | Target::AutoAttendant(_)
            | Target::Queue(_)
            | Target::Monitor(_)
            | Target::Alias(_) => None,
        }
    }

    /// The message alias of this name.
    pub fn alias(&self, name: &str) -> Option<&AliasEntry> {
        self.aliases.get(name)
    }

    /// The members of a message alias whom there are, in its order.
    pub fn members<'d>(&'d self, alias: &'d AliasEntry) -> impl Iterator<Item = &'d UserEntry> {
        alias.members.iter().filter_map(|name| self.user(name))
    }

    /// The auto attendant of this name.
    pub fn attendant(&self, name: &str) -> Option<&AttendantEntry> {
        self.attendants.get(name)
    }

    /// Every auto attendant, in no order.
    pub fn attendants(&self) -> impl ExactSizeIterator<Item = &AttendantEntry> {
        self.attendants.values()
    }

    /// The SIP account that registers with this username.
    pub fn account(&self, username: &str) -> Option<&Arc<Account>> {
        self.accounts.get(username)
    }

    /// Every SIP account, in no order.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.values().map(|account| &**account)
    }

    /// The SIP account of the handset of this name.
    pub fn handset(&self, name: &str) -> Option<&Account> {
        let account = self.accounts.get(self.usernames.get(name)?)?;
        Some(account)
    }

    /// What answers this number, dialled exactly.
    pub fn extension(&self, number: &str) -> Option<&Target> {
        self.extensions.get(number)
    }

    /// Every number and what answers it, in no order.
    pub fn extensions(&self) -> impl ExactSizeIterator<Item = (&str, &Target)> {
        self.extensions
            .iter()
            .map(|(number, target)| (&**number, target))
    }

    /// What these dialled keys mean to this caller (spec DP-1).
    pub fn interpret(&self, dialled: &str, from: &Caller) -> Meaning {
        dialling::interpret(self, dialled, from)
    }

    /// Who calls when this handset does: its owner or whoever is logged in to it.
    pub fn caller_of(&self, account: &Account) -> Caller {
        match &account.user {
            Some(user) => Caller::User(user.clone()),
            None => Caller::SharedHandset(account.handset.clone()),
        }
    }

    /// Where a call to this user goes (spec CR-1 to CR-8); none if there is no such user.
    pub fn route(&self, user: &str, caller: &Caller, presence: Presence) -> Option<&Arc<Plan>> {
        let routes = self.routes.get(user).map(Vec::as_slice).unwrap_or_default();
        routing::select(routes, caller, presence, &self.system.numbers)
            .or_else(|| self.default_plans.get(user))
    }

    /// The plan of the route of this name, which an Extension's `callRoute` leads to whatever presence and caller.
    pub fn plan(&self, route: &str) -> Option<&Arc<Plan>> {
        self.plans.get(route)
    }
}
