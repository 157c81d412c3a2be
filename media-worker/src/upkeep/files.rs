//! `media-worker files`.

use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use mailbox::SharedFiles;

use super::opened;
use crate::cli::{ListFiles, PutFile, RemoveFile};
use crate::recordings;

/// Adds a file that callers can be made to hear.
pub(super) async fn put(options: &PutFile, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let name = &options.name;
    if !crds::call_target::Recording::is_name(name) {
        bail!("{name:?} is no name of a recording: write for example attendant/open.wav");
    }
    let bytes = read(&options.file)?;
    let seconds = recordings::decode(&bytes)
        .with_context(|| format!("{} can't be played", options.file.display()))?
        .duration()
        .as_secs_f64();
    let store = opened::store(&options.store).await?;
    SharedFiles::of(&*store)
        .write(name, bytes.into())
        .await
        .with_context(|| format!("{name} can't be written"))?;
    writeln!(out, "{name}: {seconds:.1} s")?;
    Ok(ExitCode::SUCCESS)
}

/// Names every file.
pub(super) async fn list(options: &ListFiles, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let store = opened::store(&options.store).await?;
    let names = SharedFiles::of(&*store)
        .names()
        .await
        .context("the files can't be listed")?;
    for name in names {
        writeln!(out, "{name}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes a file.
pub(super) async fn remove(options: &RemoveFile) -> anyhow::Result<ExitCode> {
    let name = &options.name;
    let store = opened::store(&options.store).await?;
    let files = SharedFiles::of(&*store);
    let found = files
        .read(name)
        .await
        .with_context(|| format!("{name} can't be looked for"))?;
    if found.is_none() {
        bail!("there is no file {name}: `media-worker files list` names those there are");
    }
    files
        .remove(name)
        .await
        .with_context(|| format!("{name} can't be removed"))?;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("standard input can't be read")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))
}
