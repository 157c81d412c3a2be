//! Where the prompts lie on disk.

use std::path::{Path, PathBuf};

/// The environment variable that names the prompts folder.
pub const FOLDER_VARIABLE: &str = "SWITCHBOARD_PROMPTS";

/// Finds the prompts folder: `named` if given (an argument or [`FOLDER_VARIABLE`]), else a folder
/// `prompts` in or above the folder of the program or the working folder. `None` if there is none.
pub fn locate(named: Option<&Path>, program: &Path, working: &Path) -> Option<PathBuf> {
    if let Some(named) = named {
        return is_prompts(named).then(|| named.to_owned());
    }
    let above = program.ancestors().chain(working.ancestors());
    above
        .map(|folder| folder.join("prompts"))
        .find(|folder| is_prompts(folder))
}

/// The spoken message that a test caller leaves by default.
pub fn sample_message(prompts: &Path) -> PathBuf {
    prompts.join("samples").join("message.flac")
}

fn is_prompts(folder: &Path) -> bool {
    folder
        .join(crate::DEFAULT_LANGUAGE)
        .join(crate::language::CATALOGUE)
        .is_file()
}
