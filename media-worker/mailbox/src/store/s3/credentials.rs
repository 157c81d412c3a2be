//! Credentials from a folder, such as a mounted Secret: read for every request, so that a rotated key is used at once.

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use std::path::{Path, PathBuf};

/// `accessKeyId` and `secretAccessKey` in a folder.
#[derive(Debug)]
pub(super) struct FolderCredentials {
    folder: Option<PathBuf>,
}

impl FolderCredentials {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder: Some(folder),
        }
    }

    /// For an environment that gives no identity.
    pub(super) fn nowhere() -> Self {
        Self { folder: None }
    }

    fn read(&self) -> provider::Result {
        let folder = self.folder.as_deref().ok_or_else(|| {
            CredentialsError::not_loaded("neither a Secret nor the Pod gives credentials")
        })?;
        let (id, secret) = (
            entry(folder, "accessKeyId")?,
            entry(folder, "secretAccessKey")?,
        );
        Ok(Credentials::new(id, secret, None, None, "folder"))
    }
}

impl ProvideCredentials for FolderCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.read())
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
