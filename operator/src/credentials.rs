//! The credentials compiled for workers: from the passwords and PINs in Secrets to what they are checked with.
use crds::{
    Objects, PhoneSystem,
    credentials::{
        HandsetCredentials, MailLogin, SHARDS, Shard, TrunkCredentials, UserCredentials, shard_of,
    },
    pin::PinKey,
    secrets::{
        MAIL_AUTHORITY, MAIL_PASSWORD, MAIL_USERNAME, PIN_KEY, Use, is_initial, key_entry,
        pin_entry, sip_entry,
    },
};
use kube::ResourceExt;

use crate::references::{IMAP, Labelled, SMTP, SYSTEM, TRUNK};

/// One shard, and as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// What lies in it.
    pub shard: Shard,
    /// The same as JSON.
    pub json: Vec<u8>,
}

/// All shards of this system, in order; none as long as the system has no keys.
pub fn compile(
    objects: &Objects,
    system: &PhoneSystem,
    secrets: &Labelled<'_>,
) -> Result<Vec<Compiled>, serde_json::Error> {
    let entry = key_entry(&system.name_any(), PIN_KEY);
    let Some(key) = secrets.bytes(&entry.name, &entry.key, SYSTEM) else {
        return Ok(Vec::new());
    };
    let key = PinKey::new(key);
    let realm = system.spec.domain.to_ascii_lowercase();
    let mut shards = vec![Shard::default(); SHARDS as usize];
    for handset in &objects.handsets {
        let name = handset.name_any();
        let entry = sip_entry(&name, handset.spec.password_secret_ref.as_ref());
        if let Some(password) = text(secrets, &entry, label(Use::Sip))
            && let Some(shard) = shards.get_mut(shard_of(&name) as usize)
        {
            let username = handset.spec.username.as_deref().unwrap_or(&name);
            let credentials = HandsetCredentials::new(username, &realm, password);
            shard.handsets.insert(name, credentials);
        }
    }
    for user in &objects.users {
        let name = user.name_any();
        let entry = pin_entry(&name, user.spec.pin_secret_ref.as_ref());
        if let Some(pin) = text(secrets, &entry, label(Use::Pin))
            && let Some(shard) = shards.get_mut(shard_of(&name) as usize)
        {
            let credentials = UserCredentials {
                pin_verifier: key.verifier(&name, pin),
                initial: initial(secrets, &entry.name),
            };
            shard.users.insert(name, credentials);
        }
    }
    for trunk in &objects.trunks {
        let name = trunk.name_any();
        if let Some(account) = &trunk.spec.account
            && let Some(password) = text(secrets, &account.password_secret_ref, TRUNK)
            && let Some(shard) = shards.get_mut(shard_of(&name) as usize)
        {
            let password = password.to_owned();
            shard.trunks.insert(name, TrunkCredentials { password });
        }
    }
    mail(objects, system, secrets, &mut shards);
    let stored = |shard: Shard| {
        let json = serde_json::to_vec(&shard)?;
        Ok(Compiled { shard, json })
    };
    shards.into_iter().map(stored).collect()
}

/// Who logs in at mail servers, of the system and of its users.
fn mail(objects: &Objects, system: &PhoneSystem, secrets: &Labelled<'_>, shards: &mut [Shard]) {
    let smtp = system.spec.mail.as_ref();
    if let Some(given) = smtp.and_then(|mail| mail.smtp.credentials_secret_ref.as_ref())
        && let Some(shard) = shards.get_mut(shard_of(&system.name_any()) as usize)
    {
        shard.smtp = login(secrets, &given.name, SMTP);
    }
    for user in &objects.users {
        let name = user.name_any();
        let imap = user.spec.voicemail.imap.as_ref();
        if let Some(login) =
            imap.and_then(|imap| login(secrets, &imap.credentials_secret_ref.name, IMAP))
            && let Some(shard) = shards.get_mut(shard_of(&name) as usize)
        {
            shard.imap.insert(name, login);
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
        .is_some_and(is_initial)
}

#[cfg(test)]
mod tests;
