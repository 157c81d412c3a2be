//! From what is watched to the next snapshot.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crds::{User, directory::ADOPT_MAILBOX, secrets};
use kube::ResourceExt;
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use super::{Scope, reached, settings::Settings, watches::Watched};
use crate::source::{Loaded, Reached, Snapshot, overlay};

/// Compiles what is watched, when it is another than before.
pub(super) struct Compiler {
    scope: Scope,
    watched: Arc<Watched>,
    settings: Arc<Settings>,
    last: Option<Inputs>,
}

/// What a snapshot depends on. A status that changed is no reason to compile, except how we are reached.
#[derive(PartialEq, Eq)]
struct Inputs {
    loaded: Loaded,
    reached: Reached,
    settings: u64,
    /// Who takes over whose mailbox: annotations have no generation.
    adopted: BTreeMap<String, String>,
}

impl Compiler {
    pub(super) fn new(scope: Scope, watched: Arc<Watched>, settings: Arc<Settings>) -> Self {
        Self {
            scope,
            watched,
            settings,
            last: None,
        }
    }

    /// The next snapshot; none when nothing has changed, or without our `PhoneSystem`.
    pub(super) fn compile(&mut self) -> Option<Arc<Snapshot>> {
        let (mut objects, loaded) = self.watched.objects(&self.scope.system);
        let Some(system) = objects.phone_systems.first() else {
            tracing::warn!(
                system = self.scope.system,
                namespace = self.scope.namespace,
                "there is no PhoneSystem of this name: apply it, or delete this worker"
            );
            return None;
        };
        self.settings.seen(&objects.user_settings);
        let inputs = Inputs {
            loaded,
            reached: reached::read(system, self.scope.slot),
            settings: self.settings.revision(),
            adopted: objects
                .users
                .iter()
                .filter_map(|user| adopts(user))
                .collect(),
        };
        if self.last.as_ref() == Some(&inputs) {
            return None;
        }
        overlay(&mut objects, self.settings.unwritten());
        // What is wrong with objects, the operator writes into their conditions.
        let (directory, _) = crds::compile(&objects);
        let snapshot = Snapshot {
            directory: Arc::new(directory),
            complaints: Vec::new(),
            credentials: Arc::new(secrets::Credentials::default()),
            loaded: inputs.loaded.clone(),
            reached: inputs.reached.clone(),
        };
        self.last = Some(inputs);
        Some(Arc::new(snapshot))
    }
}

/// The user, and whose mailbox he takes over.
fn adopts(user: &User) -> Option<(String, String)> {
    let mailbox = user.annotations().get(ADOPT_MAILBOX)?;
    Some((user.name_any(), mailbox.clone()))
}

/// Waits for news and then until they pause, but not for long: objects that are applied together are compiled together.
pub(super) async fn quiet(news: &Notify) {
    news.notified().await;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && timeout(QUIET, news.notified()).await.is_ok() {}
}

const QUIET: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_millis(200);
