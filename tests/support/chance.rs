//! Chance that is the same in every run: what a test draws depends on its seed alone.

/// Marsaglia's xorshift64*: small, and good enough to choose test data.
pub(crate) struct Random(u64);

impl Random {
    /// Prints the seed, which is shown if the test fails.
    pub(crate) fn new(seed: u64) -> Random {
        println!("seed {seed:#x}");
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
