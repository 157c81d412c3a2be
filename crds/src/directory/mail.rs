//! Mail servers, as the directory has them.
use std::sync::Arc;

use crate::{credentials::MailLogin, phone_system::SmtpTls};

/// The server that takes the system's e-mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Its host name.
    pub host: Arc<str>,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub tls: SmtpTls,
    /// The sender.
    pub from: Arc<str>,
    /// Who logs in.
    pub login: MailAuth,
}

/// A user's e-mail account, read by IMAP over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAccount {
    /// The server's host name.
    pub host: Arc<str>,
    /// Its TCP port.
    pub port: u16,
    /// Who logs in.
    pub login: MailAuth,
}

/// Who logs in at a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailAuth {
    /// Nobody.
    Nobody,
    /// Whoever the Secret of this name says, which is missing.
    Missing(Arc<str>),
    /// He.
    Known(Arc<MailLogin>),
}
