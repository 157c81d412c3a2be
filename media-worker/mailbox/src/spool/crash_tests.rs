//! The power fails at every step of the log's life.

use super::SpoolError;
use super::entry::{Entry, Promised, frame_head};
use super::journal::Journal;
use super::ledger::{Stage, StoredDraft, StoredMessage};
use crate::disk::TwinDisk;
use crate::ids::{MailboxId, NameSource};
use crate::message::{Delivery, Sender};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// What callers know when the power fails.
#[derive(Default)]
struct Told {
    begun: Vec<u64>,
    promised: Vec<(u64, usize)>,
    /// Frames of each recording that a finished sync covers.
    synced: Vec<(u64, usize)>,
    settled: Vec<u64>,
}

#[test]
fn what_was_promised_is_there_after_the_power_fails_at_any_step() {
    for survive in [0, 1, 2] {
        for step in 0.. {
            let disk = Arc::new(TwinDisk::new());
            disk.lose_power_at(step);
            let mut told = Told::default();
            let outcome = live(&disk, &mut told);
            disk.restart(|unsynced| unsynced * survive / 2);
            check(&disk, &told, step);
            if outcome.is_ok() {
                assert!(
                    step > 40,
                    "the life is long enough to mean something: {step}"
                );
                break;
            }
        }
    }
}

#[test]
fn a_sync_that_fails_once_loses_nothing_and_doubles_nothing() {
    for failing in 0.. {
        for survive in [0, 1, 2] {
            let disk = Arc::new(TwinDisk::new());
            disk.fail_sync_at(failing);
            let mut told = Told::default();
            assert_eq!(live(&disk, &mut told), Ok(()), "sync {failing}");
            let reached = disk.syncs() > failing;
            disk.restart(|unsynced| unsynced * survive / 2);
            check(&disk, &told, failing);
            if !reached {
                assert!(failing > 10, "{failing} syncs");
                return;
            }
        }
    }
}

#[test]
fn what_was_promised_is_there_when_a_sync_fails_and_then_the_power() {
    for failing in [0, 1, 4, 7, 10] {
        for step in 0.. {
            let disk = Arc::new(TwinDisk::new());
            disk.fail_sync_at(failing);
            disk.lose_power_at(step);
            let mut told = Told::default();
            let outcome = live(&disk, &mut told);
            disk.restart(|unsynced| unsynced * (step as usize % 3) / 2);
            check(&disk, &told, step);
            if outcome.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_recording_discarded_on_a_full_disk_does_not_come_back() {
    let disk = Arc::new(TwinDisk::new());
    let mut journal = open(&disk).unwrap();
    begin(&mut journal, 0);
    speak(&mut journal, 0, 0..100);
    journal.write().unwrap();
    journal.sync().unwrap();
    disk.set_capacity(Some(0));
    journal.stage(Entry::Discarded(0));
    assert_eq!(journal.write(), Err(SpoolError::Full));
    assert_eq!(journal.ledger().records().count(), 0, "here it is gone");
    disk.set_capacity(None);
    journal.stage_owed();
    journal.write().unwrap();
    journal.sync().unwrap();
    drop(journal);
    disk.restart(|_| 0);
    assert_eq!(open(&disk).unwrap().ledger().records().count(), 0);
}

#[test]
fn a_rotten_byte_anywhere_harms_no_other_chunk_before_it() {
    let disk = Arc::new(TwinDisk::new());
    let mut journal = open(&disk).unwrap();
    begin(&mut journal, 0);
    speak(&mut journal, 0, 0..100);
    promise(&mut journal, 0).unwrap();
    begin(&mut journal, 1);
    speak(&mut journal, 1, 0..100);
    promise(&mut journal, 1).unwrap();
    drop(journal);
    let path = disk
        .paths()
        .into_iter()
        .find(|path| path.contains(".log"))
        .unwrap();
    // The second recording begins after the first one's 100 frames of 166 bytes.
    disk.corrupt(&path, 100 * 166 + 2000);
    let journal = open(&disk).unwrap();
    assert_eq!(frames(&journal, 0), 100);
}

#[test]
fn a_full_disk_refuses_promises_and_keeps_what_was_promised() {
    let disk = Arc::new(TwinDisk::new());
    let mut journal = open(&disk).unwrap();
    begin(&mut journal, 0);
    speak(&mut journal, 0, 0..100);
    promise(&mut journal, 0).unwrap();
    begin(&mut journal, 1);
    speak(&mut journal, 1, 0..60);
    journal.write().unwrap();
    disk.set_capacity(Some(disk.used()));
    promise(&mut journal, 1).expect("the reserve is for what was begun");
    assert!(!journal.has_room(), "nothing new may begin");
    begin(&mut journal, 2);
    let mut refused = false;
    for burst in 0..100 {
        speak(&mut journal, 2, burst * 100..(burst + 1) * 100);
        refused |= journal.write() == Err(SpoolError::Full);
    }
    assert!(refused);
    disk.set_capacity(None);
    drop(journal);
    let mut journal = open(&disk).unwrap();
    assert_eq!((frames(&journal, 0), frames(&journal, 1)), (100, 60));
    assert!(journal.has_room(), "there is room again");
}

#[test]
fn after_a_sync_that_failed_the_log_goes_on_in_another_segment() {
    let disk = Arc::new(TwinDisk::new());
    let mut journal = open(&disk).unwrap();
    begin(&mut journal, 0);
    speak(&mut journal, 0, 0..100);
    disk.fail_syncs(true);
    assert!(promise(&mut journal, 0).is_err(), "the caller is not told");
    let stage = journal.ledger().get(0).map(|record| record.stage);
    assert_eq!(stage, Some(Stage::Ended), "the promise is taken back");
    disk.fail_syncs(false);
    begin(&mut journal, 1);
    speak(&mut journal, 1, 0..100);
    promise(&mut journal, 1).unwrap();
    disk.restart(|_| 0);
    assert_eq!(frames(&open(&disk).unwrap(), 1), 100);
}

#[test]
fn settled_segments_go_and_needed_ones_stay() {
    let disk = Arc::new(TwinDisk::new());
    let mut journal = open(&disk).unwrap();
    for recording in 0..40 {
        begin(&mut journal, recording);
        speak(&mut journal, recording, 0..100);
        promise(&mut journal, recording).unwrap();
        if recording != 20 {
            journal.stage(Entry::Settled(recording));
        }
    }
    journal.write().unwrap();
    journal.sync().unwrap();
    let logs = |disk: &TwinDisk| {
        disk.paths()
            .iter()
            .filter(|path| path.contains(".log"))
            .count()
    };
    assert!(logs(&disk) < 30, "the first half is gone: {}", logs(&disk));
    assert_eq!(frames(&journal, 20), 100);
    journal.stage(Entry::Settled(20));
    journal.write().unwrap();
    journal.sync().unwrap();
    assert!(
        logs(&disk) <= 2,
        "all but the last are gone: {}",
        logs(&disk)
    );
}

/// Several recordings side by side, promised, discarded, settled, cut off.
fn live(disk: &Arc<TwinDisk>, told: &mut Told) -> Result<(), SpoolError> {
    let mut journal = open(disk)?;
    for recording in 0..8 {
        begin(&mut journal, recording);
        told.begun.push(recording);
        speak(&mut journal, recording, 0..60);
        journal.write()?;
        speak(&mut journal, recording, 60..100);
        journal.write()?;
        journal.sync()?;
        told.synced.push((recording, 100));
        match recording % 4 {
            0 => {
                promise(&mut journal, recording)?;
                told.promised.push((recording, 100));
            }
            1 => {
                promise(&mut journal, recording)?;
                told.promised.push((recording, 100));
                journal.stage(Entry::Settled(recording));
                told.settled.push(recording);
            }
            2 => {
                journal.stage(Entry::Discarded(recording));
                told.synced.pop();
            }
            _ => speak(&mut journal, recording, 100..120),
        }
        journal.write()?;
    }
    journal.sync()
}

fn check(disk: &Arc<TwinDisk>, told: &Told, step: u64) {
    let journal = open(disk).unwrap();
    for &(recording, spoken) in &told.promised {
        if !told.settled.contains(&recording) {
            assert_eq!(
                frames(&journal, recording),
                spoken,
                "step {step}: promised recording {recording}"
            );
        }
    }
    for &(recording, synced) in told
        .synced
        .iter()
        .filter(|(recording, _)| !told.settled.contains(recording))
    {
        assert!(
            frames(&journal, recording) >= synced,
            "step {step}: synced audio of {recording}"
        );
    }
    for (recording, record) in journal.ledger().records() {
        assert!(
            told.begun.contains(&recording),
            "step {step}: nobody began {recording}"
        );
        assert!(
            matches!(record.stage, Stage::Promised(_)),
            "step {step}: {recording} is decided"
        );
    }
    // And again: recovery itself changes nothing that a second one would see.
    let decided: Vec<u64> = journal
        .ledger()
        .records()
        .map(|(recording, _)| recording)
        .collect();
    drop(journal);
    disk.restart(|_| 0);
    let again: Vec<u64> = open(disk)
        .unwrap()
        .ledger()
        .records()
        .map(|(recording, _)| recording)
        .collect();
    assert_eq!(decided, again, "step {step}");
}

fn open(disk: &Arc<TwinDisk>) -> Result<Journal, SpoolError> {
    Journal::open(disk.clone(), "spool", 40_000)
}

fn begin(journal: &mut Journal, recording: u64) {
    let names = NameSource::new([recording as u8; 32]);
    let delivery = Delivery {
        recipients: vec![MailboxId::new("ada").unwrap()],
        sender: Sender::External {
            number: None,
            name: None,
        },
        received: Timestamp::UNIX_EPOCH,
        most: std::collections::BTreeMap::new(),
        forwards: None,
    };
    let message = StoredMessage {
        id: names.message(),
        audio: names.audio(Timestamp::UNIX_EPOCH),
        copy: None,
        delivery,
    };
    let draft = StoredDraft {
        message: Some(message),
        codec: "PCMU".into(),
        min_length: Duration::from_secs(1),
    };
    journal.stage(Entry::Begin(recording, Box::new(draft)));
}

fn speak(journal: &mut Journal, recording: u64, frames: std::ops::Range<u32>) {
    for frame in frames {
        let mut bytes = frame_head(frame * 160, 160).to_vec();
        bytes.extend([frame as u8; 160]);
        journal.stage_frames(recording, &bytes);
    }
}

fn promise(journal: &mut Journal, recording: u64) -> Result<(), SpoolError> {
    journal.stage(Entry::Ended(recording));
    journal.stage(Entry::Promised(
        recording,
        Promised {
            partial: false,
            length: None,
        },
    ));
    journal.write()?;
    journal.sync()
}

fn frames(journal: &Journal, recording: u64) -> usize {
    let Some(record) = journal.ledger().get(recording) else {
        return 0;
    };
    let heard = journal.reader().read(record).unwrap().whole().unwrap();
    for (number, (timestamp, payload)) in heard.packets().enumerate() {
        assert_eq!(
            (timestamp, payload[0]),
            (number as u32 * 160, number as u8),
            "in order and unharmed"
        );
    }
    heard.packets().count()
}
