//! Row S03: CR LF after each message.

use super::ALPHABET;
use super::feed::receive;
use barewire::framing::{Delimiter, Encode, Error, Framer, Misuse};

#[test]
fn row_s03_the_delimiter_follows_each_message() {
    let (mut encoder, mut wire) = (Delimiter::CRLF.encoder(), Vec::new());
    for _ in 0..18 {
        encoder.encode(ALPHABET, &mut wire).unwrap();
    }
    assert_eq!(wire, [&ALPHABET[..], b"\r\n"].concat().repeat(18));
    let received = receive(&Delimiter::CRLF, wire.chunks(100));
    assert_eq!(received.messages, vec![ALPHABET.to_vec(); 18]);
    assert_eq!(received.end, Ok(()));
}

#[test]
fn row_s03_nothing_is_a_message_before_its_delimiter() {
    let received = receive(&Delimiter::CRLF, [&b"HELLO\r\n"[..], b"\r\nWOR", b"LD\r"]);
    assert_eq!(received.messages, [&b"HELLO"[..], b""]);
    assert_eq!(received.end, Err(Error::Unfinished { got: 6, of: None }));
}

#[test]
fn row_s03_a_message_that_contains_it_is_refused() {
    let mut wire = Vec::new();
    let mut encoder = Delimiter::CRLF.encoder();
    let refused = encoder.encode(b"HEL\r\nLO", &mut wire);
    assert_eq!(refused, Err(Misuse::DelimiterInside { at: 3 }));
    assert!(wire.is_empty());
    // Half of it is no delimiter, also at the end: the first CR LF is still the one after the message.
    for harmless in [&b"\r"[..], b"\n", b"HELLO\r", b"\r\r", b"\n\r"] {
        encoder.encode(harmless, &mut wire).unwrap();
    }
    let received = receive(&Delimiter::CRLF, [&wire[..]]);
    assert_eq!(
        received.messages,
        [&b"\r"[..], b"\n", b"HELLO\r", b"\r\r", b"\n\r"]
    );
}

/// `xa` does not contain `aa`, but `xa` followed by `aa` would be read as `x`.
#[test]
fn row_s03_a_message_whose_end_begins_it_is_refused() {
    let mut encoder = Delimiter::new(b"aa").encoder();
    let refused = encoder.encode(b"xa", &mut Vec::new());
    assert_eq!(refused, Err(Misuse::DelimiterInside { at: 1 }));
    assert_eq!(encoder.encode(b"ax", &mut Vec::new()), Ok(()));
}

/// Exactly the messages that would be read back as something else are refused: all short messages of two
/// letters, with all short delimiters.
#[test]
fn row_s03_what_is_not_refused_comes_back() {
    refuses_exactly_what_does_not_come_back::<1>();
    refuses_exactly_what_does_not_come_back::<2>();
    refuses_exactly_what_does_not_come_back::<3>();
    refuses_exactly_what_does_not_come_back::<4>();
}

fn refuses_exactly_what_does_not_come_back<const N: usize>() {
    let letter = |bits: usize, at: usize| b'a' + (bits >> at & 1) as u8;
    let (mut sent, mut refused) = (0, 0);
    for bits in 0..1 << N {
        let delimiter: [u8; N] = std::array::from_fn(|at| letter(bits, at));
        let framer = Delimiter::new(&delimiter);
        for length in 0..8 {
            for bits in 0..1 << length {
                let message: Vec<u8> = (0..length).map(|at| letter(bits, at)).collect();
                let wire = [&message[..], &delimiter].concat();
                let comes_back = receive(&framer, [&wire[..]]).messages == [&message[..]];
                let verdict = framer.encoder().encode(&message, &mut Vec::new());
                assert_eq!(verdict.is_ok(), comes_back, "{}", wire.escape_ascii());
                *if comes_back { &mut sent } else { &mut refused } += 1;
            }
        }
    }
    assert!(sent > 0 && refused > 0);
}
