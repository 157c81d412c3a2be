//! How long packets should wait: from how much later than the fastest ones they arrive.

/// The distribution of delay variation, forgetting slowly, and the playout delay that follows from it.
pub(super) struct DelayEstimate {
    clock_rate: i64,
    fastest: Option<Fastest>,
    shares: [f32; BINS],
    too_long: i64,
}

/// The least transit of this window and of the one before, so that clock drift and route changes are followed.
struct Fastest {
    window_start: i64,
    current: i64,
    previous: i64,
}

impl DelayEstimate {
    pub(super) fn new(clock_rate: u32) -> Self {
        let mut shares = [0.0; BINS];
        // Begins as if a tenth of the packets were a frame late: 40 ms in all.
        shares[0] = 0.9;
        shares[2] = 0.1;
        Self {
            clock_rate: i64::from(clock_rate),
            fastest: None,
            shares,
            too_long: 0,
        }
    }

    /// A new source has another clock; the network's jitter is still known.
    pub(super) fn restart(&mut self) {
        self.fastest = None;
        self.too_long = 0;
    }

    pub(super) fn observe(&mut self, timestamp: i64, arrival: i64) {
        let transit = arrival - timestamp;
        let window = self.clock_rate * WINDOW_SECONDS;
        let fastest = self.fastest.get_or_insert(Fastest {
            window_start: arrival,
            current: transit,
            previous: transit,
        });
        if arrival - fastest.window_start > window {
            *fastest = Fastest {
                window_start: arrival,
                current: transit,
                previous: fastest.current,
            };
        }
        fastest.current = fastest.current.min(transit);
        let late = transit - fastest.least();
        let bin = (late / (self.clock_rate / BINS_PER_SECOND)).clamp(0, BINS as i64 - 1) as usize;
        for (index, share) in self.shares.iter_mut().enumerate() {
            let hit = if index == bin { 1.0 - FORGET } else { 0.0 };
            *share = *share * FORGET + hit;
        }
    }

    /// The delay that lets all but 2 % of the packets be in time, and one frame at least.
    pub(super) fn target(&self, frame: u32) -> i64 {
        let mut left = 1.0 - ACCEPTED_LATE;
        let bins = self.shares.iter().take_while(|&&share| {
            left -= share;
            left > 0.0
        });
        let bin_units = self.clock_rate / BINS_PER_SECOND;
        // Whole bins: the upper edge of the one that reaches the quantile.
        let spread = bins.count() as i64 * bin_units;
        i64::from(frame) + spread
    }

    /// How far behind the fastest packet's arrival a timestamp would be played now.
    pub(super) fn current(&self, timestamp: i64, arrival: i64) -> i64 {
        let least = self
            .fastest
            .as_ref()
            .map_or(arrival - timestamp, Fastest::least);
        arrival - timestamp - least
    }

    /// Whether to skip a frame now: at once when the delay is far too long, else when it stays longer than a frame.
    pub(super) fn shorten(&mut self, excess: i64, frame: i64) -> bool {
        if excess <= frame {
            self.too_long = 0;
            return false;
        }
        self.too_long += frame;
        let now = excess > FAR * frame || self.too_long > self.clock_rate;
        if now {
            self.too_long = 0;
        }
        now
    }
}

impl Fastest {
    fn least(&self) -> i64 {
        self.current.min(self.previous)
    }
}

const BINS: usize = 40;
/// Bins of 10 ms: the delay is at most 400 ms and a frame.
const BINS_PER_SECOND: i64 = 100;
/// Half is forgotten after some 350 packets, 7 s.
const FORGET: f32 = 0.998;
const ACCEPTED_LATE: f32 = 0.02;
const WINDOW_SECONDS: i64 = 4;
/// Frames.
const FAR: i64 = 5;
