//! The journal of homes: after a restart phones need not register again, lamps are right, whoever guesses PINs stays locked
//! out, and nobody has more outside calls than his hour allows.
//!
//! One line for each change of a handset's contacts, or of a user's lamps, lock-outs or outside calls, the whole list each time; the
//! last line of each counts. It is written by a thread of its own, and made anew at each start and whenever it has grown to several times
//! what holds: phones register all day. A line cut off by a crash is skipped.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
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
    writer: Sender<Order>,
}

/// What the thread that writes is asked for.
#[derive(Debug)]
enum Order {
    Keep(Entry),
    /// To say when all before it is written.
    Tell(SyncSender<()>),
}

impl Journal {
    /// Reads what is kept at `path`, begins it anew with that, and gives the entries that still hold at `now`.
    ///
    /// # Errors
    /// When the file can't be read or written.
    pub fn open(path: &Path, now: Timestamp) -> std::io::Result<(Self, Vec<Entry>)> {
        let kept = read(path, now)?;
        let lines = Lines::begin(path, &kept)?;
        let (writer, orders) = channel();
        std::thread::Builder::new()
            .name("contacts".into())
            .spawn(move || lines.write(&orders))?;
        Ok((Self { writer }, kept))
    }

    /// Keeps what a handset or a user has now; on disk within a moment.
    pub fn keep(&self, entry: Entry) {
        // The writer ends only with the worker.
        let _ = self.writer.send(Order::Keep(entry));
    }

    /// Done when all that was to be kept is written; a disk that hangs holds this up for a second at most.
    pub fn settle(&self) {
        let (tell, told) = sync_channel(1);
        if self.writer.send(Order::Tell(tell)).is_ok() {
            let _ = told.recv_timeout(SETTLE);
        }
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

/// The file, and how far it has grown.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    /// Its bytes when it was made anew.
    begun_with: u64,
    bytes: u64,
}

impl Lines {
    /// Makes the file anew with these entries.
    fn begin(path: &Path, kept: &[Entry]) -> std::io::Result<Self> {
        let draft: PathBuf = path.with_extension("new");
        let created = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        let mut file = BufWriter::new(created);
        let mut bytes = 0;
        for entry in kept {
            bytes += line(&mut file, entry)?;
        }
        file.flush()?;
        file.get_ref().sync_data()?;
        std::fs::rename(&draft, path)?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(OpenOptions::new().append(true).open(path)?),
            begun_with: bytes,
            bytes,
        })
    }

    /// Writes what has come, together, a few times a second: a thousand phones that register at once are one write.
    /// A disk that is full costs registrations after a restart, not calls: phones register again.
    fn write(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            let mut waiting = Vec::new();
            for order in std::iter::once(first).chain(orders.try_iter()) {
                match order {
                    Order::Keep(entry) => self.bytes += line(&mut self.file, &entry).unwrap_or(0),
                    Order::Tell(tell) => waiting.push(tell),
                }
            }
            let _ = self.file.flush();
            for tell in waiting {
                let _ = tell.send(());
            }
            if self.bytes > LEAST.max(GROWTH * self.begun_with) {
                self.make_anew();
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Leaves out what later lines have replaced. The file stays as it was where that fails, and is tried again when it
    /// has grown as much once more.
    fn make_anew(&mut self) {
        let anew =
            read(&self.path, Timestamp::now()).and_then(|kept| Self::begin(&self.path, &kept));
        match anew {
            Ok(lines) => *self = lines,
            Err(_) => self.begun_with = self.bytes,
        }
    }
}

/// Writes an entry; how many bytes it took.
fn line(file: &mut impl Write, entry: &Entry) -> std::io::Result<u64> {
    let mut text = serde_json::to_vec(entry)?;
    text.push(b'\n');
    file.write_all(&text)?;
    Ok(text.len() as u64)
}

const PAUSE: Duration = Duration::from_millis(100);
/// How long an orderly stop waits for the disk.
const SETTLE: Duration = Duration::from_secs(1);
/// The file is made anew when it is so many times as long as it was then, but not below this length.
const GROWTH: u64 = 4;
const LEAST: u64 = 1 << 20;

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
        let mut file = Lines::begin(&path, &[]).unwrap().file;
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
        Lines::begin(
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
        Lines::begin(&path, &[recent.clone(), called("john", long_before)]).unwrap();
        let (_journal, kept) = Journal::open(&path, now).unwrap();
        assert_eq!(kept, [recent]);
    }
    #[test]
    fn what_is_kept_is_written_when_it_has_settled_and_the_file_does_not_grow_with_each_refresh() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("contacts");
        let (journal, _) = Journal::open(&path, Timestamp::now()).unwrap();
        // As of a day of a hundred phones: some 4 MiB.
        let mut written = 0;
        for refresh in 0..250 {
            for phone in 0..100 {
                let uri = format!("sip:{refresh}@192.0.2.1");
                let refreshed = entry(&format!("phone-{phone}"), &uri, Timestamp::MAX);
                written += serde_json::to_vec(&refreshed).unwrap().len() as u64;
                journal.keep(refreshed);
            }
            if refresh % 50 == 49 {
                journal.settle();
            }
        }
        journal.keep(entry("phone-0", "sip:last@192.0.2.1", Timestamp::MAX));
        journal.settle();
        // Once more: the file has then been made anew, if it was to be.
        journal.settle();
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(
            written > 3 * LEAST && length < 2 * LEAST,
            "{length} of {written} bytes"
        );
        let (_journal, kept) = Journal::open(&path, Timestamp::now()).unwrap();
        assert_eq!(kept.len(), 100);
        assert_eq!(
            kept[0],
            entry("phone-0", "sip:last@192.0.2.1", Timestamp::MAX)
        );
    }
}
