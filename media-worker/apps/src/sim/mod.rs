//! The simulated caller: applications run in virtual time against a person who follows a script
//! and an office in memory. Nothing waits and nothing is shared, so a story takes microseconds and
//! always goes the same way.
//!
//! ```
//! use apps::sim::{Company, Person};
//!
//! let company = Company::new();
//! let person = Person::outside("+15855550100")
//!     .hears("[beep]")
//!     .speaks(5)
//!     .hangs_up();
//! let story = company.run(person, async |call, office| {
//!     apps::leave_message(call, office, "mary").await
//! });
//! assert_eq!(story.exit, apps::Exit::HungUp);
//! assert_eq!(company.messages("mary").len(), 1);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests end that way"
)]

mod company;
mod inbox;
mod line;
mod office;
mod person;
mod preferences;
mod state;
mod steps;
mod story;

pub use company::Company;
pub use inbox::SimInbox;
pub use line::Line;
pub use office::{Recording, Sample, SimOffice};
pub use person::{Elsewhere, Person};
pub use state::Trouble;
pub use steps::every_step;
pub use story::{Heard, Story};
