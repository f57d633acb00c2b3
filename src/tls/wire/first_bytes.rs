//! Which protocol does a client speak? Its first bytes, on a port that expects TLS.
//!
//! ```text
//!   16 03 …                       a TLS record: a handshake
//!   "GET / HTTP/1.1\r\n"          a method and a blank: HTTP, in the clear
//!   80 2e 01 03 …                 a hello of SSL 2, or in its form
//! ```
//!
//! A browser that asks `http://` of an `https://` port should get an answer in HTTP, which it shows. TLS can
//! only answer with an alert, which it does not.

/// The longest method that is recognized; the longest that is registered has 17 letters.
const METHOD_MAX: usize = 24;

/// The peer's protocol, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FirstBytes {
    /// TLS, or a protocol that begins like it.
    Tls,
    /// HTTP without TLS.
    PlainHttp,
    /// SSL 2, or a hello in its form, which servers accepted for a long time.
    Ssl2,
    /// Another protocol: SSH, a mail client, a port scan.
    Other,
}

impl FirstBytes {
    /// With this many bytes the answer is known.
    pub const ENOUGH: usize = METHOD_MAX + 1;

    /// The answer from the bytes that have come so far; `None`: not yet.
    ///
    /// ```
    /// use barewire::tls::wire::FirstBytes;
    ///
    /// assert_eq!(FirstBytes::of(b"\x16\x03\x01"), Some(FirstBytes::Tls));
    /// assert_eq!(FirstBytes::of(b"GE"), None);
    /// assert_eq!(FirstBytes::of(b"GET /"), Some(FirstBytes::PlainHttp));
    /// assert_eq!(FirstBytes::of(b"SSH-2.0-OpenSSH"), Some(FirstBytes::Other));
    /// ```
    pub fn of(bytes: &[u8]) -> Option<FirstBytes> {
        match *bytes {
            [] => None,
            [20..=23, ref rest @ ..] => next_is(3, rest, FirstBytes::Tls),
            [0x80..=0xff, ref rest @ ..] => next_is(1, rest.get(1..)?, FirstBytes::Ssl2),
            _ => http(bytes),
        }
    }
}

/// Whether a client of a TLS port speaks HTTP, by all bytes that have come. `GET b` is a method and a blank, too: if the
/// line has ended, it must name a version of HTTP (RFC 9112 §3).
pub(in crate::tls) fn is_http_request(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let names_version = |line: &[u8]| line.windows(6).any(|part| part == b" HTTP/");
    FirstBytes::of(bytes) == Some(FirstBytes::PlainHttp)
        && end.is_none_or(|end| names_version(&bytes[..end]))
}

fn next_is(byte: u8, rest: &[u8], then: FirstBytes) -> Option<FirstBytes> {
    match *rest.first()? == byte {
        true => Some(then),
        false => Some(FirstBytes::Other),
    }
}

/// Letters (and hyphens, as in `M-SEARCH`), then a blank.
fn http(bytes: &[u8]) -> Option<FirstBytes> {
    let letter = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'-';
    let end = bytes.iter().position(|byte| !letter(byte));
    match end {
        Some(1..=METHOD_MAX) if bytes[end?] == b' ' => Some(FirstBytes::PlainHttp),
        None if bytes.len() <= METHOD_MAX => None,
        _ => Some(FirstBytes::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FirstBytes::*;

    #[test]
    fn each_is_recognized_as_early_as_possible_and_stays_so() {
        for (bytes, known_at, what) in [
            (&b"\x16\x03\x01\x00\xc4\x01\x00\x00\xc0\x03\x03"[..], 2, Tls),
            (b"\x15\x03\x03\x00\x02\x02\x28", 2, Tls),
            (b"\x16\x02\x01", 2, Other),
            (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 4, PlainHttp),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 4, PlainHttp),
            (b"M-SEARCH * HTTP/1.1", 9, PlainHttp),
            (b"UPDATEREDIRECTREF /", 18, PlainHttp),
            (b"\x80\x2e\x01\x03\x01\x00\x15", 3, Ssl2),
            (b"\x80\x2e\x04\x00\x02", 3, Other),
            (b"SSH-2.0-OpenSSH_9.6\r\n", 5, Other),
            (b" GET /", 1, Other),
            (b"get / HTTP/1.1", 1, Other),
            (b"\0\0\0", 1, Other),
            (b"ABCDEFGHIJKLMNOPQRSTUVWX /", 25, PlainHttp),
            (b"ABCDEFGHIJKLMNOPQRSTUVWXY /", 25, Other),
        ] {
            for end in 0..=bytes.len() {
                let expected = (end >= known_at).then_some(what);
                assert_eq!(
                    FirstBytes::of(&bytes[..end]),
                    expected,
                    "{end} of {bytes:02x?}"
                );
            }
            assert!(known_at <= FirstBytes::ENOUGH);
        }
    }

    #[test]
    fn a_line_without_a_version_is_no_http() {
        for (bytes, is_http) in [
            (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], true),
            (b"PRI * HTTP/2.0\r\n", true),
            (b"GET / HTT", true), // not known yet
            (b"GET b\n", false),
            (b"SET b / HTTP\r\n", false),
            (b"GET b\nGET / HTTP/1.1\r\n", false),
            (b"HTTP/1.1 200 OK\r\n", false),
        ] {
            assert_eq!(is_http_request(bytes), is_http, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn every_beginning_is_known_in_time() {
        for byte in 0..=255 {
            assert!(
                FirstBytes::of(&[byte; FirstBytes::ENOUGH]).is_some(),
                "{byte}"
            );
        }
    }
}
