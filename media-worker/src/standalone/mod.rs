//! `media-worker standalone`: a whole telephone system from a folder of manifests and a folder of state.

mod figures;
mod housekeeping;
mod serve;
mod sockets;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use prompts::Library;

use crate::cli;
use crate::source::{OpenError, Source};
use crate::state::State;
use serve::Worker;
use sockets::Sockets;

/// Runs until it is told to stop. Exit code 0: stopped as asked; 1: failed; 2: the manifests do not allow a start.
///
/// # Errors
/// What failed, with what to do about it.
pub fn run(
    options: &cli::Standalone,
    log: cli::LogFormat,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let state = State::open(&options.state)?;
    let source = match Source::open(&options.manifests, state) {
        Ok(source) => Arc::new(source),
        Err(error @ OpenError::Manifests(_)) => {
            eprintln!("{error}");
            return Ok(ExitCode::from(WRONG_MANIFESTS));
        }
        Err(error @ OpenError::State(_)) => return Err(error.into()),
    };
    let library = prompts(options.prompts.as_deref())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let sockets = Sockets::bind(options).await?;
        let worker = Worker::start(options, &source, library, sockets)?;
        worker.introduce(log, out)?;
        worker.run().await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn prompts(named: Option<&std::path::Path>) -> anyhow::Result<Library> {
    let program = std::env::current_exe().unwrap_or_default();
    let working = std::env::current_dir().unwrap_or_default();
    let folder: PathBuf = prompts::locate(named, &program, &working).with_context(|| match named {
        Some(named) => format!("there are no prompts in {}: give the folder that has en/catalogue.yaml with --prompts", named.display()),
        None => "no folder of prompts was found: give it with --prompts".to_owned(),
    })?;
    Library::load(&folder)
        .with_context(|| format!("the prompts in {} can't be used", folder.display()))
}

const WRONG_MANIFESTS: u8 = 2;
