//! What every blob store must do: run against each of them.
