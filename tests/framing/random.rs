//! Random streams and cuts, the same ones in every run.

/// Marsaglia's xorshift64*: small, and good enough to choose test data.
pub(crate) struct Random(u64);

impl Random {
    /// Prints the seed, which is shown if the test fails.
    pub(crate) fn new(seed: u64) -> Random {
        println!("seed {seed:#x}");
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    /// Mostly short, now and then longer than a ring's first 512 bytes; of bytes that mean
    /// something to one framer or another.
    pub(crate) fn message(&mut self) -> Vec<u8> {
        let most = [4, 4, 4, 12, 12, 12, 80, 80, 80, 700][self.below(10)];
        let letters = b"\r\n\r\naab\0\0\x01\x02\x80\xffz";
        let length = self.below(most);
        let letter = |_| letters[self.below(letters.len())];
        (0..length).map(letter).collect()
    }

    /// Cuts `bytes` into up to `most` pieces; some may be empty.
    pub(crate) fn pieces<'b>(&mut self, mut bytes: &'b [u8], most: usize) -> Vec<&'b [u8]> {
        let mut pieces = Vec::new();
        for left in (1..=self.below(most)).rev() {
            let about = 2 * bytes.len() / (left + 1) + 1;
            let (piece, rest) = bytes.split_at(self.below(about + 1).min(bytes.len()));
            pieces.push(piece);
            bytes = rest;
        }
        pieces.push(bytes);
        pieces
    }
}
