//! What a path between two addresses does to datagrams.

use std::time::Duration;

use rand_core::Rng;

/// The quality of a path, one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Share of datagrams lost, 0.0 to 1.0.
    pub loss: f64,
    /// Delay that every datagram has.
    pub delay: Duration,
    /// Additional delay, uniform from zero to this: more than the datagrams' distance reorders them.
    pub jitter: Duration,
    /// Share of datagrams that arrive twice, 0.0 to 1.0.
    pub duplication: f64,
}

impl Default for Link {
    /// One millisecond, nothing lost.
    fn default() -> Self {
        Self {
            loss: 0.0,
            delay: Duration::from_millis(1),
            jitter: Duration::ZERO,
            duplication: 0.0,
        }
    }
}

impl Link {
    /// A link with this delay and nothing else wrong.
    pub fn delayed(delay: Duration) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }

    /// The same link, losing this share of datagrams.
    #[must_use]
    pub fn losing(self, loss: f64) -> Self {
        Self { loss, ..self }
    }

    /// The same link, delaying by up to `jitter` more.
    #[must_use]
    pub fn jittery(self, jitter: Duration) -> Self {
        Self { jitter, ..self }
    }

    /// The same link, delivering this share of datagrams twice.
    #[must_use]
    pub fn duplicating(self, duplication: f64) -> Self {
        Self {
            duplication,
            ..self
        }
    }

    /// How many copies of a datagram arrive: none, one or two.
    pub(crate) fn copies(&self, random: &mut impl Rng) -> usize {
        if unit(random) < self.loss {
            0
        } else if unit(random) < self.duplication {
            2
        } else {
            1
        }
    }

    /// How long one copy takes.
    pub(crate) fn transit(&self, random: &mut impl Rng) -> Duration {
        self.delay + self.jitter.mul_f64(unit(random))
    }
}

/// Uniform in 0.0..1.0.
fn unit(random: &mut impl Rng) -> f64 {
    f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0)
}
