//! Request methods.

use std::fmt;
use std::str::FromStr;

use super::cursor::SyntaxError;
use super::token::Token;

/// What a request asks for. Methods are case-sensitive (RFC 3261 section 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261: sets up a session or changes it.
    Invite,
    /// RFC 3261: confirms the final response to an INVITE.
    Ack,
    /// RFC 3261: ends a session.
    Bye,
    /// RFC 3261: withdraws an INVITE.
    Cancel,
    /// RFC 3261: binds contacts to an address of record.
    Register,
    /// RFC 3261: asks what the far side can do.
    Options,
    /// RFC 6086: something within a session.
    Info,
    /// RFC 3262: confirms a reliable provisional response.
    Prack,
    /// RFC 3311: changes a session before or after it is answered.
    Update,
    /// RFC 6665: asks to be told of events.
    Subscribe,
    /// RFC 6665: tells of an event.
    Notify,
    /// RFC 3515: asks the far side to call somebody.
    Refer,
    /// RFC 3428: an instant message.
    Message,
    /// RFC 3903: publishes event state.
    Publish,
    /// Any other method.
    Other(Token),
}

impl Method {
    /// The name in a message.
    pub fn as_str(&self) -> &str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Register => "REGISTER",
            Method::Options => "OPTIONS",
            Method::Info => "INFO",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Subscribe => "SUBSCRIBE",
            Method::Notify => "NOTIFY",
            Method::Refer => "REFER",
            Method::Message => "MESSAGE",
            Method::Publish => "PUBLISH",
            Method::Other(token) => token.as_str(),
        }
    }
}

impl FromStr for Method {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Ok(match text {
            "INVITE" => Method::Invite,
            "ACK" => Method::Ack,
            "BYE" => Method::Bye,
            "CANCEL" => Method::Cancel,
            "REGISTER" => Method::Register,
            "OPTIONS" => Method::Options,
            "INFO" => Method::Info,
            "PRACK" => Method::Prack,
            "UPDATE" => Method::Update,
            "SUBSCRIBE" => Method::Subscribe,
            "NOTIFY" => Method::Notify,
            "REFER" => Method::Refer,
            "MESSAGE" => Method::Message,
            "PUBLISH" => Method::Publish,
            other => Method::Other(other.parse()?),
        })
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
