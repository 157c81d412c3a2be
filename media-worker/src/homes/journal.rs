//! The journal of homes: after a restart phones need not register again, lamps are right, whoever guesses PINs stays locked
//! out, and nobody has more outside calls than his hour allows.
//!
//! One line for each change of a handset's contacts, or of a user's lamps, lock-outs or outside calls, the whole list each time; the
//! last line of each counts. It is written by a thread of its own and made anew at each start. A line cut off by a crash is skipped.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use apps::{Lockout, Side};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::outside::OutsideCalls;

/// One contact as it is kept: addresses and wall-clock times rather than flows and instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredContact {
    /// The Contact URI.
    pub uri: String,
    /// Where the phone's datagrams came from.
    pub remote: SocketAddr,
    /// When the registration ends.
    pub expires_at: Timestamp,
    /// The Call-ID it was made with.
    pub call_id: String,
    /// Its last `CSeq`.
    pub cseq: u32,
    /// What the phone calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// What is kept of one handset or user, at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Entry {
    /// A handset's contacts.
    Contacts(StoredContacts),
    /// A user's lock-outs.
    Lockouts(StoredLockouts),
    /// The phones that show a user's mailbox.
    Lamps(StoredLamps),
    /// The outside calls that a user has begun lately.
    OutsideCalls(StoredOutsideCalls),
}

/// All contacts of one handset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredContacts {
    /// The handset.
    pub handset: String,
    /// Its contacts; empty when it has none left.
    pub contacts: Vec<StoredContact>,
}

/// What is remembered of wrong PINs for one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLockouts {
    /// The user.
    pub user: String,
    /// By side; empty when all is forgotten.
    pub sides: Vec<(Side, Lockout)>,
}

/// The subscriptions to one user's mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLamps {
    /// The user whose mailbox it is.
    pub mailbox_of: String,
    /// By phones; empty when there are none left.
    pub lamps: Vec<StoredLamp>,
}

/// How often a user has called outside lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredOutsideCalls {
    /// The user.
    pub outside_calls_of: String,
    /// His calls.
    pub calls: OutsideCalls,
}

/// One subscription as it is kept: addresses and wall-clock times rather than flows and instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredLamp {
    /// The handset that subscribed.
    pub handset: String,
    /// Where its datagrams came from.
    pub remote: SocketAddr,
    /// When the subscription ends.
    pub expires_at: Timestamp,
    /// Value of Event.
    pub event: String,
    /// Call-ID.
    pub call_id: String,
    /// From of our NOTIFYs.
    pub local: String,
    /// Their To.
    pub remote_party: String,
    /// The phone's Contact.
    pub target: String,
    /// Their Routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// The phone's last `CSeq`.
    pub cseq: Option<u32>,
}

impl Entry {
    /// Whose it is: an entry replaces those before it with the same key.
    fn key(&self) -> (&'static str, String) {
        match self {
            Self::Contacts(contacts) => ("handset", contacts.handset.clone()),
            Self::Lockouts(lockouts) => ("user", lockouts.user.clone()),
            Self::Lamps(lamps) => ("lamps", lamps.mailbox_of.clone()),
            Self::OutsideCalls(calls) => ("outside", calls.outside_calls_of.clone()),
        }
    }

    /// Forgets what holds no more at `now`; whether anything is left.
    fn prune(&mut self, now: Timestamp) -> bool {
        match self {
            Self::Contacts(StoredContacts { contacts, .. }) => {
                contacts.retain(|contact| contact.expires_at > now);
                !contacts.is_empty()
            }
            Self::Lockouts(StoredLockouts { sides, .. }) => {
                sides.retain(|(_, lockout)| !lockout.is_forgotten(now));
                !sides.is_empty()
            }
            Self::Lamps(StoredLamps { lamps, .. }) => {
                lamps.retain(|lamp| lamp.expires_at > now);
                !lamps.is_empty()
            }
            Self::OutsideCalls(StoredOutsideCalls { calls, .. }) => {
                calls.forget(now);
                !calls.is_empty()
            }
        }
    }
}

/// Where entries go.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: Sender<Entry>,
}

impl Journal {
    /// Reads what is kept at `path`, begins it anew with that, and gives the entries that still hold at `now`.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn open(path: &Path, now: Timestamp) -> std::io::Result<(Self, Vec<Entry>)> {
        let kept = read(path, now)?;
        let file = begin(path, &kept)?;
        let (entries, received) = channel();
        std::thread::Builder::new()
            .name("contacts".into())
            .spawn(move || write(file, &received))?;
        Ok((Self { entries }, kept))
    }

    /// Keeps what a handset or a user has now; on disk within a moment.
    pub fn keep(&self, entry: Entry) {
        // The writer ends only with the worker.
        let _ = self.entries.send(entry);
    }
}

fn read(path: &Path, now: Timestamp) -> std::io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut last = BTreeMap::new();
    for line in BufReader::new(file).split(b'\n') {
        if let Ok(entry) = serde_json::from_slice::<Entry>(&line?) {
            last.insert(entry.key(), entry);
        }
    }
    let mut kept: Vec<Entry> = last.into_values().collect();
    kept.retain_mut(|entry| entry.prune(now));
    Ok(kept)
}

fn begin(path: &Path, kept: &[Entry]) -> std::io::Result<BufWriter<File>> {
    let draft: PathBuf = path.with_extension("new");
    let created = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    let mut file = BufWriter::new(created);
    for entry in kept {
        line(&mut file, entry)?;
    }
    file.flush()?;
    file.get_ref().sync_data()?;
    std::fs::rename(&draft, path)?;
    Ok(BufWriter::new(OpenOptions::new().append(true).open(path)?))
}

/// Writes what has come, together, a few times a second: a thousand phones that register at once are one write.
fn write(mut file: BufWriter<File>, entries: &Receiver<Entry>) {
    while let Ok(first) = entries.recv() {
        let _ = line(&mut file, &first);
        for entry in entries.try_iter() {
            let _ = line(&mut file, &entry);
        }
        // A disk that is full costs registrations after a restart, not calls: phones register again.
        let _ = file.flush();
        std::thread::sleep(PAUSE);
    }
}

fn line(file: &mut impl Write, entry: &Entry) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, entry)?;
    file.write_all(b"\n")
}

const PAUSE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn entry(handset: &str, uri: &str, expires_at: Timestamp) -> Entry {
        let contact = StoredContact {
            uri: uri.into(),
            remote: "192.0.2.1:5060".parse().unwrap(),
            expires_at,
            call_id: "a".into(),
            cseq: 1,
            user_agent: None,
        };
        Entry::Contacts(StoredContacts {
            handset: handset.into(),
            contacts: vec![contact],
        })
    }

    fn wrong_pin(user: &str, at: Timestamp) -> Entry {
        let (lockout, _) = Lockout::default().attempt(at, || false);
        Entry::Lockouts(StoredLockouts {
            user: user.into(),
            sides: vec![(Side::Outside, lockout)],
        })
    }

    #[test]
    fn the_last_line_of_a_handset_counts_and_expired_contacts_are_gone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("contacts");
        let now = Timestamp::from_second(1_000).unwrap();
        let later = Timestamp::from_second(2_000).unwrap();
        let mut file = begin(&path, &[]).unwrap();
        for entry in [
            entry("mary-desk", "sip:old@192.0.2.1", later),
            entry("john-desk", "sip:gone@192.0.2.2", now),
            entry("mary-desk", "sip:new@192.0.2.1", later),
        ] {
            line(&mut file, &entry).unwrap();
        }
        file.write_all(b"{\"handset\": \"cut").unwrap();
        file.flush().unwrap();
        let (_journal, kept) = Journal::open(&path, now).unwrap();
        assert_eq!(kept, [entry("mary-desk", "sip:new@192.0.2.1", later)]);
    }

    #[test]
    fn wrong_pins_are_remembered_beside_the_contacts_until_they_are_forgotten() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("contacts");
        let long_ago = Timestamp::from_second(1_000).unwrap();
        let now = Timestamp::from_second(1_000_000).unwrap();
        let contact = entry("mary", "sip:mary@192.0.2.1", Timestamp::MAX);
        let recent = wrong_pin("mary", now);
        begin(
            &path,
            &[contact.clone(), recent.clone(), wrong_pin("john", long_ago)],
        )
        .unwrap();
        let (_journal, kept) = Journal::open(&path, now).unwrap();
        assert_eq!(kept, [contact, recent]);
    }

    #[test]
    fn outside_calls_are_remembered_for_an_hour() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("contacts");
        let now = Timestamp::from_second(1_000_000).unwrap();
        let called = |user: &str, at| {
            let mut calls = OutsideCalls::default();
            assert!(calls.begin(1, at));
            Entry::OutsideCalls(StoredOutsideCalls {
                outside_calls_of: user.into(),
                calls,
            })
        };
        let before = Timestamp::from_second(1_000_000 - 3_500).unwrap();
        let long_before = Timestamp::from_second(1_000_000 - 3_700).unwrap();
        let recent = called("mary", before);
        begin(&path, &[recent.clone(), called("john", long_before)]).unwrap();
        let (_journal, kept) = Journal::open(&path, now).unwrap();
        assert_eq!(kept, [recent]);
    }
}
