//! The rules that bytes and text can break, and the error that names one.

use crate::wire::{rule_error, rules, show_text};

rules! {
    /// One rule that bytes or text must obey.
    ///
    /// ```
    /// use barewire::text::{Decoder, Encoding, Rule};
    ///
    /// let mut decoder = Decoder::strict(Encoding::Utf8);
    /// let error = decoder.decode(b"\xc0\xaf", &mut String::new()).unwrap_err();
    /// assert_eq!(error.rule(), Rule::Overlong); // a slash in two bytes
    /// assert_eq!(error.rule().section(), "Unicode §3.9 D92");
    /// ```
    pub enum Rule;

    LoneContinuation "Unicode §3.9 D92" "UTF-8: a byte from 80 to BF continues a character, and none has begun";
    Overlong "Unicode §3.9 D92" "UTF-8: a character has one form, the shortest, and this is a longer one";
    Surrogate "Unicode §3.9 D92" "UTF-8: U+D800 to U+DFFF are halves of UTF-16 pairs, not characters";
    TooLarge "Unicode §3.9 D92" "UTF-8: there is no character above U+10FFFF";
    Interrupted "Unicode §3.9 D92" "UTF-8: a character must have all its bytes before another begins";
    LoneSurrogate "Unicode §3.9 D91" "UTF-16: a surrogate stands in a pair only, high before low";
    CutAtEnd "Unicode §3.9" "the bytes end inside a character";
    NotAscii "ISO 646" "ASCII has the characters U+0000 to U+007F and no other";
    NotLatin1 "ISO 8859-1" "latin1 has the characters U+0000 to U+00FF and no other";
    HexDigit "RFC 4648 §8" "a hex digit is one of 0-9, a-f, A-F, and nothing stands between";
    HexOdd "RFC 4648 §8" "every byte has two hex digits, and the last has one";
    Base64Digit "RFC 4648 §4" "a base64 digit is one of A-Z, a-z, 0-9, +, /, and nothing stands between";
    Base64Padding "RFC 4648 §4" "base64 is groups of four digits, only the last of them filled up with = or ==";
    Base64PadBits "RFC 4648 §3.5" "the bits of the last base64 digit that belong to no byte are zero";
}

rule_error! {
    /// The [`Rule`] that is broken, at which byte, and the bytes found there.
    ///
    /// ```
    /// use barewire::text::{Decoder, Encoding};
    ///
    /// let (mut decoder, mut text) = (Decoder::strict(Encoding::Ascii), String::new());
    /// let error = decoder.decode(b"caf\xe9!", &mut text).unwrap_err();
    /// assert_eq!((error.at(), error.got()), (3, &b"\xe9"[..]));
    /// assert_eq!(text, "caf"); // what came before it is there
    /// ```
    pub struct Error {
        rule: Rule,
        /// The offset of the invalid bytes, from the start of the stream or text.
        at: u64,
        /// The invalid bytes, up to and including the first that breaks the rule; or the invalid character of
        /// a text, in UTF-8. Empty if something is missing at the end.
        got: [u8; 4],
    }
    fn new;
    show = show_text;
}

impl Error {
    /// The rule was broken by `got` (four bytes of it are kept), at byte `at` of a piece.
    #[cold]
    pub(super) fn of(rule: Rule, at: usize, got: &[u8]) -> Error {
        Error::new(rule, got, 0).after(at as u64)
    }

    /// The rule was broken by the character of `text` that begins at byte `at`, or by its end.
    #[cold]
    pub(super) fn in_text(rule: Rule, text: &str, at: usize) -> Error {
        let rest = text.get(at..).unwrap_or_default();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        Error::of(rule, at, &rest.as_bytes()[..first])
    }

    /// The same, with `bytes` of the stream before the piece.
    pub(super) fn after(self, bytes: u64) -> Error {
        Error {
            at: self.at + bytes,
            ..self
        }
    }
}

/// What to do with invalid bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum OnInvalid {
    Replace,
    Refuse,
}

impl OnInvalid {
    /// Replaces the invalid bytes, or returns their error.
    pub(super) fn handle(
        self,
        error: impl FnOnce() -> Error,
        out: &mut String,
    ) -> Result<(), Error> {
        match self {
            OnInvalid::Replace => {
                out.push(char::REPLACEMENT_CHARACTER);
                Ok(())
            }
            OnInvalid::Refuse => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_the_rule_the_place_and_what_stood_there() {
        let overlong = Error::of(Rule::Overlong, 2, b"\xc0").after(7);
        assert_eq!(
            overlong.to_string(),
            "UTF-8: a character has one form, the shortest, and this is a longer one \
             (Unicode §3.9 D92); at byte 9: [C0]"
        );
        let letter = Error::in_text(Rule::NotAscii, "静夜思", 3);
        assert_eq!(
            letter.to_string(),
            "ASCII has the characters U+0000 to U+007F and no other (ISO 646); at byte 3: \"夜\""
        );
        let missing = Error::in_text(Rule::HexOdd, "abc", 3);
        assert!(missing.to_string().ends_with("(RFC 4648 §8); at byte 3"));
    }
}
