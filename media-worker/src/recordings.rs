//! Recordings among the company's shared files, kept ready to be played: a caller waits for none that was had before.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mailbox::{Mailboxes, StoreError};
use media::clip::{Clip, UnsupportedRate};
use media::codec::Codec;
use media::flac::{self, FlacError};
use media::pcm::Pcm;
use media::recording::Recording;
use media::wav::{self, WavError};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::{spawn_blocking, spawn_local};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

use crate::statuses::{FileState, Statuses};

/// The recordings among the shared files that somebody has asked for.
pub struct Recordings {
    mailboxes: Mailboxes,
    statuses: Statuses,
    places: RefCell<HashMap<Arc<str>, Rc<Place>>>,
    /// For those that are being read: each may take a hundred megabytes meanwhile.
    room: Semaphore,
}

/// Why a shared file can't be played.
#[derive(Debug, thiserror::Error)]
pub enum Unplayable {
    /// It is bigger than any recording.
    #[error("it has more than {} MB", MOST_BYTES / 1_000_000)]
    TooBig,
    /// It plays for longer than anybody listens.
    #[error("it plays for more than {} minutes", LONGEST.as_secs() / 60)]
    TooLong,
    /// It begins as no file of either kind does.
    #[error("it is neither a WAV nor a FLAC file")]
    Neither,
    /// It is no WAV file that we can read.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// It is no FLAC file that we can read.
    #[error(transparent)]
    Flac(#[from] FlacError),
    /// Its sample rate has no use.
    #[error(transparent)]
    Rate(#[from] UnsupportedRate),
}

/// One file, as it was last looked at.
#[derive(Default)]
struct Place {
    held: RefCell<Held>,
    /// Held by the one who looks.
    looking: Mutex<()>,
}

#[derive(Clone, Default)]
struct Held {
    /// When it is to be looked at again; none: it never was.
    due: Option<Instant>,
    version: Option<String>,
    sound: Option<Rc<Sound>>,
}

/// What is to be heard, in every codec that was asked for.
struct Sound {
    pcm: Arc<Pcm>,
    encoded: RefCell<HashMap<Codec, Arc<Recording>>>,
}

impl Recordings {
    /// Those of this store, none of them looked at.
    pub fn start(mailboxes: Mailboxes, statuses: Statuses) -> Rc<Self> {
        let recordings = Rc::new(Self {
            mailboxes,
            statuses,
            places: RefCell::default(),
            room: Semaphore::new(AT_ONCE),
        });
        spawn_local(Rc::clone(&recordings).look_for_missing());
        recordings
    }

    /// Fetches these, and forgets all others.
    pub fn keep(self: &Rc<Self>, files: &HashSet<Arc<str>>) {
        self.places
            .borrow_mut()
            .retain(|file, _| files.contains(file));
        for file in files {
            let this = Rc::clone(self);
            let file = Arc::clone(file);
            spawn_local(async move { this.look(&file).await });
        }
    }

    /// The recording of this name in a codec, as it was a minute ago or later. One that was never looked at is waited for, not for long.
    pub async fn get(self: &Rc<Self>, file: &str, codec: Codec) -> Option<Arc<Recording>> {
        let file: Arc<str> = file.into();
        let place = self.place(&file);
        let due = place.held.borrow().due;
        if due.is_none_or(|due| due <= Instant::now()) {
            let this = Rc::clone(self);
            let looking = spawn_local(async move { this.look(&file).await });
            if due.is_none() {
                // It goes on and is there for the next caller.
                let _ = timeout(PATIENCE, looking).await;
            }
        }
        let sound = place.held.borrow().sound.clone();
        sound?.recording(codec).await
    }

    /// Looks again and again at those that can't be heard, for whoever looks at what is said of them.
    async fn look_for_missing(self: Rc<Self>) {
        loop {
            sleep(FRESH).await;
            let missing = |(file, place): (&Arc<str>, &Rc<Place>)| {
                let is_missing = place.held.borrow().sound.is_none();
                is_missing.then(|| Arc::clone(file))
            };
            let files: Vec<_> = self.places.borrow().iter().filter_map(missing).collect();
            for file in files {
                self.look(&file).await;
            }
        }
    }

    fn place(&self, file: &Arc<str>) -> Rc<Place> {
        let mut places = self.places.borrow_mut();
        Rc::clone(places.entry(Arc::clone(file)).or_default())
    }

    /// Looks at a file, unless somebody has just done so.
    async fn look(&self, file: &Arc<str>) {
        let place = self.place(file);
        let _looking = place.looking.lock().await;
        let before = place.held.borrow().clone();
        if before.due.is_some_and(|due| due > Instant::now()) {
            return;
        }
        let _room = self.room.acquire().await;
        let read = self.mailboxes.files().read(file).await;
        let after = match read {
            Ok(Some(blob)) if before.version.as_ref() == Some(&blob.etag.0) => before.again(FRESH),
            Ok(Some(blob)) => Held {
                due: Some(Instant::now() + FRESH),
                version: Some(blob.etag.0),
                sound: self.sound(file, blob.bytes).await,
            },
            Ok(None) => {
                missing(file, &before);
                self.statuses.file(file, FileState::Missing);
                // Whoever adds it wants to hear it.
                Held::default().again(SOON)
            }
            Err(error) => {
                unreachable_store(file, &error, &before);
                before.again(SOON)
            }
        };
        *place.held.borrow_mut() = after;
    }
}

impl Recordings {
    async fn sound(&self, file: &Arc<str>, bytes: Bytes) -> Option<Rc<Sound>> {
        let decoded = spawn_blocking(move || {
            let pcm = decode(&bytes)?;
            // Not kept beside what is made of it now.
            drop(bytes);
            narrowed(pcm)
        });
        match decoded.await.ok()? {
            Ok(pcm) => {
                info!(file = &**file, "a shared recording is ready");
                self.statuses.file(file, FileState::Playable);
                Some(Rc::new(Sound {
                    pcm: Arc::new(pcm),
                    encoded: RefCell::default(),
                }))
            }
            Err(error) => {
                warn!(file = &**file, %error, "a shared file can't be played: callers hear standard words instead; write it as WAV or FLAC of 8 to 48 kHz");
                let state = FileState::NotPlayable(error.to_string());
                self.statuses.file(file, state);
                None
            }
        }
    }
}

impl Held {
    /// The same, to be looked at again after this time.
    fn again(self, after: Duration) -> Self {
        Self {
            due: Some(Instant::now() + after),
            ..self
        }
    }
}

impl Sound {
    async fn recording(&self, codec: Codec) -> Option<Arc<Recording>> {
        if let Some(known) = self.encoded.borrow().get(&codec) {
            return Some(Arc::clone(known));
        }
        let pcm = Arc::clone(&self.pcm);
        let encoded = spawn_blocking(move || encode(&pcm, codec)).await.ok()?;
        let encoded = encoded
            .inspect_err(|error| warn!(%error, "a shared recording can't be played"))
            .ok()?;
        let encoded = Arc::new(encoded);
        self.encoded
            .borrow_mut()
            .insert(codec, Arc::clone(&encoded));
        Some(encoded)
    }
}

/// Reads a WAV or FLAC file, which its first bytes tell apart, whatever it is called.
///
/// # Errors
/// When it is neither, or no recording that callers could be made to hear.
pub fn decode(bytes: &[u8]) -> Result<Pcm, Unplayable> {
    if bytes.len() > MOST_BYTES {
        return Err(Unplayable::TooBig);
    }
    let pcm = if bytes.starts_with(b"fLaC") {
        flac::read(bytes, MOST_SAMPLES)?
    } else if bytes.starts_with(b"RIFF") {
        wav::read(bytes)?
    } else {
        return Err(Unplayable::Neither);
    };
    let longest = LONGEST.as_secs().saturating_mul(pcm.rate.into());
    if pcm.samples.len() as u64 > longest {
        return Err(Unplayable::TooLong);
    }
    // A rate that no codec can be made of is told now, not to a caller.
    Clip::encode(&[], pcm.rate, Codec::Pcmu)?;
    Ok(pcm)
}

/// At the rate of the widest codec, if it has a higher one: nobody could hear the rest, which would be kept all the same.
fn narrowed(pcm: Pcm) -> Result<Pcm, Unplayable> {
    if pcm.rate <= WIDEST {
        return Ok(pcm);
    }
    Ok(pcm.resampled(WIDEST)?)
}

fn encode(pcm: &Pcm, codec: Codec) -> Result<Recording, UnsupportedRate> {
    let clip = Clip::encode(&pcm.samples, pcm.rate, codec)?;
    let mut recording = Recording::new(codec);
    let mut at = 0;
    for frame in (0..clip.frame_count()).filter_map(|index| clip.frame(index)) {
        recording.push(at, frame);
        at += codec.units(frame.len());
    }
    Ok(recording)
}

/// Said once, and again when it goes.
fn missing(file: &str, before: &Held) {
    if before.due.is_none() || before.version.is_some() {
        warn!(
            file,
            "there is no such shared file: callers hear standard words instead; add it with `media-worker files put`"
        );
    }
}

/// Said once; what the store says of itself is told elsewhere.
fn unreachable_store(file: &str, error: &StoreError, before: &Held) {
    if before.due.is_none() {
        warn!(file, %error, "a shared recording can't be read: callers hear standard words until it can");
    }
}

/// For so long a file is taken to be as it was.
const FRESH: Duration = Duration::from_mins(1);
/// When the store is asked again that was away.
const SOON: Duration = Duration::from_secs(5);
/// How long a caller waits for a recording that was never had.
const PATIENCE: Duration = Duration::from_secs(2);
/// The biggest file: ten minutes of stereo at 48 kHz.
const MOST_BYTES: usize = 120_000_000;
const LONGEST: Duration = Duration::from_mins(10);
const MOST_SAMPLES: usize = 10 * 60 * 48_000;
/// So many files are read at the same time.
const AT_ONCE: usize = 2;
/// The rate at which recordings are kept.
const WIDEST: u32 = Codec::G722.sample_rate();

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use mailbox::disk::RealDisk;
    use mailbox::store::{Blob, Condition, ETag, PutError};
    use mailbox::{BlobStore, MailboxesOptions, MemoryStore, SharedFiles};
    use tempfile::TempDir;
    use tokio::task::LocalSet;

    use super::*;

    /// A store that takes a while to read, and knows how many read it at the same time.
    #[derive(Default)]
    struct Slow {
        store: MemoryStore,
        readers: AtomicUsize,
        most: AtomicUsize,
    }

    #[async_trait]
    impl BlobStore for Slow {
        async fn get(&self, key: &str) -> Result<Option<Blob>, StoreError> {
            let readers = self.readers.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(readers, Ordering::Relaxed);
            sleep(Duration::from_millis(20)).await;
            self.readers.fetch_sub(1, Ordering::Relaxed);
            self.store.get(key).await
        }

        async fn put(
            &self,
            key: &str,
            bytes: Bytes,
            condition: Condition,
        ) -> Result<ETag, PutError> {
            self.store.put(key, bytes, condition).await
        }

        async fn delete(&self, key: &str) -> Result<(), StoreError> {
            self.store.delete(key).await
        }

        async fn list(
            &self,
            prefix: &str,
            start_after: Option<&str>,
            limit: usize,
        ) -> Result<Vec<String>, StoreError> {
            self.store.list(prefix, start_after, limit).await
        }
    }

    #[tokio::test]
    async fn many_recordings_are_read_a_few_at_a_time() {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(Slow::default());
        let files: HashSet<Arc<str>> = (0..6).map(|n| format!("{n}.wav").into()).collect();
        let silence = wav::write(&Pcm {
            samples: vec![0; 8000],
            rate: 8000,
        });
        let silence = Bytes::from(silence.unwrap());
        for file in &files {
            let shared = SharedFiles::of(&*store);
            shared.write(file, silence.clone()).await.unwrap();
        }
        let disk = RealDisk::open(folder.path()).unwrap();
        let options = MailboxesOptions::new([1; 32]);
        let (mailboxes, _) = Mailboxes::open(store.clone(), Arc::new(disk), options).unwrap();
        let all_are_heard = async {
            let recordings = Recordings::start(mailboxes, Statuses::none());
            recordings.keep(&files);
            for file in &files {
                while recordings.get(file, Codec::Pcmu).await.is_none() {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        };
        let local = LocalSet::new();
        let heard = local.run_until(timeout(Duration::from_mins(1), all_are_heard));
        heard.await.unwrap();
        assert_eq!(store.most.load(Ordering::Relaxed), AT_ONCE);
    }

    #[test]
    fn a_recording_is_kept_at_no_higher_rate_than_is_heard() {
        for (rate, kept) in [
            (48_000, 16_000),
            (44_100, 16_000),
            (16_000, 16_000),
            (8000, 8000),
        ] {
            let second = Pcm {
                samples: vec![0; rate as usize],
                rate,
            };
            let pcm = narrowed(second).unwrap();
            assert_eq!((pcm.rate, pcm.samples.len()), (kept, kept as usize));
        }
    }

    #[test]
    fn a_wav_file_is_heard_as_it_was_made_in_every_codec() {
        let samples: Vec<i16> = (0..16_000).map(|n| ((n % 160) * 100) as i16).collect();
        let file = wav::write(&Pcm {
            samples,
            rate: 16_000,
        })
        .unwrap();
        let pcm = decode(&file).unwrap();
        for codec in Codec::ALL {
            let recording = encode(&pcm, codec).unwrap();
            assert_eq!(recording.duration(), Duration::from_secs(1), "{codec:?}");
            assert_eq!(recording.to_clip(codec).duration(), Duration::from_secs(1));
        }
    }

    #[test]
    fn what_is_no_recording_is_refused_with_the_reason() {
        let refused = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        for neither in [&b"root:x:0:0:root"[..], b""] {
            assert_eq!(refused(neither), "it is neither a WAV nor a FLAC file");
        }
        assert!(refused(b"RIFF and no more").contains("WAV"));
        assert!(refused(b"fLaC and no more").contains("FLAC"));
        let odd = Pcm {
            samples: vec![0; 10],
            rate: 7_919,
        };
        let odd = wav::write(&odd).unwrap();
        assert!(refused(&odd).contains("7919"), "{}", refused(&odd));
    }

    #[test]
    fn the_spoken_sample_is_read_from_flac() {
        let prompts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../prompts");
        let sample = prompts::sample_message(&prompts);
        let bytes = std::fs::read(sample).unwrap();
        let pcm = decode(&bytes).unwrap();
        assert_eq!(pcm.rate, 16_000);
        assert!(pcm.samples.len() > 16_000);
        let cut = decode(bytes.get(..bytes.len() / 2).unwrap());
        assert!(matches!(cut, Err(Unplayable::Flac(_))), "{cut:?}");
    }
}
