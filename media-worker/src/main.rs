//! The `media-worker` command.

use std::process::ExitCode;

use clap::Parser;
use media_worker::cli::{Cli, Command};
use media_worker::{logs, probe, source, standalone};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Standalone(options) => {
            logs::begin(cli.log);
            standalone::run(options, &mut std::io::stdout())
        }
        Command::Check(options) => Ok(check(options)),
        Command::Probe(options) => probe::run(options, &mut std::io::stdout()).map(Into::into),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("media-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check(options: &media_worker::cli::Check) -> ExitCode {
    let complaints = source::check(&options.manifests);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.iter().any(source::Complaint::is_error) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
