//! Inflate: the content of a compressed stream, in pieces as large as the caller allows.
//!
//! # The states
//!
//! ```text
//!  BlockBegins ─┬─ 0 ─▶ StoredLength ─▶ Stored ───────────────────────┐
//!       ▲       ├─ 1 ─────────────────────────────────▶ Symbols ──────┤ end of the block
//!       │       └─ 2 ─▶ Counts ─▶ CodeLengthCodes ─▶ Codes ─▶ Symbols ┤
//!       └───────────────────── not the last ──────────────────────────┤
//!                                                             Done ◀──┘
//! ```
//!
//! # The rules
//!
//! - The input may end at any byte and the output may be full at any byte: then the state stays as it is, and the same
//!   call goes on later.
//! - In the middle of both, [`symbols_fast`](Inflate::symbols_fast) decodes without asking for either: it stops where
//!   one more symbol might need more input or more room than there is. What is left is for `symbols`, one at a time.

use super::bits::BitReader;
use super::decode_table::{
    Alphabet, DecodeTable, END, Entry, LITERAL, SECOND_TABLE, SPECIAL, all_bits, broken_rule,
    code_bits, value,
};
use super::error::{Error, Rule};
use super::history::{History, repeat};
use super::symbols::{
    CODE_LENGTH_ORDER, CODE_LENGTHS, DISTANCES, END_OF_BLOCK, FIXED_DISTANCES, LITERALS, LONGEST,
    fixed_literals,
};

/// The most code lengths that a block declares.
const ALL_LENGTHS: usize = LITERALS + DISTANCES;
/// The most bytes of input that a symbol of the fast loop looks at.
const FAST_INPUT: usize = 16;

/// Decompresses a stream of RFC 1951.
///
/// Input may come in any pieces, and output is made in pieces as large as the caller allows: a small input that stands
/// for gigabytes makes no more than that.
///
/// ```
/// use barewire::deflate::{Inflate, Progress};
///
/// let stream = [0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x27, 0x00]; // "hello hello hello hello"
/// let (mut inflate, mut out) = (Inflate::new(15), Vec::new());
/// assert_eq!(inflate.inflate(&stream, &mut out, 10)?, Progress { consumed: 8, more: true });
/// assert_eq!(out, b"hello hell");
/// assert_eq!(inflate.inflate(&stream[8..], &mut out, 100)?, Progress { consumed: 2, more: false });
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
    Stored {
        left: usize,
    },
    Counts,
    CodeLengthCodes {
        have: usize,
    },
    Codes {
        have: usize,
    },
    Symbols,
    /// A length has been read, its distance has not.
    Distance {
        length: usize,
    },
    Copy {
        length: usize,
        distance: usize,
    },
    Done,
}

/// The codes of the block.
#[derive(Clone, Debug)]
struct Codes {
    literals: DecodeTable<10, 1334>,
    distances: DecodeTable<8, 402>,
    code_lengths: DecodeTable<7, 128>,
    /// How many codes are declared: for literals and lengths, for distances, and for code lengths.
    counts: [usize; 3],
    lengths: [u8; ALL_LENGTHS],
    /// Whether the tables are those of a block with fixed codes.
    are_fixed: bool,
}

/// Why a step did not finish.
enum Stop {
    Input,
    Output,
    Broken(Rule),
}

impl From<Rule> for Stop {
    fn from(rule: Rule) -> Stop {
        Stop::Broken(rule)
    }
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
            codes: Box::new(Codes {
                literals: DecodeTable::empty(),
                distances: DecodeTable::empty(),
                code_lengths: DecodeTable::empty(),
                counts: [0; 3],
                lengths: [0; ALL_LENGTHS],
                are_fixed: false,
            }),
            before: 0,
        }
    }

    /// Whether the last block has ended, and all of it was output. What comes behind it is not this stream's.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done) && !self.history.has_pending()
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
        let (mut rest, mut room) = (input, most);
        let stop = loop {
            room -= self.history.hand_over(out, room);
            if room == 0 {
                break Stop::Output;
            }
            self.history.make_room(room);
            match self.step(&mut rest) {
                Ok(()) if matches!(self.state, State::Done) && !self.history.has_pending() => {
                    break Stop::Input;
                }
                Ok(()) | Err(Stop::Output) => {}
                Err(Stop::Input) if self.history.has_pending() => {}
                Err(stop) => break stop,
            }
        };
        let consumed = input.len() - rest.len();
        if let Stop::Broken(rule) = stop {
            let error = Error::new(rule, input, consumed.saturating_sub(1));
            return Err(error);
        }
        self.before += consumed as u64;
        Ok(Progress {
            consumed,
            more: matches!(stop, Stop::Output),
        })
    }
}

impl Inflate {
    /// Goes on in the state, to its end or to that of the input or the output.
    fn step(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        match self.state {
            State::BlockBegins => self.block_begins(input),
            State::StoredLength => self.stored_length(input),
            State::Stored { left } => self.stored(left, input),
            State::Counts => self.counts(input),
            State::CodeLengthCodes { have } => self.code_length_codes(have, input),
            State::Codes { have } => self.codes(have, input),
            State::Symbols => self.symbols(input),
            State::Distance { length } => self.distance(length, input),
            State::Copy { length, distance } => self.copy(length, distance),
            State::Done => Ok(()),
        }
    }

    fn block_begins(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let header = self.bits.take(3, input).ok_or(Stop::Input)?;
        self.is_last = header & 1 == 1;
        self.state = match header >> 1 {
            0 => {
                self.bits.align();
                State::StoredLength
            }
            1 => {
                self.codes.make_fixed()?;
                State::Symbols
            }
            2 => State::Counts,
            _ => return Err(Rule::BlockTypeReserved.into()),
        };
        Ok(())
    }

    fn stored_length(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let both = self.bits.take(32, input).ok_or(Stop::Input)?;
        // RFC 1951 §3.2.4: "NLEN is the one's complement of LEN"
        let (length, complement) = (both & 0xffff, both >> 16);
        if length != !complement & 0xffff {
            return Err(Rule::StoredLengthWrong.into());
        }
        self.state = State::Stored { left: length };
        Ok(())
    }

    fn stored(&mut self, left: usize, input: &mut &[u8]) -> Result<(), Stop> {
        let n = self.history.append(&input[..left.min(input.len())]);
        *input = &input[n..];
        self.state = State::Stored { left: left - n };
        match left - n {
            0 => self.block_ends(),
            _ if self.history.is_full() => Err(Stop::Output),
            _ => Err(Stop::Input),
        }
    }

    fn block_ends(&mut self) -> Result<(), Stop> {
        self.state = match self.is_last {
            true => State::Done,
            false => State::BlockBegins,
        };
        Ok(())
    }

    fn counts(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        let counts = self.bits.take(14, input).ok_or(Stop::Input)?;
        // RFC 1951 §3.2.7: "5 Bits: HLIT, # of Literal/Length codes - 257 (257 - 286)
        //                   5 Bits: HDIST, # of Distance codes - 1        (1 - 32)
        //                   4 Bits: HCLEN, # of Code Length codes - 4     (4 - 19)"
        let [literals, distances, code_lengths] = [
            (counts & 31) + 257,
            (counts >> 5 & 31) + 1,
            (counts >> 10) + 4,
        ];
        if literals > LITERALS || distances > DISTANCES {
            return Err(Rule::TooManyCodes.into());
        }
        self.codes.counts = [literals, distances, code_lengths];
        self.codes.lengths[..CODE_LENGTHS].fill(0);
        self.codes.are_fixed = false;
        self.state = State::CodeLengthCodes { have: 0 };
        Ok(())
    }

    fn code_length_codes(&mut self, have: usize, input: &mut &[u8]) -> Result<(), Stop> {
        let codes = &mut *self.codes;
        for at in have..codes.counts[2] {
            let Some(length) = self.bits.take(3, input) else {
                self.state = State::CodeLengthCodes { have: at };
                return Err(Stop::Input);
            };
            codes.lengths[usize::from(CODE_LENGTH_ORDER[at])] = length as u8;
        }
        codes
            .code_lengths
            .build(&codes.lengths[..CODE_LENGTHS], Alphabet::CodeLengths)?;
        self.state = State::Codes { have: 0 };
        Ok(())
    }

    fn codes(&mut self, mut have: usize, input: &mut &[u8]) -> Result<(), Stop> {
        let codes = &mut *self.codes;
        let [literals, distances, _] = codes.counts;
        let all = literals + distances;
        while have < all {
            self.state = State::Codes { have };
            let symbol = next(&mut self.bits, &codes.code_lengths, input)?;
            // RFC 1951 §3.2.7: "16: Copy the previous code length 3 - 6 times. […] 17: Repeat a code length of 0 for 3 - 10
            // times. […] 18: Repeat a code length of 0 for 11 - 138 times"
            let (extra, least) = match symbol.value {
                length @ 0..16 => {
                    self.bits.skip(symbol.bits);
                    codes.lengths[have] = length as u8;
                    have += 1;
                    continue;
                }
                16 => (2, 3),
                17 => (3, 3),
                _ => (7, 11),
            };
            if !self.bits.need(symbol.bits + extra, input) {
                return Err(Stop::Input);
            }
            self.bits.skip(symbol.bits);
            let repeats = least + self.bits.take(extra, input).ok_or(Stop::Input)?;
            let length = match (symbol.value, have) {
                (16, 0) => return Err(Rule::RepeatOfNothing.into()),
                (16, have) => codes.lengths[have - 1],
                _ => 0,
            };
            if repeats > all - have {
                return Err(Rule::RepeatTooLong.into());
            }
            codes.lengths[have..have + repeats].fill(length);
            have += repeats;
        }
        if codes.lengths[END_OF_BLOCK] == 0 {
            return Err(Rule::EndOfBlockMissing.into());
        }
        codes
            .literals
            .build(&codes.lengths[..literals], Alphabet::Literals)?;
        codes
            .distances
            .build(&codes.lengths[literals..all], Alphabet::Distances)?;
        self.state = State::Symbols;
        Ok(())
    }

    /// Symbols to the end of the block, of the input or of the room: many at a time, and the last ones one by one.
    fn symbols(&mut self, input: &mut &[u8]) -> Result<(), Stop> {
        while matches!(self.state, State::Symbols) {
            if input.len() >= FAST_INPUT && self.history.limit - self.history.end >= LONGEST {
                self.symbols_fast(input)?;
                continue;
            }
            if self.history.is_full() {
                return Err(Stop::Output);
            }
            let symbol = next(&mut self.bits, &self.codes.literals, input)?;
            self.bits.skip(symbol.bits);
            if symbol.entry & LITERAL != 0 {
                self.history.push(symbol.value as u8);
            } else if symbol.entry & END != 0 {
                self.block_ends()?;
            } else {
                self.state = State::Distance {
                    length: symbol.value,
                };
            }
        }
        Ok(())
    }

    fn distance(&mut self, length: usize, input: &mut &[u8]) -> Result<(), Stop> {
        let symbol = next(&mut self.bits, &self.codes.distances, input)?;
        self.bits.skip(symbol.bits);
        if !self.history.reaches(symbol.value) {
            return Err(Rule::DistanceTooFar.into());
        }
        self.state = State::Copy {
            length,
            distance: symbol.value,
        };
        Ok(())
    }

    fn copy(&mut self, length: usize, distance: usize) -> Result<(), Stop> {
        let left = length - self.history.repeat(distance, length);
        self.state = State::Copy {
            length: left,
            distance,
        };
        if left > 0 {
            return Err(Stop::Output);
        }
        self.state = State::Symbols;
        Ok(())
    }
}

/// A symbol that is here in whole, its extra bits included.
struct Symbol {
    entry: Entry,
    /// A byte, a length, a distance.
    value: usize,
    /// How many bits it has.
    bits: u32,
}

/// The next symbol. Its bits stay.
fn next<const BITS: u32, const SIZE: usize>(
    bits: &mut BitReader,
    table: &DecodeTable<BITS, SIZE>,
    input: &mut &[u8],
) -> Result<Symbol, Stop> {
    loop {
        let here = bits.peek();
        let (mut entry, mut before) = (table.first(here), 0);
        if entry & SECOND_TABLE != 0 && bits.count() >= BITS {
            before = BITS;
            entry = table.second(entry, here);
        }
        let all = before + all_bits(entry);
        if entry & SECOND_TABLE == 0 && all <= bits.count() {
            if entry & (SPECIAL | END) == SPECIAL {
                return Err(broken_rule(entry).into());
            }
            let value = with_extra(entry, here >> before);
            return Ok(Symbol {
                entry,
                value,
                bits: all,
            });
        }
        if !bits.need(bits.count() + 1, input) {
            return Err(Stop::Input);
        }
    }
}

/// The value of an entry: its base, and the extra bits behind its code.
#[inline(always)]
fn with_extra(entry: Entry, bits: u64) -> usize {
    let extra = (bits & !(u64::MAX << all_bits(entry))) >> code_bits(entry);
    value(entry) + extra as usize
}

impl Codes {
    fn make_fixed(&mut self) -> Result<(), Rule> {
        if !std::mem::replace(&mut self.are_fixed, true) {
            self.literals.build(&fixed_literals(), Alphabet::Literals)?;
            self.distances
                .build(&FIXED_DISTANCES, Alphabet::Distances)?;
        }
        Ok(())
    }
}

impl Inflate {
    /// Symbols as long as there are 16 bytes of input, and room for the longest copy.
    ///
    /// At least 56 bits are here after each refill: two literals and a length have at most 50, a distance 28.
    fn symbols_fast(&mut self, input: &mut &[u8]) -> Result<(), Rule> {
        let Codes {
            literals,
            distances,
            ..
        } = &*self.codes;
        let History {
            bytes: out,
            end: out_end,
            limit,
            window,
            ..
        } = &mut self.history;
        let (mut bits, mut count) = self.bits.parts();
        let (mut at, mut end) = (0, *out_end);
        let (last_at, last_end) = (input.len() - FAST_INPUT, *limit - LONGEST);
        let mut outcome = Ok(());
        while at <= last_at && end <= last_end {
            refill(input, &mut at, &mut bits, &mut count);
            let mut entry = literals.first(bits);
            if entry & LITERAL != 0 {
                out[end] = value(entry) as u8;
                end += 1;
                skip(&mut bits, &mut count, all_bits(entry));
                entry = literals.first(bits);
                if entry & LITERAL != 0 {
                    out[end] = value(entry) as u8;
                    end += 1;
                    skip(&mut bits, &mut count, all_bits(entry));
                    entry = literals.first(bits);
                }
            }
            if entry & SECOND_TABLE != 0 {
                let second = literals.second(entry, bits);
                skip(&mut bits, &mut count, code_bits(entry));
                entry = second;
            }
            let length = with_extra(entry, bits);
            skip(&mut bits, &mut count, all_bits(entry));
            if entry & LITERAL != 0 {
                out[end] = length as u8;
                end += 1;
                continue;
            }
            if entry & SPECIAL != 0 {
                match entry & END {
                    0 => outcome = Err(broken_rule(entry)),
                    _ => self.state = State::BlockBegins,
                }
                break;
            }

            refill(input, &mut at, &mut bits, &mut count);
            let mut entry = distances.first(bits);
            if entry & SECOND_TABLE != 0 {
                let second = distances.second(entry, bits);
                skip(&mut bits, &mut count, code_bits(entry));
                entry = second;
            }
            if entry & SPECIAL != 0 {
                outcome = Err(broken_rule(entry));
                break;
            }
            let distance = with_extra(entry, bits);
            skip(&mut bits, &mut count, all_bits(entry));
            if distance > end.min(*window) {
                outcome = Err(Rule::DistanceTooFar);
                break;
            }
            repeat(out, end, distance, length);
            end += length;
        }
        *out_end = end;
        // Whole bytes that are not used go back to the input.
        let back = at.min(count as usize / 8);
        *input = &input[at - back..];
        self.bits.set_parts(bits, count - 8 * back as u32);
        if matches!(self.state, State::BlockBegins) && self.is_last {
            self.state = State::Done;
        }
        outcome
    }
}

/// Fills up the bits from 8 bytes of the input: at least 56 are here then.
#[inline(always)]
fn refill(input: &[u8], at: &mut usize, bits: &mut u64, count: &mut u32) {
    let next: [u8; 8] = input[*at..*at + 8].try_into().expect("8 bytes");
    *bits |= u64::from_le_bytes(next) << *count;
    *at += (63 - *count as usize) >> 3;
    *count |= 56;
}

#[inline(always)]
fn skip(bits: &mut u64, count: &mut u32, n: u32) {
    *bits >>= n;
    *count -= n;
}
