//! The key that PINs are checked with: made once, and missed when it is gone. Pure.
use crds::{
    PhoneSystem,
    conditions::{ConditionType, Reason},
    pin::PinKey,
    secrets::{PIN_KEY, key_entry},
};
use kube::ResourceExt;

use crate::{conditions::Finding, kept::KeptSecret, names::NEW_KEYS};

/// What has become of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// There was none yet, or a new one is wanted.
    ToBeMade,
    /// It is the one of old; its fingerprint.
    Kept(String),
    /// There was one, and it is gone.
    Lost,
    /// There is another than before.
    Replaced,
}

impl Keys {
    /// What the stored Secret holds, beside what the status remembers. PINs that users have set are of no use under
    /// another key, so a lost one is replaced only when somebody has said so.
    pub fn of(system: &PhoneSystem, stored: Option<&KeptSecret>) -> Self {
        let known = known(system);
        let given_up = system.annotations().get(NEW_KEYS).map(String::as_str);
        let may_differ = known.is_none() || known == given_up;
        let found = stored
            .and_then(|secret| secret.bytes(PIN_KEY))
            .map(|bytes| PinKey::new(bytes).fingerprint());
        match found {
            Some(found) if may_differ || known == Some(&found) => Self::Kept(found),
            Some(_) => Self::Replaced,
            None if may_differ => Self::ToBeMade,
            None => Self::Lost,
        }
    }

    /// The fingerprint that the status is to remember.
    pub fn remembered<'a>(&'a self, system: &'a PhoneSystem) -> Option<&'a str> {
        match self {
            Self::Kept(fingerprint) => Some(fingerprint),
            Self::ToBeMade | Self::Lost | Self::Replaced => known(system),
        }
    }

    /// `KeysKept`; none while there is no key yet.
    pub fn finding(&self, system: &PhoneSystem) -> Option<Finding> {
        let no = |reason, what: &str| {
            let secret = key_entry(&system.name_any(), PIN_KEY).name;
            let message = format!(
                "the Secret {secret} {what}, so PINs that users have set are not known any more: restore it from a backup, \
                 or, to have every such PIN set anew, run: kubectl -n {} annotate --overwrite phonesystem {} {NEW_KEYS}={}",
                system.namespace().unwrap_or_default(),
                system.name_any(),
                known(system).unwrap_or_default(),
            );
            Finding::no(ConditionType::KeysKept, reason, message)
        };
        match self {
            Self::ToBeMade => None,
            Self::Kept(_) => Some(Finding::yes(
                ConditionType::KeysKept,
                Reason::KeysKnown,
                "PINs are checked with the key that they were set under",
            )),
            Self::Lost => Some(no(Reason::KeysLost, "is gone or has lost its label")),
            Self::Replaced => Some(no(Reason::KeysReplaced, "holds another key than before")),
        }
    }
}

fn known(system: &PhoneSystem) -> Option<&str> {
    system.status.as_ref()?.pin_key.as_deref()
}

#[cfg(test)]
mod tests {
    use crds::phone_system::PhoneSystemStatus;
    use k8s_openapi::ByteString;

    use super::*;

    fn secret(key: &[u8]) -> KeptSecret {
        let secret = crds::Secret {
            data: Some([(PIN_KEY.to_owned(), ByteString(key.to_vec()))].into()),
            ..crds::Secret::default()
        };
        secret.into()
    }

    fn system(known: Option<&str>, given_up: Option<&str>) -> PhoneSystem {
        let mut system = PhoneSystem::new("office", crds::PhoneSystemSpec::default());
        system.status = Some(PhoneSystemStatus {
            pin_key: known.map(str::to_owned),
            ..PhoneSystemStatus::default()
        });
        if let Some(given_up) = given_up {
            let annotations = system.annotations_mut();
            annotations.insert(NEW_KEYS.to_owned(), given_up.to_owned());
        }
        system
    }

    #[test]
    fn another_key_than_before_holds_only_when_the_old_one_was_given_up() {
        let (old, new) = (secret(b"old"), secret(b"new"));
        let of_old = PinKey::new(b"old").fingerprint();
        let of_new = PinKey::new(b"new").fingerprint();
        let known = system(Some(&of_old), None);
        assert_eq!(Keys::of(&system(None, None), None), Keys::ToBeMade);
        assert_eq!(Keys::of(&known, Some(&old)), Keys::Kept(of_old.clone()));
        assert_eq!(Keys::of(&known, None), Keys::Lost);
        assert_eq!(Keys::of(&known, Some(&new)), Keys::Replaced);
        let given_up = system(Some(&of_old), Some(&of_old));
        assert_eq!(Keys::of(&given_up, None), Keys::ToBeMade);
        assert_eq!(Keys::of(&given_up, Some(&new)), Keys::Kept(of_new.clone()));
        // The word holds for the key that it names, and for no later one.
        let later = system(Some(&of_new), Some(&of_old));
        assert_eq!(Keys::of(&later, None), Keys::Lost);
    }
}
