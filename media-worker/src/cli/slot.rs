//! Options that say which worker of which `PhoneSystem` it is.

use clap::Args;

/// A worker's place in the cluster.
#[derive(Clone, Debug, Args)]
pub struct Slot {
    /// The namespace of the `PhoneSystem`.
    #[arg(long, env = "SWITCHBOARD_NAMESPACE", value_name = "NAME")]
    pub namespace: String,
    /// The `PhoneSystem`'s name.
    #[arg(long, env = "SWITCHBOARD_SYSTEM", value_name = "NAME")]
    pub system: String,
    /// Its UID, which marks the bucket's prefix as ours.
    #[arg(
        long,
        env = "SWITCHBOARD_SYSTEM_UID",
        value_name = "UID",
        default_value = ""
    )]
    pub system_uid: String,
    /// Which of its workers, counted from 0.
    #[arg(
        long,
        env = "SWITCHBOARD_SLOT",
        value_name = "NUMBER",
        default_value_t = 0
    )]
    pub slot: u32,
}
