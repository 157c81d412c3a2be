//! `media-worker mailbox` and `files`: looking after what is stored, beside a running worker or without one.

mod check;
mod copy;
mod export;
mod files;
mod opened;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime::Runtime;

use crate::cli;

/// Does what is asked for.
///
/// # Errors
/// When the store can't be read, or the export not written.
pub fn run(command: &cli::Mailbox, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(async {
        match command {
            cli::Mailbox::Check(options) => check::check(options, out).await,
            cli::Mailbox::Export(options) => export::export(options, out).await,
            cli::Mailbox::Copy(options) => copy::copy(options, out).await,
        }
    })
}

/// Does what is asked for with the company's shared files.
///
/// # Errors
/// When the store can't be reached, or what is given is no recording.
pub fn run_files(command: &cli::Files, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(async {
        match command {
            cli::Files::Put(options) => files::put(options, out).await,
            cli::Files::List(options) => files::list(options, out).await,
            cli::Files::Remove(options) => files::remove(options).await,
        }
    })
}

fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")
}
