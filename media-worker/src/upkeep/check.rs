//! `media-worker mailbox check`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use jiff::Timestamp;
use mailbox::inspect::{Finding, Repair, inspect, repair};

use super::opened;
use crate::cli;

/// Looks through a store, says what is wrong, and puts right what can be, if that is asked for.
pub(super) async fn check(
    options: &cli::CheckStore,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let store = opened::store(&options.store).await?;
    let at = &options.store.store;
    let findings = inspect(&*store, options.settle.get())
        .await
        .with_context(|| format!("{at} can't be looked through"))?;
    let now = Timestamp::now();
    let repairs = if options.repair && !findings.is_empty() {
        let mailboxes = opened::mailboxes(store)?;
        repair(&mailboxes, &findings, now)
            .await
            .context("what was found can't be put right; what was done is done")?
    } else {
        vec![Repair::Left; findings.len()]
    };
    let left = tell(&findings, &repairs, now, out)?;
    if left == 0 {
        writeln!(out, "{at}: nothing wrong")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// A line for each finding; how many faults are left. What passes by itself is none.
fn tell(
    findings: &[Finding],
    repairs: &[Repair],
    now: Timestamp,
    out: &mut impl Write,
) -> std::io::Result<usize> {
    let mut left = 0;
    for (finding, repair) in findings.iter().zip(repairs) {
        match repair {
            Repair::Done => writeln!(out, "repaired: {finding}")?,
            Repair::Left if finding.will_pass(now) => writeln!(out, "note: {finding}")?,
            Repair::Left => {
                left += 1;
                writeln!(out, "{finding}")?;
            }
        }
    }
    Ok(left)
}
