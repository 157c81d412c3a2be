//! Why a reconcile did not come to its end; it is tried again.
use kube::core::Status;

/// Why a reconcile did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server refused something or did not answer.
    #[error("{doing}: {error}")]
    Api {
        /// What was being done, as "apply Service office-sip".
        doing: String,
        /// Why not.
        #[source]
        error: Box<kube::Error>,
    },
    /// Another object has the name of one that is to be made.
    #[error(
        "{kind} {name} exists already and belongs to something else; delete it, or give the PhoneSystem another name"
    )]
    NotOurs {
        /// Its Kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Something cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Error {
    /// Whether the API server understood and refused, so that a person must do something.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Api { error, .. } => {
                let refuses = |it: &Status| it.is_invalid() || it.is_forbidden();
                status(error).is_some_and(refuses) && !self.tells_of_an_end()
            }
            Self::NotOurs { .. } => true,
            Self::Json(_) | Self::Random(_) => false,
        }
    }

    /// Whether something was not made because the whole namespace is being deleted.
    pub fn tells_of_an_end(&self) -> bool {
        match self {
            Self::Api { error, .. } => tells_of_an_end(error),
            Self::NotOurs { .. } | Self::Json(_) | Self::Random(_) => false,
        }
    }

    /// The same for people: what the API server said, without what only programs read.
    pub fn told(&self) -> String {
        match self {
            Self::Api { doing, error } => format!("{doing}: {}", said(error)),
            Self::NotOurs { .. } | Self::Json(_) | Self::Random(_) => self.to_string(),
        }
    }
}

/// What the API server answered, if it was that.
pub fn status(error: &kube::Error) -> Option<&Status> {
    if let kube::Error::Api(status) = error {
        Some(status)
    } else {
        None
    }
}

/// What the API server said, without what only programs read.
pub fn said(error: &kube::Error) -> String {
    status(error).map_or_else(|| error.to_string(), |status| status.message.clone())
}

/// Whether something was not made because the whole namespace is being deleted.
pub fn tells_of_an_end(error: &kube::Error) -> bool {
    let details = status(error).and_then(|it| it.details.as_ref());
    details.is_some_and(|it| it.causes.iter().any(|it| it.reason == TERMINATING))
}

/// The cause by which the API server refuses what is to be made in a namespace that is going.
const TERMINATING: &str = "NamespaceTerminating";
