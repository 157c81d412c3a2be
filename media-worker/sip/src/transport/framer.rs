//! Cuts a stream into messages (RFC 3261 section 18.3, RFC 5626 section 3.5.1).

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use crate::syntax::{Limits, ParseError, ParseErrorKind, Response, StreamHead};

/// What a stream carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, for [`crate::syntax::parse`].
    Message(Bytes),
    /// A double CR LF: to be answered with a single one.
    Ping,
    /// A single CR LF.
    Pong,
}

/// Why a stream must be closed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}")]
pub struct FramingError {
    /// What is wrong.
    pub kind: FramingErrorKind,
    understood: Option<Box<ParseError>>,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingErrorKind {
    /// A message has no Content-Length, several, or one that is no number; where it ends cannot be known.
    #[error("a message does not say where it ends")]
    ContentLength,
    /// A message is longer than the limit.
    #[error("a message is too large")]
    TooLarge,
    /// The headers are no lines.
    #[error("this is not SIP")]
    NotSip,
}

impl FramingError {
    /// The response to send before the stream is closed, if what came can be answered.
    pub fn reply(&self) -> Option<Response> {
        self.understood.as_ref()?.reply()
    }
}

/// How long the far side may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From a message's first octet to its last.
    pub message: Duration,
    /// Without any complete frame.
    pub idle: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Deadlines {
            message: Duration::from_secs(10),
            idle: Duration::from_mins(65),
        }
    }
}

/// Which deadline a stream has missed; it is to be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// A message was begun and not ended in time.
    Message,
    /// No complete frame came.
    Idle,
}

/// The reading side of one stream. Holds at most one message and what was pushed at once behind it.
#[derive(Debug)]
pub struct StreamFramer {
    buffer: BytesMut,
    progress: Progress,
    limits: Limits,
    deadlines: Deadlines,
    last_frame: Instant,
    last_push: Instant,
}

/// How far the message at the front of the buffer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing of a message is there.
    Between,
    /// As before, and a single CR LF has just been passed: another makes it a ping.
    AfterLineBreak,
    /// The headers have not ended before this offset.
    Head { begun: Instant, scanned: usize },
    /// The message has this length in all.
    Body { begun: Instant, length: usize },
}

impl StreamFramer {
    /// A stream that begins now.
    pub fn new(limits: Limits, deadlines: Deadlines, now: Instant) -> Self {
        StreamFramer {
            buffer: BytesMut::new(),
            progress: Progress::Between,
            limits,
            deadlines,
            last_frame: now,
            last_push: now,
        }
    }

    /// Takes what was read from the stream. Call [`StreamFramer::next_frame`] until it returns `None` before pushing more.
    pub fn push(&mut self, octets: &[u8], now: Instant) {
        self.buffer.extend_from_slice(octets);
        self.last_push = now;
    }

    /// The next frame, when all of it is there.
    ///
    /// # Errors
    /// The stream cannot be read further and must be closed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        loop {
            self.progress = match self.progress {
                Progress::Between | Progress::AfterLineBreak => match self.line_break() {
                    Some(frame) => return Ok(Some(self.framed(frame))),
                    None if self.buffer.is_empty() || self.buffer[..] == *b"\r" => return Ok(None),
                    None => Progress::Head {
                        begun: self.last_push,
                        scanned: 0,
                    },
                },
                Progress::Head { begun, scanned } => match self.head_end(scanned) {
                    Some(end) => Progress::Body {
                        begun,
                        length: self.message_length(end)?,
                    },
                    None if self.buffer.len() > self.limits.message => {
                        return Err(self.fail(FramingErrorKind::TooLarge, self.buffer.len()));
                    }
                    None => {
                        let scanned = self.buffer.len().saturating_sub(HEAD_END.len() - 1);
                        self.progress = Progress::Head { begun, scanned };
                        return Ok(None);
                    }
                },
                Progress::Body { length, .. } if self.buffer.len() >= length => {
                    self.progress = Progress::Between;
                    let message = self.buffer.split_to(length).freeze();
                    return Ok(Some(self.framed(Frame::Message(message))));
                }
                Progress::Body { .. } => return Ok(None),
            };
        }
    }

    /// When to call [`StreamFramer::missed`].
    pub fn poll_timeout(&self) -> Instant {
        self.message_deadline()
            .map_or(self.idle_deadline(), |deadline| {
                deadline.min(self.idle_deadline())
            })
    }

    /// The deadline that has passed, if one has; the stream is then to be closed.
    pub fn missed(&self, now: Instant) -> Option<Deadline> {
        if self
            .message_deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            Some(Deadline::Message)
        } else if self.idle_deadline() <= now {
            Some(Deadline::Idle)
        } else {
            None
        }
    }

    fn message_deadline(&self) -> Option<Instant> {
        match self.progress {
            Progress::Head { begun, .. } | Progress::Body { begun, .. } => {
                Some(begun + self.deadlines.message)
            }
            Progress::Between | Progress::AfterLineBreak => None,
        }
    }

    fn idle_deadline(&self) -> Instant {
        self.last_frame + self.deadlines.idle
    }

    fn framed(&mut self, frame: Frame) -> Frame {
        self.last_frame = self.last_push;
        frame
    }

    /// Takes line breaks between messages.
    fn line_break(&mut self) -> Option<Frame> {
        if self.progress == Progress::Between && self.buffer.starts_with(b"\r\n\r\n") {
            let _ = self.buffer.split_to(4);
            return Some(Frame::Ping);
        }
        if !self.buffer.starts_with(b"\r\n") {
            return None;
        }
        let _ = self.buffer.split_to(2);
        let second = self.progress == Progress::AfterLineBreak;
        self.progress = if second {
            Progress::Between
        } else {
            Progress::AfterLineBreak
        };
        Some(if second { Frame::Ping } else { Frame::Pong })
    }

    /// Where the headers end, behind the empty line.
    fn head_end(&self, scanned: usize) -> Option<usize> {
        let found = memchr::memmem::find(self.buffer.get(scanned..)?, HEAD_END)?;
        Some(scanned + found + HEAD_END.len())
    }

    fn message_length(&self, head_end: usize) -> Result<usize, FramingError> {
        let head = self.head(head_end);
        let body = match StreamHead::read(&head, &self.limits) {
            StreamHead::Body(length) => length,
            StreamHead::NoLength => {
                return Err(self.fail(FramingErrorKind::ContentLength, head_end));
            }
            StreamHead::NotSip => return Err(self.fail(FramingErrorKind::NotSip, head_end)),
        };
        match head_end
            .checked_add(body)
            .filter(|length| *length <= self.limits.message)
        {
            Some(length) => Ok(length),
            None => Err(self.fail(FramingErrorKind::TooLarge, head_end)),
        }
    }

    fn head(&self, end: usize) -> Bytes {
        Bytes::copy_from_slice(self.buffer.get(..end).unwrap_or_default())
    }

    fn fail(&self, kind: FramingErrorKind, head_end: usize) -> FramingError {
        let mistake = match kind {
            FramingErrorKind::ContentLength => ParseErrorKind::ContentLength,
            FramingErrorKind::TooLarge => ParseErrorKind::TooLarge,
            FramingErrorKind::NotSip => {
                return FramingError {
                    kind,
                    understood: None,
                };
            }
        };
        let understood = ParseError::of_head(&self.head(head_end), &self.limits, mistake);
        FramingError {
            kind,
            understood: Some(Box::new(understood)),
        }
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nFrom: <sip:c@c>;tag=1\r\n\
        To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n";

    #[allow(clippy::disallowed_methods, reason = "some instant to count from")]
    fn start() -> Instant {
        Instant::now()
    }

    fn framer() -> (StreamFramer, Instant) {
        let now = start();
        (
            StreamFramer::new(Limits::default(), Deadlines::default(), now),
            now,
        )
    }

    fn frames(framer: &mut StreamFramer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
    }

    fn with_body(body: &str) -> String {
        format!("{OPTIONS}Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn refused(head: &str) -> (FramingErrorKind, Option<u16>) {
        let (mut framer, now) = framer();
        framer.push(head.as_bytes(), now);
        let error = framer.next_frame().unwrap_err();
        (
            error.kind,
            error.reply().map(|response| response.status.code()),
        )
    }

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let stream = [with_body("hello"), with_body(""), with_body("\r\n\r\n")].concat();
        for size in 1..stream.len() {
            let (mut framer, now) = framer();
            let mut found = Vec::new();
            for part in stream.as_bytes().chunks(size) {
                framer.push(part, now);
                found.extend(frames(&mut framer));
            }
            let wanted = [with_body("hello"), with_body(""), with_body("\r\n\r\n")];
            assert_eq!(
                found,
                wanted.map(|text| Frame::Message(text.into())),
                "cut every {size}"
            );
        }
    }

    #[test]
    fn a_double_line_break_is_a_ping_and_a_single_one_a_pong() {
        let (mut framer, now) = framer();
        framer.push(b"\r\n\r\n", now);
        assert_eq!(frames(&mut framer), [Frame::Ping]);
        framer.push(b"\r\n", now);
        assert_eq!(frames(&mut framer), [Frame::Pong]);
        framer.push(b"\r", now);
        assert_eq!(frames(&mut framer), []);
        framer.push(b"\n", now);
        assert_eq!(
            frames(&mut framer),
            [Frame::Ping],
            "the second half of a ping cut in two"
        );
        framer.push(with_body("").as_bytes(), now);
        assert_eq!(frames(&mut framer), [Frame::Message(with_body("").into())]);
    }

    #[test]
    fn a_message_without_one_clear_content_length_is_refused() {
        let wrong = (FramingErrorKind::ContentLength, Some(400));
        assert_eq!(refused(&format!("{OPTIONS}\r\n")), wrong);
        assert_eq!(
            refused(&format!("{OPTIONS}Content-Length: 0\r\nl: 5\r\n\r\n")),
            wrong
        );
        assert_eq!(
            refused(&format!(
                "{OPTIONS}Content-Length : 0\r\nContent-Length: 0\r\n\r\n"
            )),
            wrong
        );
        for value in [
            "-1",
            "+1",
            "",
            "1 2",
            "0x1",
            "5, 5",
            "99999999999999999999999",
        ] {
            assert_eq!(
                refused(&format!("{OPTIONS}Content-Length: {value}\r\n\r\n")),
                wrong,
                "{value}"
            );
        }
    }

    #[test]
    fn a_space_before_the_colon_and_folding_do_not_hide_the_length() {
        for header in ["Content-Length :", "l\t:", "CONTENT-LENGTH:\r\n "] {
            let (mut framer, now) = framer();
            framer.push(
                format!("{OPTIONS}{header} 2\r\n\r\nabOPTIONS").as_bytes(),
                now,
            );
            let Ok(Some(Frame::Message(message))) = framer.next_frame() else {
                panic!("{header}")
            };
            assert!(message.ends_with(b"\r\n\r\nab"), "{header}");
        }
    }

    #[test]
    fn a_message_beyond_the_limit_is_refused() {
        assert_eq!(
            refused(&format!("{OPTIONS}Content-Length: 65536\r\n\r\n")),
            (FramingErrorKind::TooLarge, Some(413))
        );
        assert_eq!(refused(&"x".repeat(65_536)).0, FramingErrorKind::TooLarge);
    }

    #[test]
    fn something_else_than_sip_closes_the_stream_without_an_answer() {
        assert_eq!(
            refused("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (FramingErrorKind::NotSip, None)
        );
    }

    #[test]
    fn a_message_that_drips_misses_its_deadline() {
        let (mut framer, start) = framer();
        for (second, octet) in OPTIONS.bytes().enumerate().take(10) {
            let now = start + Duration::from_secs(second as u64);
            assert_eq!(framer.missed(now), None);
            framer.push(&[octet], now);
            assert_eq!(frames(&mut framer), []);
        }
        assert_eq!(framer.poll_timeout(), start + Duration::from_secs(10));
        assert_eq!(
            framer.missed(start + Duration::from_secs(10)),
            Some(Deadline::Message)
        );
    }

    #[test]
    fn a_silent_stream_is_idle_and_a_ping_keeps_it() {
        let (mut framer, start) = framer();
        let idle = Deadlines::default().idle;
        framer.push(b"\r\n\r\n", start + idle / 2);
        assert_eq!(frames(&mut framer), [Frame::Ping]);
        assert_eq!(framer.missed(start + idle), None);
        assert_eq!(framer.missed(start + idle + idle / 2), Some(Deadline::Idle));
    }
}
