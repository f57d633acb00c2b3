//! The classes of bytes: one bit each, in a table of 256 entries.

pub(super) const TCHAR: u8 = 1;
pub(super) const TARGET: u8 = 2;
pub(in crate::http::wire) const REG_NAME: u8 = 4;
pub(in crate::http::wire) const HEX: u8 = 8;
pub(super) const VALUE: u8 = 16;
const QDTEXT: u8 = 32;

pub(super) static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let c = i as u8;
        let alnum = c.is_ascii_alphanumeric();
        // unreserved and sub-delims: RFC 3986 §2.2, §2.3
        let unreserved = alnum || matches!(c, b'-' | b'.' | b'_' | b'~');
        let sub_delims = holds(b"!$&'()*+,;=", c);
        let mut bits = 0;
        // RFC 9110 §5.6.2: "any VCHAR, except delimiters"
        if alnum || holds(b"!#$%&'*+-.^_`|~", c) {
            bits |= TCHAR;
        }
        // "?" and "%" are checked one by one, see `target_end`.
        if unreserved || sub_delims || matches!(c, b':' | b'@' | b'/') {
            bits |= TARGET;
        }
        if unreserved || sub_delims {
            bits |= REG_NAME;
        }
        if c.is_ascii_hexdigit() {
            bits |= HEX;
        }
        // RFC 9110 §5.5: "1*( SP / HTAB / field-vchar )"
        // RFC 9110 §5.5: "field-vchar = VCHAR / obs-text"
        if c == b'\t' || (c >= b' ' && c != 0x7f) {
            bits |= VALUE;
            if !matches!(c, b'"' | b'\\') {
                bits |= QDTEXT;
            }
        }
        table[i] = bits;
        i += 1;
    }
    table
}

const fn holds(signs: &[u8], byte: u8) -> bool {
    let mut at = 0;
    while at < signs.len() && signs[at] != byte {
        at += 1;
    }
    at < signs.len()
}

#[inline(always)]
pub(in crate::http::wire) fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

/// A `tchar` (RFC 9110 §5.6.2).
#[inline(always)]
pub fn is_tchar(byte: u8) -> bool {
    is(byte, TCHAR)
}

/// A byte that may stand in a field value: VCHAR, obs-text, SP or HTAB (RFC 9110 §5.5).
#[inline(always)]
pub fn is_value(byte: u8) -> bool {
    is(byte, VALUE)
}

/// A byte that may stand inside a quoted-string without a backslash (RFC 9110 §5.6.4).
#[inline(always)]
pub fn is_qdtext(byte: u8) -> bool {
    is(byte, QDTEXT)
}
