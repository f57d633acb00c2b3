//! Frame headers, masks and the payloads of Close frames.
//!
//! - A header is decided by some byte, and no byte behind it changes the decision.
//! - A header that is taken has one form: encoded again it is the same bytes.
//! - A mask goes on in step however the payload comes, and put on twice is off.
//! - A Close frame's payload has one form.

use crate::input::Input;
use barewire::websocket::wire::{Close, Header, Mask};

pub(crate) fn run(input: &Input<'_>) {
    let mut rest = input.bytes;
    while let Some(behind) = header(rest) {
        rest = behind;
    }
    mask(input);
    close(input.bytes);
}

/// What stands behind the first frame.
fn header(bytes: &[u8]) -> Option<&[u8]> {
    let whole = Header::decode(bytes);
    let mut decided = None;
    for end in 0..=bytes.len().min(Header::MAX + 1) {
        let now = Header::decode(&bytes[..end]);
        match decided {
            Some(before) => assert_eq!(now, before, "another decision with {end} bytes"),
            None if now != Ok(None) => decided = Some(now),
            None => {}
        }
    }
    assert_eq!(decided.unwrap_or(Ok(None)), whole);

    let (header, length) = whole.ok()??;
    let mut again = Vec::new();
    header.encode(&mut again);
    assert_eq!(again, &bytes[..length], "{header:?}");
    let payload = usize::try_from(header.length).unwrap_or(usize::MAX);
    bytes[length..].get(payload..)
}

fn mask(input: &Input<'_>) {
    let Some((&key, payload)) = input.bytes.split_first_chunk() else {
        return;
    };
    let plain = payload.iter().zip(key.iter().cycle());
    let plain: Vec<u8> = plain.map(|(byte, key)| byte ^ key).collect();
    for mut pieces in input.ways() {
        let mut mask = Mask::new(key);
        let (mut applied, mut appended) = (payload.to_vec(), Vec::new());
        let mut left = &mut applied[..];
        pieces.retain(|piece| !piece.is_empty());
        for length in pieces.iter().map(|piece| piece.len()) {
            let length = length.min(left.len());
            let piece = left.split_off_mut(..length).unwrap_or_default();
            mask.clone().append(piece, &mut appended);
            mask.apply(piece);
        }
        assert_eq!((&applied, &appended), (&plain, &plain));
        Mask::new(key).apply(&mut applied);
        assert_eq!(applied, payload);
    }
}

fn close(payload: &[u8]) {
    let Ok(close) = Close::decode(payload) else {
        return;
    };
    let mut again = Vec::new();
    close.encode(&mut again);
    assert_eq!(again, payload);
    assert_eq!(Close::decode(&again), Ok(close));
    assert_eq!(close.answer().code(), close.code());
    if let Some(code) = close.code() {
        let made = Close::new(code, close.reason());
        assert_eq!(made.is_ok(), payload.len() <= 125);
        assert!(made.is_err() || made == Ok(close));
    }
}
