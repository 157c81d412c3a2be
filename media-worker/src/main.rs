//! The `media-worker` command.
fn main() {}
