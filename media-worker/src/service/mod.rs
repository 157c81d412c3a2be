//! A worker as a whole: `media-worker standalone`, from folders, and `media-worker run`, in a Pod.

mod figures;
mod following;
mod housekeeping;
mod introduce;
mod leaving;
mod parts;
mod run;
mod shown;
mod sockets;
mod standalone;
mod tasks;
mod worker;

use std::future::Future;
use std::path::{Path, PathBuf};

use anyhow::Context;
use prompts::Library;

pub use run::run;
pub use sockets::{SocketPlan, TlsPlan};
pub use standalone::standalone;

/// Runs a worker on the main thread, to its end.
fn block_on<T>(worker: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the runtime can't be started")?;
    tokio::task::LocalSet::new().block_on(&runtime, worker)
}

/// The prompts in the folder that is named, else in the one beside the program or the working folder.
fn prompts(named: Option<&Path>) -> anyhow::Result<Library> {
    let program = std::env::current_exe().unwrap_or_default();
    let working = std::env::current_dir().unwrap_or_default();
    let folder: PathBuf = prompts::locate(named, &program, &working).with_context(|| match named {
        Some(named) => format!("there are no prompts in {}: give the folder that has en/catalogue.yaml with --prompts", named.display()),
        None => "no folder of prompts was found: give it with --prompts".to_owned(),
    })?;
    Library::load(&folder)
        .with_context(|| format!("the prompts in {} can't be used", folder.display()))
}
