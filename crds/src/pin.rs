//! PINs: which are good enough, and how one is checked without being kept.
use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest PIN.
pub const MIN_DIGITS: usize = 5;
/// The longest PIN.
pub const MAX_DIGITS: usize = 32;

/// Why a PIN is not taken (spec MC-P5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPin {
    /// Fewer than 5 digits.
    #[error("a PIN has 5 to 32 digits")]
    TooShort,
    /// More than 32 digits.
    #[error("a PIN has 5 to 32 digits")]
    TooLong,
    /// Something that no telephone key enters.
    #[error("a PIN is digits and nothing else")]
    NotDigits,
    /// The extension, which everybody knows.
    #[error("a PIN must not be the extension, alone or repeated")]
    Extension,
    /// `11111`.
    #[error("a PIN must not be one digit repeated")]
    OneDigit,
    /// `12345`, `98765`.
    #[error("a PIN must not be a run of digits such as 12345")]
    Run,
}

/// Whether every telephone has the keys to enter this PIN, good or not.
pub fn can_be_entered(pin: &str) -> bool {
    pin.bytes().all(|it| it.is_ascii_digit())
}

/// Whether a user with this extension may have this PIN.
pub fn check(pin: &str, extension: Option<&str>) -> Result<(), WeakPin> {
    let digits = pin.as_bytes();
    if !can_be_entered(pin) {
        return Err(WeakPin::NotDigits);
    }
    if digits.len() < MIN_DIGITS {
        return Err(WeakPin::TooShort);
    }
    if digits.len() > MAX_DIGITS {
        return Err(WeakPin::TooLong);
    }
    if extension.is_some_and(|e| !e.is_empty() && pin.replace(e, "").is_empty()) {
        return Err(WeakPin::Extension);
    }
    let steps = |step: u8| {
        let mut pairs = digits.iter().zip(digits.iter().skip(1));
        pairs.all(|(a, b)| (a - b'0' + step) % 10 == b - b'0')
    };
    if steps(0) {
        return Err(WeakPin::OneDigit);
    }
    if steps(1) || steps(9) {
        return Err(WeakPin::Run);
    }
    Ok(())
}

/// The key of one `PhoneSystem` under which its PINs are hashed, so that a stolen verifier cannot be guessed at.
#[derive(Clone, PartialEq, Eq)]
pub struct PinKey(Box<[u8]>);

impl PinKey {
    /// The key with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// By what the key is known again; it tells nothing of the key.
    pub fn fingerprint(&self) -> String {
        let tag = self.mac("", "").finalize().into_bytes();
        data_encoding::HEXLOWER.encode(&tag[..8])
    }

    /// What `UserSettings.spec.pinVerifier` holds for this user's PIN.
    pub fn verifier(&self, user: &str, pin: &str) -> String {
        format!(
            "{PREFIX}{}",
            BASE64URL_NOPAD.encode(&self.mac(user, pin).finalize().into_bytes())
        )
    }

    fn mac(&self, user: &str, pin: &str) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).unwrap_or_else(|_| {
            unreachable!("HMAC takes keys of any length") // RFC 2104 section 2
        });
        mac.update(user.as_bytes());
        mac.update(&[0]);
        mac.update(pin.as_bytes());
        mac
    }
}

impl fmt::Debug for PinKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinKey(..)")
    }
}

/// Checks PINs of one user, in a time that does not depend on how much of a guess is right.
#[derive(Clone)]
pub struct PinVerifier {
    user: std::sync::Arc<str>,
    key: std::sync::Arc<PinKey>,
    expected: Expected,
}

#[derive(Clone)]
enum Expected {
    /// From a Secret.
    Plain(Box<str>),
    /// From `pinVerifier`.
    Tag([u8; 32]),
    /// There is no PIN: nothing is right.
    Nothing,
}

impl PinVerifier {
    /// Checks against the PIN itself, from a Secret.
    pub fn plain(user: std::sync::Arc<str>, key: std::sync::Arc<PinKey>, pin: &str) -> Self {
        Self {
            user,
            key,
            expected: Expected::Plain(pin.into()),
        }
    }

    /// Checks against a `pinVerifier`; none if the text is not one of ours.
    pub fn hashed(
        user: std::sync::Arc<str>,
        key: std::sync::Arc<PinKey>,
        verifier: &str,
    ) -> Option<Self> {
        let tag = BASE64URL_NOPAD
            .decode(verifier.strip_prefix(PREFIX)?.as_bytes())
            .ok()?;
        Some(Self {
            user,
            key,
            expected: Expected::Tag(tag.try_into().ok()?),
        })
    }

    /// A verifier that nothing satisfies.
    pub fn nothing(user: std::sync::Arc<str>, key: std::sync::Arc<PinKey>) -> Self {
        Self {
            user,
            key,
            expected: Expected::Nothing,
        }
    }

    /// The PIN as `UserSettings` may hold it: what another verifier of the same PIN has as its text. None: there is no PIN.
    pub fn text(&self) -> Option<String> {
        match &self.expected {
            Expected::Plain(pin) => Some(self.key.verifier(&self.user, pin)),
            Expected::Tag(tag) => Some(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(tag))),
            Expected::Nothing => None,
        }
    }

    /// Whether this is the user's PIN.
    pub fn verify(&self, pin: &str) -> bool {
        let given = self.key.mac(&self.user, pin);
        match &self.expected {
            Expected::Tag(tag) => given.verify_slice(tag).is_ok(),
            Expected::Plain(expected) => {
                let tag = self.key.mac(&self.user, expected).finalize().into_bytes();
                given.verify_slice(&tag).is_ok()
            }
            Expected::Nothing => {
                let _ = given.verify_slice(&[0; 32]);
                false
            }
        }
    }
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinVerifier(..)")
    }
}

/// What our verifiers begin with, so that another scheme can be told apart.
const PREFIX: &str = "hmac-sha256:";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn guessable_pins_are_refused_with_the_reason() {
        for (pin, why) in [
            ("1234", WeakPin::TooShort),
            ("135791357913579135791357913579135", WeakPin::TooLong),
            ("12a45", WeakPin::NotDigits),
            ("11111", WeakPin::OneDigit),
            ("12345", WeakPin::Run),
            ("98765", WeakPin::Run),
            ("67890", WeakPin::Run),
            ("101101", WeakPin::Extension),
        ] {
            assert_eq!(check(pin, Some("101")), Err(why), "{pin}");
        }
        assert_eq!(check("13579", Some("101")), Ok(()));
        assert_eq!(check("10155555", Some("101")), Ok(()));
    }

    #[test]
    fn a_verifier_knows_its_own_users_pin_only() {
        let key = Arc::new(PinKey::new(b"key of the office"));
        let text = key.verifier("mary", "13579");
        let hashed = PinVerifier::hashed("mary".into(), key.clone(), &text).unwrap();
        let plain = PinVerifier::plain("mary".into(), key.clone(), "13579");
        for verifier in [&hashed, &plain] {
            assert_eq!(verifier.text().as_ref(), Some(&text));
            assert!(verifier.verify("13579"));
            assert!(!verifier.verify("13570"));
            assert!(!verifier.verify(""));
        }
        assert!(
            !PinVerifier::hashed("john".into(), key.clone(), &text)
                .unwrap()
                .verify("13579")
        );
        assert!(!PinVerifier::nothing("mary".into(), key).verify(""));
    }

    #[test]
    fn another_key_makes_a_verifier_worthless() {
        let text = PinKey::new(b"one").verifier("mary", "13579");
        let other = Arc::new(PinKey::new(b"two"));
        assert!(
            !PinVerifier::hashed("mary".into(), other.clone(), &text)
                .unwrap()
                .verify("13579")
        );
        assert!(PinVerifier::hashed("mary".into(), other, "md5:abc").is_none());
    }
}
