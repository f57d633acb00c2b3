//! Random streams and cuts, the same ones in every run.

pub(crate) use crate::support::Random;

impl Random {
    /// Messages that are mostly short, and sometimes longer than a ring's first 512 bytes; their bytes have a
    /// meaning for one framer or another.
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
