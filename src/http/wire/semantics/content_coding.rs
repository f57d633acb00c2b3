//! Content codings: the same representation in another form, mostly a smaller one (RFC 9110 §8.4).
//!
//! ```text
//!   Accept-Encoding: gzip, br;q=0.5, *;q=0     weights from 0, "not this", to 1
//!   Content-Encoding: gzip                     in the order in which they were applied
//! ```
//!
//! Of the codings, barewire knows gzip. A server has a representation as it is ("identity") and perhaps one in gzip,
//! and [`AcceptEncoding`] says which of them a client gets:
//!
//! | Accept-Encoding | gzip | identity |
//! |---|---|---|
//! | none, or not a list of codings | no | yes |
//! | empty | no | yes |
//! | `gzip`, `x-gzip`, `*` | yes | only if there is no gzip |
//! | `gzip;q=0.5, identity` | only if there is no identity | yes |
//! | `br` | no | yes |
//! | `gzip, identity;q=0`, `gzip, *;q=0` | yes | never: without gzip, 406 |

use crate::http::wire::{Fields, grammar};

/// A weight in thousandths (RFC 9110 §12.4.2).
type Weight = u16;

/// A valid `Accept-Encoding` field: which form of a representation its client prefers (RFC 9110 §12.5.3).
///
/// ```
/// use barewire::http::wire::AcceptEncoding;
///
/// let browser = AcceptEncoding::decode(b"gzip, deflate, br").unwrap();
/// assert!(browser.prefers_gzip() && browser.accepts_identity());
///
/// let strange = AcceptEncoding::decode(b"br, identity;q=0").unwrap();
/// assert!(!strange.prefers_gzip() && !strange.accepts_identity()); // 406
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptEncoding {
    gzip: Option<Weight>,
    identity: Option<Weight>,
}

impl AcceptEncoding {
    /// Decodes a whole field value, repeated lines joined by commas; `None` if any part of it is wrong. A server
    /// ignores such a field, as if there were none.
    pub fn decode(value: &[u8]) -> Option<AcceptEncoding> {
        AcceptEncoding::among(grammar::list(value))
    }

    fn among<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Option<AcceptEncoding> {
        let (mut gzip, mut identity, mut others) = (None, None, None);
        for element in elements {
            let (coding, weight) = split_weight(element)?;
            let known = match coding {
                // RFC 9110 §12.5.3: "The asterisk "*" symbol in an Accept-Encoding field matches any available
                // content coding not explicitly listed in the field."
                b"*" => &mut others,
                _ if is_gzip(coding) => &mut gzip,
                _ if coding.eq_ignore_ascii_case(b"identity") => &mut identity,
                _ => continue,
            };
            // If a coding is listed twice, a "not this" counts.
            *known = Some(known.map_or(weight, |other: Weight| other.min(weight)));
        }
        Some(AcceptEncoding {
            gzip: gzip.or(others),
            identity: identity.or(others),
        })
    }

    /// That of a request; `None` if there is none, or a broken one.
    pub(in crate::http) fn of(fields: Fields<'_>) -> Option<AcceptEncoding> {
        const NAME: &str = "Accept-Encoding";
        let elements = fields.contains(NAME).then(|| fields.list(NAME))?;
        AcceptEncoding::among(elements)
    }

    /// Whether gzip is acceptable, and at least as welcome as no coding.
    // RFC 9110 §12.5.3: "When selecting between multiple content codings that have the same purpose, the acceptable
    // content coding with the highest non-zero qvalue is preferred."
    pub fn prefers_gzip(self) -> bool {
        self.gzip
            .is_some_and(|weight| weight > 0 && Some(weight) >= self.identity)
    }

    /// Whether a response without a coding is acceptable.
    // RFC 9110 §12.5.3: "If the representation has no content coding, then it is acceptable by default unless
    // specifically excluded by the Accept-Encoding header field stating either "identity;q=0" or "*;q=0" without a
    // more specific entry for "identity"."
    pub fn accepts_identity(self) -> bool {
        self.identity != Some(0)
    }
}

/// A coding, and its weight.
// RFC 9110 §12.4.2: "weight = OWS ";" OWS "q=" qvalue"
fn split_weight(element: &[u8]) -> Option<(&[u8], Weight)> {
    let (coding, weight) = match element.iter().position(|&c| c == b';') {
        None => (element, 1000),
        Some(at) => {
            let weight = grammar::trim_ows(&element[at + 1..]);
            let (name, value) = weight.split_at_checked(2)?;
            let value = value.split_first();
            let weight = name.eq_ignore_ascii_case(b"q=").then_some(value)?;
            (grammar::trim_ows(&element[..at]), qvalue(weight?)?)
        }
    };
    grammar::is_token(coding).then_some((coding, weight))
}

/// In thousandths.
// RFC 9110 §12.4.2: "qvalue = ( "0" [ "." 0*3DIGIT ] )"
fn qvalue((whole, fraction): (&u8, &[u8])) -> Option<Weight> {
    let digits = match fraction {
        [] => fraction,
        [b'.', digits @ ..] if digits.len() <= 3 => digits,
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| digits.get(at).map_or(0, |digit| u16::from(digit - b'0'));
    let thousandths = 100 * digit(0) + 10 * digit(1) + digit(2);
    match (whole, thousandths) {
        (b'0', _) => Some(thousandths),
        (b'1', 0) => Some(1000),
        _ => None,
    }
}

/// A coding that a representation has (RFC 9110 §8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentCoding<'a> {
    /// `gzip` or `x-gzip` (RFC 9110 §8.4.1.3): [`Gunzip`](crate::deflate) undoes it.
    Gzip,
    /// Any other one, as it is spelt.
    Other(&'a [u8]),
}

/// The value of a `Content-Encoding` field, repeated lines joined by commas: its codings in the order in which they
/// were applied; `None` if it is no list of codings. `identity` is no coding, and left out.
///
/// ```
/// use barewire::http::wire::{ContentCoding, content_codings};
///
/// let codings: Vec<_> = content_codings(b"br, x-gzip").unwrap().collect();
/// assert_eq!(codings, [ContentCoding::Other(b"br"), ContentCoding::Gzip]); // undo gzip first
/// assert!(content_codings(b"gzip;q=1").is_none());
/// ```
// RFC 9110 §8.4: "If one or more encodings have been applied to a representation, the sender that applied the
// encodings MUST generate a Content-Encoding header field that lists the content codings in the order in which they
// were applied."
pub fn content_codings(value: &[u8]) -> Option<impl Iterator<Item = ContentCoding<'_>>> {
    let coded = grammar::list(value).filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let coding = |coding| match is_gzip(coding) {
        true => ContentCoding::Gzip,
        false => ContentCoding::Other(coding),
    };
    let is_list = grammar::list(value).all(grammar::is_token);
    is_list.then(|| coded.map(coding))
}

// RFC 9110 §8.4.1.3: "A recipient SHOULD consider "x-gzip" to be equivalent to "gzip"."
// RFC 9110 §8.4.1: "All content codings are case-insensitive"
fn is_gzip(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip")
}
