//! The worker's randomness: one generator, seeded by the system.

use std::cell::RefCell;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// A generator for one thread.
#[derive(Debug)]
pub struct Random(RefCell<ChaCha20Rng>);

impl Random {
    /// A generator with this seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(RefCell::new(ChaCha20Rng::from_seed(seed)))
    }

    /// 32 random bits.
    pub fn u32(&self) -> u32 {
        self.0.borrow_mut().next_u32()
    }

    /// Random bytes: keys, seeds.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.borrow_mut().fill_bytes(&mut bytes);
        bytes
    }
}
