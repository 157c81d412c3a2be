//! The operator.
#![forbid(unsafe_code)]
