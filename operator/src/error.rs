//! Why a reconcile did not come to its end; it is tried again.

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
                status(error).is_some_and(|it| it.is_invalid() || it.is_forbidden())
            }
            Self::NotOurs { .. } => true,
            Self::Json(_) | Self::Random(_) => false,
        }
    }
}

/// What the API server answered, if it was that.
pub fn status(error: &kube::Error) -> Option<&kube::core::Status> {
    if let kube::Error::Api(status) = error {
        Some(status)
    } else {
        None
    }
}
