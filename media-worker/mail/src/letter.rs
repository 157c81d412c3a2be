//! A letter: text, HTML, recordings.

use std::time::{Duration, SystemTime};

use lettre::address::{Address, Envelope};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

/// What is to be mailed.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// The sender, such as `Voicemail <voicemail@example.com>`.
    pub from: &'a str,
    /// The name of the one it goes to.
    pub to_name: &'a str,
    /// His address.
    pub to: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// Names the letter for ever, whoever sends it and however often: without angle brackets.
    pub message_id: &'a str,
    /// The time it bears: that of what it tells of.
    pub seconds: i64,
    /// What it says.
    pub text: &'a str,
    /// The same as HTML.
    pub html: &'a str,
    /// Recordings.
    pub attachments: Vec<Attachment>,
}

/// A recording, as a WAV file.
#[derive(Clone)]
pub struct Attachment {
    /// The name of the file.
    pub name: String,
    /// The file.
    pub wav: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.name, self.wav.len())
    }
}

/// A letter as it goes over the wire, and to whom.
#[derive(Clone, Debug)]
pub struct Ready {
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

impl Ready {
    /// The letter as it goes over the wire.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An address that no mail can go to.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{address:?} is no e-mail address: {why}")]
pub struct BadAddress {
    address: String,
    why: String,
}

/// Why a letter can't be written.
#[derive(Debug, thiserror::Error)]
pub enum BadLetter {
    /// The sender's address is none.
    #[error("sender: {0}")]
    From(BadAddress),
    /// The recipient's address is none.
    #[error("recipient: {0}")]
    To(BadAddress),
    /// It can't be put together.
    #[error("the letter can't be put together: {0}")]
    Composing(#[from] lettre::error::Error),
}

/// Whether a mail could bear this as its sender: an address, perhaps with a name before it.
pub fn is_address(text: &str) -> bool {
    mailbox(text).is_ok()
}

impl Letter<'_> {
    /// Puts it together.
    pub fn compose(self) -> Result<Ready, BadLetter> {
        let from = mailbox(self.from).map_err(BadLetter::From)?;
        let address: Address = self.to.parse().map_err(|error| {
            let why = format!("{error}");
            BadLetter::To(bad(self.to, why))
        })?;
        let to = Mailbox::new(Some(one_line(self.to_name)), address.clone());
        let envelope = Envelope::new(Some(from.email.clone()), vec![address])?;
        let words = MultiPart::alternative_plain_html(self.text.to_owned(), self.html.to_owned());
        let body = if self.attachments.is_empty() {
            words
        } else {
            let wav = ContentType::parse("audio/wav").unwrap_or(ContentType::TEXT_PLAIN);
            let attached = |it: Attachment| -> SinglePart {
                lettre::message::Attachment::new(it.name).body(it.wav, wav.clone())
            };
            self.attachments
                .into_iter()
                .fold(MultiPart::mixed().multipart(words), |parts, it| {
                    parts.singlepart(attached(it))
                })
        };
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds.max(0).unsigned_abs());
        let message = Message::builder()
            .from(from)
            .to(to)
            .subject(one_line(self.subject))
            .message_id(Some(format!("<{}>", self.message_id)))
            .date(date)
            .header(AutoSubmitted)
            .multipart(body)?;
        Ok(Ready {
            envelope,
            bytes: message.formatted(),
        })
    }
}

/// Tells vacation programs not to answer (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn mailbox(text: &str) -> Result<Mailbox, BadAddress> {
    text.parse()
        .map_err(|error: lettre::address::AddressError| bad(text, error.to_string()))
}

fn bad(address: &str, why: String) -> BadAddress {
    BadAddress {
        address: address.to_owned(),
        why,
    }
}

/// A caller chooses his name: it must not begin a header of his own.
fn one_line(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_control())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter<'a>() -> Letter<'a> {
        Letter {
            from: "Voicemail <voicemail@example.com>",
            to_name: "Mary Müller",
            to: "mary@example.com",
            subject: "Voicemail from José",
            message_id: "abc.def@office.example.com",
            seconds: 1_800_000_000,
            text: "A message — 0:42.",
            html: "<p>A message — 0:42.</p>",
            attachments: vec![Attachment {
                name: "voicemail.wav".to_owned(),
                wav: vec![0xff; 3000],
            }],
        }
    }

    fn text(letter: Letter<'_>) -> String {
        String::from_utf8(letter.compose().unwrap().bytes).unwrap()
    }

    #[test]
    fn a_letter_is_ascii_with_short_lines_and_the_same_each_time_but_for_its_boundaries() {
        let text = text(letter());
        assert!(text.is_ascii());
        assert!(text.lines().all(|line| line.len() <= 998));
        assert!(text.contains("\r\nMessage-ID: <abc.def@office.example.com>\r\n"));
        assert!(text.contains("\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"));
        assert!(text.contains("\r\nAuto-Submitted: auto-generated\r\n"));
        assert!(text.contains("Content-Type: audio/wav"));
        assert!(text.contains("filename=\"voicemail.wav\""));
        assert!(text.contains("multipart/alternative"));
    }

    #[test]
    fn a_name_that_a_caller_chose_begins_no_header() {
        let text = text(Letter {
            subject: "Hello\r\nBcc: everybody@example.com\r\n\r\nbody",
            to_name: "Mary\r\nX-Evil: yes",
            ..letter()
        });
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc:")), "{head}");
        assert!(
            !head.lines().any(|line| line.starts_with("X-Evil:")),
            "{head}"
        );
    }

    #[test]
    fn addresses_that_are_none_are_named() {
        let wrong = Letter {
            to: "not an address",
            ..letter()
        };
        let error = wrong.compose().unwrap_err();
        assert!(matches!(error, BadLetter::To(_)));
        assert!(error.to_string().contains("not an address"));
        assert!(is_address("voicemail@example.com"));
        assert!(!is_address("Voicemail"));
    }
}
