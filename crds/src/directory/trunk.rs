//! Trunks: where calls go out, and what becomes of those that come in (spec TR-1).
use std::{collections::HashMap, fmt, net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use crate::{
    number::NumberPlan,
    trunk::{NumberFormat, Transport},
};

/// A line to a provider or a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkEntry {
    /// The Trunk's name.
    pub name: Arc<str>,
    /// The far side's host name or address.
    pub host: Arc<str>,
    /// Its port; none: what DNS or the transport says.
    pub port: Option<u16>,
    /// How messages are carried.
    pub transport: Transport,
    /// The account there; none: the far side knows us by our address.
    pub account: Option<TrunkAccount>,
    /// Where its calls come from; empty: from the addresses of the host.
    pub networks: Vec<Network>,
    /// What is written into our contact there, and known to nobody else; none while the system has no keys.
    pub token: Option<Arc<str>>,
    /// What answers each of the company's numbers, by national number.
    pub numbers: HashMap<Box<str>, TakenTo>,
    /// What answers every other number.
    pub otherwise: TakenTo,
    /// Which calls go out this way; none: no call does.
    pub outbound: Option<Outbound>,
    /// How many calls it carries at once.
    pub max_calls: Option<u32>,
}

/// An account at the far side of a trunk.
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkAccount {
    /// The username.
    pub username: Arc<str>,
    /// The password.
    pub password: Arc<str>,
    /// For how long is registered; none: not at all.
    pub registers_for: Option<Duration>,
}

/// The password is not printed.
impl fmt::Debug for TrunkAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrunkAccount")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Which calls go out by a trunk, and how they are announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// What is smaller goes before.
    pub preference: u32,
    /// The beginnings of the numbers it takes, with `+`; empty: all.
    pub prefixes: Vec<Box<str>>,
    /// The number that called persons see, as E.164.
    pub caller_id: Option<Arc<str>>,
    /// How the far side wants numbers written.
    pub number_format: NumberFormat,
    /// For how long the far side may say nothing to a call before the next trunk is tried.
    pub next_after: Duration,
}

/// Where a caller is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenTo {
    /// The operator.
    Operator,
    /// A number of the company.
    Extension(Arc<str>),
    /// The mailbox of this user.
    Voicemail(Arc<str>),
    /// An auto attendant, by name.
    AutoAttendant(Arc<str>),
    /// A call queue, by name.
    Queue(Arc<str>),
    /// A conference, by name.
    Conference(Arc<str>),
    /// The conference center.
    ConferenceCenter,
    /// The message center.
    MessageCenter,
    /// An outside number, as E.164.
    Outside(Arc<str>),
    /// He hears busy.
    Busy,
}

impl TrunkEntry {
    /// What answers this number, in whatever form the far side gave it.
    pub fn answers(&self, number: &str, numbers: &NumberPlan) -> &TakenTo {
        self.listed(number, numbers).unwrap_or(&self.otherwise)
    }

    /// What answers this number, if it is one of those listed. Many far sides leave the `+` of E.164 out.
    pub fn listed(&self, number: &str, numbers: &NumberPlan) -> Option<&TakenTo> {
        let find = |number: &str| self.numbers.get(numbers.national(number).as_str());
        find(number).or_else(|| find(&format!("+{number}")))
    }

    /// The number of somebody who calls in by this trunk, as E.164 where it is one: of a far side that is written to without `+`,
    /// digits that begin with no `0` are E.164 too.
    pub fn caller_number(&self, number: &str, numbers: &NumberPlan) -> Option<String> {
        let format = self.outbound.as_ref().map(|it| it.number_format);
        let is_dialled = number.starts_with(['+', '0']) || numbers.is_whole(number);
        if format == Some(NumberFormat::E164WithoutPlus) && !is_dialled {
            return numbers.e164(&format!("+{number}"));
        }
        numbers.e164(number)
    }

    /// Whether calls to this number, as E.164, go out this way.
    pub fn takes(&self, number: &str) -> bool {
        self.outbound.as_ref().is_some_and(|outbound| {
            outbound.prefixes.is_empty()
                || outbound
                    .prefixes
                    .iter()
                    .any(|prefix| number.starts_with(&**prefix))
        })
    }

    /// A number as E.164, as the far side wants it written.
    pub fn written(&self, number: &str, numbers: &NumberPlan) -> String {
        let format = self
            .outbound
            .as_ref()
            .map_or(NumberFormat::E164, |outbound| outbound.number_format);
        match format {
            NumberFormat::E164 => number.to_owned(),
            NumberFormat::E164WithoutPlus => number.trim_start_matches('+').to_owned(),
            NumberFormat::National => numbers.as_dialled(number),
        }
    }
}

/// An address, or the beginning that all addresses of a network share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether this address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let apart = ours.to_bits() ^ theirs.to_bits();
                apart.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let apart = ours.to_bits() ^ theirs.to_bits();
                apart.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The text is neither an address nor a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor a network")]
pub struct NoNetwork;

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NoNetwork)?,
            None => all,
        };
        (bits <= all)
            .then_some(Self { address, bits })
            .ok_or(NoNetwork)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        for (network, address, inside) in [
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.7/24", "203.0.113.1", true),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("203.0.113.7", "::ffff:203.0.113.7", true),
            ("2001:db8::/32", "2001:db8:1::9", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::/0", "203.0.113.7", false),
        ] {
            let network: Network = network.parse().unwrap();
            let address = address.parse().unwrap();
            assert_eq!(network.contains(address), inside, "{network:?} {address}");
        }
        for text in [
            "",
            "203.0.113",
            "203.0.113.0/33",
            "::/129",
            "a/b",
            "1.2.3.4/",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
