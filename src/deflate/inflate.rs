//! Inflate: the content of a compressed stream, in pieces as large as the caller allows.
//!
//! # The states
//!
//! ```text
//!  BlockBegins ─┬─ 0 ─▶ StoredLength ─▶ Stored ───────────────────────┐
//!       ▲       ├─ 1 ─────────────────────────────────▶ Symbols ──────┤ end of the block
//!       │       └─ 2 ─▶ Declaration ────────────────────▶ Symbols ────┤
//!       └───────────────────── not the last ──────────────────────────┤
//!                                                             Done ◀──┘
//! ```
//!
//! # The rules
//!
//! - The input may end at any byte and the output may be full at any byte: then the state stays as it is, and the same
//!   call goes on later.
//! - In the middle of both, `fast_loop.rs` decodes without asking for either: it stops where one more symbol might need
//!   more input or more room than there is. What is left is decoded here, one symbol at a time.
//! - Bits are judged before they are taken, so an error stands where its bits begin.

use super::bits::BitReader;
use super::codes::{Codes, next};
use super::declaration::Declaration;
use super::decode_table::{END, LITERAL};
use super::error::{Error, Rule, Step, Stop};
use super::fast_loop;
use super::history::History;
use super::watch::{Item, Watch};

/// Decompresses a stream of RFC 1951.
///
/// Input may come in any pieces, and output is made in pieces as large as the caller allows: a small input that stands
/// for gigabytes makes no more than that.
///
/// ```
/// use barewire::deflate::Inflate;
///
/// let stream = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x01]; // "hello hello hello hello"
/// let (mut inflate, mut out) = (Inflate::new(15), Vec::new());
/// let progress = inflate.inflate(&stream, &mut out, 10)?;
/// assert_eq!(out, b"hello hell");
/// assert!(progress.more);
/// inflate.inflate(&stream[progress.consumed..], &mut out, 100)?;
/// assert_eq!(out, b"hello hello hello hello");
/// assert!(inflate.is_done());
/// # Ok::<(), barewire::deflate::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inflate {
    state: State,
    /// Whether this block is the last.
    is_last: bool,
    bits: BitReader,
    history: History,
    codes: Box<Codes>,
    /// Bytes of the stream before this input.
    before: u64,
}

/// What [`Inflate::inflate`] has done.
///
/// ```
/// use barewire::deflate::{Error, Inflate};
///
/// /// The rest of what `input` stands for, at most 64 KiB at a time.
/// fn pass_on(inflate: &mut Inflate, mut input: &[u8], mut sink: impl FnMut(&[u8])) -> Result<(), Error> {
///     let mut out = Vec::new();
///     loop {
///         let progress = inflate.inflate(input, &mut out, 64 * 1024)?;
///         input = &input[progress.consumed..];
///         sink(&out);
///         out.clear();
///         if !progress.more {
///             return Ok(()); // the next input, if it is not done
///         }
///     }
/// }
/// let stored = [1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c'];
/// let mut content = Vec::new();
/// pass_on(&mut Inflate::new(15), &stored, |bytes| content.extend_from_slice(bytes))?;
/// assert_eq!(content, b"abc");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes of the input it is done with: all of them, unless there is more to come or the stream is done.
    pub consumed: usize,
    /// Whether the output was full: the rest of the input, also an empty one, may make more.
    pub more: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    BlockBegins,
    StoredLength,
    /// This many bytes of the block are to come.
    Stored(usize),
    Declaration(Declaration),
    Symbols,
    /// This length has been read, its distance has not.
    Distance(usize),
    /// The rest of a copy: its length and its distance.
    Copy(usize, usize),
    Done,
    Broken(Error),
}

impl Inflate {
    /// For a stream whose distances reach back at most `2^window_bits` bytes: 15 is the most, and right where nothing else
    /// was agreed. A number outside 8 to 15 is taken as the nearest.
    pub fn new(window_bits: u8) -> Inflate {
        Inflate {
            state: State::BlockBegins,
            is_last: false,
            bits: BitReader::default(),
            history: History::new(1 << window_bits.clamp(8, 15)),
            codes: Box::new(Codes::EMPTY),
            before: 0,
        }
    }

    /// Whether the last block has ended, and all of it was output. What comes behind it is not this stream's.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done) && !self.history.has_pending()
    }

    /// Whether the next bit begins a block, and nothing of the input waits to be decoded or to be output.
    pub fn is_between_blocks(&self) -> bool {
        let begins = matches!(self.state, State::BlockBegins) && self.bits.count() == 0;
        begins && !self.history.has_pending()
    }

    /// Goes on behind the last block as if it had not been the last: distances still reach back. (A compressed message of a
    /// WebSocket may end with such a block, and another follows: RFC 7692 §7.2.3.4.)
    pub fn resume(&mut self) {
        if self.is_done() {
            self.state = State::BlockBegins;
            self.bits.align();
        }
    }

    /// Another stream begins: nothing of the last one is known any more. The memory is kept.
    pub fn reset(&mut self) {
        self.state = State::BlockBegins;
        self.bits = BitReader::default();
        self.history.clear();
        self.before = 0;
    }

    /// Decompresses `input`, and appends at most `most` bytes to `out`.
    ///
    /// It ends when the input is used up, the output has `most` bytes more, or the stream is done. The bytes of the
    /// input that are [consumed](Progress::consumed) need not come again.
    ///
    /// # Errors
    /// The stream breaks a [`Rule`]. What came before the error is in `out`, if it had room; the same error comes at every call.
    pub fn inflate(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        most: usize,
    ) -> Result<Progress, Error> {
        self.inflate_watched(input, out, most, &mut ())
    }

    /// The same, for a watcher that sees each item of the stream.
    pub(crate) fn inflate_watched<W: Watch>(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        most: usize,
        watch: &mut W,
    ) -> Result<Progress, Error> {
        let (mut rest, mut room) = (input, most);
        // So many of the last bytes of the output came from stored blocks, and the history does not have them yet.
        let mut ahead = 0;
        let more = loop {
            room -= self.history.hand_over(out, room);
            match self.state {
                _ if self.history.has_pending() => break true,
                State::Broken(error) => return Err(error),
                State::Done => break false,
                _ if room == 0 => break true,
                State::Stored(left) => {
                    let n = left.min(rest.len()).min(room);
                    out.extend_from_slice(&rest[..n]);
                    watch.passed(8 * n as u64, 0, Item::Stored(&rest[..n]));
                    (rest, room, ahead) = (&rest[n..], room - n, ahead + n);
                    self.state = State::Stored(left - n);
                    match left - n {
                        0 => self.block_ends(),
                        _ if room > 0 => break false,
                        _ => {}
                    }
                    continue;
                }
                State::Symbols => {
                    self.history.follow(&out[out.len() - ahead..]);
                    ahead = 0;
                    self.history.make_room(room);
                }
                _ => self.history.make_room(room),
            }
            match self.step(&mut rest, watch) {
                Err(Stop::Input) if !self.history.has_pending() => break false,
                Err(Stop::Broken(rule)) => {
                    let before = self.before + (input.len() - rest.len()) as u64;
                    let at = before - u64::from(self.bits.count().div_ceil(8));
                    self.state = State::Broken(Error::behind(self.before, rule, input, at));
                }
                _ => {}
            }
        };
        self.history.follow(&out[out.len() - ahead..]);
        let consumed = input.len() - rest.len();
        self.before += consumed as u64;
        Ok(Progress { consumed, more })
    }
}

impl Inflate {
    /// Goes on in the state, to its end or to that of the input or the output.
    fn step<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Step {
        match self.state {
            State::BlockBegins => self.block_begins(input, watch),
            State::StoredLength => self.stored_length(input, watch),
            State::Declaration(ref mut declaration) => {
                declaration.read(&mut self.codes, &mut self.bits, input, watch)?;
                self.state = State::Symbols;
                Ok(())
            }
            State::Symbols => self.symbols(input, watch),
            State::Distance(length) => self.distance(length, input, watch),
            State::Copy(length, distance) => self.copy(length, distance, watch),
            State::Stored(_) | State::Done | State::Broken(_) => Ok(()),
        }
    }

    fn block_begins<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Step {
        self.bits.need(3, input)?;
        let header = self.bits.peek() & 7;
        self.state = match header >> 1 {
            0 => State::StoredLength,
            1 => {
                self.codes.make_fixed()?;
                State::Symbols
            }
            2 => State::Declaration(Declaration::Counts),
            _ => return Err(Rule::BlockTypeReserved.into()),
        };
        self.is_last = header & 1 == 1;
        let (is_last, kind) = (self.is_last, (header >> 1) as u8);
        self.bits.pass(3, watch, Item::Block { is_last, kind });
        if let State::StoredLength = self.state {
            let padding = self.bits.count() % 8;
            self.bits.pass(padding, watch, Item::Padding);
        }
        Ok(())
    }

    fn stored_length<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Step {
        self.bits.need(32, input)?;
        let both = self.bits.peek() as u32;
        // RFC 1951 §3.2.4: "NLEN is the one's complement of LEN"
        let (length, complement) = (both as u16, (both >> 16) as u16);
        if length != !complement {
            return Err(Rule::StoredLengthWrong.into());
        }
        self.bits.pass(32, watch, Item::StoredLength(length));
        self.state = State::Stored(length.into());
        Ok(())
    }

    fn block_ends(&mut self) {
        self.state = match self.is_last {
            true => State::Done,
            false => State::BlockBegins,
        };
    }

    /// Symbols to the end of the block, of the input or of the room: many at a time, and the last ones one by one.
    fn symbols<W: Watch>(&mut self, input: &mut &[u8], watch: &mut W) -> Step {
        while matches!(self.state, State::Symbols) {
            if !W::WATCHES && fast_loop::can_run(&self.history, input) {
                if fast_loop::run(&self.codes, &mut self.bits, &mut self.history, input)? {
                    self.block_ends();
                }
                continue;
            }
            if self.history.is_full() {
                return Err(Stop::Output);
            }
            let symbol = next(&mut self.bits, &self.codes.literals, input)?;
            let item = if symbol.entry & LITERAL != 0 {
                self.history.push(symbol.value as u8);
                Item::Literal(symbol.value as u8)
            } else if symbol.entry & END != 0 {
                self.block_ends();
                Item::End
            } else {
                self.state = State::Distance(symbol.value);
                Item::Length(symbol.value)
            };
            self.bits.pass(symbol.bits, watch, item);
        }
        Ok(())
    }

    fn distance<W: Watch>(&mut self, length: usize, input: &mut &[u8], watch: &mut W) -> Step {
        let symbol = next(&mut self.bits, &self.codes.distances, input)?;
        if !self.history.reaches(symbol.value) {
            return Err(Rule::DistanceTooFar.into());
        }
        self.bits
            .pass(symbol.bits, watch, Item::Distance(symbol.value));
        self.state = State::Copy(length, symbol.value);
        Ok(())
    }

    fn copy<W: Watch>(&mut self, length: usize, distance: usize, watch: &mut W) -> Step {
        let copied = self.history.repeat(distance, length);
        watch.passed(0, 0, Item::Copied(copied));
        let left = length - copied.len();
        if left > 0 {
            self.state = State::Copy(left, distance);
            return Err(Stop::Output);
        }
        self.state = State::Symbols;
        Ok(())
    }
}
