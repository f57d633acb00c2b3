//! Fields to be sent: a list that is its own encoding.
//!
//! The responses of a connection resemble each other. So a list that was cleared still knows its lines. One that is
//! appended again, as it was and where it was, is compared, and neither checked nor copied:
//!
//! ```text
//!   bytes    Content-Type: text/html␍␊Server: barewire␍␊
//!            ╰─────── appended again ────────╯╰─ as it was before ─╯
//!                                          end
//! ```

use super::fields::{FieldLines, Fields, Index, Known, Line, name_bytes, value_of};
use crate::http::wire::{Misuse, grammar};
use std::fmt;

/// How many bytes end a line.
const CRLF: u32 = 2;
/// The first memory of a list: most have room in it, and growing up to it would leave as much behind in the allocator.
/// glibc leaves a piece of this size to every thread that begins (the set of processors of `pthread_getattr_np`).
const FIRST_BYTES: usize = 144;

/// Fields to be sent. A field that must not be sent cannot be added: a name is a token, a value holds no
/// control character and no whitespace at its ends.
///
/// The list *is* its encoding, so sending it is one copy.
///
/// ```
/// use barewire::http::wire::FieldList;
///
/// let mut fields = FieldList::new();
/// fields.set("Content-Type", "text/html")?;
/// fields.set("content-type", "text/plain")?; // replaces
/// fields.append("Set-Cookie", "foo=bar")?;
/// fields.append("Set-Cookie", "bar=baz")?;
/// assert!(fields.append("X", "a\r\nSet-Cookie: stolen").is_err());
///
/// let mut out = Vec::new();
/// fields.encode(&mut out);
/// assert_eq!(out, b"content-type: text/plain\r\nSet-Cookie: foo=bar\r\nSet-Cookie: bar=baz\r\n");
/// # Ok::<(), barewire::http::wire::Misuse>(())
/// ```
#[derive(Clone, Default)]
pub struct FieldList {
    /// The encoding, and behind it that of the other lines which the index has. Those were here before the list was
    /// cleared, and all that were appended since are the same.
    bytes: Vec<u8>,
    /// Where the encoding ends.
    end: u32,
    index: Index,
}

impl FieldList {
    /// An empty list.
    pub const fn new() -> FieldList {
        FieldList {
            bytes: Vec::new(),
            end: 0,
            index: Index::new(),
        }
    }

    /// Adds a line after the others, even if there is one with this name.
    ///
    /// # Errors
    /// [`Misuse::FieldName`] or [`Misuse::FieldValue`] for bytes that must not be sent.
    #[inline(always)]
    pub fn append(
        &mut self,
        name: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
    ) -> Result<(), Misuse> {
        let (name, value) = (name.as_ref(), value.as_ref());
        match self.repeat(name, value) {
            true => Ok(()),
            false => self.append_other(name, value),
        }
    }

    /// Appends a line that did not stand here before.
    #[inline(never)]
    fn append_other(&mut self, name: &[u8], value: &[u8]) -> Result<(), Misuse> {
        check_field(name, value)?;
        self.push(name, value);
        Ok(())
    }

    /// Appends this line if it stood here before the list was cleared. Returns whether it did.
    #[inline(always)]
    fn repeat(&mut self, name: &[u8], value: &[u8]) -> bool {
        let Some(line) = self.index.before() else {
            return false;
        };
        let is_same = name_bytes(&self.bytes, line) == name && value_of(&self.bytes, line) == value;
        if is_same {
            self.end = line.value_end + CRLF;
            self.index.repeat(line.known);
        }
        is_same
    }

    /// Drops what was here before: another line is about to come, or one to go.
    fn forget(&mut self) {
        self.bytes.truncate(self.end as usize);
        self.index.forget();
    }

    /// Removes all lines of this name and adds one.
    ///
    /// # Errors
    /// As [`append`](Self::append); the list is then unchanged.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(), Misuse> {
        let (name, value) = (name.as_ref(), value.as_ref());
        check_field(name, value)?;
        self.remove(name);
        self.push(name, value);
        Ok(())
    }

    #[inline(always)]
    fn push(&mut self, name: &[u8], value: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.reserve();
        }
        self.forget();
        let at = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(b": ");
        self.bytes.extend_from_slice(value);
        let line = Line {
            name_at: at as u32,
            name_end: (at + name.len()) as u32,
            value_at: (at + name.len() + 2) as u32,
            value_end: self.bytes.len() as u32,
            known: Known::of(name),
        };
        self.bytes.extend_from_slice(b"\r\n");
        self.end = line.value_end + CRLF;
        self.index.push(line);
    }

    #[cold]
    fn reserve(&mut self) {
        self.bytes.reserve(FIRST_BYTES);
        self.index.reserve();
    }

    /// Removes all lines of this name. Returns whether there was one.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> bool {
        self.remove_among(self.index.len(), name.as_ref()) > 0
    }

    /// Removes the lines of this name among the first `first` lines. Returns how many there were.
    #[inline]
    pub(crate) fn remove_among(&mut self, first: usize, name: &[u8]) -> usize {
        match first {
            0 => 0,
            _ => self.remove_some(first, name),
        }
    }

    fn remove_some(&mut self, first: usize, name: &[u8]) -> usize {
        let before = self.index.len();
        for at in (0..first.min(before)).rev() {
            let spelt = name_bytes(&self.bytes, &self.index.lines()[at]);
            if spelt.eq_ignore_ascii_case(name) {
                self.cut(at);
            }
        }
        before - self.index.len()
    }

    fn cut(&mut self, at: usize) {
        self.forget();
        let line = self.index.remove(at);
        let end = line.value_end + CRLF;
        self.bytes.drain(line.name_at as usize..end as usize);
        let gone = end - line.name_at;
        for later in &mut self.index.lines_mut()[at..] {
            later.name_at -= gone;
            later.name_end -= gone;
            later.value_at -= gone;
            later.value_end -= gone;
        }
        self.end -= gone;
    }

    /// Keeps the first `lines` lines.
    pub(crate) fn truncate(&mut self, lines: usize) {
        while self.index.len() > lines {
            self.cut(self.index.len() - 1);
        }
    }

    /// Removes every line and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.end = 0;
        self.index.clear();
    }

    /// A view of the lines.
    pub fn view(&self) -> Fields<'_> {
        self.index.over(&self.bytes)
    }

    /// Whether no line has one of the [`Known`] names.
    #[inline(always)]
    pub(in crate::http::wire) fn has_no_known(&self) -> bool {
        self.index.has_no_known()
    }

    /// Appends the field lines, each with its CRLF, without the empty line that ends a section.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[..self.end as usize]);
    }
}

impl<'a> IntoIterator for &'a FieldList {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = FieldLines<'a>;

    fn into_iter(self) -> FieldLines<'a> {
        self.view().iter()
    }
}

impl fmt::Debug for FieldList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

#[inline(always)]
fn check_field(name: &[u8], value: &[u8]) -> Result<(), Misuse> {
    if !grammar::is_field_name(name) {
        return Err(Misuse::FieldName);
    }
    // RFC 9110 §5.5: "Field values containing CR, LF, or NUL characters are invalid and dangerous"
    if !grammar::is_field_value(value) {
        return Err(Misuse::FieldValue);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remove_keeps_the_order_and_spelling_of_the_rest() {
        let mut fields = FieldList::new();
        for (name, value) in [("A", "1"), ("b", "2"), ("a", "3"), ("C", "")] {
            fields.append(name, value).unwrap();
        }
        assert!(fields.remove("A") && !fields.remove("A"));
        let mut out = Vec::new();
        fields.encode(&mut out);
        assert_eq!(out, b"b: 2\r\nC: \r\n");
        assert_eq!(fields.view().get("c"), Some(&b""[..]));
    }

    #[test]
    fn bad_bytes_cannot_be_put_in() {
        let mut fields = FieldList::new();
        for name in ["", "a b", "a:", "ä", "a\n"] {
            assert_eq!(fields.append(name, "x"), Err(Misuse::FieldName), "{name:?}");
        }
        for value in ["a\r\nb", "a\0", "a\nb", " a", "a\t", "\x7f"] {
            assert_eq!(
                fields.append("X", value),
                Err(Misuse::FieldValue),
                "{value:?}"
            );
        }
        assert!(fields.append("X", "a\tb \u{e4}").is_ok() && fields.append("Y", "").is_ok());
    }

    /// A list and what it should be, and all that can be done next with both, `depth` times.
    fn try_all(list: &FieldList, lines: &[(&'static str, &'static str)], depth: u32) {
        let mut encoded = Vec::new();
        list.encode(&mut encoded);
        let mut expected = FieldList::new();
        for (name, value) in lines {
            expected.push(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(encoded, expected.bytes);
        assert_eq!(list.end, expected.end);
        let mut index = list.index.clone();
        index.forget();
        assert_eq!(format!("{index:?}"), format!("{:?}", expected.index));
        if depth == 0 {
            return;
        }
        let next = |change: &dyn Fn(&mut FieldList), lines: &[(&'static str, &'static str)]| {
            let mut list = list.clone();
            change(&mut list);
            try_all(&list, lines, depth - 1);
        };
        for (name, value) in [("A", "1"), ("a", "12"), ("Date", "1"), ("Date", "")] {
            let line = &[(name, value)][..];
            let append = |list: &mut FieldList| list.append(name, value).unwrap();
            next(&append, &[lines, line].concat());
        }
        let is_other = |line: &&(&str, &str)| !line.0.eq_ignore_ascii_case("a");
        let without: Vec<_> = lines.iter().filter(is_other).copied().collect();
        next(
            &|list| assert_eq!(list.remove("a"), without.len() < lines.len()),
            &without,
        );
        next(&|list| list.truncate(1), &lines[..lines.len().min(1)]);
        let refused = |list: &mut FieldList| assert!(list.append("A", "\n").is_err());
        next(&refused, lines);
        let set = |list: &mut FieldList| list.set("A", "1").unwrap();
        next(&set, &[&without, &[("A", "1")][..]].concat());
        next(&FieldList::clear, &[]);
    }

    #[test]
    fn whatever_a_list_was_before_it_was_cleared_does_not_show() {
        try_all(&FieldList::new(), &[], 6);
    }
}
