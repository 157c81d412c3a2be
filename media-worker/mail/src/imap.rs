//! How many mails are in an account's inbox (RFC 9051 section 6.3.11), asked over TLS.

use std::time::Duration;

use async_imap::Client;
use async_imap::error::Error;
use tokio::time::timeout;

use crate::bounded::Bounded;
use crate::server::{Login, Server};
use crate::smtp::printable;
use crate::tls;

/// Mails in an inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// Not read yet.
    pub unseen: u32,
    /// Read.
    pub seen: u32,
}

/// Why mails can't be counted.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CountError {
    /// The server is not reached, does not answer, or talks nonsense.
    #[error("the IMAP server cannot be used: {0}")]
    Away(String),
    /// It does not accept who logs in.
    #[error("the IMAP server refuses the login: {0}")]
    LoginRefused(String),
}

/// Asks a server, always over TLS from the first byte.
pub async fn count(
    server: &Server,
    login: &Login,
    patience: Duration,
) -> Result<MailCounts, CountError> {
    match timeout(patience, ask(server, login)).await {
        Ok(answer) => answer,
        Err(_) => Err(CountError::Away(format!(
            "it has not answered for {} s",
            patience.as_secs()
        ))),
    }
}

async fn ask(server: &Server, login: &Login) -> Result<MailCounts, CountError> {
    let away = |error: std::io::Error| CountError::Away(printable(&error.to_string()));
    let stream = tls::connect(server).await.map_err(away)?;
    let stream = tls::secure(server, stream).await.map_err(away)?;
    let mut client = Client::new(Bounded::new(stream, MOST_SAID));
    if client.read_response().await.map_err(away)?.is_none() {
        return Err(CountError::Away("it hangs up at once".to_owned()));
    }
    let logged_in = client.login(&login.username, &login.password).await;
    let mut session = logged_in.map_err(|(error, _)| {
        if let Error::No(words) = &error {
            return CountError::LoginRefused(printable(words));
        }
        failed(&error)
    })?;
    let inbox = session.status(INBOX, "(MESSAGES UNSEEN)").await;
    let inbox = inbox.map_err(|error| failed(&error))?;
    // What was asked is answered; the farewell is politeness.
    let _ = timeout(FAREWELL, session.logout()).await;
    let unseen = inbox.unseen.unwrap_or_default();
    Ok(MailCounts {
        unseen,
        seen: inbox.exists.saturating_sub(unseen),
    })
}

fn failed(error: &Error) -> CountError {
    CountError::Away(printable(&error.to_string()))
}

const INBOX: &str = "INBOX";
/// Greeting, capabilities, two answers: no server says a tenth of it.
const MOST_SAID: usize = 64 << 10;
const FAREWELL: Duration = Duration::from_secs(1);
