//! Where secrets lie in bytes that no decoder has read: refused ones, and those behind the last message.
//!
//! ```text
//!   Cookie : a=b ␍␊ c           a line that begins with the name of a secret, and its folds
//!            ───    ─
//!   GET /?access_token=x&y=1    RFC 6750 §2.3
//!                      ─
//!   http://user:password@host/  RFC 3986 §3.2.1
//!               ────────
//! ```
//!
//! The bytes come in pieces, and a piece is shown before the next one comes. So what may be a secret is hidden:
//! `host:80` at the end of a piece may still be a user and the beginning of a password.

use crate::http::wire::grammar::is_tchar;
use std::ops::Range;

/// The fields whose value is a secret.
const FIELDS: [&str; 4] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
];

/// Whether the value of this field is shown only if it was asked for.
pub(super) fn is_secret(name: &[u8]) -> bool {
    let mut fields = FIELDS.iter();
    fields.any(|field| name.eq_ignore_ascii_case(field.as_bytes()))
}

/// The parameter of a URI whose value is a secret, by its name.
// RFC 6750 §2.3: "Because of the security weaknesses associated with the URI method (see Section 5),
// including the high likelihood that the URL containing the access token will be logged, it SHOULD NOT be used"
pub(super) const ACCESS_TOKEN: &[u8] = b"access_token";
/// No field name of a secret is longer.
const LONGEST_NAME: usize = 32;

/// Finds secrets in the bytes of one direction.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    place: Place,
    /// The name that the line begins with, in as far as it has come.
    name: Vec<u8>,
    /// How much of `access_token=` and of `://` has come.
    token: usize,
    scheme: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In the name that a line begins with.
    Name,
    /// In a line without the name of a secret.
    Line,
    /// Behind `://`.
    User,
    /// Behind the colon that follows; digits alone have come.
    Password,
    /// In the value of an access token.
    Token,
    /// In the value of a field, behind its colon.
    Value,
    /// Behind the line of such a field. A blank continues it.
    Folded,
}

impl Secrets {
    /// At the beginning of a line.
    pub(super) fn in_lines() -> Secrets {
        Secrets {
            place: Place::Name,
            name: Vec::new(),
            token: 0,
            scheme: 0,
        }
    }

    /// In a target or a value.
    pub(super) fn in_text() -> Secrets {
        Secrets {
            place: Place::Line,
            ..Secrets::in_lines()
        }
    }

    /// Which of the next bytes are to be hidden.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut hidden: Vec<Range<usize>> = Vec::new();
        for (at, &byte) in bytes.iter().enumerate() {
            let before = self.place;
            self.step(byte);
            let last = hidden.last_mut().filter(|last| last.end == at);
            match (self.hides(before, byte), last) {
                (true, Some(last)) => last.end = at + 1,
                (true, None) => hidden.push(at..at + 1),
                // What looked like a password was a port.
                (false, Some(last))
                    if before == Place::Password
                        && byte != b'@'
                        && bytes[last.clone()].iter().all(u8::is_ascii_digit) =>
                {
                    hidden.pop();
                }
                (false, _) => {}
            }
        }
        hidden
    }

    fn hides(&self, before: Place, byte: u8) -> bool {
        match self.place {
            Place::Value => !(before == Place::Name || matches!(byte, b' ' | b'\t' | b':')),
            Place::Password | Place::Token => before == self.place,
            _ => false,
        }
    }

    fn step(&mut self, byte: u8) {
        let in_secret_line = matches!(self.place, Place::Value | Place::Folded);
        self.place = match (self.place, byte) {
            (_, b'\r' | b'\n') if in_secret_line => Place::Folded,
            (Place::Folded, b' ' | b'\t') => Place::Value,
            (_, b'\r' | b'\n') => {
                *self = Secrets::in_lines();
                return;
            }
            (Place::Folded, _) => {
                *self = Secrets::in_lines();
                return self.step(byte);
            }
            (Place::Name, b' ' | b'\t') if self.name.is_empty() => Place::Name,
            (Place::Name, _) if is_tchar(byte) && self.name.len() < LONGEST_NAME => {
                self.name.push(byte);
                Place::Name
            }
            (Place::Name, _) if is_secret(&self.name) => Place::Value,
            (Place::User, b':') => Place::Password,
            (Place::User, b'/' | b'?' | b'#' | b'@' | b'[' | b' ' | b'"') => Place::Line,
            (Place::Password, b'/' | b'?' | b'#' | b'@' | b' ' | b'"' | b'>') => Place::Line,
            (Place::Token, b'&' | b'#' | b' ' | b'"' | b'>') => Place::Line,
            (Place::Name, _) => Place::Line,
            (place, _) => place,
        };
        self.match_in_line(byte);
    }

    /// `access_token=` and `://` may stand anywhere in a line.
    fn match_in_line(&mut self, byte: u8) {
        self.token = match ACCESS_TOKEN.get(self.token) {
            Some(next) if byte.eq_ignore_ascii_case(next) => self.token + 1,
            None if byte == b'=' && self.place != Place::Value => {
                self.place = Place::Token;
                0
            }
            _ => usize::from(byte.eq_ignore_ascii_case(&ACCESS_TOKEN[0])),
        };
        self.scheme = match (self.scheme, byte) {
            (_, b':') => 1,
            (1, b'/') => 2,
            (2, b'/') if self.place == Place::Line => {
                self.place = Place::User;
                0
            }
            _ => 0,
        };
    }
}

/// The bytes with a `*` for each that is hidden.
pub(super) fn starred(bytes: &[u8], hidden: &[Range<usize>]) -> Vec<u8> {
    let mut starred = bytes.to_vec();
    for range in hidden {
        starred[range.clone()].fill(b'*');
    }
    starred
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mut secrets: Secrets, bytes: &[u8], piece: usize) -> String {
        let pieces = bytes.chunks(piece);
        let shown = pieces.flat_map(|piece| starred(piece, &secrets.find(piece)));
        String::from_utf8(shown.collect()).expect("ASCII")
    }

    #[test]
    fn what_is_hidden_in_lines() {
        for (bytes, expected) in [
            (
                "X: y\r\nCookie : a=b\r\nY: z",
                "X: y\r\nCookie : ***\r\nY: z",
            ),
            ("COOKIE:a\r\n b\r\nX: y\n", "COOKIE:*\r\n *\r\nX: y\n"),
            (" Authorization\x01: B x", " Authorization\x01: * *"),
            ("Cookies: a\r\nX-Cookie: b", "Cookies: a\r\nX-Cookie: b"),
            (
                "GET /?Access_Token=a&b=c HTTP",
                "GET /?Access_Token=*&b=c HTTP",
            ),
            ("L: <http://u:p@h/>, x", "L: <http://u:*@h/>, x"),
            ("L: ftp://u:12@h", "L: ftp://u:**@h"),
            (
                "L: http://u@h/a:b, http://[::1]:80/",
                "L: http://u@h/a:b, http://[::1]:80/",
            ),
        ] {
            for piece in [1, 3, bytes.len()] {
                assert_eq!(
                    shown(Secrets::in_lines(), bytes.as_bytes(), piece),
                    expected
                );
            }
        }
        let port = b"L: http://h:80/";
        assert_eq!(shown(Secrets::in_text(), port, 99), "L: http://h:80/");
        assert_eq!(shown(Secrets::in_text(), port, 1), "L: http://h:**/");
    }
}
