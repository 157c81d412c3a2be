//! The `operator` command.
#![forbid(unsafe_code)]

use std::time::Duration;

use clap::Parser;
use operator::{logs, options::Options, run};
use tokio::signal::unix::{SignalKind, signal};

/// glibc's would keep, over ten thousand Users, half as much again: an arena for each thread that has compiled once, and
/// what compiling needed for a moment.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_keep_alive(AFTER_COMPILING)
        .build()?
        .block_on(serve(options))
}

async fn serve(options: Options) -> anyhow::Result<()> {
    logs::begin(options.log);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    run::run(options, stop).await
}

/// How long a thread stays that has compiled: what it needed for a moment is given back with it.
const AFTER_COMPILING: Duration = Duration::from_millis(100);
