//! The credentials compiled for workers: from the passwords and PINs in Secrets to what they are checked with.
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    sync::{Arc, LazyLock},
};

use crds::{
    Objects, PhoneSystem,
    credentials::{
        HandsetCredentials, MailLogin, SHARDS, Shard, TrunkCredentials, UserCredentials, shard_of,
    },
    pin::{PinKey, can_be_entered},
    secrets::{
        MAIL_AUTHORITY, MAIL_PASSWORD, MAIL_USERNAME, PIN_KEY, Use, key_entry, pin_entry, sip_entry,
    },
};
use kube::{Resource, ResourceExt};

use crate::{
    kept::KeptSecret,
    readiness::Credential,
    references::{IMAP, Labelled, SMTP, SYSTEM, TRUNK},
};

/// One shard as it is stored, and of whom there is something in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// The [`Shard`] as JSON.
    pub json: Vec<u8>,
    /// What it was compiled from, so that it need not be compiled again.
    from: u64,
    handsets: BTreeSet<Box<str>>,
    users: BTreeSet<Box<str>>,
    trunks: BTreeSet<Box<str>>,
}

impl Compiled {
    fn new(shard: &Shard, from: u64) -> Result<Self, serde_json::Error> {
        fn names<T>(of: &BTreeMap<String, T>) -> BTreeSet<Box<str>> {
            of.keys().map(|name| name.as_str().into()).collect()
        }
        let mut json = serde_json::to_vec(shard)?;
        json.shrink_to_fit();
        Ok(Self {
            json,
            from,
            handsets: names(&shard.handsets),
            users: names(&shard.users),
            trunks: names(&shard.trunks),
        })
    }

    /// Whether this credential is in it.
    pub fn has(&self, credential: Credential<'_>) -> bool {
        match credential {
            Credential::User(name) => self.users.contains(name),
            Credential::Handset(name) => self.handsets.contains(name),
            Credential::Trunk(name) => self.trunks.contains(name),
        }
    }
}

/// All shards of this system, in order; none as long as the system has no keys. Those of `earlier` that nothing has
/// changed for are taken over: hashing twenty thousand passwords takes longer than all else.
pub fn compile(
    objects: &Objects,
    system: &PhoneSystem,
    secrets: &Labelled<'_>,
    earlier: &[Arc<Compiled>],
) -> Result<Vec<Arc<Compiled>>, serde_json::Error> {
    let entry = key_entry(&system.name_any(), PIN_KEY);
    let Some(key) = secrets.bytes(&entry.name, &entry.key, SYSTEM) else {
        return Ok(Vec::new());
    };
    let realm = system.spec.domain.to_ascii_lowercase();
    let mut all = gather(objects, secrets);
    mail(objects, system, secrets, &mut all);
    let compiled = all.into_iter().enumerate().map(|(number, mut given)| {
        given.sort();
        let from = FINGERPRINTS.hash_one((key, &realm, &given));
        match earlier.get(number).filter(|it| it.from == from) {
            Some(same) => Ok(Arc::clone(same)),
            None => Compiled::new(&given.shard(&realm, &PinKey::new(key)), from).map(Arc::new),
        }
    });
    compiled.collect()
}

/// What a shard is compiled from.
#[derive(Debug, Default, Hash)]
struct Given<'a> {
    /// Name, username and password.
    handsets: Vec<(&'a str, &'a str, &'a str)>,
    /// Name, PIN and whether it must be changed.
    users: Vec<(&'a str, &'a str, bool)>,
    /// Name and password.
    trunks: Vec<(&'a str, &'a str)>,
    imap: BTreeMap<&'a str, MailLogin>,
    smtp: Option<MailLogin>,
}

impl Given<'_> {
    /// The same objects in another order are the same.
    fn sort(&mut self) {
        self.handsets.sort_unstable();
        self.users.sort_unstable();
        self.trunks.sort_unstable();
    }

    fn shard(self, realm: &str, key: &PinKey) -> Shard {
        let handsets = self.handsets.into_iter();
        let handsets = handsets.map(|(name, username, password)| {
            let credentials = HandsetCredentials::new(username, realm, password);
            (name.to_owned(), credentials)
        });
        let users = self.users.into_iter().map(|(name, pin, initial)| {
            let pin_verifier = key.verifier(name, pin);
            let credentials = UserCredentials {
                pin_verifier,
                initial,
            };
            (name.to_owned(), credentials)
        });
        let trunks = self.trunks.into_iter().map(|(name, password)| {
            let password = password.to_owned();
            (name.to_owned(), TrunkCredentials { password })
        });
        let imap = self.imap.into_iter();
        Shard {
            handsets: handsets.collect(),
            users: users.collect(),
            trunks: trunks.collect(),
            imap: imap.map(|(name, login)| (name.to_owned(), login)).collect(),
            smtp: self.smtp,
        }
    }
}

/// Passwords and PINs, by the shard that they belong into.
fn gather<'a>(objects: &'a Objects, secrets: &Labelled<'a>) -> Vec<Given<'a>> {
    let mut all: Vec<Given<'_>> = (0..SHARDS).map(|_| Given::default()).collect();
    for handset in &objects.handsets {
        let name = name(&**handset);
        let entry = sip_entry(name, handset.spec.password_secret_ref.as_ref());
        if let Some(password) = text(secrets, &entry, label(Use::Sip))
            && let Some(given) = all.get_mut(shard_of(name) as usize)
        {
            let username = handset.spec.username.as_deref().unwrap_or(name);
            given.handsets.push((name, username, password));
        }
    }
    for user in &objects.users {
        let name = name(&**user);
        let entry = pin_entry(name, user.spec.pin_secret_ref.as_ref());
        if let Some(pin) = text(secrets, &entry, label(Use::Pin))
            && can_be_entered(pin)
            && let Some(given) = all.get_mut(shard_of(name) as usize)
        {
            let initial = initial(secrets, &entry.name);
            given.users.push((name, pin, initial));
        }
    }
    for trunk in &objects.trunks {
        let name = name(&**trunk);
        if let Some(account) = &trunk.spec.account
            && let Some(password) = text(secrets, &account.password_secret_ref, TRUNK)
            && let Some(given) = all.get_mut(shard_of(name) as usize)
        {
            given.trunks.push((name, password));
        }
    }
    all
}

fn name<K: Resource>(object: &K) -> &str {
    object.meta().name.as_deref().unwrap_or_default()
}

/// Who logs in at mail servers, of the system and of its users.
fn mail<'a>(
    objects: &'a Objects,
    system: &PhoneSystem,
    secrets: &Labelled<'a>,
    all: &mut [Given<'a>],
) {
    let smtp = system.spec.mail.as_ref();
    if let Some(secret) = smtp.and_then(|mail| mail.smtp.credentials_secret_ref.as_ref())
        && let Some(given) = all.get_mut(shard_of(&system.name_any()) as usize)
    {
        given.smtp = login(secrets, &secret.name, SMTP);
    }
    for user in &objects.users {
        let name = name(&**user);
        let imap = user.spec.voicemail.imap.as_ref();
        if let Some(login) =
            imap.and_then(|imap| login(secrets, &imap.credentials_secret_ref.name, IMAP))
            && let Some(given) = all.get_mut(shard_of(name) as usize)
        {
            given.imap.insert(name, login);
        }
    }
}

fn login(secrets: &Labelled<'_>, name: &str, purpose: &str) -> Option<MailLogin> {
    let entry = |key| {
        let bytes = secrets.bytes(name, key, purpose)?;
        let text = std::str::from_utf8(bytes).ok()?.trim_end();
        (!text.is_empty()).then_some(text)
    };
    Some(MailLogin::new(
        entry(MAIL_USERNAME)?,
        entry(MAIL_PASSWORD)?,
        entry(MAIL_AUTHORITY),
    ))
}

fn label(purpose: Use) -> &'static str {
    purpose.label().unwrap_or_default()
}

fn text<'a>(secrets: &Labelled<'a>, entry: &crds::SecretKeyRef, purpose: &str) -> Option<&'a str> {
    let bytes = secrets.bytes(&entry.name, &entry.key, purpose)?;
    let text = std::str::from_utf8(bytes).ok()?.trim_end();
    (!text.is_empty()).then_some(text)
}

fn initial(secrets: &Labelled<'_>, name: &str) -> bool {
    Use::Pin
        .label()
        .and_then(|purpose| secrets.secret(name, purpose))
        .is_some_and(KeptSecret::is_initial)
}

/// Nobody outside can choose what would have the same fingerprint as something else.
static FINGERPRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

#[cfg(test)]
mod tests;
