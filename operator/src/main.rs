//! The `operator` command.
#![forbid(unsafe_code)]

use clap::Parser;
use operator::{logs, options::Options, run};
use tokio::signal::unix::{SignalKind, signal};

/// glibc's would keep, over ten thousand Users, half as much again: an arena for each thread that has compiled once, and
/// what compiling needed for a moment.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
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
