//! One byte, one character: latin1, and its lower half, ASCII.

use super::error::{Error, OnInvalid, Rule};

/// Every byte is the character of that number.
pub(super) fn decode_latin1(bytes: &[u8], out: &mut String) {
    match as_ascii(bytes) {
        Some(text) => out.push_str(text),
        None => out.extend(bytes.iter().copied().map(char::from)),
    }
}

/// A byte above 7F is invalid. (With its top bit cleared it would silently be another character.)
pub(super) fn decode_ascii(
    bytes: &[u8],
    on_invalid: OnInvalid,
    out: &mut String,
) -> Result<(), Error> {
    if let Some(text) = as_ascii(bytes) {
        out.push_str(text);
        return Ok(());
    }
    for (at, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            on_invalid.handle(|| Error::of(Rule::NotAscii, at, &[byte]), out)?;
        }
    }
    Ok(())
}

fn as_ascii(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    text.is_ascii().then_some(text)
}

pub(super) fn encode_latin1(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    for (at, character) in text.char_indices() {
        let byte = u8::try_from(character);
        out.push(byte.map_err(|_| Error::in_text(Rule::NotLatin1, text, at))?);
    }
    Ok(())
}

pub(super) fn encode_ascii(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    if let Some(at) = text.bytes().position(|byte| !byte.is_ascii()) {
        return Err(Error::in_text(Rule::NotAscii, text, at));
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_is_every_byte_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        let mut text = String::new();
        decode_latin1(&all, &mut text);
        assert!(text.chars().map(u32::from).eq(0..=255));
        let mut bytes = Vec::new();
        encode_latin1(&text, &mut bytes).unwrap();
        assert_eq!(bytes, all);
        let error = encode_latin1("é€", &mut bytes).unwrap_err();
        assert_eq!(error, Error::in_text(Rule::NotLatin1, "é€", 2));
    }

    #[test]
    fn ascii_is_not_masked() {
        // C1 & 7F would be "A".
        let mut text = String::new();
        decode_ascii(b"a\xc1\x80\0", OnInvalid::Replace, &mut text).unwrap();
        assert_eq!(text, "a\u{FFFD}\u{FFFD}\0");
        let error = decode_ascii(b"a\xc1", OnInvalid::Refuse, &mut text).unwrap_err();
        assert_eq!(error, Error::of(Rule::NotAscii, 1, b"\xc1"));
        let error = encode_ascii("naïve", &mut Vec::new()).unwrap_err();
        assert_eq!(error, Error::in_text(Rule::NotAscii, "naïve", 2));
    }
}
