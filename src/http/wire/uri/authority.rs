//! `uri-host [ ":" port ]`, as in Host, CONNECT and an absolute target (RFC 9110 §7.2).
//!
//! ```text
//!   www.example.com:80     registered name, port
//!   127.0.0.1              IPv4 address: its bytes are those of a name
//!   [2001:db8::1]:8080     IP literal in brackets
//!   a%41.example:          percent-encoded byte, empty port
//! ```

use crate::http::wire::grammar::{HEX, REG_NAME, is, percent_encoded, run_end};

/// Whether [`split_host_port`] would return something; fast for plain names.
#[inline(always)]
pub(in crate::http::wire) fn is_host_port(bytes: &[u8]) -> bool {
    let at = run_end(bytes, 0, REG_NAME);
    let plain_port = match &bytes[at..] {
        [] => true,
        [b':', port @ ..] => port.len() <= 4 && port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    (at > 0 && plain_port) || split_host_port(bytes).is_some()
}

/// Splits `uri-host [ ":" port ]`; `None` if it is not one (RFC 9110 §7.2).
///
/// The host may be an IP literal in brackets, an IPv4 address or a registered name
/// with percent-encodings (RFC 3986 §3.2.2); it must not be empty (RFC 9110 §4.2.1). The port
/// may be empty (RFC 3986 §3.2.3).
pub(crate) fn split_host_port(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let host_end = match bytes.first()? {
        b'[' => ip_literal_end(bytes)?,
        _ => reg_name_end(bytes)?,
    };
    let (host, rest) = bytes.split_at(host_end);
    match rest {
        [] => Some((host, None)),
        [b':', port @ ..] if port.iter().all(u8::is_ascii_digit) && port.len() <= 5 => {
            let number = port.iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0'));
            (number <= 65535).then_some((host, Some(port)))
        }
        _ => None,
    }
}

fn reg_name_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(&c) = bytes.get(at) {
        match c {
            _ if is(c, REG_NAME) => at += 1,
            b'%' if percent_encoded(bytes, at) == Some(true) => at += 3,
            _ => break,
        }
    }
    (at > 0).then_some(at)
}

fn ip_literal_end(bytes: &[u8]) -> Option<usize> {
    let close = bytes.iter().position(|&c| c == b']')?;
    let inside = std::str::from_utf8(&bytes[1..close]).ok()?;
    let future = |s: &str| {
        // RFC 3986 §3.2.2: "IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )"
        let rest = s.strip_prefix(['v', 'V'])?;
        let (version, address) = rest.split_once('.')?;
        let hex = !version.is_empty() && version.bytes().all(|c| is(c, HEX));
        let chars = !address.is_empty() && address.bytes().all(|c| is(c, REG_NAME) || c == b':');
        (hex && chars).then_some(())
    };
    (is_ipv6(inside) || future(inside).is_some()).then_some(close + 1)
}

/// RFC 3986 §3.2.2 `IPv6address`: eight groups of 16 bits, or fewer around one `::`.
pub(in crate::http::wire) fn is_ipv6(text: &str) -> bool {
    let groups = |part: &str, last: bool| -> Option<usize> {
        if part.is_empty() {
            return Some(0);
        }
        let mut count = 0;
        let mut rest = part.split(':').peekable();
        while let Some(group) = rest.next() {
            let h16 = (1..=4).contains(&group.len()) && group.bytes().all(|c| is(c, HEX));
            let ipv4_tail = last && rest.peek().is_none() && is_ipv4(group);
            count += match (h16, ipv4_tail) {
                (true, _) => 1,
                (_, true) => 2,
                _ => return None,
            };
        }
        Some(count)
    };
    match text.split_once("::") {
        None => groups(text, true) == Some(8),
        Some((left, right)) => match (groups(left, false), groups(right, true)) {
            (Some(a), Some(b)) => a + b <= 7,
            _ => false,
        },
    }
}

/// RFC 3986 §3.2.2 `IPv4address`: no leading zeros.
pub(in crate::http::wire) fn is_ipv4(text: &str) -> bool {
    let octet = |s: &str| {
        (1..=3).contains(&s.len())
            && s.bytes().all(|c| c.is_ascii_digit())
            && (s == "0" || !s.starts_with('0'))
            && s.parse::<u16>().is_ok_and(|n| n <= 255)
    };
    text.split('.').count() == 4 && text.split('.').all(octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for good in [
            "a",
            "a:",
            "a:80",
            "a_b~c-%41.example",
            "127.0.0.1:1337",
            "[::1]",
            "[::1]:8080",
            "[v1.a:b]",
            "[1:2:3:4:5:6:7:8]",
            "[::ffff:127.0.0.1]",
            "[1::8]",
        ] {
            assert!(split_host_port(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "u@h",
            "http://a",
            "[::1",
            "2001:db8::1",
            "a:8x",
            "a:65536",
            "[]",
            "[::g]",
            "[::1]x",
            "a%4",
            "a%zz",
            "[v.x]",
            "a:000000",
            "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]",
            "[1::2::3]",
            "[::127.0.0.256]",
            "[:1]",
            "[12345::]",
        ] {
            assert!(split_host_port(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
