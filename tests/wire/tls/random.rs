//! Numbers that are the same in every run.

pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Below `limit`, which is small. (xorshift)
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }
}
