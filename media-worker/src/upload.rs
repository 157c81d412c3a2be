//! `media-worker upload`: carries what a worker left in its spool. The sidecar of a worker's Pod.
//!
//! While a worker lives, the spool is its own, and this waits. Once nobody has had it for a while, it opens the spool, as a worker would at
//! its start, carries everything, and lets go; a worker that wants to start gets the spool at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use mailbox::disk::RealDisk;
use mailbox::{BlobStore, MailWanted, Mailboxes, MailboxesOptions, SpoolLock};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{cli, storage};

/// Runs until SIGTERM, then tries a last time for as long as it is given.
///
/// # Errors
/// When the state folder can't be used.
pub fn run(options: &cli::Upload) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")?;
    runtime.block_on(async {
        let leaving = Leaving::on_signals(options.grace.get())?;
        let owner = storage::owner(&options.slot);
        let store = storage::open(&options.bucket, owner, &options.state).await?;
        Sidecar {
            options,
            store,
            leaving,
            free_since: None,
            all_carried: false,
        }
        .serve()
        .await
    })
}

/// What SIGTERM says, and what its grace says later.
#[derive(Clone)]
struct Leaving {
    asked: CancellationToken,
    out_of_time: CancellationToken,
}

impl Leaving {
    fn on_signals(grace: Duration) -> anyhow::Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be heard")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be heard")?;
        let leaving = Self {
            asked: CancellationToken::new(),
            out_of_time: CancellationToken::new(),
        };
        let told = leaving.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.asked.cancel();
            sleep(grace).await;
            told.out_of_time.cancel();
        });
        Ok(leaving)
    }

    /// Sleeps, unless it is to leave.
    async fn pause(&self, time: Duration) {
        if self.asked.is_cancelled() {
            sleep(time).await;
        } else {
            tokio::select! {
                () = sleep(time) => {}
                () = self.asked.cancelled() => {}
            }
        }
    }
}

struct Sidecar<'a> {
    options: &'a cli::Upload,
    store: Arc<dyn BlobStore>,
    leaving: Leaving,
    /// Since when the lock has been nobody's.
    free_since: Option<Instant>,
    /// Since then, everything was carried.
    all_carried: bool,
}

impl Sidecar<'_> {
    async fn serve(&mut self) -> anyhow::Result<()> {
        while let Some(lock) = self.turn().await? {
            self.all_carried = self.carry(&lock).await?;
        }
        Ok(())
    }

    /// The lock, when it is ours to carry what is there; none when it is to leave.
    async fn turn(&mut self) -> anyhow::Result<Option<SpoolLock>> {
        while !self.leaving.out_of_time.is_cancelled() {
            let leaving = self.leaving.asked.is_cancelled();
            match SpoolLock::take_if_free(&self.options.state)? {
                None => {
                    self.free_since = None;
                    self.all_carried = false;
                }
                Some(_) if self.all_carried && leaving => return Ok(None),
                Some(_) if self.all_carried => {}
                Some(lock) => {
                    let since = *self.free_since.get_or_insert_with(Instant::now);
                    if leaving || since.elapsed() >= self.options.after.get() {
                        return Ok(Some(lock));
                    }
                }
            }
            self.leaving.pause(LOOK).await;
        }
        Ok(None)
    }

    /// Carries until nothing is left, a worker wants the spool, or the time is over; whether nothing is left.
    async fn carry(&self, lock: &SpoolLock) -> anyhow::Result<bool> {
        let mailboxes = self.mailboxes()?;
        let mut delay = FIRST_DELAY;
        let all = loop {
            let before = mailboxes.uploads().stored;
            let all = mailboxes.carry_until(self.interrupted(lock)).await;
            let messages = mailboxes.uploads().stored - before;
            if messages > 0 {
                info!(messages, "carried what a worker left");
            }
            if all || lock.is_wanted() || self.leaving.out_of_time.is_cancelled() {
                break all;
            }
            tokio::select! {
                () = self.interrupted(lock) => break false,
                () = self.leaving.pause(delay) => delay = (delay * 2).min(LONGEST_DELAY),
            }
        };
        mailboxes.close().await;
        Ok(all)
    }

    async fn interrupted(&self, lock: &SpoolLock) {
        tokio::select! {
            () = lock.wanted() => {}
            () = self.leaving.out_of_time.cancelled() => {}
        }
    }

    fn mailboxes(&self) -> anyhow::Result<Mailboxes> {
        let state = &self.options.state;
        let disk = RealDisk::open(state)
            .with_context(|| format!("{} can't be used for the spool", state.display()))?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no randomness")?;
        let options = MailboxesOptions {
            worker: storage::worker_name(&self.options.slot),
            // The worker that comes knows who wants none.
            mail_wanted: MailWanted::Everybody,
            ..MailboxesOptions::new(seed)
        };
        // Lamps are lit by the worker that comes.
        let (mailboxes, _announced) = Mailboxes::open(self.store.clone(), Arc::new(disk), options)?;
        Ok(mailboxes)
    }
}

/// How often the lock is looked at.
const LOOK: Duration = Duration::from_millis(250);
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(15);
