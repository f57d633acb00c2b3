//! Why a URI is refused, and at which byte.

use crate::http::wire::{Error, Rule};
use crate::wire::rules;
use std::fmt;

rules! {
    /// What a URI, a reference or a percent-encoded text must not do; the vectors use these names.
    pub enum UriReason;

    Character "RFC 3986 §2.1" "a URI holds ASCII letters, digits and some signs, every other byte is percent-encoded";
    Escape "RFC 3986 §2.1" "a % is followed by two hexadecimal digits";
    Scheme "RFC 9110 §4.2" "a URI starts with http:// or https://";
    HostMissing "RFC 9110 §4.2.1" "an http or https URI has // and a host behind its scheme";
    Host "RFC 3986 §3.2.2" "a host is a name, an IPv4 address, or an IPv6 address in brackets";
    Zone "RFC 3986 §3.2.2" "a URI has no zone (RFC 9844 has taken the form %25eth0 back): give the address as the host name of the request, fe80::1%eth0";
    HostUnsupported "RFC 3986 §3.2.2" "a host is written as it is looked up: a name without percent-encoding (xn--... where it is not ASCII), or an address of a known version";
    Port "RFC 3986 §3.2.3" "a port has at most five digits and is at most 65535 (and an IPv6 address stands in brackets)";
    FirstSegment "RFC 3986 §4.2" "the first segment of a relative path holds no colon: put ./ before it";
    NotUtf8 "RFC 3986 §2.5" "percent-encoded text is UTF-8";
}

/// The rule of URIs that a text breaks, and at which byte. The error keeps one character of the text, or one
/// percent-encoded byte, and no more, because a URI may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UriError {
    reason: UriReason,
    at: usize,
    got: Option<char>,
    /// The digits behind a % that encodes a byte of no character.
    digits: Option<[u8; 2]>,
    in_part: bool,
}

impl UriError {
    #[cold]
    pub(in crate::http::wire) fn new(reason: UriReason, text: &str, at: usize) -> UriError {
        let got = text.get(at..).and_then(|rest| rest.chars().next());
        UriError {
            reason,
            at,
            got,
            digits: None,
            in_part: false,
        }
    }

    /// The bytes that `text` encodes are text up to this one of them.
    #[cold]
    pub(super) fn not_utf8(text: &str, valid_up_to: usize) -> UriError {
        let (bytes, mut at) = (text.as_bytes(), 0);
        for _ in 0..valid_up_to {
            at += if bytes.get(at) == Some(&b'%') { 3 } else { 1 };
        }
        let digits = bytes.get(at + 1..at + 3);
        UriError {
            digits: digits.map(|digits| [digits[0], digits[1]]),
            ..UriError::new(UriReason::NotUtf8, text, at)
        }
    }

    /// The same error in a part of a URI that was decoded by itself.
    pub(in crate::http::wire) fn in_part(self) -> UriError {
        UriError {
            in_part: true,
            ..self
        }
    }

    /// The rule that a handler's client broke, if the handler fails with this error: a handler decodes parts of its
    /// target, or a form in the body. `None` for a whole URI, which may come from anywhere.
    pub(in crate::http) fn in_request(&self) -> Option<Error> {
        let rule = match self.reason {
            UriReason::NotUtf8 => Rule::EscapedNotUtf8,
            _ => Rule::EscapeInvalid,
        };
        let mut found = self.got.map_or(String::new(), String::from);
        found.extend(self.digits.iter().flatten().map(|&digit| char::from(digit)));
        self.in_part.then(|| Error::found(rule, self.at, &found))
    }

    /// The same error in a longer text, which has `bytes` more before that byte.
    pub(in crate::http::wire) fn moved(self, bytes: usize) -> UriError {
        UriError {
            at: self.at + bytes,
            ..self
        }
    }

    /// Which rule.
    pub fn reason(&self) -> UriReason {
        self.reason
    }

    /// The offset, in bytes, from the start of the text: of the URI, of the query behind its `?`, of the form, or of
    /// the part that was decoded by itself.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The character found there, `%` where a percent-encoded byte is; `None` at the end of the text.
    pub fn got(&self) -> Option<char> {
        self.got
    }
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UriError {
            reason,
            at,
            got,
            digits,
            ..
        } = *self;
        write!(f, "{reason}; at byte {at}: ")?;
        match got {
            None => f.write_str("the end"),
            Some(c) if reason == UriReason::Character => {
                write!(f, "{c:?}, to be written ")?;
                let mut utf8 = [0; 4];
                let mut bytes = c.encode_utf8(&mut utf8).bytes();
                bytes.try_for_each(|byte| write!(f, "%{byte:02X}"))
            }
            Some(c) => match digits {
                None => write!(f, "{c:?}"),
                Some([first, second]) => {
                    write!(f, "'{c}{}{}'", char::from(first), char::from(second))
                }
            },
        }
    }
}

impl std::error::Error for UriError {}

#[cfg(test)]
mod tests {
    use crate::http::wire::Uri;

    #[test]
    fn errors_teach() {
        for (text, says) in [
            (
                "http:",
                "an http or https URI has // and a host behind its scheme (RFC 9110 §4.2.1); \
                 at byte 5: the end",
            ),
            (
                "localhost:1337",
                "a URI starts with http:// or https:// (RFC 9110 §4.2); at byte 0: 'l'",
            ),
            (
                "http://a/深",
                "a URI holds ASCII letters, digits and some signs, every other byte is \
                 percent-encoded (RFC 3986 §2.1); at byte 9: '深', to be written %E6%B7%B1",
            ),
            (
                "http://a/\u{1b}[2J",
                "a URI holds ASCII letters, digits and some signs, every other byte is \
                 percent-encoded (RFC 3986 §2.1); at byte 9: '\\u{1b}', to be written %1B",
            ),
            (
                "http://a/100%",
                "a % is followed by two hexadecimal digits (RFC 3986 §2.1); at byte 12: '%'",
            ),
        ] {
            assert_eq!(Uri::parse(text).unwrap_err().to_string(), says);
        }
    }
}
