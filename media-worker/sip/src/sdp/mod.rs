//! Session descriptions (RFC 8866, parsed and written by `sdp-types`) and offer/answer (RFC 3264) as values.

mod attributes;
mod capabilities;
mod format;
mod negotiate;
mod read;
mod session;
mod write;

pub use capabilities::{Capabilities, Version};
pub use format::{Format, Payload};
pub use negotiate::{Agreed, Refusal, agree, answer, offer};
pub use read::SdpError;
pub use session::{Attribute, Direction, Kind, Media, Origin, Session};
