//! The framers.
//!
//! - The same messages come however the bytes are cut, and the same end.
//! - After an error the same error comes.
//! - No message is longer than the limit.
//! - Messages that came are framed again, and come again.
//!
//! And packets of `udp::wire`, each a datagram: one that is decoded is encoded to the same bytes.

use crate::input::Input;
use barewire::framing::{
    Decode, Delimiter, Encode, Error, Fixed, Framer, Header, Header16, Header32, Message, Padding,
    Prefix,
};
use barewire::udp::wire::Packet;

pub(crate) fn run(input: &Input<'_>) {
    packet(input.bytes);
    match input.choice(0, 12) {
        0 => framed(input, &Fixed::<1>::new(Padding::Strip), 1),
        1 => framed(input, &Fixed::<7>::new(Padding::Strip), 7),
        2 => framed(input, &Fixed::<7>::new(Padding::Keep), 7),
        3 => framed(input, &Delimiter::CRLF.with_limit(9), 9),
        4 => framed(input, &Delimiter::new(b"\n"), 64 * 1024),
        5 => framed(input, &Delimiter::new(b"aabaa").with_limit(300), 300),
        6 => framed(input, &Header16::new(), 65_535),
        7 => framed(input, &Header32::new(), 16 * 1024 * 1024),
        8 => framed(input, &Header::<1>::new().with_limit(100), 100),
        9 => framed(input, &Prefix::new(), 65_535),
        10 => framed(input, &Prefix::new().with_capacity(1).with_limit(600), 600),
        _ => framed(input, &Prefix::new().with_limit(0), 0),
    }
}

fn framed<F: Framer>(input: &Input<'_>, framer: &F, limit: usize) {
    let whole = received(framer, [input.bytes]);
    for pieces in input.ways() {
        assert_eq!(received(framer, pieces), whole);
    }
    assert!(whole.0.iter().all(|message| message.len() <= limit));

    let (mut encoder, mut wire) = (framer.encoder(), Vec::new());
    let mut sent = whole.0;
    // A cell's padding that is kept is part of the message, and a message may be one that could
    // not be distinguished from another: those are refused, and nothing is appended.
    sent.retain(|message| {
        let before = wire.len();
        let refused = encoder.encode(message, &mut wire).is_err();
        assert!(!refused || wire.len() == before);
        !refused
    });
    assert_eq!(received(framer, [&wire[..]]), (sent, Ok(())));
}

fn received<'p, F: Framer>(
    framer: &F,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<Vec<u8>>, Result<(), Error>) {
    let mut decoder = framer.decoder();
    let mut messages = Vec::new();
    for mut piece in pieces {
        loop {
            let message = decoder.decode(&mut piece);
            match message.map(|message| message.map(|message| message.to_vec())) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => {
                    let again = decoder.decode(&mut &b"\0\x01aabaa\r\n\n"[..]).err();
                    assert_eq!(again, Some(error), "an error is final");
                    return (messages, Err(error));
                }
            }
        }
        assert!(piece.is_empty(), "\"not yet\", but {} left", piece.len());
    }
    (messages, decoder.finish())
}

fn packet(datagram: &[u8]) {
    if let Ok(packet) = Packet::decode(datagram) {
        let mut again = Vec::new();
        packet.encode(&mut again);
        assert_eq!(again, datagram);
    }
}
