//! What is wrong with a folder of manifests, and where.
use std::{fmt, path::PathBuf, sync::Arc};

use crds::{ObjectRef, Problem, Severity};

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it is reached from the folder that was given.
    pub file: Arc<PathBuf>,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: u64,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A file or a document that is no object of ours.
    File {
        /// Whether something is not in force.
        severity: Severity,
        /// What is wrong, one sentence without a full stop.
        message: String,
        /// What to do about it, likewise.
        remedy: String,
    },
    /// An object.
    Object(Problem),
}

/// What holds until what is wrong is put right, where something was in force before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meanwhile {
    /// The version before.
    Previous,
    /// Nothing of it: it is new.
    LeftOut,
    /// What the file had before and has no more, for this may be one of them.
    Kept(Vec<ObjectRef>),
}

/// Something wrong, and where it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// Where; none for objects that nobody wrote.
    pub place: Option<Place>,
    /// What.
    pub fault: Fault,
    /// What holds until then; none where nothing runs yet.
    pub meanwhile: Option<Meanwhile>,
}

impl Complaint {
    /// Whether something is not in force because of it.
    pub fn is_error(&self) -> bool {
        match &self.fault {
            Fault::File { severity, .. } => *severity == Severity::Error,
            Fault::Object(problem) => problem.severity == Severity::Error,
        }
    }

    pub(super) fn new(place: Option<Place>, fault: Fault) -> Self {
        Self {
            place,
            fault,
            meanwhile: None,
        }
    }

    pub(super) fn file(
        file: &Arc<PathBuf>,
        line: u64,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let place = Place {
            file: Arc::clone(file),
            line,
        };
        let fault = Fault::File {
            severity: Severity::Error,
            message: message.into(),
            remedy: remedy.into(),
        };
        Self::new(Some(place), fault)
    }
}

/// `office/users.yaml:12: User mary: spec.extention: unknown field; did you mean extension?`
impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, line }) = &self.place {
            write!(f, "{}:", file.display())?;
            if *line > 0 {
                write!(f, "{line}:")?;
            }
            f.write_str(" ")?;
        }
        if !self.is_error() {
            f.write_str("warning: ")?;
        }
        match &self.fault {
            Fault::File {
                message, remedy, ..
            } => write!(f, "{message}; {remedy}")?,
            Fault::Object(problem) => problem.fmt(f)?,
        }
        self.meanwhile
            .iter()
            .try_for_each(|meanwhile| write!(f, " ({meanwhile})"))
    }
}

impl fmt::Display for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Previous => f.write_str("until then the version before stays in force"),
            Self::LeftOut => f.write_str("until then it is left out"),
            Self::Kept(objects) => {
                let named = objects.iter().take(NAMED).map(ToString::to_string);
                let named = named.collect::<Vec<_>>().join(", ");
                write!(
                    f,
                    "until then what the file had before stays in force: {named}"
                )?;
                match objects.len().saturating_sub(NAMED) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// So many objects are named: more would push what matters off the screen.
const NAMED: usize = 5;

pub(super) fn lines(complaints: &[Complaint]) -> String {
    complaints
        .iter()
        .map(Complaint::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
