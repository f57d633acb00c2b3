//! Deflate: input in any pieces becomes literals and copies, those become blocks, and blocks become bytes.
//!
//! # The states
//!
//! ```text
//!             ┌──────────────────────────────────────────────────┐
//!             ▼     the block is full, or `Flush`                │
//!         Collecting ────────────────────▶ Writing ──────────────┤
//!             ▲                            │     │ the last one  │
//!             │                    `Sync`  │     └───▶ Done      │
//!             └──── 00 00 ff ff ◀──────────┘                     │
//!                                            full: `more`, and on at the next call
//! ```
//!
//! # The rules
//!
//! - The same input and flushes make the same bytes, however the input is cut and however large the output may be.
//! - A block is written only when the last one is handed over: what waits is never more than the writer has room for.

use super::bits_out::BitWriter;
use super::block::Block;
use super::inflate::Progress;
use super::matcher::{Copy, Effort, Matcher};

/// The first copy that is found. With text, HTML and JSON, one place of four within copies and no chains make 7 to 18 % more
/// bytes than `NORMAL`, in 40 % of the time.
const FAST: Effort = Effort {
    places: 1,
    nice: 258,
    good: 258,
    lazy: 0,
    stride: 4,
    patience: 5,
};
/// About zlib's level 6. Twice as many places make 0.5 % fewer bytes, and take 20 % longer.
const NORMAL: Effort = Effort {
    places: 64,
    nice: 128,
    good: 8,
    lazy: 16,
    stride: 1,
    patience: 7,
};
/// In bytes that nothing is found in, the most that are left out before the next search.
const MOST_LEFT_OUT: usize = 31;

/// Who compresses looks longer for better copies, or less long.
///
/// ```
/// use barewire::deflate::{Deflate, Flush, Level};
///
/// let mut out = Vec::new();
/// Deflate::new(15, Level::Fast).deflate(&[b'a'; 1000], Flush::Finish, &mut out, 100);
/// assert!(out.len() < 20);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The first good copy is taken: for what is compressed while somebody waits, and sent once.
    Fast,
    /// A copy is taken only if there is no better one at the next byte.
    #[default]
    Normal,
}

/// What [`Deflate::deflate`] does at the end of its input.
///
/// ```
/// use barewire::deflate::{Deflate, Flush, Inflate, Level};
///
/// let (mut deflate, mut sent, mut read) = (Deflate::new(15, Level::Normal), Vec::new(), Vec::new());
/// deflate.deflate(b"hello", Flush::Sync, &mut sent, 100);
/// Inflate::new(15).inflate(&sent, &mut read, 100)?;
/// assert_eq!(read, b"hello"); // all of it, though the stream goes on
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flush {
    /// More input comes: it may keep the last of this back, to find longer copies.
    #[default]
    None,
    /// All of the input is in the output, and an empty stored block behind it, whose last four bytes are `00 00 ff ff`.
    /// The stream goes on at a whole byte.
    Sync,
    /// The stream ends.
    Finish,
}

/// Compresses to a stream of RFC 1951.
///
/// Input may come in any pieces, and output is made in pieces as large as the caller allows.
///
/// Its memory grows with the window: at most 264 KiB with 15 bits, 40 KiB with 12, 26 KiB with 10, 23 KiB with 8. It is
/// allocated at the start, but for the symbols of a block, up to 64 KiB of the 264: those are, as they come. `Fast` has no
/// chains, which are 64 KiB more of it.
///
/// ```
/// use barewire::deflate::{Deflate, Flush, Inflate, Level, Progress};
///
/// let (mut deflate, mut out) = (Deflate::new(15, Level::Normal), Vec::new());
/// let progress = deflate.deflate(b"hello hello hello hello", Flush::Finish, &mut out, 100);
/// assert_eq!(progress, Progress { consumed: 23, more: false });
/// assert_eq!(out, [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc0, 0x20, 0x01]);
///
/// let mut text = Vec::new();
/// Inflate::new(15).inflate(&out, &mut text, 100)?;
/// assert_eq!(text, b"hello hello hello hello");
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deflate {
    matcher: Matcher,
    /// What was found at the next byte already, which was better than what was found before it.
    better: Option<Copy>,
    /// How often nothing was found since the last copy.
    misses: usize,
    block: Box<Block>,
    writer: BitWriter,
    state: State,
    /// Whether nothing came since a `Sync`.
    is_synced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Collecting,
    /// The block, and then what the caller asked for.
    Writing(Flush),
    Done,
}

impl Deflate {
    /// For a stream whose distances reach back less than `2^window_bits` bytes: 15 is the most, and right where nothing
    /// else was agreed. A number outside 8 to 15 is taken as the nearest.
    pub fn new(window_bits: u8, level: Level) -> Deflate {
        let window_bits = window_bits.clamp(8, 15);
        let effort = match level {
            Level::Fast => FAST,
            Level::Normal => NORMAL,
        };
        // So many symbols make up for the head of a block, and so many literals can still be stored.
        let symbols = (1 << window_bits >> 1).max(2048);
        Deflate {
            matcher: Matcher::new(window_bits, symbols, effort),
            better: None,
            misses: 0,
            block: Block::new(symbols),
            writer: BitWriter::new(),
            state: State::Collecting,
            is_synced: false,
        }
    }

    /// Whether the last block is in the output.
    pub fn is_done(&self) -> bool {
        self.state == State::Done && self.writer.is_empty()
    }

    /// Another stream begins: what it makes is what a new `Deflate` would make. The memory is kept.
    pub fn reset(&mut self) {
        self.matcher.reset();
        self.block.clear();
        self.writer.clear();
        (self.better, self.misses) = (None, 0);
        (self.state, self.is_synced) = (State::Collecting, false);
    }

    /// Compresses `input`, and appends at most `most` bytes to `out`. `flush` says what is done at the end of the input.
    ///
    /// As long as there is [more](Progress::more), it is called again with the rest of the input, if there is one, and the
    /// same `flush`. A second `Sync` without input between writes nothing. Behind the end of the stream, no input is consumed.
    pub fn deflate(
        &mut self,
        input: &[u8],
        flush: Flush,
        out: &mut Vec<u8>,
        most: usize,
    ) -> Progress {
        let (mut rest, mut room) = (input, most);
        loop {
            room -= self.writer.hand_over(out, room);
            if !self.writer.is_empty() {
                break;
            }
            match self.state {
                State::Collecting => {
                    let taken = self.matcher.fill(rest);
                    rest = &rest[taken..];
                    self.is_synced &= taken == 0;
                    self.collect(rest.is_empty() && flush != Flush::None);
                    let is_all = rest.is_empty() && self.matcher.ahead() == 0;
                    match flush {
                        _ if self.block.room() == 0 && !is_all => self.begin(Flush::None),
                        _ if !rest.is_empty() => {}
                        Flush::None => break,
                        Flush::Sync if self.is_synced => break,
                        _ => self.begin(flush),
                    }
                }
                State::Writing(then) => self.write(then),
                State::Done => break,
            }
        }
        Progress {
            consumed: input.len() - rest.len(),
            more: !self.writer.is_empty(),
        }
    }

    /// Adds literals and copies to the block, until it is full, or the end of what is here is too near.
    fn collect(&mut self, to_end: bool) {
        let Effort { lazy, patience, .. } = self.matcher.effort;
        while self.block.room() > 0 && (to_end || !self.matcher.wants_more()) {
            let ahead = self.matcher.ahead();
            if ahead == 0 {
                break;
            }
            let found = self.better.take().or_else(|| self.matcher.find(0, 0));
            if let Some(found) = found
                && found.length < lazy
            {
                self.better = self.matcher.find(1, found.length);
            }
            match found {
                Some(found) if self.better.is_none() => {
                    self.block.copy(found.length, found.distance);
                    self.matcher.go_on(found.length);
                    self.misses = 0;
                }
                Some(_) => {
                    self.block.literal(self.matcher.byte());
                    self.matcher.go_on(1);
                }
                None => {
                    self.misses += 1;
                    let left_out = (self.misses >> patience).min(MOST_LEFT_OUT);
                    for _ in 0..(1 + left_out).min(ahead).min(self.block.room()) {
                        self.block.literal(self.matcher.byte());
                        self.matcher.leave_out();
                    }
                }
            }
        }
    }

    /// Begins to write the block, and what comes behind it.
    fn begin(&mut self, then: Flush) {
        if then == Flush::Sync && self.block.is_empty() {
            return self.mark();
        }
        let can_store = self.matcher.last(self.block.bytes).is_some();
        let is_last = then == Flush::Finish;
        self.block.begin(is_last, can_store, &mut self.writer);
        self.state = State::Writing(then);
    }

    fn write(&mut self, then: Flush) {
        let stored = self.matcher.last(self.block.bytes).unwrap_or_default();
        if !self.block.go_on(stored, &mut self.writer) {
            return;
        }
        self.block.clear();
        self.state = State::Collecting;
        match then {
            Flush::None => {}
            Flush::Sync => self.mark(),
            Flush::Finish => {
                self.writer.align();
                self.state = State::Done;
            }
        }
    }

    /// An empty stored block.
    fn mark(&mut self) {
        self.writer.put(0, 3);
        self.writer.align();
        self.writer.put(0xffff_0000, 32);
        self.is_synced = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::inflate::Inflate;
    use super::*;

    const ALL: usize = usize::MAX;

    fn random(count: usize) -> Vec<u8> {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let next = |_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 32) as u8
        };
        (0..count).map(next).collect()
    }

    /// Lines with numbers: copies of all lengths, and literals.
    fn lines(count: usize) -> Vec<u8> {
        let line = |n: usize| format!("{{\"id\":{n},\"square\":{}}}\n", n * n).into_bytes();
        let mut all: Vec<u8> = (0..count / 16).flat_map(line).collect();
        all.truncate(count);
        all
    }

    fn compress(deflate: &mut Deflate, input: &[u8], flush: Flush) -> Vec<u8> {
        let mut out = Vec::new();
        let progress = deflate.deflate(input, flush, &mut out, ALL);
        assert_eq!((progress.consumed, progress.more), (input.len(), false));
        out
    }

    fn inflated(window_bits: u8, stream: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut inflate = Inflate::new(window_bits);
        let progress = inflate.inflate(stream, &mut out, ALL).unwrap();
        assert_eq!(progress.consumed, stream.len());
        out
    }

    #[test]
    fn a_sync_flush_ends_with_an_empty_stored_block_and_is_not_repeated() {
        for level in [Level::Fast, Level::Normal] {
            let mut deflate = Deflate::new(15, level);
            let mut all = compress(&mut deflate, b"", Flush::Sync);
            assert_eq!(all, [0, 0, 0, 0xff, 0xff]);
            let mut text = Vec::new();
            for part in [b"hello".to_vec(), vec![0], lines(3000), random(3000)] {
                all.extend(compress(&mut deflate, &part[..1], Flush::None));
                all.extend(compress(&mut deflate, &part[1..], Flush::Sync));
                assert!(all.ends_with(&[0, 0, 0xff, 0xff]));
                text.extend(part);
                assert_eq!(inflated(15, &all), text);
                assert_eq!(compress(&mut deflate, b"", Flush::Sync), []);
            }
            all.extend(compress(&mut deflate, b"", Flush::Finish));
            assert!(deflate.is_done());
            assert_eq!(inflated(15, &all), text);
        }
    }

    #[test]
    fn an_empty_stream_has_one_block() {
        let mut deflate = Deflate::new(15, Level::Normal);
        assert_eq!(compress(&mut deflate, b"", Flush::None), []);
        assert!(!deflate.is_done());
        assert_eq!(compress(&mut deflate, b"", Flush::Finish), [0b0000_0011, 0]);
        assert!(deflate.is_done());
        let behind = deflate.deflate(b"more", Flush::Finish, &mut Vec::new(), ALL);
        assert_eq!((behind.consumed, behind.more), (0, false));
    }

    #[test]
    fn all_cuts_of_input_and_output_make_the_same_bytes() {
        let input = [lines(300), random(100), vec![7; 700], lines(200)].concat();
        let new = || Deflate::new(9, Level::Normal);
        let whole = compress(&mut new(), &input, Flush::Finish);
        for cut in 0..=input.len() {
            let (mut deflate, (one, other)) = (new(), input.split_at(cut));
            let mut all = compress(&mut deflate, one, Flush::None);
            all.extend(compress(&mut deflate, other, Flush::Finish));
            assert!(all == whole, "input cut at {cut}");
        }
        for most in 1..whole.len() {
            let (mut deflate, mut rest, mut out) = (new(), &input[..], Vec::new());
            loop {
                let before = out.len();
                let progress = deflate.deflate(rest, Flush::Finish, &mut out, most);
                assert!(out.len() - before <= most);
                rest = &rest[progress.consumed..];
                if !progress.more {
                    break;
                }
                assert_eq!(out.len() - before, most);
            }
            assert!(out == whole && deflate.is_done(), "{most} bytes at a time");
        }
    }

    #[test]
    fn after_a_reset_it_is_like_a_new_one() {
        let messages = [
            lines(500),
            random(40_000),
            vec![0; 70_000],
            lines(90_000),
            lines(10),
        ];
        for level in [Level::Fast, Level::Normal] {
            for window_bits in [8, 11, 15] {
                let mut used = Deflate::new(window_bits, level);
                for message in messages.iter().cycle().take(12) {
                    let new = &mut Deflate::new(window_bits, level);
                    let expected = compress(new, message, Flush::Sync);
                    assert!(compress(&mut used, message, Flush::Sync) == expected);
                    used.deflate(message, Flush::Finish, &mut Vec::new(), 3); // and is left there
                    used.reset();
                }
            }
        }
    }

    #[test]
    fn random_bytes_are_stored() {
        let input = random(200_000);
        for window_bits in 8..=15 {
            for level in [Level::Fast, Level::Normal] {
                let mut deflate = Deflate::new(window_bits, level);
                let stream = compress(&mut deflate, &input, Flush::Finish);
                let blocks = input.len().div_ceil(2048.max(1 << window_bits >> 1));
                assert!(
                    stream.len() <= input.len() + 5 * blocks,
                    "{window_bits} {level:?}"
                );
                assert!(inflated(window_bits, &stream) == input);
            }
        }
    }

    #[test]
    fn copies_reach_back_almost_the_window_and_no_further() {
        for window_bits in 8..=15 {
            let window = 1 << window_bits;
            for (apart, is_found) in [(window - window / 16, true), (window, false)] {
                let once = random(apart);
                let input = once.repeat(3);
                let mut deflate = Deflate::new(window_bits, Level::Normal);
                let stream = compress(&mut deflate, &input, Flush::Finish);
                let (found, small) = (stream.len() < 2 * apart, stream.len() < input.len());
                assert_eq!(
                    (found, small),
                    (is_found, is_found),
                    "{window_bits} {apart}"
                );
                assert!(inflated(window_bits, &stream) == input);
            }
        }
    }
}
