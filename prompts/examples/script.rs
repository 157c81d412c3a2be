//! Prints what has to be recorded for a language, one recording a line: file, tab, words.
//! `prompts/make` reads it.

use std::path::Path;
use std::process::ExitCode;

use prompts::Library;

fn main() -> ExitCode {
    let Some(language) = std::env::args().nth(1) else {
        eprintln!("usage: script LANGUAGE");
        return ExitCode::FAILURE;
    };
    match Library::load(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        Ok(library) if library.has(&language) => {
            for line in library.script(&language) {
                println!("{}\t{}", line.clip, line.text);
            }
            ExitCode::SUCCESS
        }
        Ok(_) => {
            eprintln!("there is no folder `{language}` with a catalogue.yaml");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
