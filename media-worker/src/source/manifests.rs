//! Manifests in a folder and the state folder: the source of a worker that stands alone.
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use crds::{UserSettings, UserSettingsSpec, secrets};
use tokio::sync::watch;

use super::{
    Complaint, Loaded, Reached, Snapshot, Watching, complaint, folder::Folder, overlay, unset,
};
use crate::state::{State, StateError};

/// A folder of manifests and a state folder, compiled on every change.
#[derive(Debug)]
pub struct Manifests {
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

impl Manifests {
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
                .iter()
                .find(|s| s.metadata.name.as_deref() == Some(user))
                .map(|found| UserSettings::clone(found))
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

fn compile(
    folder: &Folder,
    state: &State,
    mut complaints: Vec<Complaint>,
) -> Result<Snapshot, StateError> {
    let mut objects = folder.objects();
    overlay(&mut objects, state.all_settings());
    let missing = secrets::missing(&objects);
    objects.secrets.extend(state.secrets(&missing, &objects)?);
    let (directory, problems) = crds::compile(&objects);
    complaints.extend(problems.into_iter().map(|problem| folder.locate(problem)));
    let credentials = Arc::new(secrets::Credentials::of(&objects));
    Ok(Snapshot {
        directory: Arc::new(directory),
        complaints,
        credentials,
        loaded: Loaded::default(),
        reached: Reached::default(),
    })
}
