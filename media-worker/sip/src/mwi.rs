//! Message waiting indication: bodies of `application/simple-message-summary` (RFC 3842).

use bytes::Bytes;

use crate::syntax::Uri;

/// The event package.
pub const PACKAGE: &str = "message-summary";

/// The media type of [`message_summary`].
pub const CONTENT_TYPE: &str = "application/simple-message-summary";

/// What the lamp of a phone shows: whether messages wait, for which account, and how many are new and saved. No
/// message is urgent here.
pub fn message_summary(waiting: bool, account: &Uri, new: u32, saved: u32) -> Bytes {
    let waiting = if waiting { "yes" } else { "no" };
    format!(
        "Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {new}/{saved} (0/0)\r\n"
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_reads_as_rfc_3842_has_it() {
        let account = Uri::parse("sip:*404@office.example").unwrap();
        assert_eq!(
            message_summary(true, &account, 2, 8),
            "Messages-Waiting: yes\r\nMessage-Account: sip:*404@office.example\r\nVoice-Message: 2/8 (0/0)\r\n"
        );
        assert!(message_summary(false, &account, 0, 8).starts_with(b"Messages-Waiting: no\r\n"));
    }
}
