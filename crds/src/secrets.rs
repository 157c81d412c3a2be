//! The Secrets that objects refer to, given or generated.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::ResourceExt;

use crate::{Kind, ObjectRef, Objects, Problem, SecretKeyRef, conditions::Reason};

/// The label a Secret must carry in the cluster before a manifest may refer to it.
pub const USE_LABEL: &str = "switchboard.dev/use";
/// Marks a Secret whose content was generated.
pub const GENERATED: &str = "switchboard.dev/generated";
/// Says of a Secret with a PIN whether it is only for the first login: `true` or `false`. Default: whether it was generated.
pub const INITIAL: &str = "switchboard.dev/initial";
/// The entry of a system's keys that PINs are hashed under.
pub const PIN_KEY: &str = "pin";
/// The entry of a system's keys that digest nonces are bound with.
pub const NONCE_KEY: &str = "nonce";

/// The entry of a mail server's Secret with the name to log in with.
pub const MAIL_USERNAME: &str = "username";
/// The entry with the password.
pub const MAIL_PASSWORD: &str = "password";
/// The entry with the certificates of who signs the server's, in PEM; it may be absent.
pub const MAIL_AUTHORITY: &str = "ca.crt";

/// What a Secret's entry is for, and so how it is generated and labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// A handset's SIP password.
    Sip,
    /// A user's PIN: digits.
    Pin,
    /// A user's password for the web portal.
    Portal,
    /// A key of the system: bytes that nobody types.
    Key,
}

impl Use {
    /// The value of [`USE_LABEL`]; keys are the system's own and need none.
    pub const fn label(self) -> Option<&'static str> {
        match self {
            Self::Sip => Some("sip"),
            Self::Pin => Some("pin"),
            Self::Portal => Some("portal"),
            Self::Key => None,
        }
    }
}

/// One entry of one Secret that some object needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// Which Secret, which entry.
    pub entry: SecretKeyRef,
    /// What for.
    pub purpose: Use,
}

/// Where the SIP password of a handset is: as its manifest says, else `<handset>-sip`.
pub fn sip_entry(handset: &str, given: Option<&SecretKeyRef>) -> SecretKeyRef {
    given.cloned().unwrap_or_else(|| SecretKeyRef {
        name: format!("{handset}-sip"),
        key: "password".into(),
    })
}

/// Where the PIN of a user is: as his manifest says, else `<user>-pin`.
pub fn pin_entry(user: &str, given: Option<&SecretKeyRef>) -> SecretKeyRef {
    given.cloned().unwrap_or_else(|| SecretKeyRef {
        name: format!("{user}-pin"),
        key: "pin".into(),
    })
}

/// Where the password of a user for the web portal is: always `<user>-portal`.
pub fn portal_entry(user: &str) -> SecretKeyRef {
    SecretKeyRef {
        name: format!("{user}-portal"),
        key: "password".into(),
    }
}

/// Where a system's keys are.
pub fn key_entry(system: &str, key: &str) -> SecretKeyRef {
    SecretKeyRef {
        name: format!("{system}-keys"),
        key: key.into(),
    }
}

/// Whether the PIN in this Secret must be changed at the first login.
pub fn is_initial(secret: &Secret) -> bool {
    match secret.annotations().get(INITIAL).map(String::as_str) {
        Some("true") => true,
        Some("false") => false,
        Some(_) | None => secret.annotations().contains_key(GENERATED),
    }
}

/// Every entry that these objects need and no Secret among them has: what standalone generates, in a fixed order. A password or PIN
/// that a given Secret lacks is not among them: whoever wrote that Secret meant another entry, and is to be told.
pub fn missing(objects: &Objects) -> Vec<Wanted> {
    let index = Index::new(&objects.secrets);
    let lacks = |wanted: &Wanted| match wanted.purpose {
        Use::Key => index.get(&wanted.entry).is_none(),
        Use::Sip | Use::Pin | Use::Portal => !index.has(&wanted.entry.name),
    };
    wanted(objects).into_iter().filter(lacks).collect()
}

/// Warns of references to Secrets that are not among these objects: what is generated in their place may not be what was meant.
pub fn unwritten(objects: &Objects) -> Vec<Problem> {
    let index = Index::new(&objects.secrets);
    let handsets = objects.handsets.iter().filter_map(|handset| {
        let entry = handset.spec.password_secret_ref.as_ref()?;
        Some((
            Kind::Handset,
            handset.name_any(),
            "passwordSecretRef",
            entry,
        ))
    });
    let users = objects.users.iter().filter_map(|user| {
        let entry = user.spec.pin_secret_ref.as_ref()?;
        Some((Kind::User, user.name_any(), "pinSecretRef", entry))
    });
    handsets
        .chain(users)
        .filter(|(.., entry)| !index.has(&entry.name))
        .map(|(kind, name, field, SecretKeyRef { name: secret, key })| {
            let object = ObjectRef::new(kind, name);
            Problem::warning(object, format!("spec.{field}"), Reason::SecretMissing)
                .because(format!(
                    "no manifest has the Secret {secret}, so that its entry {key} is generated"
                ))
                .remedy(format!(
                    "correct the name or write the Secret, or leave {field} out"
                ))
        })
        .collect()
}

fn wanted(objects: &Objects) -> BTreeSet<Wanted> {
    let mut wanted = BTreeSet::new();
    let mut owners = BTreeSet::new();
    let mut names = BTreeSet::new();
    for handset in &objects.handsets {
        let name = handset.name_any();
        let entry = sip_entry(&name, handset.spec.password_secret_ref.as_ref());
        wanted.insert(Wanted {
            entry,
            purpose: Use::Sip,
        });
        owners.extend(handset.spec.owner_ref.as_ref().map(|o| o.name.clone()));
        names.insert(name);
    }
    for user in &objects.users {
        let name = user.name_any();
        let entry = pin_entry(&name, user.spec.pin_secret_ref.as_ref());
        wanted.insert(Wanted {
            entry,
            purpose: Use::Pin,
        });
        if !owners.contains(&name) && !names.contains(&name) {
            wanted.insert(Wanted {
                entry: sip_entry(&name, None),
                purpose: Use::Sip,
            });
        }
    }
    if let Some(system) = crate::directory::oldest(&objects.phone_systems) {
        for key in [PIN_KEY, NONCE_KEY] {
            wanted.insert(Wanted {
                entry: key_entry(&system.name_any(), key),
                purpose: Use::Key,
            });
        }
    }
    wanted
}

/// A Secret with these entries as text.
pub fn secret(name: &str, entries: BTreeMap<String, String>) -> Secret {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        ..ObjectMeta::default()
    };
    Secret {
        metadata,
        string_data: Some(entries),
        ..Secret::default()
    }
}

/// The passwords and PINs that people type, for whoever sets up their phones.
#[derive(Clone, Default)]
pub struct Credentials {
    /// SIP passwords by Handset.
    passwords: HashMap<String, String>,
    /// PINs by User.
    pins: HashMap<String, String>,
}

impl Credentials {
    /// Those of these objects.
    pub fn of(objects: &Objects) -> Self {
        let index = Index::new(&objects.secrets);
        let text = |entry: SecretKeyRef| text(index.get(&entry)).map(str::to_owned);
        let implied = objects.users.iter().map(|user| (user.name_any(), None));
        let given = objects
            .handsets
            .iter()
            .map(|h| (h.name_any(), h.spec.password_secret_ref.as_ref()));
        let passwords = implied
            .chain(given)
            .filter_map(|(name, given)| {
                text(sip_entry(&name, given)).map(|password| (name, password))
            })
            .collect();
        let users = objects
            .users
            .iter()
            .map(|user| (user.name_any(), user.spec.pin_secret_ref.as_ref()));
        let pins = users
            .filter_map(|(name, given)| text(pin_entry(&name, given)).map(|pin| (name, pin)))
            .collect();
        Self { passwords, pins }
    }

    /// The SIP password of this Handset.
    pub fn password(&self, handset: &str) -> Option<&str> {
        self.passwords.get(handset).map(String::as_str)
    }

    /// The PIN in the Secret of this User; he may have chosen another since, which nobody knows.
    pub fn pin(&self, user: &str) -> Option<&str> {
        self.pins.get(user).map(String::as_str)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// Entries of Secrets, however their holder keeps them.
pub trait Entries {
    /// The entry's bytes.
    fn get(&self, entry: &SecretKeyRef) -> Option<&[u8]>;

    /// Whether the PIN in the entry must be changed at the first login.
    fn is_initial(&self, entry: &SecretKeyRef) -> bool;

    /// The names of all entries of this Secret, for who looks for one in vain; none where there is no such Secret, or where it is not
    /// told.
    fn names(&self, _secret: &str) -> Option<BTreeSet<&str>> {
        None
    }
}

impl dyn Entries + '_ {
    /// The entry as text.
    pub(crate) fn text(&self, entry: &SecretKeyRef) -> Option<&str> {
        text(self.get(entry))
    }
}

fn text(bytes: Option<&[u8]>) -> Option<&str> {
    let text = std::str::from_utf8(bytes?).ok()?;
    Some(text.trim_end())
}

/// Secrets by name; the state folder may add a key to those of a system that a manifest gives without it.
pub(crate) struct Index<'a>(HashMap<&'a str, Vec<&'a Secret>>);

impl<'a> Index<'a> {
    pub(crate) fn new(secrets: &'a [Secret]) -> Self {
        let mut index: HashMap<&str, Vec<&Secret>> = HashMap::with_capacity(secrets.len());
        for secret in secrets {
            index
                .entry(secret.metadata.name.as_deref().unwrap_or_default())
                .or_default()
                .push(secret);
        }
        Self(index)
    }

    /// Whether there is a Secret of this name, whatever is in it.
    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The entry's bytes and the Secret that they are in; `stringData` goes before `data`, as in the API server.
    fn find(&self, entry: &SecretKeyRef) -> Option<(&'a [u8], &'a Secret)> {
        self.0.get(entry.name.as_str())?.iter().find_map(|secret| {
            let text = secret
                .string_data
                .as_ref()
                .and_then(|map| map.get(&entry.key))
                .map(String::as_bytes);
            let bytes =
                text.or_else(|| Some(secret.data.as_ref()?.get(&entry.key)?.0.as_slice()))?;
            Some((bytes, *secret))
        })
    }
}

impl Entries for Index<'_> {
    fn get(&self, entry: &SecretKeyRef) -> Option<&[u8]> {
        self.find(entry).map(|(bytes, _)| bytes)
    }

    fn is_initial(&self, entry: &SecretKeyRef) -> bool {
        self.find(entry)
            .is_some_and(|(_, secret)| is_initial(secret))
    }

    fn names(&self, secret: &str) -> Option<BTreeSet<&str>> {
        let secrets = self.0.get(secret)?;
        let texts = secrets.iter().flat_map(|it| &it.string_data).flatten();
        let bytes = secrets.iter().flat_map(|it| &it.data).flatten();
        let names = texts.map(|(name, _)| name.as_str());
        Some(names.chain(bytes.map(|(name, _)| name.as_str())).collect())
    }
}
