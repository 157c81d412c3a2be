//! `media-worker mailbox copy`: everything of one store into another.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use mailbox::copy::{self, Copied};
use mailbox::{BlobStore, Owner, SpoolLock, owner};

use super::opened::{self, Place};
use crate::cli::{self, StoreAt};

/// Carries everything that the target does not have; with `--remove`, takes it away from the source then.
pub(super) async fn copy(
    options: &cli::CopyStore,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (from_at, to_at) = (options.source(), options.target());
    let (source, target) = (opened::place(&from_at)?, opened::place(&to_at)?);
    if source == target {
        bail!(
            "{} and {} are the same: name two stores",
            options.from,
            options.to
        );
    }
    let from = opened::store(&from_at).await?;
    let _alone = if options.remove {
        alone(&source, options)?
    } else {
        None
    };
    let to = opened::new(&to_at).await?;
    own(&*from, &*to, &target, options).await?;
    let copied = copy::copy(&*from, &opened::mailboxes(to)?).await?;
    tell(&copied, options, out)?;
    if !copied.missing.is_empty() || !copied.unreadable.is_empty() {
        if options.remove {
            writeln!(out, "{}: nothing is removed", options.from)?;
        }
        return Ok(ExitCode::FAILURE);
    }
    if options.remove {
        let removed = copy::remove(&*from, &copied).await;
        let removed = removed.with_context(|| {
            let from = &options.from;
            format!("{from} can't be emptied: everything is copied, and the same command goes on")
        })?;
        writeln!(out, "{}: {removed} objects removed", options.from)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Sees to it that nobody writes to the source while it is emptied: what came meanwhile would be lost.
fn alone(source: &Place, options: &cli::CopyStore) -> anyhow::Result<Option<SpoolLock>> {
    let Place::Folder(folder) = source else {
        bail!(
            "--remove is for a worker's folder: copy without it, then empty {} with the service's own tools",
            options.from
        );
    };
    let here = StoreAt {
        store: "here".to_owned(),
        ..options.source()
    };
    let of_this_pod = options.here.state.as_deref().map(true_name);
    if of_this_pod.as_ref() == Some(folder) {
        if opened::place(&here)? == *source {
            bail!(
                "the worker of this Pod uses {}: give it a bucket first, or copy without --remove",
                folder.display()
            );
        }
        // It has the lock, and keeps its messages elsewhere.
        return Ok(None);
    }
    let Some(lock) = SpoolLock::take_if_free(folder)? else {
        bail!(
            "a worker uses {}: stop it first, or copy without --remove",
            folder.display()
        );
    };
    Ok(Some(lock))
}

fn true_name(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// What is in a bucket is one system's: the target becomes that system's whose the source is, unless it is another's.
async fn own(
    from: &dyn BlobStore,
    to: &dyn BlobStore,
    target: &Place,
    options: &cli::CopyStore,
) -> anyhow::Result<()> {
    let unreadable = |at: &str| format!("{at} can't be read");
    let source = owner::of(from)
        .await
        .with_context(|| unreadable(&options.from))?;
    let given = options.owner();
    if let (Some(source), Some(given)) = (&source, &given)
        && source.uid != given.uid
    {
        bail!(
            "{} belongs to {source}, not to {given}: mailboxes of one system are of no use to another",
            options.from
        );
    }
    if matches!(target, Place::Folder(_)) {
        return Ok(());
    }
    let there = owner::of(to)
        .await
        .with_context(|| unreadable(&options.to))?;
    match (given.or(source), there) {
        (Some(claimant), _) => claim(to, &claimant, options).await,
        (None, Some(_)) => Ok(()),
        (None, None) => bail!(
            "{} is nobody's yet: say whose it is to be with --system-uid \
             (kubectl get phonesystem NAME -o jsonpath='{{.metadata.uid}}')",
            options.to
        ),
    }
}

async fn claim(
    to: &dyn BlobStore,
    claimant: &Owner,
    options: &cli::CopyStore,
) -> anyhow::Result<()> {
    owner::claim(to, claimant, None)
        .await
        .with_context(|| format!("{} can't be used", options.to))
}

fn tell(copied: &Copied, options: &cli::CopyStore, out: &mut impl Write) -> std::io::Result<()> {
    for key in &copied.missing {
        writeln!(
            out,
            "{key}: the recording is missing; what it belongs to is not copied"
        )?;
    }
    for key in &copied.unreadable {
        writeln!(
            out,
            "{key}: this can't be read; what it tells of is not copied"
        )?;
    }
    for key in &copied.differing {
        writeln!(
            out,
            "{key}: {} has another of this name, which stays",
            options.to
        )?;
    }
    writeln!(
        out,
        "copied to {}: messages {}, greetings and names {}, files {}; mailboxes looked into: {}",
        options.to, copied.messages, copied.greetings, copied.files, copied.mailboxes
    )
}
