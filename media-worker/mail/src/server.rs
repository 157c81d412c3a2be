//! Which server, how it is reached, and for how long it is waited for.

use std::fmt;
use std::time::Duration;

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its host name, which its certificate must carry.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Who logs in; none: nobody.
    pub login: Option<Login>,
    /// Who signs its certificate, in PEM; none: whom the system trusts.
    pub authority: Option<String>,
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    Off,
    /// By STARTTLS, which must succeed before anything is said.
    StartTls,
    /// From the first byte.
    Tls,
}

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// No password is printed.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(..)")
    }
}

/// For how long a server is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until it is connected, secured and logged in to.
    pub opening: Duration,
    /// For each answer.
    pub answer: Duration,
    /// Until it has taken a letter: the one moment at which a time-out may send it twice (RFC 5321 section 4.5.3.2.6).
    pub taking: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            opening: Duration::from_secs(30),
            answer: Duration::from_mins(1),
            taking: Duration::from_mins(10),
        }
    }
}
