//! Options that say where messages are kept.

use std::path::PathBuf;

use clap::Args;

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
    /// The service that has it.
    #[command(flatten)]
    pub service: S3Service,
    /// What every key begins with.
    #[arg(
        long = "s3-prefix",
        env = "SWITCHBOARD_S3_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub prefix: String,
    /// The UID of a `PhoneSystem` that this one replaces: its mailboxes are taken over.
    #[arg(long = "s3-adopt", env = "SWITCHBOARD_S3_ADOPT", value_name = "UID")]
    pub adopt: Option<String>,
}

/// An S3 service, and how one logs in to it.
#[derive(Clone, Debug, Default, Args)]
pub struct S3Service {
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
    /// The folder with `accessKeyId`, `secretAccessKey` and perhaps `ca.crt`; without it, the Pod's identity.
    #[arg(
        long = "s3-credentials-dir",
        env = "SWITCHBOARD_S3_CREDENTIALS_DIR",
        value_name = "DIR"
    )]
    pub credentials: Option<PathBuf>,
}
