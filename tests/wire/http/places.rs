//! An extra byte, a missing byte or a wrong byte at every place of a message is refused.

use super::format::Kind;
use super::reader::Reader;
use barewire::http::wire::Limits;

const REQUEST: &[u8] =
    b"POST /a%41b?c=d HTTP/1.1\r\nHost: a.example:80\r\nX-Y: some value\r\nTransfer-Encoding: chunked\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 Not OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n";
const BODY: &[u8] =
    b"5;name=\"a;b\";c\r\nhello\r\n1b\r\n0123456789abcdef0123456789a\r\n0;d\r\nX-T: trailer\r\n\r\n";

/// The bytes that are tried, and what follows them.
fn parts() -> [(Kind, &'static [u8], &'static [u8]); 3] {
    let response = Kind::Response("GET".to_string());
    [
        (Kind::Request, REQUEST, BODY),
        (response, RESPONSE, BODY),
        (Kind::Chunked, BODY, b""),
    ]
}

/// Where the content of `BODY` is: it may be any byte.
fn is_content(kind: &Kind, at: usize) -> bool {
    matches!(kind, Kind::Chunked) && ((16..21).contains(&at) || (27..54).contains(&at))
}

/// Whether the bytes make a message, now or when a line and an empty line follow.
fn passes(kind: &Kind, bytes: &[u8]) -> bool {
    let mut reader = Reader::new(kind, Limits::default(), false);
    match reader.receive(bytes) {
        Ok(None) => matches!(reader.receive(b"x\r\n\r\nx\r\n\r\n"), Ok(Some(_))),
        outcome => outcome.is_ok(),
    }
}

fn refuse_all(damage: impl Fn(&Kind, &[u8], usize) -> Vec<Vec<u8>>) {
    for (kind, bytes, behind) in parts() {
        assert!(
            passes(&kind, &[bytes, behind].concat()),
            "undamaged: {kind:?}"
        );
        for at in 0..bytes.len() {
            for worse in damage(&kind, bytes, at) {
                let worse = [&worse[..], behind].concat();
                assert!(
                    !passes(&kind, &worse),
                    "{kind:?}, at {at}: {}",
                    worse.escape_ascii()
                );
            }
        }
    }
}

#[test]
fn a_cr_an_lf_or_a_nul_too_many() {
    refuse_all(|kind, bytes, at| {
        // An LF before the last one of a body is the same as one after it.
        let behind = matches!(kind, Kind::Chunked) && at + 1 == bytes.len();
        let others = [b'\r', b'\n', 0]
            .into_iter()
            .filter(|&other| !(behind && other == b'\n'));
        others
            .map(|other| [&bytes[..at], &[other], &bytes[at..]].concat())
            .collect()
    });
}

#[test]
fn a_cr_or_an_lf_too_few() {
    refuse_all(|_, bytes, at| match bytes[at] {
        b'\r' | b'\n' => vec![[&bytes[..at], &bytes[at + 1..]].concat()],
        _ => Vec::new(),
    });
}

#[test]
fn a_cr_an_lf_or_a_nul_in_the_place_of_another_byte() {
    refuse_all(|kind, bytes, at| {
        let others = [b'\r', b'\n', 0]
            .into_iter()
            .filter(|&other| bytes[at] != other && !is_content(kind, at));
        others
            .map(|other| [&bytes[..at], &[other], &bytes[at + 1..]].concat())
            .collect()
    });
}

/// A line end that is doubled or removed changes the lines.
#[test]
fn a_line_end_in_the_start_line() {
    for at in 1..REQUEST
        .iter()
        .position(|&byte| byte == b'\r')
        .expect("a line")
    {
        let worse = [&REQUEST[..at], b"\r\n", &REQUEST[at..], BODY].concat();
        assert!(
            !passes(&Kind::Request, &worse),
            "at {at}: {}",
            worse.escape_ascii()
        );
    }
}
