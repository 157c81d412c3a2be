//! The rows of the directory.
use std::{fmt, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use md5::Md5;
use sha2::{Digest, Sha256};

use super::{MailAccount, MailServer};
use crate::{
    Presence,
    number::NumberPlan,
    phone_system::DialPlan,
    pin::{PinKey, PinVerifier},
    user::{Accept, EmailMode, Permission},
    user_settings::GreetingSlot,
};

/// What holds for everybody.
#[derive(Clone)]
pub struct System {
    /// The `PhoneSystem`'s name.
    pub name: Arc<str>,
    /// The SIP domain and digest realm.
    pub domain: Arc<str>,
    /// In which times are spoken.
    pub time_zone: TimeZone,
    /// The language of whoever has none of his own.
    pub language: Arc<str>,
    /// The language that `##` switches to.
    pub alternate_language: Option<Arc<str>>,
    /// What dialled digits mean.
    pub dial_plan: DialPlan,
    /// How outside numbers are written.
    pub numbers: NumberPlan,
    /// For how long a phone registers unless it asks for less.
    pub registration_expiry: Duration,
    /// How many calls a user may have at once.
    pub calls_per_user: u32,
    /// How many outside calls a user may begin within an hour.
    pub outside_calls_per_hour: u32,
    /// Which calls are traced.
    pub traces: Option<Traced>,
    /// The key that PINs chosen by phone are hashed under.
    pub pin_key: Arc<PinKey>,
    /// The server that takes its e-mails; none: none are sent.
    pub mail: Option<Arc<MailServer>>,
    /// The key that digest nonces are bound with; none if its Secret is missing.
    pub nonce_key: Option<Arc<[u8]>>,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System")
            .field("name", &self.name)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// Which calls are traced, and where the traces go.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The collector's URL, without a slash at its end.
    pub endpoint: Arc<str>,
    /// Whose calls; none for everyone's.
    pub users: Option<Arc<[String]>>,
}

impl Traced {
    /// Whether a call of one of these users is traced.
    pub fn concerns(&self, users: &[Option<&str>]) -> bool {
        let Some(traced) = &self.users else {
            return true;
        };
        let mut users = users.iter().flatten();
        users.any(|user| traced.iter().any(|name| name == user))
    }
}

/// A person.
#[derive(Clone, Debug)]
pub struct UserEntry {
    /// The User's name.
    pub name: Arc<str>,
    /// Whose mailbox it is: the User's UID, or standalone his name.
    pub mailbox: Arc<str>,
    /// The name that phones show.
    pub display_name: Arc<str>,
    /// His number.
    pub extension: Option<Arc<str>>,
    /// The language he hears.
    pub language: Arc<str>,
    /// In which times are spoken to him.
    pub time_zone: TimeZone,
    /// Where he is.
    pub presence: Presence,
    /// Whether the manifest sets the presence, so that phone and portal cannot.
    pub presence_managed: bool,
    /// Checks his PIN.
    pub pin: PinVerifier,
    /// Where that PIN is from.
    pub pin_origin: PinOrigin,
    /// Bounds of his mailbox (spec MB-6).
    pub limits: MailboxLimits,
    /// The greetings after which no message is taken.
    pub announce_only: Vec<GreetingSlot>,
    /// What he may do.
    pub permissions: Permissions,
    /// Outside numbers that begin so are refused him.
    pub barred_prefixes: Arc<[String]>,
    /// The names of his own handsets, sorted.
    pub handsets: Vec<Arc<str>>,
    /// The shared handset he is logged in to.
    pub hot_desk: Option<Arc<str>>,
    /// The users whose phones may show his message lamp, sorted.
    pub monitored_by: Vec<Arc<str>>,
    /// Where messages are mailed to.
    pub email: Option<Arc<str>>,
    /// What is mailed.
    pub email_mode: EmailMode,
    /// The e-mail account whose mails the message center counts.
    pub imap: Option<Arc<MailAccount>>,
    /// How an outside phone takes a call that follows him.
    pub accept: Accept,
    /// Where `*7` transfers to, as E.164.
    pub quick_transfer: Option<Arc<str>>,
}

/// A number that addresses several mailboxes (spec MB-9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasEntry {
    /// The `MessageAlias`'s name.
    pub name: Arc<str>,
    /// The name that is spelt to whoever addresses it.
    pub display_name: Arc<str>,
    /// Its number; none if somebody else has it.
    pub extension: Option<Arc<str>>,
    /// The names of the users who get its messages, each once.
    pub members: Vec<Arc<str>>,
}

/// Where a user's PIN is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinOrigin {
    /// From a Secret, for the first login only: then he must choose another.
    Initial,
    /// From a Secret whose PIN he may keep.
    Given,
    /// He chose it himself.
    Chosen,
    /// He has none, and nothing is right.
    Nowhere,
}

/// Bounds of a mailbox (spec MB-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxLimits {
    /// Messages, new and saved.
    pub max_messages: u32,
    /// Audio of all messages.
    pub max_total: Duration,
    /// The longest message.
    pub max_message_length: Duration,
    /// Whoever hangs up sooner leaves no message.
    pub min_message_length: Duration,
    /// How long a deleted message can be restored.
    pub trash_retention: Duration,
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u16);

impl Permissions {
    /// Whether the user may do this; an administrator may do everything.
    pub fn allows(self, permission: Permission) -> bool {
        self.0 & (bit(permission) | bit(Permission::Administrator)) != 0
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, p| bits | bit(p)))
    }
}

const fn bit(permission: Permission) -> u16 {
    1 << permission as u16
}

/// A SIP account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The Handset's name.
    pub handset: Arc<str>,
    /// What it authenticates with.
    pub username: Arc<str>,
    /// The user whose phone it is; none for a shared one.
    pub owner: Option<Arc<str>>,
    /// Whose it is now: the owner, or the user logged in by hot desk.
    pub user: Option<Arc<str>>,
    /// The name that called phones show.
    pub display_name: Arc<str>,
    /// The number that called phones show.
    pub extension: Option<Arc<str>>,
    /// What the password is checked with; none while its Secret is missing, and then nothing is right.
    pub ha1: Option<Ha1s>,
}

/// H(username:realm:password) of RFC 7616 section 3.4.2, for each algorithm; as good as the password within the realm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1s {
    /// By MD5.
    pub md5: [u8; 16],
    /// By SHA-256.
    pub sha256: [u8; 32],
}

impl Ha1s {
    /// The hashes of this account.
    pub fn new(username: &str, realm: &str, password: &str) -> Self {
        let parts = [username, ":", realm, ":", password];
        let md5 = parts
            .iter()
            .fold(Md5::new(), Digest::chain_update)
            .finalize();
        let sha256 = parts
            .iter()
            .fold(Sha256::new(), Digest::chain_update)
            .finalize();
        Self {
            md5: md5.into(),
            sha256: sha256.into(),
        }
    }
}

impl fmt::Debug for Ha1s {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ha1s(..)")
    }
}

/// What answers a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A user, by his routes.
    User(Arc<str>),
    /// A route, whatever presence and caller.
    CallRoute(Arc<str>),
    /// A conference.
    Conference(Arc<str>),
    /// The conference center.
    ConferenceCenter,
    /// The message center.
    MessageCenter,
    /// An auto attendant.
    AutoAttendant(Arc<str>),
    /// A call queue.
    Queue(Arc<str>),
    /// A call monitor.
    Monitor(Arc<str>),
    /// A message alias.
    Alias(Arc<str>),
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    #[test]
    fn the_hashes_are_those_of_rfc_7616_section_3_9_1() {
        let ha1 = Ha1s::new("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(
            HEXLOWER.encode(&ha1.md5),
            "3d78807defe7de2157e2b0b6573a855f"
        );
        assert_eq!(
            HEXLOWER.encode(&ha1.sha256),
            "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
        );
    }

    #[test]
    fn an_administrator_may_do_everything() {
        let admin: Permissions = [Permission::Administrator].into_iter().collect();
        let staff: Permissions = [Permission::OutsideLine].into_iter().collect();
        assert!(admin.allows(Permission::SendToAll) && staff.allows(Permission::OutsideLine));
        assert!(!staff.allows(Permission::SendToAll));
    }
}
