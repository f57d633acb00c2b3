//! A message that is complete in a chunk is borrowed from it; only a message that the chunk cuts is copied.

use super::ALPHABET;
use super::feed::stream;
use barewire::framing::{
    Decode, Delimiter, Fixed, Framer, Header16, Header32, Message, Padding, Prefix,
};

/// Eighteen messages in chunks of a thousand bytes: how many were borrowed from their chunk.
fn borrowed<F: Framer>(framer: &F) -> usize {
    let (_, wire) = stream(framer, vec![ALPHABET.to_vec(); 18]);
    let (mut decoder, mut borrowed) = (framer.decoder(), 0);
    for chunk in wire.chunks(1000) {
        let mut rest = chunk;
        while let Some(message) = decoder.decode(&mut rest).unwrap() {
            let here = message.slices()[0].as_ptr();
            borrowed += usize::from(chunk.as_ptr_range().contains(&here));
        }
    }
    borrowed
}

#[test]
fn a_message_that_is_complete_in_a_chunk_is_not_copied() {
    // 18 times 128, 66, 68 and 70 bytes: all except those at 1000 and 2000.
    assert_eq!(borrowed(&Fixed::<128>::new(Padding::Strip)), 16);
    assert_eq!(borrowed(&Delimiter::CRLF), 17);
    assert_eq!(borrowed(&Header16::new()), 17);
    assert_eq!(borrowed(&Header32::new()), 17);
}

#[test]
fn the_longest_allowed_message_is_not_copied_either() {
    assert_eq!(borrowed(&Delimiter::CRLF.with_limit(64)), 17);
    assert_eq!(borrowed(&Header16::new().with_limit(64)), 17);
}

/// A cut message stays in the decoder while it is borrowed. It is not unfinished any more.
#[test]
fn a_returned_message_is_not_unfinished() {
    fn finished<F: Framer>(framer: &F) {
        let (_, wire) = stream(framer, [ALPHABET.to_vec()]);
        let (mut one, mut other) = wire.split_at(wire.len() / 2);
        let mut decoder = framer.decoder();
        assert!(decoder.decode(&mut one).unwrap().is_none());
        assert!(decoder.finish().is_err());
        assert!(decoder.decode(&mut other).unwrap().is_some());
        assert_eq!(decoder.finish(), Ok(()));
    }
    finished(&Fixed::<128>::new(Padding::Strip));
    finished(&Delimiter::CRLF);
    finished(&Header16::new());
    finished(&Prefix::new());
}
