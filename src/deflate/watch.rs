//! What a decoder tells of: each item of the stream, with its bits.
//!
//! [`trace`](crate::trace) watches, so that it needs no decoder of its own. Who does not watch pays nothing: `()` hears
//! nothing, and the calls to it are compiled away.

/// An item of a compressed stream. The bits of all items lie one behind the other.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// The header of a block, and its type.
    Block {
        is_last: bool,
        kind: u8,
    },
    /// What is left of a byte, before the length of a stored block.
    Padding,
    StoredLength(u16),
    /// Some of the bytes of a stored block.
    Stored(&'a [u8]),
    /// How many codes are declared: for literals and lengths, for distances, and for code lengths.
    Counts([usize; 3]),
    /// A part of the declaration.
    CodeLength,
    /// All code lengths that were declared, by symbol; it has no bits.
    Codes {
        literals: &'a [u8],
        distances: &'a [u8],
    },
    Literal(u8),
    /// A distance follows.
    Length(usize),
    Distance(usize),
    /// Some of the bytes that such a copy makes; they have no bits.
    Copied(&'a [u8]),
    /// The end of a block.
    End,
    /// A field of a gzip member, which begins with a byte.
    Gzip(Field, &'a [u8]),
}

/// A field of the header or the trailer of a gzip member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Magic,
    Method,
    Flags,
    Time,
    ExtraFlags,
    System,
    ExtraLength,
    Extra,
    Name,
    Comment,
    HeaderCrc,
    Crc,
    Length,
}

/// Who sees the items.
pub(crate) trait Watch {
    /// Whether it sees every one: then nothing is decoded in the fast loop.
    const WATCHES: bool;

    /// The decoder has passed an item of this many bits. `sent`: the first 64 of them, the first one the lowest.
    fn passed(&mut self, bits: u64, sent: u64, item: Item<'_>);
}

impl Watch for () {
    const WATCHES: bool = false;

    #[inline(always)]
    fn passed(&mut self, _: u64, _: u64, _: Item<'_>) {}
}
