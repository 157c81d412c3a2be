//! Notices changes of the folder.
use std::{
    path::Path,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::Manifests;

/// A folder is watched as long as this lives.
#[derive(Debug)]
pub struct Watching {
    /// Its end closes the channel, which ends the thread.
    _watcher: RecommendedWatcher,
}

impl Watching {
    pub(super) fn start(folder: &Path, source: Arc<Manifests>) -> Result<Self, notify::Error> {
        let (sender, changes) = mpsc::channel();
        let mut watcher =
            notify::recommended_watcher(move |event: Result<notify::Event, notify::Error>| {
                if event.is_ok_and(|event| event.kind.is_access()) {
                    return; // reading the files ourselves is no change
                }
                let _ = sender.send(()); // the receiver only goes when the watcher does
            })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        thread::Builder::new()
            .name("manifests".into())
            .spawn(move || follow(&changes, &source))?;
        Ok(Self { _watcher: watcher })
    }
}

/// An editor saves in several steps, and a checkout changes many files: waits until it is quiet, but not for long.
const QUIET: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(600);

fn follow(changes: &Receiver<()>, source: &Manifests) {
    while changes.recv().is_ok() {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match changes.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if let Err(error) = source.reload() {
            tracing::error!(%error, "the manifests changed and could not be taken over");
        }
    }
}
