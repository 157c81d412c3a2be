//! The smaller structured header values.

use std::fmt;
use std::str::FromStr;

use super::chars::CALL_ID;
use super::cursor::{Cursor, SyntaxError, quote};
use super::method::Method;
use super::params::Params;

/// `CSeq` (RFC 3261 section 20.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The sequence number, below 2^31.
    pub seq: u32,
    /// The request's method.
    pub method: Method,
}

/// `RAck` (RFC 3262 section 7.2): which provisional response a PRACK confirms.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RAck {
    /// The response's `RSeq`.
    pub rseq: u32,
    /// The response's `CSeq`.
    pub cseq: CSeq,
}

/// Who refreshes a session (RFC 4028 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refresher {
    /// The caller's side.
    Uac,
    /// The called side.
    Uas,
}

/// Session-Expires (RFC 4028 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionExpires {
    /// Seconds until the session ends without a refresh.
    pub interval: u32,
    /// Who refreshes, when said.
    pub refresher: Option<Refresher>,
}

/// Event (RFC 6665 section 8.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Event {
    /// The package with its templates, such as `message-summary`.
    pub package: String,
    /// Tells apart subscriptions within one dialog.
    pub id: Option<String>,
}

/// Subscription-State (RFC 6665 section 8.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubscriptionState {
    /// `active`, `pending`, `terminated` or an extension, as written.
    pub state: String,
    /// `expires`, `reason`, `retry-after`.
    pub params: Params,
}

/// Replaces (RFC 3891 section 6.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replaces {
    /// The dialog's Call-ID.
    pub call_id: String,
    /// Our tag in it.
    pub to_tag: String,
    /// The far side's tag in it.
    pub from_tag: String,
    /// Only a dialog that is not yet answered is meant.
    pub early_only: bool,
}

/// Reason (RFC 3326): why a request is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// `SIP`, `Q.850` or another.
    pub protocol: String,
    /// The protocol's number for the cause.
    pub cause: Option<u16>,
    /// For people.
    pub text: Option<String>,
}

impl SubscriptionState {
    /// Seconds that are left, when said.
    pub fn expires(&self) -> Option<u32> {
        self.params
            .value("expires")
            .and_then(|seconds| seconds.parse().ok())
    }

    /// Why it ended, when said.
    pub fn reason(&self) -> Option<&str> {
        self.params.value("reason")
    }
}

impl Reason {
    /// `SIP;cause=…;text="…"`, as in a CANCEL for a call that was answered elsewhere.
    pub fn sip(cause: u16, text: &str) -> Self {
        Reason {
            protocol: "SIP".into(),
            cause: Some(cause),
            text: Some(text.into()),
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Reason, SyntaxError> {
        cursor.skip_space();
        let protocol = cursor.token()?.to_owned();
        let params = Params::of_header(cursor)?;
        let cause = params.value("cause").and_then(|cause| cause.parse().ok());
        Ok(Reason {
            protocol,
            cause,
            text: params.text("text").map(Into::into),
        })
    }
}

impl Refresher {
    fn as_str(self) -> &'static str {
        match self {
            Refresher::Uac => "uac",
            Refresher::Uas => "uas",
        }
    }
}

/// Reads a value that fills the whole text.
macro_rules! from_str {
    ($type:ty, $read:expr) => {
        impl FromStr for $type {
            type Err = SyntaxError;

            fn from_str(text: &str) -> Result<Self, SyntaxError> {
                let mut cursor = Cursor::new(text);
                cursor.skip_space();
                let read: fn(&mut Cursor<'_>) -> Result<$type, SyntaxError> = $read;
                let value = read(&mut cursor)?;
                cursor.finish()?;
                Ok(value)
            }
        }
    };
}

from_str!(CSeq, |cursor| {
    let seq = cursor.number()?;
    if seq >= 1 << 31 {
        return Err(SyntaxError("a sequence number is not below 2^31"));
    }
    cursor.skip_space();
    Ok(CSeq {
        seq,
        method: cursor.token()?.parse()?,
    })
});

from_str!(RAck, |cursor| {
    let rseq = cursor.number()?;
    cursor.skip_space();
    let seq = cursor.number()?;
    cursor.skip_space();
    Ok(RAck {
        rseq,
        cseq: CSeq {
            seq,
            method: cursor.token()?.parse()?,
        },
    })
});

from_str!(SessionExpires, |cursor| {
    let interval = cursor.number()?;
    let params = Params::of_header(cursor)?;
    let refresher = match params.value("refresher") {
        Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
        Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
        Some(_) => return Err(SyntaxError("a refresher is neither uac nor uas")),
        None => None,
    };
    Ok(SessionExpires {
        interval,
        refresher,
    })
});

from_str!(Event, |cursor| {
    let package = cursor.token()?.to_owned();
    let params = Params::of_header(cursor)?;
    Ok(Event {
        package,
        id: params.text("id").map(Into::into),
    })
});

from_str!(SubscriptionState, |cursor| {
    let state = cursor.token()?.to_owned();
    Ok(SubscriptionState {
        state,
        params: Params::of_header(cursor)?,
    })
});

from_str!(Replaces, |cursor| {
    let call_id = cursor.take(&CALL_ID).to_owned();
    let params = Params::of_header(cursor)?;
    match (params.value("to-tag"), params.value("from-tag")) {
        (Some(to_tag), Some(from_tag)) if !call_id.is_empty() => Ok(Replaces {
            call_id,
            to_tag: to_tag.into(),
            from_tag: from_tag.into(),
            early_only: params.has("early-only"),
        }),
        _ => Err(SyntaxError("a Replaces names no dialog")),
    }
});

from_str!(Reason, Reason::read);

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.method)
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval)?;
        self.refresher.map_or(Ok(()), |refresher| {
            write!(f, ";refresher={}", refresher.as_str())
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref();
        write!(
            f,
            "{}{}",
            self.package,
            id.map_or_else(Params::new, |id| Params::new().with("id", Some(id)))
        )
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.state, self.params)
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{};to-tag={};from-tag={}",
            self.call_id, self.to_tag, self.from_tag
        )?;
        f.write_str(if self.early_only { ";early-only" } else { "" })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        self.cause
            .map_or(Ok(()), |cause| write!(f, ";cause={cause}"))?;
        self.text.as_deref().map_or(Ok(()), |text| {
            f.write_str(";text=")?;
            quote(text, f)
        })
    }
}
