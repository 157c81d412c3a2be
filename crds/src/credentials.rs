//! What workers check phones and PINs with, compiled by the operator into a fixed number of Secrets.
//!
//! A worker's Role names these Secrets and no others, so a stolen worker account reads neither passwords of phones nor PINs.
//! In them lie H(username:realm:password) of RFC 7616 section 3.4.2 for each algorithm, and PIN verifiers under the
//! system's key; an entry is in the shard that its object's name falls into.
use std::collections::{BTreeMap, HashMap};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::directory::Ha1s;

/// How many Secrets the credentials of a `PhoneSystem` are spread over.
pub const SHARDS: u32 = 16;
/// The entry of a shard's Secret: a [`Shard`] as JSON.
pub const SHARD_ENTRY: &str = "credentials.json";

/// The name of a shard's Secret: `office-credentials-3`.
pub fn shard_name(system: &str, shard: u32) -> String {
    format!("{system}-credentials-{shard}")
}

/// The shard that the credentials of this Handset or User lie in; always the same, below [`SHARDS`].
pub fn shard_of(object: &str) -> u32 {
    let [first, ..]: [u8; 32] = Sha256::digest(object.as_bytes()).into();
    u32::from(first) % SHARDS
}

/// The credentials in one Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shard {
    /// By Handset.
    #[serde(default)]
    pub handsets: BTreeMap<String, HandsetCredentials>,
    /// By User.
    #[serde(default)]
    pub users: BTreeMap<String, UserCredentials>,
    /// By Trunk.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trunks: BTreeMap<String, TrunkCredentials>,
    /// For the e-mail accounts of Users, by User.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub imap: BTreeMap<String, MailLogin>,
    /// For the server that takes the system's e-mails; in the shard of the system's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<MailLogin>,
}

/// What a mail server is logged in to with. It is the password itself: the server wants to see it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailLogin {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
    /// Who signs the server's certificate, in PEM; absent: whom the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

impl MailLogin {
    /// This one; an empty authority is none.
    pub fn new(username: &str, password: &str, authority: Option<&str>) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            authority: authority.filter(|pem| !pem.is_empty()).map(str::to_owned),
        }
    }
}

/// No password is printed.
impl std::fmt::Debug for MailLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailLogin(..)")
    }
}

/// What a handset's digest is checked with. It holds for this username in this realm only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandsetCredentials {
    username: String,
    realm: String,
    md5: String,
    sha256: String,
}

/// What a user's PIN is checked with, until he chooses one of his own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCredentials {
    /// As in `UserSettings.spec.pinVerifier`: by [`crate::pin::PinKey::verifier`].
    pub pin_verifier: String,
    /// Whether he must choose another at his first login.
    #[serde(default)]
    pub initial: bool,
}

/// What a worker proves itself with to the far side of a trunk. It is the password itself: which realm it is to be hashed
/// with, only the far side says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrunkCredentials {
    /// The password.
    pub password: String,
}

/// What is written into our contact at the far side of this trunk: nobody else can guess it, and it stays the same.
pub fn trunk_token(key: &[u8], trunk: &str) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap_or_else(|_| {
        unreachable!("HMAC takes keys of any length") // RFC 2104 section 2
    });
    mac.update(b"trunk");
    mac.update(&[0]);
    mac.update(trunk.as_bytes());
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    let (token, _) = tag.split_at(TOKEN_LENGTH);
    HEXLOWER.encode(token)
}

const TOKEN_LENGTH: usize = 16;

impl HandsetCredentials {
    /// Those of this account.
    pub fn new(username: &str, realm: &str, password: &str) -> Self {
        let hashes = Ha1s::new(username, realm, password);
        Self {
            username: username.to_owned(),
            realm: realm.to_owned(),
            md5: HEXLOWER.encode(&hashes.md5),
            sha256: HEXLOWER.encode(&hashes.sha256),
        }
    }

    /// The hashes, if they are of this username and realm.
    pub(crate) fn hashes(&self, username: &str, realm: &str) -> Option<Ha1s> {
        let decode = |text: &str| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        (self.username == username && self.realm == realm).then_some(())?;
        Some(Ha1s {
            md5: decode(&self.md5)?.try_into().ok()?,
            sha256: decode(&self.sha256)?.try_into().ok()?,
        })
    }
}

/// No hash is printed: one is as good as the password.
impl std::fmt::Debug for HandsetCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandsetCredentials(..)")
    }
}

/// No password is printed.
impl std::fmt::Debug for TrunkCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrunkCredentials(..)")
    }
}

/// No verifier is printed.
impl std::fmt::Debug for UserCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserCredentials(..)")
    }
}

/// The credentials of all shards, by name.
pub(crate) struct Index<'a> {
    handsets: HashMap<&'a str, &'a HandsetCredentials>,
    users: HashMap<&'a str, &'a UserCredentials>,
    trunks: HashMap<&'a str, &'a TrunkCredentials>,
    imap: HashMap<&'a str, &'a MailLogin>,
    smtp: Option<&'a MailLogin>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(shards: &'a [Shard]) -> Self {
        let handsets = shards.iter().flat_map(|shard| &shard.handsets);
        let users = shards.iter().flat_map(|shard| &shard.users);
        let trunks = shards.iter().flat_map(|shard| &shard.trunks);
        let imap = shards.iter().flat_map(|shard| &shard.imap);
        Self {
            handsets: handsets.map(|(name, it)| (name.as_str(), it)).collect(),
            users: users.map(|(name, it)| (name.as_str(), it)).collect(),
            trunks: trunks.map(|(name, it)| (name.as_str(), it)).collect(),
            imap: imap.map(|(name, it)| (name.as_str(), it)).collect(),
            smtp: shards.iter().find_map(|shard| shard.smtp.as_ref()),
        }
    }

    pub(crate) fn handset(&self, name: &str) -> Option<&'a HandsetCredentials> {
        self.handsets.get(name).copied()
    }

    pub(crate) fn imap(&self, user: &str) -> Option<&'a MailLogin> {
        self.imap.get(user).copied()
    }

    pub(crate) fn smtp(&self) -> Option<&'a MailLogin> {
        self.smtp
    }

    pub(crate) fn user(&self, name: &str) -> Option<&'a UserCredentials> {
        self.users.get(name).copied()
    }

    pub(crate) fn trunk(&self, name: &str) -> Option<&'a TrunkCredentials> {
        self.trunks.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_hold_for_their_own_username_and_realm_only() {
        let credentials = HandsetCredentials::new("mary-desk", "office.example.com", "secret");
        let text = serde_json::to_string(&credentials).unwrap();
        let read: HandsetCredentials = serde_json::from_str(&text).unwrap();
        let expected = Ha1s::new("mary-desk", "office.example.com", "secret");
        assert_eq!(
            read.hashes("mary-desk", "office.example.com"),
            Some(expected)
        );
        assert_eq!(read.hashes("john-desk", "office.example.com"), None);
        assert_eq!(read.hashes("mary-desk", "elsewhere.example.com"), None);
        assert!(!text.contains("\"secret\""));
    }

    #[test]
    fn names_spread_over_all_shards_and_stay_where_they_are() {
        let used: std::collections::BTreeSet<u32> =
            (0..1000).map(|n| shard_of(&format!("user-{n}"))).collect();
        assert_eq!(used.len(), SHARDS as usize);
        assert_eq!(shard_of("mary"), shard_of("mary"));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shard = Shard {
            handsets: [(
                "mary-desk".to_owned(),
                HandsetCredentials::new("mary-desk", "office", "secret"),
            )]
            .into(),
            users: [(
                "mary".to_owned(),
                UserCredentials {
                    pin_verifier: "hmac-sha256:abc".to_owned(),
                    initial: true,
                },
            )]
            .into(),
            trunks: [(
                "provider".to_owned(),
                TrunkCredentials {
                    password: "tell nobody".to_owned(),
                },
            )]
            .into(),
            imap: [(
                "mary".to_owned(),
                MailLogin::new("mary", "open sesame", None),
            )]
            .into(),
            smtp: Some(MailLogin::new("voicemail", "open sesame", None)),
        };
        let printed = format!("{shard:?}");
        assert!(
            !printed.contains("hmac-sha256")
                && !printed.contains("tell nobody")
                && !printed.contains("open sesame")
                && !printed
                    .contains(&HEXLOWER.encode(&Ha1s::new("mary-desk", "office", "secret").md5))
        );
    }
}
