//! `media-worker standalone`: a whole telephone system from a folder of manifests and a folder of state.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use mailbox::FolderStore;

use super::shown::Shown;
use super::sockets::Sockets;
use super::worker::{Blueprint, Worker};
use super::{block_on, parts};
use crate::cli;
use crate::source::{Manifests, OpenError, Source};
use crate::state::State;
use crate::statuses::Statuses;
use crate::storage::LeftBehind;

/// Runs until it is told to stop. Exit code 0: stopped as asked; 1: failed; 2: the manifests do not allow a start.
///
/// # Errors
/// What failed, with what to do about it.
pub fn standalone(
    options: &cli::Standalone,
    log: cli::LogFormat,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let manifests = match Manifests::open(&options.manifests, || State::open(&options.state)) {
        Ok(manifests) => Arc::new(manifests),
        Err(error @ OpenError::Manifests(_)) => {
            eprintln!("{error}");
            return Ok(ExitCode::from(WRONG_MANIFESTS));
        }
        Err(error @ OpenError::State(_)) => return Err(error.into()),
    };
    let library = super::prompts(options.prompts.as_deref())?;
    block_on(async {
        let sockets = Sockets::bind(&options.sockets()).await?;
        let store = FolderStore::open(options.state.join("store"))
            .with_context(|| format!("{} can't be used as a store", options.state.display()))?;
        let _watching = manifests
            .watch()
            .context("the folder of manifests can't be watched")?;
        let worker = Worker::start(Blueprint {
            source: Source::Folder(manifests),
            statuses: Statuses::none(),
            state: options.state.clone(),
            store: Arc::new(store),
            left_behind: LeftBehind::none(),
            name: "worker".to_owned(),
            library,
            sockets,
            media: parts::MediaPlan {
                bind: options.sip.ip(),
                ports: options.media.clone(),
                send_first: true,
            },
            advertise: options.advertise,
            shown: Shown::serve(options.metrics, "").await?,
        })?;
        worker.introduce(log, out)?;
        worker.serve().await
    })?;
    Ok(ExitCode::SUCCESS)
}

const WRONG_MANIFESTS: u8 = 2;
