//! `media-worker mailbox`: looking after stored messages, beside a running worker or without one.

mod check;
mod export;
mod opened;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;

use crate::cli;

/// Does what is asked for.
///
/// # Errors
/// When the store can't be read, or the export not written.
pub fn run(command: &cli::Mailbox, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")?;
    runtime.block_on(async {
        match command {
            cli::Mailbox::Check(options) => check::check(options, out).await,
            cli::Mailbox::Export(options) => export::export(options, out).await,
        }
    })
}
