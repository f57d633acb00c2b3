//! Finds a delimiter in a stream and reads each byte once (Knuth, Morris and Pratt).
//!
//! Between two chunks the search keeps one number: how many of the last bytes are the beginning of the
//! delimiter. If the next byte does not continue it, a shorter beginning may still match, and which one
//! depends on the delimiter alone:
//!
//! ```text
//!   delimiter   a  b  a  b  c
//!   shorter     0  0  1  2  0      after "abab" the next byte is "a" and not "c": the last "ab"
//!                                  stays, and "aba" is matched now
//! ```

/// The search for one delimiter in one stream.
#[derive(Clone, Debug)]
pub(super) struct Matcher<const N: usize> {
    delimiter: [u8; N],
    /// `shorter[i]`: how many bytes at the end of the first `i + 1` are also the beginning (fewer than all
    /// of them).
    shorter: [usize; N],
    matched: usize,
}

impl<const N: usize> Matcher<N> {
    pub(super) fn new(delimiter: [u8; N]) -> Matcher<N> {
        let mut matcher = Matcher {
            delimiter,
            shorter: [0; N],
            matched: 0,
        };
        // Searches the delimiter without its first byte for the delimiter: each result needs only the
        // results before it.
        for (at, &byte) in delimiter.iter().enumerate().skip(1) {
            matcher.matched = matcher.step(byte);
            matcher.shorter[at] = matcher.matched;
        }
        matcher.restart();
        matcher
    }

    pub(super) fn delimiter(&self) -> &[u8; N] {
        &self.delimiter
    }

    /// How many of the last bytes are the beginning of the delimiter.
    pub(super) fn matched(&self) -> usize {
        self.matched
    }

    /// Starts a new search.
    pub(super) fn restart(&mut self) {
        self.matched = 0;
    }

    /// Where the delimiter ends in the next bytes of the stream; a new search then starts after it. `None`:
    /// not in these.
    #[inline]
    pub(super) fn find(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            if self.matched == 0 {
                let first = self.delimiter[0];
                at += bytes[at..].iter().position(|&byte| byte == first)?;
                self.matched = 1;
            } else {
                self.matched = self.step(bytes[at]);
            }
            at += 1;
            if self.matched == N {
                self.restart();
                return Some(at);
            }
        }
        None
    }

    /// How many bytes are matched after `byte`.
    #[inline]
    fn step(&self, byte: u8) -> usize {
        let mut matched = self.matched;
        while self.delimiter[matched] != byte {
            if matched == 0 {
                return 0;
            }
            matched = self.shorter[matched - 1];
        }
        matched + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where each delimiter ends, found by comparing at every place.
    fn plainly(delimiter: &[u8], bytes: &[u8]) -> Vec<usize> {
        let (mut ends, mut from) = (Vec::new(), 0);
        for end in delimiter.len()..=bytes.len() {
            let start = end - delimiter.len();
            if start >= from && &bytes[start..end] == delimiter {
                ends.push(end);
                from = end;
            }
        }
        ends
    }

    fn bytewise<const N: usize>(delimiter: [u8; N], bytes: &[u8]) -> Vec<usize> {
        let mut matcher = Matcher::new(delimiter);
        let ends = |at: usize| Some(at + matcher.find(&bytes[at..at + 1])?);
        (0..bytes.len()).filter_map(ends).collect()
    }

    fn at_once<const N: usize>(delimiter: [u8; N], bytes: &[u8]) -> Vec<usize> {
        let mut matcher = Matcher::new(delimiter);
        let (mut ends, mut from) = (Vec::new(), 0);
        while let Some(end) = matcher.find(&bytes[from..]) {
            from += end;
            ends.push(from);
        }
        ends
    }

    /// All delimiters of `N` bytes over two letters, in all texts of ten.
    fn every_text<const N: usize>() {
        let letters = |bits: usize, at: usize| b'a' + (bits >> at & 1) as u8;
        for bits in 0..1 << N {
            let delimiter: [u8; N] = std::array::from_fn(|at| letters(bits, at));
            for bits in 0..1 << 10 {
                let text: [u8; 10] = std::array::from_fn(|at| letters(bits, at));
                let ends = plainly(&delimiter, &text);
                let show = || (delimiter.escape_ascii(), text.escape_ascii());
                assert_eq!(at_once(delimiter, &text), ends, "{:?}", show());
                assert_eq!(bytewise(delimiter, &text), ends, "{:?}", show());
            }
        }
    }

    #[test]
    fn finds_what_comparing_everywhere_finds() {
        every_text::<1>();
        every_text::<2>();
        every_text::<3>();
        every_text::<5>();
    }

    #[test]
    fn knows_what_may_still_become_the_delimiter() {
        let mut matcher = Matcher::new(*b"ababc");
        assert_eq!(matcher.shorter, [0, 0, 1, 2, 0]);
        let after = |byte: &u8| (matcher.find(&[*byte]), matcher.matched()).1;
        let matched: Vec<_> = b"xababab".iter().map(after).collect();
        assert_eq!(matched, [0, 1, 2, 3, 4, 3, 4]);
    }
}
