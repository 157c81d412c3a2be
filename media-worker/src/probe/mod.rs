//! `media-worker probe`: places one real call over UDP, and says what was heard.

mod call;
mod callee;
mod caller;
mod ear;
mod expectation;
mod listening;
mod message;
mod mouth;
mod report;
mod sockets;
mod stroke;
#[cfg(test)]
mod tests;
mod tonality;
mod verdict;

use std::io::Write;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::cli;
use crate::random::Random;
use call::{Call, Order};
use callee::Callee;
use caller::Caller;
use expectation::Expectation;
use message::Message;
use report::Report;
use sockets::Sockets;

pub use ear::{Ear, Heard, Noted};

/// What a probe came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call was answered, and what was to be said was said.
    Done,
    /// It was not answered; the sentence says why, and what to try.
    Unanswered(String),
    /// It was answered, but did not go as it should; the sentence says why, and what to try.
    Failed(String),
    /// The probe cannot be made as it was asked for; the sentence says why.
    Usage(String),
}

impl Outcome {
    /// The exit code of the command: 0, 1 or 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Outcome::Done => 0,
            Outcome::Unanswered(_) | Outcome::Failed(_) => 1,
            Outcome::Usage(_) => 2,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        ExitCode::from(outcome.exit_code())
    }
}

/// Places the call, and prints a line for each thing heard and one for the outcome. It blocks until the call is over.
/// Where nobody takes it, it calls again for as long as it was told to.
///
/// # Errors
/// The system gives no socket or no randomness, or what was heard cannot be written.
pub fn run(options: &cli::Probe, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let order = match order(options) {
        Ok(order) => order,
        Err(sentence) => {
            writeln!(out, "{sentence}")?;
            return Ok(Outcome::Usage(sentence));
        }
    };
    let patience = Duration::from_secs(options.wait);
    let begun = Instant::now();
    loop {
        let outcome = call(order.clone(), options, out)?;
        match outcome {
            Outcome::Unanswered(_) if begun.elapsed() + PAUSE <= patience => {
                thread::sleep(PAUSE);
            }
            Outcome::Unanswered(_) | Outcome::Done | Outcome::Failed(_) | Outcome::Usage(_) => {
                return Ok(outcome);
            }
        }
    }
}

/// Calls once.
fn call(order: Order, options: &cli::Probe, out: &mut impl Write) -> anyhow::Result<Outcome> {
    let address = match order.callee.resolve() {
        Ok(address) => address,
        Err(sentence) => {
            writeln!(out, "failed: {sentence}")?;
            return Ok(Outcome::Unanswered(sentence));
        }
    };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no randomness")?;
    let sockets = Sockets::open(address)?;
    let mut report = Report::new(out, Instant::now());
    let mut call = Call::place(order, sockets, &Random::new(seed));
    let outcome = call.run(&mut report)?;
    if let Some(file) = &options.record {
        call.keep_heard(file, &mut report)?;
    }
    report.outcome(&outcome)?;
    Ok(outcome)
}

/// Reads the options; what is wrong with them is told in a sentence.
fn order(options: &cli::Probe) -> Result<Order, String> {
    let callee = Callee::parse(&options.uri)?;
    let keys = stroke::parse(options.keys.as_deref().unwrap_or_default())?;
    let afterwards = stroke::parse(options.afterwards.as_deref().unwrap_or_default())?;
    let expectation = options.expect.as_deref().map(Expectation::parse);
    let message = match (&options.leave_message, options.leave_tone) {
        (Some(file), _) => Some(Message::load(file.as_deref())?),
        (None, Some(hz)) => Some(Message::tone(hz)),
        (None, None) => None,
    };
    let caller = Caller::new(
        options.handset.as_deref(),
        options.password.as_deref(),
        options.domain.as_deref(),
        &callee,
    )?;
    Ok(Order {
        callee,
        caller,
        keys,
        message,
        expectation: expectation.transpose()?,
        afterwards,
        limit: Duration::from_secs(options.seconds),
    })
}

/// Between two calls.
const PAUSE: Duration = Duration::from_secs(1);
