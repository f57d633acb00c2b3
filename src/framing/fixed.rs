//! Messages in cells of one size.
//!
//! ```text
//!   Fixed<8>
//!   ┌────────────────────────┬────────────────────────┬──────────
//!   │ 48 45 4c 4c 4f 00 00 00│ 48 49 00 00 00 00 00 00│ …
//!   │  H  E  L  L  O  padding│  H  I  padding         │
//!   └────────────────────────┴────────────────────────┴──────────
//! ```
//!
//! Even this can go wrong in four ways, as the notes' code shows (E13): it assigns to a constant, takes a
//! short chunk for a whole cell, drops the end of a long one, and converts every byte to a string and back,
//! which changes bytes above 7f that are not UTF-8.

use super::carry::Carry;
use super::error::{Error, Misuse};
use super::message::{Decode, Encode, Framer, Part};

/// What the decoder does with the zeros after a message.
///
/// ```
/// use barewire::framing::{Decode, Fixed, Framer, Padding};
///
/// let cell = *b"HELLO\0\0\0";
/// for (padding, message) in [(Padding::Keep, &cell[..]), (Padding::Strip, b"HELLO")] {
///     let mut decoder = Fixed::<8>::new(padding).decoder();
///     assert_eq!(decoder.decode(&mut &cell[..])?, Some(message));
/// }
/// # Ok::<(), barewire::framing::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Returns the whole cell, zeros included: all bytes survive, the length does not.
    Keep,
    /// Removes the zeros at the end, so a message must not end in a zero byte itself.
    Strip,
}

/// Cells of `CELL` bytes, one for each message, the rest filled with zeros.
///
/// The size is part of the protocol, hence a constant; cells of 0 bytes do not compile:
///
/// ```compile_fail
/// barewire::framing::Fixed::<0>::new(barewire::framing::Padding::Keep);
/// ```
///
/// ```
/// use barewire::framing::{Encode, Fixed, Framer, Misuse, Padding};
///
/// let (mut encoder, mut wire) = (Fixed::<8>::new(Padding::Strip).encoder(), Vec::new());
/// encoder.encode(b"HELLO", &mut wire)?;
/// assert_eq!(wire, b"HELLO\0\0\0");
/// assert_eq!(encoder.encode(b"too long!", &mut wire), Err(Misuse::TooLong { length: 9, most: 8 }));
/// # Ok::<(), Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed<const CELL: usize> {
    padding: Padding,
}

impl<const CELL: usize> Fixed<CELL> {
    /// Cells whose padding the decoder keeps or strips.
    pub const fn new(padding: Padding) -> Fixed<CELL> {
        const { assert!(CELL > 0, "a cell has at least one byte") }
        Fixed { padding }
    }
}

impl<const CELL: usize> Framer for Fixed<CELL> {
    type Encoder = Fixed<CELL>;
    type Decoder = FixedDecoder<CELL>;

    fn encoder(&self) -> Fixed<CELL> {
        *self
    }

    fn decoder(&self) -> FixedDecoder<CELL> {
        FixedDecoder {
            padding: self.padding,
            carry: Carry::default(),
        }
    }

    fn parts(&self, length: usize) -> Vec<(Part, usize)> {
        let padding = CELL.saturating_sub(length);
        vec![(Part::Body, length), (Part::Padding, padding)]
    }
}

impl<const CELL: usize> Encode for Fixed<CELL> {
    fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        Misuse::check_length(message.len(), CELL)?;
        if self.padding == Padding::Strip && message.last() == Some(&0) {
            return Err(Misuse::EndsLikePadding);
        }
        out.extend_from_slice(message);
        out.resize(out.len() + CELL - message.len(), 0);
        Ok(())
    }
}

/// Finds the cells of one connection.
///
/// ```
/// use barewire::framing::{Decode, Error, Fixed, Framer, Padding};
///
/// let mut decoder = Fixed::<4>::new(Padding::Keep).decoder();
/// let mut chunk = &b"one.tw"[..];
/// assert_eq!(decoder.decode(&mut chunk)?, Some(&b"one."[..]));
/// assert_eq!(decoder.decode(&mut chunk)?, None);
/// assert_eq!(decoder.finish(), Err(Error::Unfinished { got: 2, of: Some(4) }));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedDecoder<const CELL: usize> {
    padding: Padding,
    carry: Carry,
}

impl<const CELL: usize> Decode for FixedDecoder<CELL> {
    type Message<'a> = &'a [u8];

    #[inline]
    fn decode<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<&'a [u8]>, Error> {
        self.carry.clear_returned();
        let padding = self.padding;
        if self.carry.is_empty()
            && let Some((cell, rest)) = input.split_at_checked(CELL)
        {
            *input = rest;
            return Ok(Some(content(cell, padding)));
        }
        let whole = self.carry.fill(CELL, input);
        Ok(whole.then(|| content(self.carry.complete(), padding)))
    }

    fn returned<'a>(&'a self, used: &'a [u8]) -> Option<&'a [u8]> {
        let cell = self.carry.returned(used)?;
        (cell.len() == CELL).then(|| content(cell, self.padding))
    }

    fn finish(&self) -> Result<(), Error> {
        Error::check_end(self.carry.bytes().len(), Some(CELL))
    }
}

fn content(cell: &[u8], padding: Padding) -> &[u8] {
    match padding {
        Padding::Keep => cell,
        Padding::Strip => {
            let last = cell.iter().rposition(|&byte| byte != 0);
            &cell[..last.map_or(0, |last| last + 1)]
        }
    }
}
