//! The sections of a PEM text, line by line.
//!
//! ```text
//!   subject=CN = localhost                remarks for people
//!   -----BEGIN CERTIFICATE-----           a marker: it is a line of its own, and says what follows
//!   MIIBszCCAVmgAwIBAgIUdzJ…              base64
//!   -----END CERTIFICATE-----             the marker with the same label
//! ```
//!
//! A reader that skips a line that it does not understand loses the certificate behind it, and the first sign is a
//! failed handshake. So a line that looks like a marker is one, or an error that names the line.

use std::fmt;
use std::ops::Range;

/// What Windows' editors write before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How a text in UTF-16 begins.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// A section: its markers are well-formed, and between them is base64.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// `CERTIFICATE`, `PRIVATE KEY` …
    pub(super) label: &'a str,
    /// The line of its first marker, from 1.
    pub(super) line: usize,
    /// The lines between the markers.
    pub(super) body: &'a [u8],
    /// RFC 1421's header for an encrypted key stands before the base64.
    pub(super) encrypted: bool,
}

/// A line that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// From 1.
    pub(super) line: usize,
    pub(super) why: String,
}

/// All sections of a text, in order.
// RFC 7468 §2: "Data before the encapsulation boundaries are permitted, and parsers MUST NOT malfunction
// when processing such data."
pub(super) fn sections(text: &[u8]) -> Result<Vec<Section<'_>>, Fault> {
    if is_utf_16(text) {
        let why = "the text is UTF-16, and PEM is ASCII: `iconv -f UTF-16 -t UTF-8` converts it";
        return Err(fault(1, why));
    }
    let mut all = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for (at, line) in lines(text) {
        let found = marker(line.text).map_err(|why| fault(at, why))?;
        open = match (found, open) {
            (None, None) => None,
            (None, Some(mut open)) => {
                open.body_line(line.text).map_err(|why| fault(at, why))?;
                Some(open)
            }
            (Some(Marker::Begin(label)), None) => Some(Open::new(label, at, line.end)),
            (Some(Marker::End(label)), Some(open)) if label == open.label => {
                all.push(open.close(text, line.start)?);
                None
            }
            (Some(marker), Some(open)) => {
                let why = format!("{marker} inside the section {}", open.name());
                return Err(fault(at, why));
            }
            (Some(marker), None) => {
                return Err(fault(at, format!("{marker} without its -----BEGIN")));
            }
        };
    }
    match open {
        None => Ok(all),
        Some(open) => {
            let why = format!("{} has no -----END: is the file cut off?", open.name());
            Err(fault(open.line, why))
        }
    }
}

fn fault(line: usize, why: impl Into<String>) -> Fault {
    let why = why.into();
    Fault { line, why }
}

/// With its mark, or without it: every second byte of ASCII is zero then.
fn is_utf_16(text: &[u8]) -> bool {
    let has = |pair: &[u8]| text.windows(pair.len()).any(|window| window == pair);
    UTF_16_MARKS.iter().any(|mark| text.starts_with(mark)) || has(b"-\0-\0") || has(b"\0-\0-")
}

/// A section whose end has not come.
struct Open<'a> {
    label: &'a str,
    line: usize,
    body: usize,
    encrypted: bool,
    empty: bool,
}

impl<'a> Open<'a> {
    fn new(label: &'a str, line: usize, body: usize) -> Open<'a> {
        Open {
            label,
            line,
            body,
            encrypted: false,
            empty: true,
        }
    }

    fn name(&self) -> String {
        format!("-----BEGIN {}----- of line {}", self.label, self.line)
    }

    /// Checks a line between the markers. Whitespace is ignored; other characters show that the text was
    /// changed.
    // RFC 7468 §2: "Furthermore, parsers SHOULD ignore whitespace and other non-base64 characters and
    // MUST handle different newline conventions."
    fn body_line(&mut self, line: &[u8]) -> Result<(), String> {
        let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t".contains(byte);
        if line.starts_with(b"Proc-Type: 4,ENCRYPTED") {
            self.encrypted = true;
        }
        if self.encrypted && line.contains(&b':') {
            return Ok(()); // a header of RFC 1421
        }
        if let Some(byte) = line.iter().find(|byte| !base64(byte)) {
            let byte = byte.escape_ascii(); // not the line: it may be of a private key
            return Err(format!("'{byte}' inside {} is not base64", self.name()));
        }
        self.empty &= line.is_empty();
        Ok(())
    }

    fn close(self, text: &'a [u8], end: usize) -> Result<Section<'a>, Fault> {
        match self.empty {
            true => Err(fault(
                self.line,
                format!("the section {} is empty", self.name()),
            )),
            false => Ok(Section {
                label: self.label,
                line: self.line,
                body: &text[self.body..end],
                encrypted: self.encrypted,
            }),
        }
    }
}

/// A line without the whitespace around it, and where the whole line stands in the text.
struct Line<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
}

/// The lines of a text with their numbers, from 1. They end with CRLF, CR or LF.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, Line<'_>)> {
    let mut start = 0;
    let lines = std::iter::from_fn(move || {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let Range { start: length, end } = line_end(rest);
        let line = rest[..length].trim_ascii();
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let found = Line {
            text: line.trim_ascii(),
            start,
            end: start + end,
        };
        start += end;
        Some(found)
    });
    (1..).zip(lines)
}

fn line_end(rest: &[u8]) -> Range<usize> {
    let at = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let at = at.unwrap_or(rest.len());
    let wide = match rest[at..] {
        [b'\r', b'\n', ..] => 2,
        [_, ..] => 1,
        [] => 0,
    };
    at..at + wide
}

/// A line that begins or ends a section.
#[derive(Debug, PartialEq, Eq)]
enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

impl fmt::Display for Marker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Marker::Begin(label) => write!(f, "-----BEGIN {label}----- stands"),
            Marker::End(label) => write!(f, "-----END {label}----- stands"),
        }
    }
}

/// The marker that a line is; `None` if it is not meant to be one.
fn marker(line: &[u8]) -> Result<Option<Marker<'_>>, String> {
    match well_formed(line) {
        Some(marker) => Ok(Some(marker)),
        None if looks_like_a_marker(line) => Err(
            "this is not quite a marker: -----BEGIN …----- or -----END …----- stands alone on its line, in \
             capitals, between five hyphens each (where files were joined: does the first end with a line \
             break?)"
                .to_owned(),
        ),
        None => Ok(None),
    }
}

fn well_formed(line: &[u8]) -> Option<Marker<'_>> {
    let inner = line.strip_prefix(b"-----")?.strip_suffix(b"-----")?;
    let inner = str::from_utf8(inner).ok()?;
    let (label, marker) = match inner.strip_prefix("BEGIN ") {
        Some(label) => (label, Marker::Begin(label)),
        None => {
            let label = inner.strip_prefix("END ")?;
            (label, Marker::End(label))
        }
    };
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b'-');
    label.split(' ').all(word).then_some(marker)
}

/// Whether somewhere in the line a BEGIN or an END follows hyphens, or the dashes that text processors make
/// of them. Few hyphens may be part of a name (`front-end`, `xn--end…`), so there a label must follow.
fn looks_like_a_marker(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    ["BEGIN", "END"].into_iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let (before, after) = (text[..at].trim_end(), &text[at + word.len()..]);
            let dashes: usize = before.chars().rev().map_while(hyphens).sum();
            let named = ["CERTIFICATE", "KEY", "CRL"]
                .iter()
                .any(|label| after.contains(label));
            match after.chars().next() {
                Some(' ') => dashes >= 4 || dashes >= 2 && named,
                Some('-') | None => dashes >= 4,
                Some(_) => false,
            }
        })
    })
}

/// How many hyphens this character was typed as.
fn hyphens(c: char) -> Option<usize> {
    match c {
        '-' => Some(1),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some(2),
        _ => None,
    }
}
