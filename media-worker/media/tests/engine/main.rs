//! The engine as the outside sees it: packets, orders and ticks in; packets, news and recorded audio out.

mod bench;
mod bridging;
mod dialing;
mod finding;
mod playing;
mod recording;
mod reporting;
