//! One binding of an address of record.

use std::time::Instant;

use crate::syntax::{HeaderName, NameAddr, Request, Uri};
use crate::transport::Flow;

/// Where somebody can be reached, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The URI to put in the Request-URI.
    pub uri: Uri,
    /// Where to send: the flow the REGISTER came over (RFC 3581, RFC 5626), whatever the URI says.
    pub flow: Flow,
    /// When it ends.
    pub expires_at: Instant,
    /// Call-ID of the REGISTER.
    pub call_id: String,
    /// `CSeq` number of the REGISTER.
    pub cseq: u32,
    /// User-Agent of the REGISTER.
    pub user_agent: Option<String>,
    /// Preference in thousandths (RFC 3261 20.10).
    pub q: Option<u16>,
    /// `+sip.instance`: the same phone under another address (RFC 5626 4.1).
    pub instance: Option<String>,
    /// `reg-id`: one of several flows of the same phone (RFC 5626 4.2).
    pub reg_id: Option<u32>,
}

impl Contact {
    pub(super) fn of(
        request: &Request,
        address: NameAddr,
        flow: Flow,
        expires_at: Instant,
        call_id: String,
        cseq: u32,
    ) -> Self {
        let user_agent = request
            .headers
            .get(&HeaderName::UserAgent)
            .map(|text| text.chars().take(LONGEST).collect());
        let params = &address.params;
        Self {
            flow,
            expires_at,
            call_id,
            cseq,
            user_agent,
            q: params.value("q").and_then(thousandths),
            instance: params
                .text("+sip.instance")
                .map(std::borrow::Cow::into_owned),
            reg_id: params.value("reg-id").and_then(|text| text.parse().ok()),
            uri: address.uri,
        }
    }

    /// Whether two contacts are one binding: the same instance and reg-id (RFC 5626 6), else equivalent URIs
    /// (RFC 3261 10.3 step 7).
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.instance, &other.instance) {
            (Some(ours), Some(theirs)) if self.reg_id.is_some() && other.reg_id.is_some() => {
                ours == theirs && self.reg_id == other.reg_id
            }
            (Some(_) | None, Some(_) | None) => self.uri.equivalent(&other.uri),
        }
    }

    /// The value of a Contact in a 200.
    pub(super) fn header(&self, now: Instant) -> String {
        let left = self.expires_at.saturating_duration_since(now);
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let mut address = NameAddr::new(self.uri.clone());
        address.params.set("expires", Some(&seconds.to_string()));
        if let Some(q) = self.q {
            address
                .params
                .set("q", Some(&format!("{}.{:03}", q / 1000, q % 1000)));
        }
        if let Some(instance) = &self.instance {
            address.params.set(
                "+sip.instance",
                Some(&format!("\"{}\"", instance.replace(['"', '\\'], ""))),
            );
        }
        if let Some(reg_id) = self.reg_id {
            address.params.set("reg-id", Some(&reg_id.to_string()));
        }
        address.to_string()
    }
}

/// A qvalue in thousandths: `0`, `0.5`, `1.000`.
fn thousandths(text: &str) -> Option<u16> {
    let value: f32 = text.parse().ok()?;
    (0.0..=1.0)
        .contains(&value)
        .then(|| (value * 1000.0).round() as u16)
}

/// Characters kept of a User-Agent.
const LONGEST: usize = 128;
