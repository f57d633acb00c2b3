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

/// Who compresses looks longer for better copies, or less long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// The first good copy is taken: for what is compressed while somebody waits, and sent once.
    Fast,
    /// A copy is taken only if there is no better one at the next byte.
    #[default]
    Normal,
}

/// What [`Deflate::deflate`] does at the end of its input.
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
/// ```
/// use barewire::deflate::{Deflate, Flush, Inflate, Level, Progress};
///
/// let (mut deflate, mut out) = (Deflate::new(15, Level::Normal), Vec::new());
/// let progress = deflate.deflate(b"hello hello hello hello", Flush::Finish, &mut out, 100);
/// assert_eq!(progress, Progress { consumed: 23, more: false });
/// assert_eq!(out, [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x00]);
///
/// let mut text = Vec::new();
/// Inflate::new(15).inflate(&out, &mut text, 100)?;
/// assert_eq!(text, b"hello hello hello hello");
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deflate {
    level: Level,
    matcher: Matcher,
    /// What was found at the next byte already, which was better than what was found before it.
    better: Option<Copy>,
    block: Block,
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
        // So many symbols make up for the head of a block, and so many literals can still be stored.
        let symbols = (1 << window_bits >> 1).max(2048);
        Deflate {
            level,
            matcher: Matcher::new(window_bits, symbols),
            better: None,
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
        (self.better, self.state, self.is_synced) = (None, State::Collecting, false);
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
                        _ if self.block.is_full() && !is_all => self.begin(Flush::None),
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
        let Tuning { effort, good, lazy } = self.level.tuning();
        while !self.block.is_full() {
            let ahead = self.matcher.ahead();
            if ahead == 0 || self.matcher.wants_more() && !to_end {
                break;
            }
            let found = self.better.take();
            let found = found.unwrap_or_else(|| self.matcher.find(0, 0, effort));
            if (1..lazy).contains(&found.length) {
                let less = Effort {
                    places: effort.places >> (2 * u32::from(found.length >= good)),
                    ..effort
                };
                let better = self.matcher.find(1, found.length, less);
                self.better = (better.length > 0).then_some(better);
            }
            if found.length == 0 || self.better.is_some() {
                self.block.literal(self.matcher.byte());
                self.matcher.at += 1;
            } else {
                self.block.copy(found.length, found.distance);
                self.matcher.at += found.length;
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

/// What a level means.
struct Tuning {
    effort: Effort,
    /// After a copy this long, a better one is looked for at a quarter of the places.
    good: usize,
    /// After a copy this long, none is.
    lazy: usize,
}

impl Level {
    fn tuning(self) -> Tuning {
        let (places, nice, good, lazy) = match self {
            Level::Fast => (4, 32, 0, 0),
            Level::Normal => (128, 128, 8, 16),
        };
        let effort = Effort { places, nice };
        Tuning { effort, good, lazy }
    }
}
