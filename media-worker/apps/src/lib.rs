//! The telephone applications: what one hears, as one reads it.
//!
//! An application is a plain async function over two small traits: [`Call`], the caller on the
//! line, and [`Office`], the company behind it. It ends with an [`Exit`]. Menus are data
//! ([`menu::Menu`]). Nothing here knows SIP, RTP or a clock: the worker implements both traits
//! over the real things, [`sim`] over virtual time.
#![forbid(unsafe_code)]

mod call;
mod dial;
mod exit;
mod key;
mod lockout;
pub mod menu;
mod office;

pub use call::{Call, Ended, HungUp, Listener, RecordRules, Step, Take, Wake, Way};
pub use exit::Exit;
pub use key::Key;
pub use lockout::{Lockout, Verdict};
pub use office::{Draft, Inbox, Login, Office, OpenError, Side, Unavailable};
