//! Where the directory comes from: a folder of manifests and the state folder.
//!
//! A [`Source`] holds the newest snapshot and publishes each next one: after a change of a manifest, which
//! [`Source::watch`] notices, and after a change of what a user set by phone.
mod check;
mod complaint;
mod folder;
mod located;
mod manifest;
mod setup_sheet;
mod watching;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crds::{Directory, Objects, UserSettings, UserSettingsSpec, secrets};
use tokio::sync::watch;

use self::folder::Folder;
pub use self::{
    check::check,
    complaint::{Complaint, Fault, Place},
    setup_sheet::setup_sheet,
    watching::Watching,
};
use crate::state::{State, StateError};

/// A directory, with what is wrong with the manifests it was compiled from.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Who is who, and what numbers mean.
    pub directory: Arc<Directory>,
    /// What is not in force, or should be known nevertheless.
    pub complaints: Vec<Complaint>,
    /// Passwords and PINs, for [`setup_sheet`].
    pub credentials: Arc<secrets::Credentials>,
}

/// A folder of manifests and a state folder, compiled on every change.
#[derive(Debug)]
pub struct Source {
    folder: Mutex<Folder>,
    state: State,
    snapshots: watch::Sender<Arc<Snapshot>>,
}

/// The manifests do not allow a start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Some file can't be read, or there is no `PhoneSystem`: exit code 2.
    #[error("{}", complaint::lines(.0))]
    Manifests(Vec<Complaint>),
    /// The state folder can't be written: exit code 1.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Source {
    /// Reads the folder, generates the Secrets that are missing into the state folder, and compiles.
    pub fn open(manifests: &Path, state: State) -> Result<Self, OpenError> {
        let mut folder = Folder::new(manifests);
        let unreadable = folder.read();
        if unreadable.iter().any(Complaint::is_error) {
            return Err(OpenError::Manifests(unreadable));
        }
        let snapshot = compile(&folder, &state, unreadable)?;
        if snapshot.directory.system().name.is_empty() {
            return Err(OpenError::Manifests(snapshot.complaints));
        }
        Ok(Self {
            folder: Mutex::new(folder),
            state,
            snapshots: watch::Sender::new(Arc::new(snapshot)),
        })
    }

    /// The snapshot now in force, and each next one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.subscribe()
    }

    /// The state folder.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Reads the folder again and publishes what came of it. A file that can't be read leaves its previous version in
    /// force and is named in the complaints. Blocks for the disk.
    pub fn reload(&self) -> Result<(), StateError> {
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let unreadable = folder.read();
        self.publish(&folder, unreadable)
    }

    /// Changes what this user set by phone or web: on disk when this returns, and in the next snapshot. Of two changes
    /// the last one wins. Blocks for the disk.
    pub fn update_settings(
        &self,
        user: &str,
        change: impl FnOnce(&mut UserSettingsSpec),
    ) -> Result<(), StateError> {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let given = || {
            folder
                .objects()
                .user_settings
                .into_iter()
                .find(|s| s.metadata.name.as_deref() == Some(user))
        };
        let mut settings = self
            .state
            .settings(user)
            .or_else(given)
            .unwrap_or_else(|| unset(user));
        change(&mut settings.spec);
        self.state.put_settings(user, settings)?;
        self.publish(&folder, folder.unreadable().to_vec())
    }

    /// Watches the folder from a thread of its own, until what is returned is dropped.
    pub fn watch(self: &Arc<Self>) -> Result<Watching, notify::Error> {
        let folder = self
            .folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .path()
            .to_owned();
        Watching::start(&folder, Arc::clone(self))
    }

    fn publish(&self, folder: &Folder, unreadable: Vec<Complaint>) -> Result<(), StateError> {
        let snapshot = compile(folder, &self.state, unreadable)?;
        self.snapshots.send_replace(Arc::new(snapshot));
        Ok(())
    }
}

fn unset(user: &str) -> UserSettings {
    UserSettings::new(user, UserSettingsSpec::default())
}

fn compile(
    folder: &Folder,
    state: &State,
    mut complaints: Vec<Complaint>,
) -> Result<Snapshot, StateError> {
    let mut objects = folder.objects();
    overlay(&mut objects, state);
    let missing = secrets::missing(&objects);
    objects.secrets.extend(state.secrets(&missing, &objects)?);
    let (directory, problems) = crds::compile(&objects);
    complaints.extend(problems.into_iter().map(|problem| folder.locate(problem)));
    let credentials = Arc::new(secrets::Credentials::of(&objects));
    Ok(Snapshot {
        directory: Arc::new(directory),
        complaints,
        credentials,
    })
}

/// What a user set by phone goes before the settings in the manifests.
fn overlay(objects: &mut Objects, state: &State) {
    let set = state.all_settings();
    let is_set = |given: &UserSettings| {
        given
            .metadata
            .name
            .as_ref()
            .is_some_and(|name| set.contains_key(name))
    };
    objects.user_settings.retain(|given| !is_set(given));
    objects.user_settings.extend(set.into_values());
}

#[cfg(test)]
mod tests;
