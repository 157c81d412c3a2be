//! Options of the containers of a worker's Pod: from the environment that the operator gives, or by hand.

use std::path::PathBuf;

use clap::Args;
use crds::Period;

/// Options of `upload`.
#[derive(Debug, Args)]
pub struct Upload {
    /// The folder with the spool that a worker left.
    #[arg(long, env = "SWITCHBOARD_STATE", value_name = "DIR")]
    pub state: PathBuf,
    /// Which worker's spool it is: call details are stored under its name.
    #[arg(long, env = "SWITCHBOARD_SLOT", default_value_t = 0)]
    pub slot: u32,
    /// The namespace of the `PhoneSystem`.
    #[arg(long, env = "SWITCHBOARD_NAMESPACE", default_value = "default")]
    pub namespace: String,
    /// Its name.
    #[arg(long, env = "SWITCHBOARD_SYSTEM", default_value = "switchboard")]
    pub system: String,
    /// Its UID, which marks the storage as its own.
    #[arg(long, env = "SWITCHBOARD_SYSTEM_UID", value_name = "UID")]
    pub system_uid: Option<String>,
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

/// The bucket for messages.
#[derive(Clone, Debug, Default, Args)]
pub struct Bucket {
    /// The bucket; without it, messages stay in the state folder.
    #[arg(
        long = "s3-bucket",
        env = "SWITCHBOARD_S3_BUCKET",
        value_name = "BUCKET"
    )]
    pub bucket: Option<String>,
    /// The URL of the S3 service; without it, AWS.
    #[arg(
        long = "s3-endpoint",
        env = "SWITCHBOARD_S3_ENDPOINT",
        value_name = "URL"
    )]
    pub endpoint: Option<String>,
    /// Its region.
    #[arg(
        long = "s3-region",
        env = "SWITCHBOARD_S3_REGION",
        default_value = "us-east-1",
        value_name = "REGION"
    )]
    pub region: String,
    /// What every key begins with.
    #[arg(
        long = "s3-prefix",
        env = "SWITCHBOARD_S3_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub prefix: String,
    /// The folder with `accessKeyId`, `secretAccessKey` and perhaps `ca.crt`; without it, the Pod's identity.
    #[arg(
        long = "s3-credentials-dir",
        env = "SWITCHBOARD_S3_CREDENTIALS_DIR",
        value_name = "DIR"
    )]
    pub credentials: Option<PathBuf>,
    /// The UID of a `PhoneSystem` that this one replaces: its mailboxes are taken over.
    #[arg(long = "s3-adopt", env = "SWITCHBOARD_S3_ADOPT", value_name = "UID")]
    pub adopt: Option<String>,
}
