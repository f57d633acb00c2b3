//! What is wrong with bytes or with text, and where.

use std::fmt;

macro_rules! rules {
    ($($name:ident $source:literal $says:literal;)+) => {
        /// One thing that bytes or text must not do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $(#[doc = concat!($says, " (", $source, ")")] $name),+ }

        impl Rule {
            /// Where the rule stands, as `"RFC 4648 §3.3"`.
            pub fn source(self) -> &'static str { match self { $(Rule::$name => $source),+ } }

            /// The rule in one sentence.
            pub fn says(self) -> &'static str { match self { $(Rule::$name => $says),+ } }
        }
    };
}

rules! {
    LoneContinuation "Unicode §3.9 D92" "UTF-8: a byte from 80 to BF goes on with a character, and none has begun";
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

/// The [`Rule`] that is broken, at what byte, and what stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error {
    rule: Rule,
    at: u64,
    got: [u8; Self::GOT],
    got_len: u8,
}

impl Error {
    const GOT: usize = 4;

    /// The rule was broken by `got` (four bytes of it are kept), at byte `at` of a piece.
    #[cold]
    pub(super) fn new(rule: Rule, at: usize, got: &[u8]) -> Error {
        let mut kept = [0; Self::GOT];
        let len = got.len().min(Self::GOT);
        kept[..len].copy_from_slice(&got[..len]);
        Error {
            rule,
            at: at as u64,
            got: kept,
            got_len: len as u8,
        }
    }

    /// The rule was broken by the character of `text` that begins at byte `at`, or by its end.
    #[cold]
    pub(super) fn in_text(rule: Rule, text: &str, at: usize) -> Error {
        let rest = text.get(at..).unwrap_or_default();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        Error::new(rule, at, &rest.as_bytes()[..first])
    }

    /// The same, with `bytes` of the stream before the piece.
    pub(super) fn after(self, bytes: u64) -> Error {
        Error {
            at: self.at + bytes,
            ..self
        }
    }

    /// Which rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The offset of the bad bytes, from the start of the stream or text.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The bad bytes, up to and with the one that tells; or the bad character of a text, in UTF-8.
    /// Empty where something is missing at the end.
    pub fn got(&self) -> &[u8] {
        &self.got[..self.got_len.into()]
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Error { rule, at, .. } = self;
        write!(f, "{} ({}); at byte {at}", rule.says(), rule.source())?;
        match str::from_utf8(self.got()) {
            Ok("") => Ok(()),
            Ok(text) => write!(f, ": {text:?}"),
            Err(_) => write!(f, ": {:02X?}", self.got()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.rule)
    }
}

impl std::error::Error for Error {}

/// What becomes of bad bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bad {
    Replace,
    Refuse,
}

impl Bad {
    /// Bad bytes have been found.
    pub(super) fn found(
        self,
        error: impl FnOnce() -> Error,
        out: &mut String,
    ) -> Result<(), Error> {
        match self {
            Bad::Replace => {
                out.push(char::REPLACEMENT_CHARACTER);
                Ok(())
            }
            Bad::Refuse => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_the_rule_the_place_and_what_stood_there() {
        let overlong = Error::new(Rule::Overlong, 2, b"\xc0").after(7);
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
