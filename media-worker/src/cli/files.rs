//! Options of `media-worker files`: the company's shared files, beside a running worker or without one.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::StoreAt;

/// The commands of `files`.
#[derive(Debug, Subcommand)]
pub enum Files {
    /// Add a recording (WAV or FLAC), or replace the one of that name. It is in use within a minute.
    Put(PutFile),
    /// Name every file, one a line.
    List(ListFiles),
    /// Remove a file.
    Remove(RemoveFile),
}

/// Options of `files put`.
#[derive(Debug, Args)]
pub struct PutFile {
    /// Where the files are.
    #[command(flatten)]
    pub store: StoreAt,
    /// What manifests call it, such as `attendant/open.wav`.
    pub name: String,
    /// The recording; `-` reads it from standard input.
    pub file: PathBuf,
}

/// Options of `files list`.
#[derive(Debug, Args)]
pub struct ListFiles {
    /// Where the files are.
    #[command(flatten)]
    pub store: StoreAt,
}

/// Options of `files remove`.
#[derive(Debug, Args)]
pub struct RemoveFile {
    /// Where the files are.
    #[command(flatten)]
    pub store: StoreAt,
    /// What manifests call it.
    pub name: String,
}
