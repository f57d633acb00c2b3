//! Start lines: the first line of a request and of a response.
//!
//! ```text
//!   GET SP /where?q=now SP HTTP/1.1 CRLF          request-line (RFC 9112 §3)
//!   HTTP/1.1 SP 404 SP Not Found CRLF             status-line  (RFC 9112 §4)
//! ```
//!
//! A line that has come whole and breaks no rule is decoded in one pass (`whole_line`, `whole_status_line`). Every other
//! line is for `phases`, which remembers its position, continues there when more bytes have arrived, and finds the rule
//! that is broken. The first way only ever takes what the second would take, with the same result.

use super::target::Scan;
use crate::http::wire::{Error, Rule, grammar};
use std::ops::Range;

/// The version of a message. A minor version above 1 is treated as 1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
}

impl Version {
    /// `HTTP/1.0` or `HTTP/1.1`, as it is on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }
}

/// How many empty lines may precede a start line.
const EMPTY_LINES: u8 = 4;
/// Bytes of a version, as `HTTP/1.1`.
const VERSION: usize = 8;
/// The first byte of a TLS record. No HTTP message begins with one of these.
// RFC 8446 §5.1: "enum { invalid(0), change_cipher_spec(20), alert(21), handshake(22),
// application_data(23), (255) } ContentType;"
const TLS_ALERT: u8 = 21;
const TLS_HANDSHAKE: u8 = 22;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Empty,
    EmptyLf,
    Method,
    Target,
    Version,
    Status,
    Reason,
    Lf,
}

/// A start line while it is being received. `start` is where it begins, after empty lines.
///
/// Offsets have 32 bits, for the processor's cache: no [`Head`](super::head::Head) is longer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StartLine {
    phase: Phase,
    pub(super) version: Version,
    empty_lines: u8,
    at: u32,
    start: u32,
    method_end: u32,
    target_end: u32,
    pub(super) scan: Scan,
    /// The line has come whole, and its target is one in origin-form without an unencoded byte, which every method but
    /// CONNECT may have.
    pub(super) is_usual: bool,
    pub(super) status: u16,
    reason_at: u32,
    reason_end: u32,
}

impl StartLine {
    /// Ready for the next message. The other fields keep old values, and are overwritten before they are
    /// read.
    #[inline(always)]
    pub(super) fn restart(&mut self) {
        self.phase = Phase::Empty;
        self.at = 0;
        self.empty_lines = 0;
        self.scan = Scan::default();
    }

    /// Whether nothing but empty lines has arrived.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.phase, Phase::Empty | Phase::EmptyLf)
    }

    /// Whether the method of a request has arrived.
    pub(super) fn has_method(&self) -> bool {
        matches!(self.phase, Phase::Target | Phase::Version)
    }

    /// Whether the target of a request has arrived.
    pub(super) fn has_target(&self) -> bool {
        self.phase == Phase::Version
    }

    /// Where it begins, or where it will begin behind the empty lines that have arrived.
    pub(super) fn begins_at(&self) -> usize {
        match self.is_empty() {
            true => 2 * usize::from(self.empty_lines),
            false => self.start as usize,
        }
    }

    /// Where the method lies.
    #[inline(always)]
    pub(super) fn method(&self) -> Range<usize> {
        self.start as usize..self.method_end as usize
    }

    /// Where the request-target lies.
    #[inline(always)]
    pub(super) fn target(&self) -> Range<usize> {
        self.method_end as usize + 1..self.target_end as usize
    }

    /// Where the reason phrase lies.
    pub(super) fn reason(&self) -> Range<usize> {
        self.reason_at as usize..self.reason_end as usize
    }

    /// Continues a request-line or a status-line; `Some(end)` once its CRLF is here.
    #[inline(always)]
    pub(super) fn decode<const REQUEST: bool>(
        &mut self,
        bytes: &[u8],
        most: usize,
    ) -> Result<Option<usize>, Error> {
        if self.phase == Phase::Empty && self.at == 0 {
            let end = match REQUEST {
                true => self.whole_line(bytes, most),
                false => self.whole_status_line(bytes, most),
            };
            if end.is_some() {
                return Ok(end);
            }
        }
        self.phases::<REQUEST>(bytes, most)
    }

    /// Takes a request line that has come whole, has nothing before it and breaks no rule, which are nearly all. Any
    /// other line changes nothing here: it is for `phases`.
    #[inline(always)]
    fn whole_line(&mut self, bytes: &[u8], most: usize) -> Option<usize> {
        let mut method_end = 3;
        if bytes.first_chunk() != Some(b"GET ") {
            method_end = grammar::letters_end(bytes, 0);
            if method_end == 0 || bytes.get(method_end) != Some(&b' ') {
                return None;
            }
        }
        let target_at = method_end + 1;
        let mut target_end = grammar::target_end(bytes, target_at);
        let mut scan = None;
        if bytes.get(target_end) != Some(&b' ') {
            let found = scanned(bytes, target_at)?;
            (target_end, scan) = (found.0, Some(found.1));
        }
        let version_at = target_end + 1;
        let end = version_at + VERSION + 2;
        if target_end == target_at
            || !bytes[version_at..].starts_with(b"HTTP/1.1\r\n")
            || end > most
        {
            return None;
        }
        (self.phase, self.version) = (Phase::Version, Version::Http11);
        (self.start, self.method_end) = (0, method_end as u32);
        self.target_end = target_end as u32;
        self.is_usual = bytes[target_at] == b'/' && method_end != "CONNECT".len();
        if let Some(scan) = scan {
            self.is_usual &= scan.is_encoded();
            self.scan = scan;
        }
        Some(end)
    }

    /// As `whole_line`, for a status line.
    #[inline(always)]
    fn whole_status_line(&mut self, bytes: &[u8], most: usize) -> Option<usize> {
        let code = bytes.strip_prefix(b"HTTP/1.1 ")?;
        let &[a, b, c, b' '] = code.first_chunk()? else {
            return None;
        };
        let reason_at = VERSION + " 200 ".len();
        let reason_end = grammar::plain_value_end(bytes, reason_at);
        let end = reason_end + 2;
        if ![a, b, c].iter().all(u8::is_ascii_digit)
            || bytes.get(reason_end..end) != Some(b"\r\n")
            || end > most
        {
            return None;
        }
        (self.phase, self.version, self.start) = (Phase::Lf, Version::Http11, 0);
        self.status = number([a, b, c]);
        (self.reason_at, self.reason_end) = (reason_at as u32, reason_end as u32);
        Some(end)
    }

    #[inline(never)]
    fn phases<const REQUEST: bool>(
        &mut self,
        bytes: &[u8],
        most: usize,
    ) -> Result<Option<usize>, Error> {
        let first = match REQUEST {
            true => Phase::Method,
            false => Phase::Version,
        };
        if self.is_empty() && !self.skip_empty_lines(bytes, first)? {
            return Ok(None);
        }
        let most = (self.start as usize).saturating_add(most);
        let seen = &bytes[..bytes.len().min(most)];
        let end = match REQUEST {
            true => self.request_line(seen)?,
            false => self.status_line(seen)?,
        };
        // RFC 9112 §3: "A server that receives a request-target longer than any URI it wishes to
        // parse MUST respond with a 414 (URI Too Long) status code"
        if end.is_none() && seen.len() == most {
            return Err(Error::new(Rule::StartLineTooLong, bytes, self.at as usize));
        }
        Ok(end)
    }

    // RFC 9112 §2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore
    // at least one empty line (CRLF) received prior to the request-line."
    fn skip_empty_lines(&mut self, bytes: &[u8], next: Phase) -> Result<bool, Error> {
        loop {
            let at = self.at as usize;
            let Some(&byte) = bytes.get(at) else {
                return Ok(false);
            };
            match (self.phase, byte) {
                (Phase::Empty, b'\r') if self.empty_lines == EMPTY_LINES => {
                    return Err(Error::new(Rule::EmptyLines, bytes, at));
                }
                (Phase::Empty, b'\r') => self.phase = Phase::EmptyLf,
                (Phase::Empty, b'\n') => return Err(Error::new(Rule::BareLf, bytes, at)),
                (Phase::EmptyLf, b'\n') => {
                    self.phase = Phase::Empty;
                    self.empty_lines += 1;
                }
                (Phase::EmptyLf, _) => return Err(Error::new(Rule::BareCr, bytes, at - 1)),
                _ => {
                    self.start = self.at;
                    self.phase = next;
                    return Ok(true);
                }
            }
            self.at += 1;
        }
    }

    fn request_line(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        if self.phase == Phase::Method {
            let end = grammar::token_end(bytes, self.at as usize);
            self.at = end as u32;
            match bytes.get(end) {
                None => return Ok(None),
                Some(b' ') if self.at > self.start => {
                    self.method_end = self.at;
                    self.at += 1;
                    self.phase = Phase::Target;
                }
                Some(&byte) => {
                    let rule = match byte == TLS_HANDSHAKE && self.at == self.start {
                        true => Rule::TlsHandshake,
                        false => Rule::MethodInvalid,
                    };
                    return Err(Error::new(rule, bytes, end));
                }
            }
        }
        if self.phase == Phase::Target {
            let target_at = self.method_end as usize + 1;
            let Some(end) = self.scan.run(bytes, target_at)? else {
                return Ok(None);
            };
            match bytes[end] {
                b' ' if end > target_at => {}
                // A request line of HTTP/0.9 has no version.
                b'\r' | b'\n' if end > target_at => {
                    return Err(Error::new(Rule::VersionInvalid, bytes, end));
                }
                _ => return Err(Error::new(Rule::TargetInvalid, bytes, end)),
            }
            self.target_end = end as u32;
            self.at = self.target_end + 1;
            self.phase = Phase::Version;
        }
        let at = self.at as usize;
        let Some((major, version)) = decode_version(bytes, at)? else {
            return Ok(None);
        };
        let cr = at + VERSION;
        match (bytes.get(cr), bytes.get(cr + 1)) {
            (None | Some(b'\r'), None) => return Ok(None),
            (Some(b'\r'), Some(b'\n')) => {}
            (Some(b'\n'), _) => return Err(Error::new(Rule::BareLf, bytes, cr)),
            (Some(b'\r'), _) => return Err(Error::new(Rule::BareCr, bytes, cr)),
            _ => return Err(Error::new(Rule::VersionInvalid, bytes, cr)),
        }
        if major != b'1' {
            return Err(Error::new(Rule::VersionUnsupported, bytes, at));
        }
        (self.version, self.is_usual) = (version, false);
        Ok(Some(cr + 2))
    }

    fn status_line(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        let mut at = self.at as usize;
        if self.phase == Phase::Version {
            if let Some(&(TLS_ALERT | TLS_HANDSHAKE)) = bytes.get(at) {
                return Err(Error::new(Rule::TlsAnswer, bytes, at));
            }
            let Some((major, version)) = decode_version(bytes, at)? else {
                return Ok(None);
            };
            let Some(&space) = bytes.get(at + VERSION) else {
                return Ok(None);
            };
            if major != b'1' {
                return Err(Error::new(Rule::VersionUnsupported, bytes, at));
            }
            if space != b' ' {
                return Err(Error::new(Rule::StatusInvalid, bytes, at + VERSION));
            }
            self.version = version;
            at += VERSION + 1;
            self.at = at as u32;
            self.phase = Phase::Status;
        }
        if self.phase == Phase::Status {
            // RFC 9110 §15: "A client that receives a response with an invalid status code SHOULD process
            // the response as if it had a 5xx (Server Error) status code."
            let code = &bytes[at..bytes.len().min(at + 4)];
            let wrong = code.iter().enumerate().find(|&(i, c)| match i {
                0..=2 => !c.is_ascii_digit(),
                _ => *c != b' ',
            });
            if let Some((i, _)) = wrong {
                return Err(Error::new(Rule::StatusInvalid, bytes, at + i));
            }
            let &[a, b, c, b' '] = code else {
                return Ok(None);
            };
            self.status = number([a, b, c]);
            at += 4;
            self.at = at as u32;
            self.reason_at = self.at;
            self.phase = Phase::Reason;
        }
        if self.phase == Phase::Reason {
            at = grammar::value_end(bytes, at);
            self.at = at as u32;
            match bytes.get(at) {
                None => return Ok(None),
                Some(b'\r') => self.reason_end = self.at,
                Some(b'\n') => return Err(Error::new(Rule::BareLf, bytes, at)),
                Some(_) => return Err(Error::new(Rule::StatusInvalid, bytes, at)),
            }
            at += 1;
            self.at = at as u32;
            self.phase = Phase::Lf;
        }
        match bytes.get(at) {
            None => Ok(None),
            Some(b'\n') => Ok(Some(at + 1)),
            Some(_) => Err(Error::new(Rule::BareCr, bytes, at - 1)),
        }
    }
}

/// Where the target that starts at `at` ends, if a space follows it.
#[inline(never)]
fn scanned(bytes: &[u8], at: usize) -> Option<(usize, Scan)> {
    let mut scan = Scan::default();
    let end = scan.run(bytes, at).ok()??;
    (bytes[end] == b' ').then_some((end, scan))
}

/// The number that three digits are.
fn number(digits: [u8; 3]) -> u16 {
    let add = |number, digit| number * 10 + u16::from(digit - b'0');
    digits.into_iter().fold(0, add)
}

/// Decodes `HTTP/` DIGIT `.` DIGIT at `at`: the major digit, and the version that it counts as.
// RFC 9112 §2.3: "HTTP-version is case-sensitive."
fn decode_version(bytes: &[u8], at: usize) -> Result<Option<(u8, Version)>, Error> {
    let here = &bytes[at.min(bytes.len())..bytes.len().min(at + VERSION)];
    let wrong = here.iter().enumerate().find(|&(i, c)| match i {
        0..=4 => *c != b"HTTP/"[i],
        6 => *c != b'.',
        _ => !c.is_ascii_digit(),
    });
    if let Some((i, _)) = wrong {
        return Err(Error::new(Rule::VersionInvalid, bytes, at + i));
    }
    if here.len() < VERSION {
        return Ok(None);
    }
    // RFC 9110 §6.2: "A recipient that receives a message with a major version number that it
    // implements and a minor version number higher than what it implements SHOULD process the
    // message as if it were in the highest minor version within that major version to which the
    // recipient is conformant."
    let version = if here[7] == b'0' {
        Version::Http10
    } else {
        Version::Http11
    };
    Ok(Some((here[5], version)))
}
