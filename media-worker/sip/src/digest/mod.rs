//! Digest authentication (RFC 7616, RFC 8760, RFC 3261 section 22): MD5 and SHA-256 with `qop=auth`.
//!
//! [`Authority`] is the side that asks, [`answer`] and [`Answers`] the side that is asked.

mod answers;
mod authority;
mod client;
mod credentials;
mod fields;
mod hash;
mod nonce;
mod replay;

pub(crate) use answers::Signer;
pub use answers::{Account, Answers};
pub use authority::{Authority, Denial, Outcome};
pub use client::{Challenge, Secret, answer};
pub use credentials::Credentials;
pub use fields::DigestError;
pub use hash::{Algorithm, Ha1, Ha1s, ha1};
