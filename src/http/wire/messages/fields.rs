//! Fields: the lines between the start line and the body, and after a chunked body.
//!
//! ```text
//!   Host: example.com\r\n          name ":" OWS value OWS CRLF
//!   │   │ │          │
//!   name  value_at   value_end     a line is four offsets into the bytes that hold it
//! ```
//!
//! [`Fields`] is a view of lines wherever their bytes are: a received head in the read buffer, or a
//! [`FieldList`](super::FieldList) that will be sent. Nothing is copied, joined or respelled: order,
//! spelling and repeats stay as they were sent. A value is bytes, because it may hold obs-text
//! (RFC 9110 §5.5).

use crate::http::wire::grammar;
use std::fmt;
use std::ops::Range;

macro_rules! known {
    ($($Known:ident $length:literal $name:literal;)+) => {
        /// The field names that have a meaning for the protocol itself. A name is recognised once, when
        /// its line is decoded or appended, so "is there a `Content-Length`?" is one AND.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Known { Other, $($Known),+ }

        /// The names in lower case.
        const NAMES: &[(&[u8], Known)] = &[$(($name, Known::$Known)),+];

        impl Known {
            #[inline(never)]
            fn by_spelling(name: &[u8]) -> Known {
                match name.len() {
                    $($length if grammar::is_word(name, $name) => Known::$Known,)+
                    _ => Known::Other,
                }
            }
        }
    };
}

known! {
    Connection 10 b"connection";
    ContentLength 14 b"content-length";
    Date 4 b"date";
    Expect 6 b"expect";
    Host 4 b"host";
    KeepAlive 10 b"keep-alive";
    TransferEncoding 17 b"transfer-encoding";
    Upgrade 7 b"upgrade";
}

/// For each first letter: one bit for each length that a known name has.
static LENGTHS: [u32; 32] = {
    let (mut lengths, mut at) = ([0; 32], 0);
    while at < NAMES.len() {
        let name = NAMES[at].0;
        lengths[(name[0] & 31) as usize] |= 1 << name.len();
        at += 1;
    }
    lengths
};

impl Known {
    /// Which of them `name` is, in any case (RFC 9110 §5.1).
    #[inline(always)]
    pub fn of(name: &[u8]) -> Known {
        // Most names are none of them; the first letter and the length usually show it. A length above 31 may count
        // as a lower one here.
        let lengths = name
            .first()
            .map_or(0, |first| LENGTHS[usize::from(first & 31)]);
        match lengths.wrapping_shr(name.len() as u32) & 1 {
            0 => Known::Other,
            _ => Known::by_spelling(name),
        }
    }

    #[inline(always)]
    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// Some of the known names.
#[derive(Clone, Copy)]
pub(in crate::http::wire) struct KnownSet(u16);

impl KnownSet {
    pub(super) const fn of(names: &[Known]) -> KnownSet {
        let (mut bits, mut at) = (0, 0);
        while at < names.len() {
            bits |= names[at].bit();
            at += 1;
        }
        KnownSet(bits)
    }
}

/// One field line as offsets into the bytes that hold it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) name_at: u32,
    pub(super) name_end: u32,
    pub(super) value_at: u32,
    pub(super) value_end: u32,
    pub(super) known: Known,
}

/// Where the lines are, and which known names they have. An index that was cleared keeps its lines: those that come
/// are written over them, or compared with them.
#[derive(Clone, Debug)]
pub(super) struct Index {
    /// The first `count` are the lines; those behind were here before.
    all: Vec<Line>,
    count: u32,
    seen: u16,
    repeated: u16,
}

impl Default for Index {
    fn default() -> Index {
        Index::new()
    }
}

impl Index {
    pub(super) const fn new() -> Index {
        Index {
            all: Vec::new(),
            count: 0,
            seen: 0,
            repeated: 0,
        }
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.count = 0;
        (self.seen, self.repeated) = (0, 0);
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    #[inline(always)]
    pub(super) fn lines(&self) -> &[Line] {
        &self.all[..self.len()]
    }

    pub(super) fn lines_mut(&mut self) -> &mut [Line] {
        &mut self.all[..self.count as usize]
    }

    #[inline(always)]
    pub(super) fn push(&mut self, line: Line) {
        self.note(line.known);
        match self.all.get_mut(self.count as usize) {
            Some(before) => *before = line,
            None => self.all.push(line),
        }
        self.count += 1;
    }

    /// The line that was where the next one will be.
    #[inline(always)]
    pub(super) fn before(&self) -> Option<&Line> {
        self.all.get(self.len())
    }

    /// The next line is the one that was there [before](Self::before), whose name is `known`.
    #[inline(always)]
    pub(super) fn repeat(&mut self, known: Known) {
        self.note(known);
        self.count += 1;
    }

    /// Drops the lines that were here before.
    #[inline(always)]
    pub(super) fn forget(&mut self) {
        self.all.truncate(self.count as usize);
    }

    /// Removes one of the lines, when no others are left.
    pub(super) fn remove(&mut self, at: usize) -> Line {
        let line = self.all.remove(at);
        self.clear();
        for at in 0..self.all.len() {
            self.repeat(self.all[at].known);
        }
        line
    }

    /// Memory for the first lines: many lists have no more. glibc leaves two pieces of this size to every thread that
    /// begins, and growing later leaves no larger one behind.
    pub(super) fn reserve(&mut self) {
        self.all.reserve_exact(2);
    }

    #[inline(always)]
    fn note(&mut self, known: Known) {
        if known != Known::Other {
            self.repeated |= self.seen & known.bit();
            self.seen |= known.bit();
        }
    }

    #[inline(always)]
    pub(super) fn has_no_known(&self) -> bool {
        self.seen == 0
    }

    /// The lines that can have this name: none, or all.
    #[inline(always)]
    fn candidates(&self, known: Known) -> &[Line] {
        match self.seen & known.bit() {
            0 => &[],
            _ => self.lines(),
        }
    }

    #[inline(always)]
    pub(super) fn over<'a>(&'a self, bytes: &'a [u8]) -> Fields<'a> {
        Fields { bytes, index: self }
    }
}

/// A view of field lines, in their order and spelling on the wire.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    index: &'a Index,
}

impl<'a> Fields<'a> {
    /// No fields at all.
    pub const EMPTY: Fields<'static> = Fields {
        bytes: &[],
        index: const { &Index::new() },
    };

    /// How many field lines there are; repeats count.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.len() == 0
    }

    /// Name and value of every line, in order.
    pub fn iter(&self) -> FieldLines<'a> {
        FieldLines {
            bytes: self.bytes,
            lines: self.index.lines().iter(),
        }
    }

    /// Where name and value of every line lie, in order, in the bytes that hold them. A value that was folded
    /// is shorter than its lines are.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<'a> {
        self.index.lines().iter().map(|line| {
            let name = line.name_at as usize..line.name_end as usize;
            (name, line.value_at as usize..line.value_end as usize)
        })
    }

    /// The value of the first line of this name; names are case-insensitive (RFC 9110 §5.1).
    ///
    /// ```
    /// # use barewire::http::wire::FieldList;
    /// let mut fields = FieldList::new();
    /// fields.append("Accept", "text/html").unwrap();
    /// assert_eq!(fields.view().get("ACCEPT"), Some(&b"text/html"[..]));
    /// ```
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.get_all(name).next()
    }

    /// [`get`](Self::get), where the value is UTF-8 (most are ASCII).
    pub fn get_str(&self, name: &str) -> Option<&'a str> {
        self.get(name)
            .and_then(|value| std::str::from_utf8(value).ok())
    }

    /// The values of all lines of this name, in order.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let name = name.as_bytes();
        let Fields { bytes, index } = *self;
        index
            .lines()
            .iter()
            .filter(move |line| {
                let range = line.name_at as usize..line.name_end as usize;
                range.len() == name.len() && bytes[range].eq_ignore_ascii_case(name)
            })
            .map(move |line| value_of(bytes, line))
    }

    /// Whether there is a line of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get_all(name).next().is_some()
    }

    /// Whether there is a line of a known name: one AND.
    #[inline(always)]
    pub fn has(&self, known: Known) -> bool {
        self.index.seen & known.bit() != 0
    }

    /// Whether there is a line of one of these names: one AND.
    #[inline(always)]
    pub(in crate::http::wire) fn has_any(&self, names: KnownSet) -> bool {
        self.index.seen & names.0 != 0
    }

    /// The value of the first line of a known name that nearly every head has.
    #[inline(always)]
    pub(super) fn first(&self, known: Known) -> Option<&'a [u8]> {
        let mut lines = self.index.lines().iter();
        let line = lines.find(|line| line.known == known)?;
        Some(value_of(self.bytes, line))
    }

    /// Whether there are several lines of a known name.
    #[inline(always)]
    pub(super) fn is_repeated(&self, known: Known) -> bool {
        self.index.repeated & known.bit() != 0
    }

    /// The values of all lines of a known name, in order.
    #[inline(always)]
    pub fn known(&self, known: Known) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Fields { bytes, index } = *self;
        index
            .candidates(known)
            .iter()
            .filter(move |line| line.known == known)
            .map(move |line| value_of(bytes, line))
    }

    /// The values of all lines of this name as one; `None` if there is none.
    // RFC 9110 §5.3: "A recipient MAY combine multiple field lines within a field section that have
    // the same field name into one field line"
    pub(in crate::http) fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.get_all(name).collect();
        (!values.is_empty()).then(|| values.join(&b", "[..]))
    }

    /// The elements of the comma-separated lists in all lines of this name (RFC 9110 §5.6.1).
    pub fn list<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.get_all(name).flat_map(grammar::list)
    }
}

/// Name and value of every line.
///
/// ```
/// # use barewire::http::wire::FieldList;
/// # let mut fields = FieldList::new();
/// # fields.append("Accept", "text/html").unwrap();
/// for (name, value) in fields.view() {
///     println!("{name}: {}", String::from_utf8_lossy(value));
/// }
/// ```
impl<'a> IntoIterator for Fields<'a> {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = FieldLines<'a>;

    fn into_iter(self) -> FieldLines<'a> {
        self.iter()
    }
}

/// What goes through [`Fields`].
#[derive(Clone)]
pub struct FieldLines<'a> {
    bytes: &'a [u8],
    lines: std::slice::Iter<'a, Line>,
}

impl<'a> Iterator for FieldLines<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some((name_of(self.bytes, line), value_of(self.bytes, line)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.lines.size_hint()
    }
}

impl fmt::Debug for FieldLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldLines").finish_non_exhaustive()
    }
}

#[inline]
pub(super) fn name_of<'a>(bytes: &'a [u8], line: &Line) -> &'a str {
    // A name is a token, and a token is ASCII: the default is never used.
    std::str::from_utf8(name_bytes(bytes, line)).unwrap_or_default()
}

#[inline]
pub(super) fn name_bytes<'a>(bytes: &'a [u8], line: &Line) -> &'a [u8] {
    &bytes[line.name_at as usize..line.name_end as usize]
}

#[inline]
pub(super) fn value_of<'a>(bytes: &'a [u8], line: &Line) -> &'a [u8] {
    &bytes[line.value_at as usize..line.value_end as usize]
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &[u8]| value.escape_ascii().to_string();
        f.debug_list()
            .entries(self.iter().map(|(name, value)| (name, shown(value))))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_in_any_case() {
        for &(name, known) in NAMES {
            assert_eq!(Known::of(name), known);
            assert_eq!(Known::of(&name.to_ascii_uppercase()), known);
        }
        for other in ["Content_Length", "Content-Lengt\u{17f}", "hos", ""] {
            assert_eq!(Known::of(other.as_bytes()), Known::Other, "{other}");
        }
    }
}
