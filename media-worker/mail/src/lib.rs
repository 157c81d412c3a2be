//! E-mail: letters are composed and handed to an SMTP server, and mails in an account are counted by IMAP.
//!
//! Servers are not trusted: whatever one says is bounded in size and time, a connection that is to be secured is secured or not used, and
//! nothing but [`SmtpSession`] and [`count`] opens one.

#![forbid(unsafe_code)]

mod bounded;
mod imap;
mod letter;
mod server;
mod smtp;
mod tls;

pub use imap::{CountError, MailCounts, count};
pub use letter::{Attachment, BadAddress, BadLetter, Letter, Ready, is_address};
pub use server::{Login, Patience, Security, Server};
pub use smtp::{SmtpError, SmtpSession};
