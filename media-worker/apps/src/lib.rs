//! The telephone applications: what one hears, as one reads it.
//!
//! An application is a plain async function over two small traits: [`Call`], the caller on the
//! line, and [`Office`], the company behind it. It ends with an [`Exit`]. Menus are data
//! ([`menu::Menu`]). Nothing here knows SIP, RTP or a clock: the worker implements both traits
//! over the real things, [`sim`] over virtual time.
#![forbid(unsafe_code)]

mod addressing;
mod announcement;
mod attendant;
mod call;
mod compose;
mod dial;
mod entry;
mod envelope;
mod exit;
mod farewell;
mod greeting;
mod key;
mod leave_message;
mod listening;
mod lockout;
mod login;
pub mod menu;
mod message_center;
mod naming;
mod office;
mod outside_line;
mod preferences;
mod send;
mod settings;
#[cfg(feature = "sim")]
pub mod sim;

pub use announcement::{Announcement, announce};
pub use attendant::{Silence, attendant};
pub use call::{
    Call, Called, Ended, HungUp, Listener, Outside, RecordRules, Step, Take, Wake, Way,
};
pub use exit::Exit;
pub use key::Key;
pub use leave_message::{leave_message, leave_message_to_alias};
pub use lockout::{Lockout, Verdict};
pub use message_center::{Whose, message_center};
pub use office::{
    Begun, Draft, Emails, Forwards, Inbox, LeftOut, Login, NotSent, Office, OpenError, Opened,
    Receipt, Refusal, Side, Unavailable, WhyLeftOut,
};
pub use outside_line::outside_line;
pub use preferences::{Choice, Choices, NotChosen, Preferences, judge_pin};
