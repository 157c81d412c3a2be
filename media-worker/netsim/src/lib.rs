//! A simulated network for tests: virtual clock, loss, delay, reordering, NAT.
