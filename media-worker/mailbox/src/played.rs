//! Messages that nobody speaks, for tests and measurements of whatever stands on mailboxes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use media::codec::Codec;

use crate::{Delivery, Draft, DraftKind, MailboxId, Mailboxes, RecordingId, Sender, SpoolError};

/// What somebody outside leaves to these, received now.
pub fn delivery(recipients: Vec<MailboxId>) -> Delivery {
    Delivery {
        recipients,
        sender: Sender::External {
            number: Some("+15551234".to_owned()),
            name: None,
        },
        received: Timestamp::now(),
        most: BTreeMap::new(),
        forwards: None,
    }
}

/// The draft of it: a second at least, PCMU.
pub fn draft(delivery: Delivery) -> Draft {
    Draft {
        kind: DraftKind::Message(Box::new(delivery)),
        codec: Codec::Pcmu,
        min_length: Duration::from_secs(1),
        places: Vec::new(),
    }
}

/// Speaks for so long, 20 ms a frame, each payload another; nobody has promised anything.
pub fn speak(
    mailboxes: &Mailboxes,
    draft: Draft,
    length: Duration,
) -> Result<RecordingId, SpoolError> {
    let recording = mailboxes.spool().begin(draft)?;
    let mut appender = mailboxes.writer()?;
    for frame in 0..(length.as_millis() / 20) as u32 {
        appender.frame(recording.0, frame * 160, &[frame as u8; 160]);
    }
    appender.ended(recording.0);
    appender.flush();
    Ok(recording)
}
