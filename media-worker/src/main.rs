//! The `media-worker` command.

use std::process::ExitCode;

use clap::Parser;
use media_worker::cli::{self, Cli, Command};
use media_worker::{logs, probe, service, source, told, upkeep, upload};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = &mut std::io::stdout();
    let done = match &cli.command {
        Command::Standalone(options) => {
            logs::begin(cli.log);
            service::standalone(options, cli.log, out)
        }
        Command::Run(options) => {
            logs::begin(cli.log);
            service::run(options, cli.log, out)
        }
        Command::Check(options) => Ok(check(options)),
        Command::Probe(options) => probe::run(options, out).map(Into::into),
        Command::Mailbox(command) => {
            logs::quietly();
            upkeep::run(command, out)
        }
        Command::Files(command) => {
            logs::quietly();
            upkeep::run_files(command, out)
        }
        Command::Upload(options) => {
            logs::begin(cli.log);
            upload::run(options).map(|()| ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("media-worker: {}", told::in_one_line(&error));
        ExitCode::FAILURE
    })
}

fn check(options: &cli::Check) -> ExitCode {
    let complaints = source::check(&options.manifests);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.iter().any(source::Complaint::is_error) {
        return ExitCode::FAILURE;
    }
    println!(
        "{}: nothing wrong that would keep it from working",
        options.manifests.display()
    );
    ExitCode::SUCCESS
}
