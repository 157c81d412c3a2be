//! Options of `media-worker mailbox`: looking after stored messages, beside a running worker or without one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use crds::Period;

use super::S3Service;

/// The commands of `mailbox`.
#[derive(Debug, Subcommand)]
pub enum Mailbox {
    /// Look through a whole store and name what is wrong, one line each. Exit code 1 when something is left that is wrong.
    Check(CheckStore),
    /// Write a user's messages, greetings and name as WAV files with a `mailbox.json` beside them.
    Export(Export),
}

/// Options of `mailbox check`.
#[derive(Debug, Args)]
pub struct CheckStore {
    /// Where the messages are.
    #[command(flatten)]
    pub store: StoreAt,
    /// Put right what can be: lost indexes, messages that nobody hears, recordings that nobody refers to.
    #[arg(long)]
    pub repair: bool,
    /// How much later what is found is looked at again: a worker may have been in the middle of it.
    #[arg(long, default_value = "5s", value_name = "TIME")]
    pub settle: Period,
}

/// Options of `mailbox export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Where the messages are.
    #[command(flatten)]
    pub store: StoreAt,
    /// Whose: the User's name; of a bucket his UID (kubectl get user NAME -o jsonpath='{.metadata.uid}').
    pub user: String,
    /// Where to write; it must not exist yet, or be empty.
    pub folder: PathBuf,
}

/// Where messages are kept.
#[derive(Clone, Debug, Args)]
pub struct StoreAt {
    /// The state folder of a worker, or `s3://BUCKET/PREFIX`.
    #[arg(value_name = "STATE|s3://BUCKET/PREFIX")]
    pub store: String,
    /// The service that has the bucket.
    #[command(flatten)]
    pub service: S3Service,
}
