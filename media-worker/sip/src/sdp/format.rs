//! What an RTP payload number means.

/// One payload number of one description (RFC 8866 section 6.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Payload {
    /// The number on the wire, below 128.
    pub number: u8,
    /// The encoding's name, as written: `PCMU`, `telephone-event`.
    pub name: String,
    /// Ticks of the RTP timestamp in a second, as written (for G.722 that is 8000 by mistake, RFC 3551 section 4.5.2).
    pub clock: u32,
    /// Channels; 1 when not said.
    pub channels: u8,
    /// Parameters on the `a=fmtp` line.
    pub fmtp: Option<String>,
}

/// An encoding that both sides agreed on. The numbers differ when the answerer chose another than the offerer
/// (RFC 3264 section 6.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Format {
    /// The encoding's name, as we write it.
    pub name: String,
    /// Ticks of the RTP timestamp in a second.
    pub clock: u32,
    /// Channels.
    pub channels: u8,
    /// The number to put into packets to the far side.
    pub send: u8,
    /// The number in packets from the far side.
    pub receive: u8,
    /// The far side's parameters.
    pub fmtp: Option<String>,
}

impl Payload {
    /// A payload of one channel without parameters.
    pub fn new(number: u8, name: &str, clock: u32) -> Self {
        Payload {
            number,
            name: name.into(),
            clock,
            channels: 1,
            fmtp: None,
        }
    }

    /// RFC 4733 events with the sixteen keys.
    pub fn telephone_event(number: u8) -> Self {
        Payload {
            fmtp: Some("0-15".into()),
            ..Payload::new(number, TELEPHONE_EVENT, 8000)
        }
    }

    /// What a number means that needs no `a=rtpmap` (RFC 3551 table 4): those that occur in telephony.
    pub fn of_static_number(number: u8) -> Option<Self> {
        let (name, clock) = match number {
            0 => ("PCMU", 8000),
            3 => ("GSM", 8000),
            4 => ("G723", 8000),
            8 => ("PCMA", 8000),
            9 => ("G722", 8000),
            13 => ("CN", 8000),
            15 => ("G728", 8000),
            18 => ("G729", 8000),
            _ => return None,
        };
        Some(Payload::new(number, name, clock))
    }

    /// Whether both mean the same encoding, whatever their numbers.
    pub fn is_same_encoding(&self, other: &Payload) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_rate() == other.clock_rate()
            && self.channels == other.channels
    }

    /// Whether this is RFC 4733's `telephone-event`.
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case(TELEPHONE_EVENT)
    }

    /// The clock that is meant: some write G722/16000.
    pub(crate) fn clock_rate(&self) -> u32 {
        if self.name.eq_ignore_ascii_case("G722") {
            8000
        } else {
            self.clock
        }
    }
}

const TELEPHONE_EVENT: &str = "telephone-event";
