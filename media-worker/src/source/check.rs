//! `media-worker check DIR`: what is wrong with a folder of manifests.
use std::{collections::BTreeMap, path::Path};

use crds::{Problem, problem::Reason, secrets};

use super::{complaint::Complaint, folder::Folder};

/// Everything that is wrong, sorted by file and line. Secrets that would be generated are not missed. Of two that want the same, the later
/// one is wrong by file and line.
pub fn check(manifests: &Path) -> Vec<Complaint> {
    let mut folder = Folder::new(manifests);
    folder.read();
    folder.date();
    judge(&folder)
}

/// The same for a folder that was read.
pub(super) fn judge(folder: &Folder) -> Vec<Complaint> {
    let mut complaints = folder.unreadable().to_vec();
    let unreadable = complaints.iter().any(Complaint::is_error);
    let mut objects = folder.objects();
    let mut problems = secrets::unwritten(&objects);
    for wanted in secrets::missing(&objects) {
        let entries = BTreeMap::from([(wanted.entry.key, PLACEHOLDER.to_owned())]);
        objects
            .secrets
            .push(secrets::secret(&wanted.entry.name, entries));
    }
    problems.extend(crds::compile(&objects).1);
    // What an unreadable file holds is not known, so that a reference may well be right; duplicates are named already.
    let guessed = |problem: &Problem| {
        unreadable
            && matches!(
                problem.reason,
                Reason::NotFound | Reason::NoPhoneSystem | Reason::SecretMissing
            )
    };
    let told = problems
        .into_iter()
        .filter(|problem| !guessed(problem) && problem.reason != Reason::Duplicate);
    complaints.extend(told.map(|problem| folder.locate(problem)));
    complaints.sort();
    complaints.dedup();
    complaints
}

/// Good as a password and as a PIN.
const PLACEHOLDER: &str = "8361507294";
