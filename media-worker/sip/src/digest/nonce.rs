//! Nonces that prove who made them and when, so that none is remembered before it was used rightly.

use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use hmac::digest::KeyInit as _;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Makes nonces and knows its own again: number, time, and an HMAC of both and of the issuer.
#[derive(Clone)]
pub(crate) struct Mint {
    /// Keyed, and the issuer fed in.
    mac: Hmac<Sha256>,
    epoch: Instant,
    issued: u64,
}

/// A nonce that this issuer made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nonce {
    /// Ascending in the order of issue.
    pub(crate) number: u64,
    /// Since then.
    pub(crate) age: Duration,
}

impl Mint {
    pub(crate) fn new(secret: &[u8], issuer: &str, now: Instant) -> Self {
        let mut key = [0; 64];
        for (to, from) in key.iter_mut().zip(Sha256::digest(secret)) {
            *to = from;
        }
        let mut mac = Hmac::<Sha256>::new(&key.into());
        mac.update(issuer.as_bytes());
        mac.update(&[0]);
        Mint {
            mac,
            epoch: now,
            issued: 0,
        }
    }

    pub(crate) fn issue(&mut self, now: Instant) -> String {
        self.issued += 1;
        let millis = now.saturating_duration_since(self.epoch).as_millis() as u64;
        let mut octets = [0; LENGTH];
        let parts = self
            .issued
            .to_be_bytes()
            .into_iter()
            .chain(millis.to_be_bytes());
        octets
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = from);
        let (head, seal) = octets.split_at_mut(SEALED);
        seal.iter_mut()
            .zip(self.seal(head))
            .for_each(|(to, from)| *to = from);
        BASE64URL_NOPAD.encode(&octets)
    }

    /// Reads a nonce; `None` when another made it.
    pub(crate) fn recognize(&self, nonce: &str, now: Instant) -> Option<Nonce> {
        let octets = BASE64URL_NOPAD
            .decode(nonce.as_bytes())
            .ok()
            .filter(|octets| octets.len() == LENGTH)?;
        let (head, seal) = octets.split_at_checked(SEALED)?;
        let right: bool = self.seal(head).get(..LENGTH - SEALED)?.ct_eq(seal).into();
        let number = u64::from_be_bytes(head.get(..8)?.try_into().ok()?);
        let millis = u64::from_be_bytes(head.get(8..)?.try_into().ok()?);
        let age = now
            .saturating_duration_since(self.epoch)
            .saturating_sub(Duration::from_millis(millis));
        right.then_some(Nonce { number, age })
    }

    fn seal(&self, head: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(head);
        mac.finalize().into_bytes().into()
    }
}

/// Number and milliseconds since the epoch.
const SEALED: usize = 16;
/// The same and 128 bits of HMAC.
const LENGTH: usize = 32;
