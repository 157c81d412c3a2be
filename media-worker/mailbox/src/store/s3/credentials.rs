//! Who we are at the service.

use super::error::away;
use crate::store::StoreError;
use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_s3::config::{Region, SharedHttpClient};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Where credentials come from, and with them the authority that signs the service's certificate.
#[derive(Clone, Debug)]
pub enum S3Credentials {
    /// What the environment gives: a Pod's identity, a machine's.
    Environment,
    /// A folder, such as a mounted Secret, with `accessKeyId`, `secretAccessKey` and perhaps `ca.crt`: read again when they change.
    Folder(PathBuf),
    /// These.
    Keys(S3Keys),
}

/// Credentials, as a Secret has them.
#[derive(Clone)]
pub struct S3Keys {
    /// The account's name.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The only authority trusted with the service's certificate, in PEM; without it, those of the system.
    pub authority: Option<String>,
}

impl fmt::Debug for S3Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Keys")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl S3Credentials {
    /// What the client asks for them.
    pub(super) async fn provider(
        &self,
        region: Region,
        http: SharedHttpClient,
    ) -> SharedCredentialsProvider {
        match self {
            Self::Folder(folder) => SharedCredentialsProvider::new(Folder(folder.clone())),
            Self::Keys(keys) => SharedCredentialsProvider::new(Credentials::new(
                &keys.access_key_id,
                &keys.secret_access_key,
                None,
                None,
                "keys",
            )),
            Self::Environment => {
                let config = aws_config::defaults(BehaviorVersion::latest())
                    .region(region)
                    .http_client(http)
                    .load()
                    .await;
                let found = config.credentials_provider();
                found.unwrap_or_else(|| SharedCredentialsProvider::new(Nobody))
            }
        }
    }

    /// The authority that is trusted now. A mounted Secret is a small file in memory: it is read each time.
    pub(super) fn authority(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let folder = match self {
            Self::Environment => return Ok(None),
            Self::Keys(keys) => return Ok(keys.authority.clone().map(String::into_bytes)),
            Self::Folder(folder) => folder,
        };
        let path = folder.join("ca.crt");
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(away(&format!("{} can't be read: {error}", path.display()))),
        }
    }

    /// Whether they may change while the client lives.
    pub(super) fn may_change(&self) -> bool {
        match self {
            Self::Folder(_) => true,
            // The environment's have an end, and are asked for again then.
            Self::Environment | Self::Keys(_) => false,
        }
    }
}

/// Read for every request, so that a rotated key is used at once.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn read(&self) -> provider::Result {
        let id = entry(&self.0, "accessKeyId")?;
        let secret = entry(&self.0, "secretAccessKey")?;
        Ok(Credentials::new(id, secret, None, None, "folder"))
    }
}

impl ProvideCredentials for Folder {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.read())
    }
}

/// For an environment that gives no identity.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let why = "neither a Secret nor the Pod gives any";
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded(why)))
    }
}

/// People write Secrets with editors that end files with a line feed.
fn entry(folder: &Path, name: &str) -> Result<String, CredentialsError> {
    let path = folder.join(name);
    let read = std::fs::read_to_string(&path);
    let text = read.map_err(|error| {
        CredentialsError::not_loaded(format!("{} can't be read: {error}", path.display()))
    })?;
    Ok(text.trim().to_owned())
}
