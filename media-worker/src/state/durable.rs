//! Files that are whole or not there, also after a power cut.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use serde::{Serialize, de::DeserializeOwned};

use super::StateError;

/// Writes a file that only its owner may read: beside the old one, to disk, then in its place.
pub(super) fn write_yaml<T: Serialize>(path: &Path, value: &T) -> Result<(), StateError> {
    let text = serde_saphyr::to_string(value).map_err(|e| StateError::Damaged {
        path: path.to_owned(),
        message: e.to_string(),
    })?;
    replace(path, text.as_bytes()).map_err(|error| StateError::Io {
        path: path.to_owned(),
        error,
    })
}

/// Reads a file; none if there is none.
pub(super) fn read_yaml<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(StateError::Io {
                path: path.to_owned(),
                error,
            });
        }
    };
    let damaged = |message: String| StateError::Damaged {
        path: path.to_owned(),
        message,
    };
    serde_saphyr::from_str(&text)
        .map(Some)
        .map_err(|e| damaged(e.without_snippet().to_string()))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new"));
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(OWNER_ONLY)
        .open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

const OWNER_ONLY: u32 = 0o600;
