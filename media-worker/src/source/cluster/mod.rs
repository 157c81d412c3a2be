//! Objects of the Kubernetes API: the source of a worker in a Pod.
//!
//! Watches, compiling and writing have a thread of their own, so that SIP waits for none of them. The API server may be
//! away at any time: what was known holds, and what users change meanwhile is kept in the state folder and written later.
mod compiling;
mod kept;
mod reached;
mod settings;
mod watches;

use std::{future::Future, sync::Arc, thread};

use crds::{AutoAttendant, Trunk, User, UserSettingsSpec, handset::Handset};
use kube::{Client, Config};
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot, watch},
};

use self::{compiling::Compiler, settings::Settings, watches::Watched};
use super::Snapshot;
use crate::{
    report::ReportBoard,
    state::{State, StateError},
};

/// The field manager of everything that workers write.
pub const FIELD_MANAGER: &str = "switchboard-worker";

/// Whose objects are watched, and which worker watches.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The namespace.
    pub namespace: String,
    /// The `PhoneSystem` that is in force.
    pub system: String,
    /// This worker's slot.
    pub slot: u32,
}

impl Scope {
    /// The name of this worker: `office-worker-0`.
    pub fn worker(&self) -> String {
        format!("{}-worker-{}", self.system, self.slot)
    }
}

/// The objects of one namespace, compiled on every change.
pub struct Cluster {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    changes: mpsc::UnboundedSender<Change>,
    stored: Stored,
    client: Client,
    thread: Handle,
}

/// The cluster can't be a source.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing says where the API server is.
    #[error(
        "no Kubernetes API server is known: run this in a Pod, or point KUBECONFIG to a file ({0})"
    )]
    NoCluster(#[from] Box<kube::config::InferConfigError>),
    /// What says where the API server is can't be used.
    #[error("the Kubernetes API server can't be spoken to: {0}")]
    Client(#[from] Box<kube::Error>),
    /// The thread has not come up.
    #[error("the thread of the directory can't be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The thread has gone.
    #[error("the thread of the directory has ended before anything was read")]
    Ended,
}

/// The objects that the writers of statuses compare with, as they were last heard of.
#[derive(Clone, Debug)]
pub struct Stored(Arc<Watched>);

impl Stored {
    /// Looks at the Handset of this name; none if there is none.
    pub fn handset<T>(&self, name: &str, look: impl FnOnce(&Handset) -> T) -> Option<T> {
        self.0.handset(name, look)
    }

    /// Looks at the `AutoAttendant` of this name; none if there is none.
    pub fn attendant<T>(&self, name: &str, look: impl FnOnce(&AutoAttendant) -> T) -> Option<T> {
        self.0.attendant(name, look)
    }

    /// Looks at the Trunk of this name; none if there is none.
    pub fn trunk<T>(&self, name: &str, look: impl FnOnce(&Trunk) -> T) -> Option<T> {
        self.0.trunk(name, look)
    }

    /// Looks at the User of this name; none if there is none.
    pub fn user<T>(&self, name: &str, look: impl FnOnce(&User) -> T) -> Option<T> {
        self.0.user(name, look)
    }
}

/// What a user changes by phone, and who waits for it.
struct Change {
    user: String,
    edit: SettingsChange,
    done: oneshot::Sender<Result<(), StateError>>,
}

impl Change {
    /// Makes it; what to answer to whom once it is in force.
    fn make(
        self,
        watched: &Watched,
        settings: &Settings,
    ) -> (
        oneshot::Sender<Result<(), StateError>>,
        Result<(), StateError>,
    ) {
        let stored = watched.settings(&self.user, |stored| stored.spec.clone());
        let outcome = settings.change(&self.user, stored, self.edit);
        (self.done, outcome)
    }
}

type SettingsChange = Box<dyn FnOnce(&mut UserSettingsSpec) + Send>;

impl Cluster {
    /// Begins to watch, and waits for the first directory with the `PhoneSystem`: as long as the API server is away, if need be.
    /// What the API server refuses of what users set is told to `report`.
    pub async fn start(
        scope: Scope,
        state: State,
        report: ReportBoard,
    ) -> Result<Self, StartError> {
        let config = Config::infer().await.map_err(Box::new)?;
        Self::connect(config, scope, state, report).await
    }

    /// The same at a given API server.
    pub async fn connect(
        config: Config,
        scope: Scope,
        state: State,
        report: ReportBoard,
    ) -> Result<Self, StartError> {
        let (changes, asked) = mpsc::unbounded_channel();
        let (begun, begins) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::Builder::new()
            .name("directory".into())
            .spawn(move || runtime.block_on(live(scope, config, state, report, asked, begun)))?;
        let begun = begins.await.map_err(|_| StartError::Ended)??;
        Ok(Self {
            snapshots: begun.snapshots,
            changes,
            stored: begun.stored,
            client: begun.client,
            thread: begun.thread,
        })
    }

    /// The snapshot now in force, and each next one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Changes what this user set: on disk and in force when this returns, at the API server as soon as it can be.
    pub async fn update_settings(
        &self,
        user: &str,
        change: SettingsChange,
    ) -> Result<(), StateError> {
        let (done, answer) = oneshot::channel();
        let user = user.to_owned();
        // The thread lives as long as the process.
        let _ = self.changes.send(Change {
            user,
            edit: change,
            done,
        });
        answer.await.unwrap_or(Ok(()))
    }

    /// The objects as they are stored.
    pub fn stored(&self) -> Stored {
        self.stored.clone()
    }

    /// The way to the API server; to be used on the source's own thread.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Lets something run on the source's own thread, beside the watches.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.thread.spawn(task);
    }
}

/// What is there once the first snapshot is.
struct Begun {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    stored: Stored,
    client: Client,
    thread: Handle,
}

/// The thread's whole life.
async fn live(
    scope: Scope,
    config: Config,
    state: State,
    report: ReportBoard,
    mut asked: mpsc::UnboundedReceiver<Change>,
    begun: oneshot::Sender<Result<Begun, StartError>>,
) {
    let client = match Client::try_from(config) {
        Ok(client) => client,
        Err(error) => {
            let _ = begun.send(Err(StartError::Client(Box::new(error))));
            return;
        }
    };
    let news = Arc::new(Notify::new());
    let watched = Arc::new(Watched::begin(&client, &scope, &news));
    let settings = Arc::new(Settings::new(state, Arc::clone(&news), report));
    let api = kube::Api::namespaced(client.clone(), &scope.namespace);
    let mut compiler = Compiler::new(scope, Arc::clone(&watched), Arc::clone(&settings));
    watched.complete().await;
    tokio::spawn(settings::write(settings.clone(), api, watched.clone()));
    let first = loop {
        match compiler.compile() {
            Some(snapshot) => break snapshot,
            None => compiling::quiet(&news).await,
        }
    };
    let (snapshots, receiver) = watch::channel(first);
    let begun = begun.send(Ok(Begun {
        snapshots: receiver,
        stored: Stored(Arc::clone(&watched)),
        client,
        thread: Handle::current(),
    }));
    if begun.is_err() {
        return; // stopped while it waited
    }
    loop {
        let answer = tokio::select! {
            () = compiling::quiet(&news) => None,
            change = asked.recv() => match change {
                Some(change) => Some(change.make(&watched, &settings)),
                None => return,
            },
        };
        if let Some(snapshot) = compiler.compile() {
            snapshots.send_replace(snapshot);
        }
        if let Some((done, outcome)) = answer {
            let _ = done.send(outcome);
        }
    }
}
