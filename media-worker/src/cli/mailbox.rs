//! Options of `media-worker mailbox`: looking after stored messages, beside a running worker or without one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use crds::Period;
use mailbox::Owner;

use super::S3Service;

/// The commands of `mailbox`.
#[derive(Debug, Subcommand)]
pub enum Mailbox {
    /// Look through a whole store and name what is wrong, one line each. Exit code 1 when something is left that is wrong.
    Check(CheckStore),
    /// Write a user's messages, greetings and name as WAV files with a `mailbox.json` beside them.
    Export(Export),
    /// Copy all messages, greetings and files into another store. What is there already stays, so it may be done again, beside a running worker.
    Copy(CopyStore),
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

/// Options of `mailbox copy`.
#[derive(Clone, Debug, Args)]
pub struct CopyStore {
    /// Where the messages are: the state folder of a worker, `s3://BUCKET/PREFIX`, or `here`: in a worker's Pod, what that worker uses.
    pub from: String,
    /// Where they are to be as well, written alike. A bucket then belongs to the same system.
    pub to: String,
    /// Take away from FROM, the folder of a worker, what is copied; no worker may keep its messages there any more.
    #[arg(long)]
    pub remove: bool,
    /// The UID of the `PhoneSystem` whose a bucket is to be that is nobody's yet.
    #[arg(long, env = "SWITCHBOARD_SYSTEM_UID", value_name = "UID")]
    pub system_uid: Option<String>,
    /// Its name, for people who look into the bucket.
    #[arg(long, env = "SWITCHBOARD_SYSTEM", value_name = "NAME", hide = true)]
    pub system: Option<String>,
    /// Its namespace.
    #[arg(long, env = "SWITCHBOARD_NAMESPACE", value_name = "NAME", hide = true)]
    pub namespace: Option<String>,
    /// What `here` is.
    #[command(flatten)]
    pub here: Here,
    /// The service that has the buckets.
    #[command(flatten)]
    pub service: S3Service,
}

impl CopyStore {
    /// Where everything comes from.
    pub fn source(&self) -> StoreAt {
        self.at(&self.from)
    }

    /// Where it goes.
    pub fn target(&self) -> StoreAt {
        self.at(&self.to)
    }

    /// Whose the target is to be, where that is said.
    pub fn owner(&self) -> Option<Owner> {
        let uid = self.system_uid.clone().filter(|uid| !uid.is_empty())?;
        let part = |name: Option<&str>| name.unwrap_or("unknown").to_owned();
        let namespace = part(self.namespace.as_deref());
        let name = format!("{namespace}/{}", part(self.system.as_deref()));
        Some(Owner { uid, name })
    }

    fn at(&self, store: &str) -> StoreAt {
        StoreAt {
            store: store.to_owned(),
            here: self.here.clone(),
            service: self.service.clone(),
        }
    }
}

/// Where messages are kept.
#[derive(Clone, Debug, Args)]
pub struct StoreAt {
    /// The state folder of a worker, `s3://BUCKET/PREFIX`, or `here`: in a worker's Pod, what that worker uses.
    #[arg(value_name = "STATE|s3://BUCKET/PREFIX|here")]
    pub store: String,
    /// What `here` is.
    #[command(flatten)]
    pub here: Here,
    /// The service that has the bucket.
    #[command(flatten)]
    pub service: S3Service,
}

/// What a worker uses, as the operator has written it into its Pod.
#[derive(Clone, Debug, Default, Args)]
pub struct Here {
    /// Its bucket; without it, messages are in its state folder.
    #[arg(long = "s3-bucket", env = "SWITCHBOARD_S3_BUCKET", hide = true)]
    pub bucket: Option<String>,
    /// What every key in the bucket begins with.
    #[arg(
        long = "s3-prefix",
        env = "SWITCHBOARD_S3_PREFIX",
        default_value = "",
        hide = true
    )]
    pub prefix: String,
    /// Its state folder.
    #[arg(long = "state", env = "SWITCHBOARD_STATE", hide = true)]
    pub state: Option<PathBuf>,
}
