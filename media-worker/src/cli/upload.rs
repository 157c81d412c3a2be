//! Options of `media-worker upload`.

use std::path::PathBuf;

use clap::Args;
use crds::Period;

use super::{Bucket, Slot};

/// Options of `upload`.
#[derive(Debug, Args)]
pub struct Upload {
    /// The folder with the spool that a worker left.
    #[arg(long, env = "SWITCHBOARD_STATE", value_name = "DIR")]
    pub state: PathBuf,
    /// Which worker's spool it is: call details are stored under its name.
    #[command(flatten)]
    pub slot: Slot,
    /// Where messages are kept.
    #[command(flatten)]
    pub bucket: Bucket,
    /// How long the spool has to be nobody's: a worker that is started again comes first.
    #[arg(
        long,
        env = "SWITCHBOARD_UPLOAD_AFTER",
        default_value = "5s",
        value_name = "TIME"
    )]
    pub after: Period,
    /// How long it may go on after SIGTERM.
    #[arg(
        long,
        env = "SWITCHBOARD_UPLOAD_GRACE",
        default_value = "30s",
        value_name = "TIME"
    )]
    pub grace: Period,
}
