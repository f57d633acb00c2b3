//! Byte ranges: some parts of a representation instead of all of it (RFC 9110 §14).
//!
//! ```text
//!   Range: bytes=0-499                    the first 500 bytes, both ends included
//!   Range: bytes=9500-                    from there to the end
//!   Range: bytes=-500                     the last 500
//!   Range: bytes= 0-999, 4500-5499, -1000 three parts
//!
//!   Content-Range: bytes 0-499/10000      206: this part of 10000 bytes
//!   Content-Range: bytes */10000          416: there are 10000 bytes, and none in the range
//! ```
//!
//! A server may always send the whole representation. So it does for every odd field: another unit, a
//! broken value, too many ranges, more than two that overlap. A 416 is sent if no range names a byte of the file.
//! `Range` counts for GET only, after the preconditions, and only if the response would be a 200 without
//! it (RFC 9110 §14.2).

use crate::http::wire::grammar;

/// For more ranges than this the whole is sent.
const MANY: usize = 16;

/// For more ranges than this out of order the whole is sent.
const MANY_OUT_OF_ORDER: usize = 4;

/// A valid `Range` field in bytes (RFC 9110 §14.1.2), not yet applied to a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    specs: Vec<Spec>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    Int { first: u64, last: Option<u64> },
    Suffix { length: u64 },
}

impl Ranges {
    /// Decodes a whole field value (RFC 9110 §14.2); `None` if the field must be ignored.
    pub fn decode(value: &[u8]) -> Option<Ranges> {
        let equals = value.iter().position(|&c| c == b'=')?;
        let (unit, set) = (&value[..equals], &value[equals + 1..]);
        // RFC 9110 §14.1: "All range unit names are case-insensitive"
        if !unit.eq_ignore_ascii_case(b"bytes") {
            // RFC 9110 §14.2: "An origin server MUST ignore a Range header field that contains a
            // range unit it does not understand."
            return None;
        }
        // RFC 9110 §17.15: "Servers ought to ignore, coalesce, or reject egregious range
        // requests, such as requests for more than two overlapping ranges or for many small
        // ranges in a single set, particularly when the ranges are requested out of order for no
        // apparent reason."
        if grammar::list(set).nth(MANY).is_some() {
            return None;
        }
        // RFC 9110 §14.1.1: "A ranges-specifier is invalid if it contains any range-spec that is
        // invalid or undefined for the indicated range-unit."
        let specs: Vec<Spec> = grammar::list(set)
            .map(Spec::decode)
            .collect::<Option<_>>()?;
        (!specs.is_empty()).then_some(Ranges { specs })
    }

    /// What to send of a representation that is `length` bytes long (RFC 9110 §14.2).
    pub fn satisfy(&self, length: u64) -> Selection {
        // RFC 9110 §14.2: "A server that supports range requests MAY ignore a Range header field
        // when the selected representation has no content"
        if length == 0 {
            return Selection::Whole;
        }
        let satisfiable = || self.specs.iter().filter_map(|spec| spec.satisfy(length));
        // RFC 9110 §14.2: "a set of many small ranges that are not listed in ascending order,
        // since these are indications of either a broken client or a deliberate denial-of-service
        // attack"
        if self.specs.len() > MANY_OUT_OF_ORDER && !satisfiable().is_sorted_by_key(ByteRange::first)
        {
            return Selection::Whole;
        }
        match coalesce(satisfiable()) {
            None => Selection::Whole,
            Some(parts) => match parts[..] {
                [] => Selection::Unsatisfiable,
                [part] => Selection::One(part),
                _ => Selection::Many(parts),
            },
        }
    }
}

impl Spec {
    fn decode(spec: &[u8]) -> Option<Spec> {
        let dash = spec.iter().position(|&c| c == b'-')?;
        match (&spec[..dash], &spec[dash + 1..]) {
            ([], length) => Some(Spec::Suffix {
                length: decimal(length)?,
            }),
            (first, []) => Some(Spec::Int {
                first: decimal(first)?,
                last: None,
            }),
            (first, last) => {
                let (first, last) = (decimal(first)?, decimal(last)?);
                // RFC 9110 §14.1.1: "An int-range is invalid if the last-pos value is present and
                // less than the first-pos."
                (first <= last).then_some(Spec::Int {
                    first,
                    last: Some(last),
                })
            }
        }
    }

    /// The part that it names of `complete` bytes (at least one); `None` if that part is empty.
    fn satisfy(&self, complete: u64) -> Option<ByteRange> {
        let end = complete - 1;
        match *self {
            // RFC 9110 §14.1.2: "an int-range with a first-pos that is less than the current
            // length of the selected representation"
            Spec::Int { first, .. } if first >= complete => None,
            // RFC 9110 §14.1.2: "If the last-pos value is absent, or if the value is greater than
            // or equal to the current length of the representation data, the byte range is
            // interpreted as the remainder of the representation"
            Spec::Int { first, last } => Some(ByteRange {
                first,
                last: last.map_or(end, |last| last.min(end)),
                complete,
            }),
            // RFC 9110 §14.1.2: "a suffix-range with a non-zero suffix-length."
            Spec::Suffix { length: 0 } => None,
            // RFC 9110 §14.1.2: "If the selected representation is shorter than the specified
            // suffix-length, the entire representation is used."
            Spec::Suffix { length } => Some(ByteRange {
                first: complete.saturating_sub(length),
                last: end,
                complete,
            }),
        }
    }
}

/// A run of digits. A number that does not fit saturates: it is behind every end.
// RFC 9110 §14.1.2: "recipients MUST anticipate potentially large decimal numerals and prevent
// parsing errors due to integer conversion overflows."
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |n: u64, c| {
        n.saturating_mul(10).saturating_add(u64::from(c - b'0'))
    }))
}

/// Joins ranges that overlap or touch; the others stay in the requested order. `None` if more than two
/// overlap.
fn coalesce(parts: impl Iterator<Item = ByteRange>) -> Option<Vec<ByteRange>> {
    let mut kept: Vec<ByteRange> = Vec::new();
    let mut overlaps = 0;
    for mut part in parts {
        let mut place = kept.len();
        // RFC 9110 §15.3.7.2: "a server MAY coalesce any of the ranges that overlap, or that are
        // separated by a gap that is smaller than the overhead of sending multiple parts"
        while let Some(at) = kept.iter().position(|other| part.touches(other)) {
            let other = kept.remove(at);
            overlaps += usize::from(part.overlaps(&other));
            part.first = part.first.min(other.first);
            part.last = part.last.max(other.last);
            place = place.min(at);
        }
        // RFC 9110 §15.3.7.2: "A server that generates a multipart response SHOULD send the parts
        // in the same order that the corresponding range-spec appeared in the received Range
        // header field"
        kept.insert(place, part);
    }
    // RFC 9110 §14.2: "a ranges-specifier with more than two overlapping ranges"
    (overlaps < 2).then_some(kept)
}

/// What to send for a `Range` field (RFC 9110 §14.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Ignore the field: 200 and everything.
    Whole,
    /// 416, with [`encode_unsatisfied`] as `Content-Range`.
    Unsatisfiable,
    /// 206 with this part, and its `Content-Range` in the head.
    One(ByteRange),
    /// 206 with `multipart/byteranges`, and each part's `Content-Range` before it (RFC 9110 §14.6).
    Many(Vec<ByteRange>),
}

/// A part of a representation: its first and last byte, and the length of the whole (RFC 9110 §14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    first: u64,
    last: u64,
    complete: u64,
}

impl ByteRange {
    /// A part (RFC 9110 §14.4); `None` unless `first <= last < complete_length`.
    pub fn new(first: u64, last: u64, complete_length: u64) -> Option<ByteRange> {
        // RFC 9110 §14.4: "A Content-Range field value is invalid if it contains a range-resp
        // that has a last-pos value less than its first-pos value, or a complete-length value
        // less than or equal to its last-pos value."
        let valid = first <= last && last < complete_length;
        valid.then_some(ByteRange {
            first,
            last,
            complete: complete_length,
        })
    }

    /// The offset of its first byte (RFC 9110 §14.1.2).
    pub fn first(self) -> u64 {
        self.first
    }

    /// The offset of its last byte (RFC 9110 §14.1.2).
    pub fn last(self) -> u64 {
        self.last
    }

    /// How many bytes the part has, at least one (RFC 9110 §14.1.2).
    pub fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// How many bytes the whole has (RFC 9110 §14.4).
    pub fn complete_length(self) -> u64 {
        self.complete
    }

    /// Appends the value of its `Content-Range` field (RFC 9110 §14.4): `bytes 0-99/1234`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"bytes ");
        grammar::push_decimal(out, self.first);
        out.push(b'-');
        grammar::push_decimal(out, self.last);
        out.push(b'/');
        grammar::push_decimal(out, self.complete);
    }

    fn overlaps(&self, other: &ByteRange) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn touches(&self, other: &ByteRange) -> bool {
        self.first <= other.last + 1 && other.first <= self.last + 1
    }
}

/// Appends the value of the `Content-Range` field of a 416 (RFC 9110 §14.4): `bytes */1234`.
pub fn encode_unsatisfied(complete_length: u64, out: &mut Vec<u8>) {
    // RFC 9110 §14.4: "The complete-length in a 416 response indicates the current length of the
    // selected representation."
    out.extend_from_slice(b"bytes */");
    grammar::push_decimal(out, complete_length);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `200`, `416`, or the parts of a 206 as `first-last`.
    fn select(range: &str, length: u64) -> String {
        let parts = match Ranges::decode(range.as_bytes()).map(|ranges| ranges.satisfy(length)) {
            None | Some(Selection::Whole) => return "200".into(),
            Some(Selection::Unsatisfiable) => return "416".into(),
            Some(Selection::One(part)) => vec![part],
            Some(Selection::Many(parts)) => parts,
        };
        assert!(parts.iter().all(|part| part.complete_length() == length));
        let text = parts
            .iter()
            .map(|part| format!("{}-{}", part.first, part.last));
        text.collect::<Vec<_>>().join(" ")
    }

    /// The field, and what it comes to: the examples of RFC 9110 §14.1.2, the edges, the ignored.
    const OF_TEN_THOUSAND: &str = "\
bytes=0-499 => 0-499
bytes=500-999 => 500-999
bytes=-500 => 9500-9999
bytes=9500- => 9500-9999
bytes=0-0,-1 => 0-0 9999-9999
bytes= 0-999, 4500-5499, -1000 => 0-999 4500-5499 9000-9999
bytes=500-600,601-999 => 500-999
bytes=500-700,601-999 => 500-999

BYTES=9999-10000 => 9999-9999
bytes=10000- | bytes=-0 | bytes=99999999999999999999999- => 416
bytes=10000-,-0, 7-7 => 7-7
bytes=-10001 | bytes=-99999999999999999999999 => 0-9999
bytes=,0-0 ,\t, => 0-0
bytes=5-99999999999999999999999 => 5-9999
bytes=20-29,0-9,15-22 => 15-29 0-9
bytes=0-9,20-29,10-19 => 0-29
bytes=8-8,6-6,4-4,2-2 => 8-8 6-6 4-4 2-2

lines=0-4 | bytes =0-4 | bytes | bytes= | bytes=, | bytes=- | bytes=9-4 | bytes=0-4,x => 200
bytes=+0-4 | bytes=0 - 4 | bytes=0-4-5 | bytes=0x0-4 | 0-4 | => 200
bytes=0-9,5-14,12-20 | bytes=0-,0-,0- | bytes=8-8,6-6,4-4,2-2,0-0 => 200";

    #[test]
    fn of_ten_thousand_bytes() {
        for line in OF_TEN_THOUSAND.lines().filter(|line| !line.is_empty()) {
            let (ranges, expected) = line.split_once("=> ").unwrap();
            for range in ranges.split('|') {
                assert_eq!(select(range.trim(), 10_000), expected, "{range}");
            }
        }
        let sixteen = (0..16).fold(String::from("bytes="), |set, i| format!("{set}{i}0-{i}1,"));
        assert_eq!(select(&sixteen, 10_000).split(' ').count(), 16);
        assert_eq!(select(&(sixteen + "200-"), 10_000), "200");
    }

    #[test]
    fn of_nothing_and_of_everything() {
        assert_eq!(select("bytes=0-", 0), "200");
        assert_eq!(select("bytes=-1", 0), "200");
        let end = u64::MAX - 1;
        assert_eq!(select("bytes=0-0,1-", u64::MAX), format!("0-{end}"));
        assert_eq!(select("bytes=18446744073709551615-", u64::MAX), "416");
    }

    #[test]
    fn content_range() {
        let mut out = Vec::new();
        ByteRange::new(0, 99, 1234).unwrap().encode(&mut out);
        out.push(b'|');
        encode_unsatisfied(1234, &mut out);
        assert_eq!(out, b"bytes 0-99/1234|bytes */1234");
        assert_eq!(ByteRange::new(0, 99, 1234).unwrap().length(), 100);
        assert!(ByteRange::new(5, 4, 10).is_none() && ByteRange::new(0, 10, 10).is_none());
    }
}
