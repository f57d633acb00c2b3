//! The longest message is accepted, a longer one is refused, and the cuts do not matter.

use super::feed::{ReadIntoRing, receive, stream};
use barewire::framing::{
    Decode, Delimiter, Encode, Error, Framer, Header16, Header32, Misuse, Prefix,
};
use std::io;

const LIMIT: usize = 600;

/// A decoder with a limit and an encoder without one: `HELLO`, the longest message, a longer one, `WORLD`.
fn too_long<F: Framer>(limited: &F, unlimited: &F, error: Error) {
    let longest = vec![b'm'; LIMIT];
    let messages = [
        b"HELLO".to_vec(),
        longest.clone(),
        vec![b'n'; LIMIT + 1],
        b"WORLD".to_vec(),
    ];
    let (_, wire) = stream(unlimited, messages);
    for at in 0..=wire.len() {
        let (one, other) = wire.split_at(at);
        let received = receive(limited, [one, other]);
        assert_eq!(received.messages, [b"HELLO", &longest[..]], "cut at {at}");
        assert_eq!(received.end, Err(error), "cut at {at}");
    }
    assert_eq!(receive(limited, wire.chunks(1)).end, Err(error));

    let refused = limited
        .encoder()
        .encode(&[b'n'; LIMIT + 1], &mut Vec::new());
    let (length, most) = (LIMIT + 1, LIMIT);
    assert_eq!(refused, Err(Misuse::TooLong { length, most }));
}

#[test]
fn a_message_that_does_not_end_in_time_is_an_error() {
    let limit = LIMIT;
    let crlf = Delimiter::CRLF;
    too_long(&crlf.with_limit(LIMIT), &crlf, Error::Endless { limit });
    // Every byte of the long message may begin this delimiter, and never does.
    let nno = Delimiter::new(b"nno");
    too_long(&nno.with_limit(LIMIT), &nno, Error::Endless { limit });
}

#[test]
fn a_length_above_the_limit_is_an_error() {
    let (length, limit) = (LIMIT + 1, LIMIT);
    let error = Error::TooLong { length, limit };
    too_long(&Header16::new().with_limit(LIMIT), &Header16::new(), error);
    too_long(&Header32::new().with_limit(LIMIT), &Header32::new(), error);
    too_long(&Prefix::new().with_limit(LIMIT), &Prefix::new(), error);
    let limited = ReadIntoRing(Prefix::new().with_limit(LIMIT));
    too_long(&limited, &ReadIntoRing(Prefix::new()), error);
}

/// Only the header has arrived, and only the header is checked.
#[test]
fn a_length_is_checked_before_any_body() {
    let four_gigabytes = b"\0\0\xff\xff\xff\xff";
    let received = receive(&Header32::new(), [&four_gigabytes[..]]);
    let (length, limit) = (0xffff_ffff, 16 * 1024 * 1024);
    assert_eq!(received.end, Err(Error::TooLong { length, limit }));
    let the_most = receive(&Header32::new(), [&b"\0\0\x01\0\0\0"[..]]);
    let (got, of) = (6, Some(limit + 6));
    assert_eq!(the_most.end, Err(Error::Unfinished { got, of }));
}

/// With a delimiter of one byte, the byte after the longest message decides.
#[test]
fn no_more_than_the_limit_is_kept_of_a_message_without_end() {
    let mut decoder = Delimiter::new(b"\n").with_limit(3).decoder();
    assert_eq!(decoder.decode(&mut &b"abc"[..]), Ok(None));
    let megabyte = vec![b'.'; 1 << 20];
    let mut rest = &megabyte[..];
    assert_eq!(decoder.decode(&mut rest), Err(Error::Endless { limit: 3 }));
    assert_eq!(rest.len(), megabyte.len() - 1);
}

#[test]
fn no_limit_overflows() {
    let all = usize::MAX;
    for at in 0..=7 {
        let chunks = |wire: &'static [u8]| [&wire[..at], &wire[at..]];
        let crlf = receive(&Delimiter::CRLF.with_limit(all), chunks(b"HELLO\r\n"));
        let header = receive(&Header32::new().with_limit(all), chunks(b"\0\0\0\0\0\x01X"));
        let prefix = receive(
            &Prefix::new().with_limit(all).with_capacity(all),
            chunks(b"\0\x05HELLO"),
        );
        assert_eq!([crlf.end, header.end, prefix.end], [Ok(()); 3]);
    }
}

/// Errors say what arrived and what is allowed, and become an `io::Error` of the right kind.
#[test]
fn errors_teach() {
    let (got, of) = (3, Some(9));
    let (length, limit) = (70_000, 65_535);
    let errors: [(io::Error, io::ErrorKind, &str); 5] = [
        (
            Error::Unfinished { got, of }.into(),
            io::ErrorKind::UnexpectedEof,
            "the stream ended inside a message: 3 of its 9 bytes had arrived",
        ),
        (
            Error::Unfinished { got, of: None }.into(),
            io::ErrorKind::UnexpectedEof,
            "the stream ended inside a message: 3 bytes of it had arrived, and its length was not known yet",
        ),
        (
            Error::TooLong { length, limit }.into(),
            io::ErrorKind::InvalidData,
            "a message of 70000 bytes is announced, but the limit is 65535",
        ),
        (
            Error::Endless { limit }.into(),
            io::ErrorKind::InvalidData,
            "a message has more than 65535 bytes, which is the limit, and no delimiter yet",
        ),
        (
            Misuse::DelimiterInside { at: 1 }.into(),
            io::ErrorKind::InvalidInput,
            "at byte 1 of the message the reader would find a delimiter and end it there",
        ),
    ];
    for (error, kind, says) in errors {
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, says));
    }
}
