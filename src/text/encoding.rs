//! The encodings, their names, and text to bytes.

use std::fmt;
use std::str::FromStr;

use super::error::Error;
use super::{base, one_byte, utf16};

/// A way to write text as bytes, or (base64, hex) bytes as text; what Node calls an encoding.
///
/// ```
/// use barewire::text::Encoding;
///
/// let encoding = Encoding::named("latin1")?;
/// let mut bytes = Vec::new();
/// encoding.encode("café", &mut bytes)?;
/// assert_eq!(bytes, b"caf\xe9");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16 with the low byte first; surrogate pairs included.
    Utf16Le,
    /// ISO 8859-1: the characters U+0000 to U+00FF, one byte each.
    Latin1,
    /// ASCII: the characters U+0000 to U+007F, one byte each.
    Ascii,
    /// Any bytes, written in base64 digits (RFC 4648 §4).
    Base64,
    /// Any bytes, written in hex digits (RFC 4648 §8).
    Hex,
}

impl Encoding {
    /// Every encoding there is.
    pub const ALL: &'static [Encoding] = &[
        Encoding::Utf8,
        Encoding::Utf16Le,
        Encoding::Latin1,
        Encoding::Ascii,
        Encoding::Base64,
        Encoding::Hex,
    ];

    /// The encoding that Node knows by this name, in any case: `utf8`, `utf-8`, `utf16le`,
    /// `utf-16le`, `ucs2`, `ucs-2`, `latin1`, `binary`, `ascii`, `base64`, `hex`.
    ///
    /// ```
    /// use barewire::text::Encoding;
    ///
    /// assert_eq!(Encoding::named("UTF-8")?, Encoding::Utf8);
    /// assert_eq!(
    ///     Encoding::named("GBK").unwrap_err().to_string(),
    ///     "there is no encoding \"GBK\" here, only utf8, utf16le, latin1, ascii, base64, hex",
    /// );
    /// # Ok::<(), barewire::text::UnknownEncoding>(())
    /// ```
    ///
    /// # Errors
    /// Any other name.
    pub fn named(name: &str) -> Result<Encoding, UnknownEncoding> {
        match name.to_ascii_lowercase().as_str() {
            "utf8" | "utf-8" => Ok(Encoding::Utf8),
            "utf16le" | "utf-16le" | "ucs2" | "ucs-2" => Ok(Encoding::Utf16Le),
            "latin1" | "binary" => Ok(Encoding::Latin1),
            "ascii" => Ok(Encoding::Ascii),
            "base64" => Ok(Encoding::Base64),
            "hex" => Ok(Encoding::Hex),
            _ => Err(UnknownEncoding::new(name)),
        }
    }

    /// The name, as [`Encoding::named`] takes it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf8",
            Encoding::Utf16Le => "utf16le",
            Encoding::Latin1 => "latin1",
            Encoding::Ascii => "ascii",
            Encoding::Base64 => "base64",
            Encoding::Hex => "hex",
        }
    }

    /// Appends the bytes of a text, as `Buffer.from(text, encoding)` does. What Node omits or changes because
    /// it cannot encode it is an error here.
    ///
    /// ```
    /// use barewire::text::Encoding;
    ///
    /// let mut bytes = Vec::new();
    /// Encoding::Latin1.encode("café ", &mut bytes)?;
    /// Encoding::Base64.encode("Zm9v", &mut bytes)?; // digits to the bytes they stand for
    /// assert_eq!(bytes, b"caf\xe9 foo");
    ///
    /// let error = Encoding::Latin1.encode("3 €", &mut bytes).unwrap_err();
    /// assert_eq!((error.at(), error.got()), (2, "€".as_bytes()));
    /// # Ok::<(), barewire::text::Error>(())
    /// ```
    ///
    /// # Errors
    /// A character that the encoding does not have; for base64 and hex, text that RFC 4648 does not allow:
    /// spaces, missing padding, bits that are not zero. Nothing is appended then.
    pub fn encode(self, text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
        let before = out.len();
        let result = match self {
            Encoding::Utf8 => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            Encoding::Utf16Le => {
                utf16::encode(text, out);
                Ok(())
            }
            Encoding::Latin1 => one_byte::encode_latin1(text, out),
            Encoding::Ascii => one_byte::encode_ascii(text, out),
            Encoding::Base64 => base::from_base64(text, out),
            Encoding::Hex => base::from_hex(text, out),
        };
        if result.is_err() {
            out.truncate(before);
        }
        result
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Encoding, UnknownEncoding> {
        Encoding::named(name)
    }
}

/// There is no [`Encoding`] of this name. Keep the bytes: a wrong guess destroys them.
///
/// ```
/// use barewire::text::Encoding;
///
/// // The charset of a response, say. What to do with an unknown one is the program's to decide.
/// let error = Encoding::named("GBK").unwrap_err();
/// assert!(error.to_string().starts_with("there is no encoding \"GBK\" here"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEncoding {
    name: String,
}

impl UnknownEncoding {
    /// The name comes from a peer, so only its start is kept.
    const CHARACTERS: usize = 40;

    fn new(name: &str) -> UnknownEncoding {
        let name = name.chars().take(Self::CHARACTERS).collect();
        UnknownEncoding { name }
    }

    /// The unknown name; 40 characters at most.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> = Encoding::ALL.iter().map(|it| it.name()).collect();
        let all = all.join(", ");
        write!(f, "there is no encoding {:?} here, only {all}", self.name)
    }
}

impl std::error::Error for UnknownEncoding {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_names() {
        for &encoding in Encoding::ALL {
            assert_eq!(encoding.to_string().parse(), Ok(encoding));
            assert_eq!(encoding.name().to_uppercase().parse(), Ok(encoding));
        }
        assert_eq!("UCS-2".parse(), Ok(Encoding::Utf16Le));
        assert_eq!("binary".parse(), Ok(Encoding::Latin1));
    }

    #[test]
    fn row_b01_a_charset_that_is_not_here_is_reported() {
        for name in [
            "GBK",
            "gb2312",
            "big5",
            "utf-16",
            "utf8 ",
            "",
            "windows-1252",
        ] {
            assert_eq!(Encoding::named(name).unwrap_err().name(), name);
        }
        let long = Encoding::named(&"月".repeat(1000)).unwrap_err();
        assert_eq!(long.name(), "月".repeat(40));
    }

    #[test]
    fn what_cannot_be_encoded_appends_nothing() {
        for (encoding, text) in [
            (Encoding::Latin1, "ab月"),
            (Encoding::Ascii, "abé"),
            (Encoding::Base64, "Zm9vZg="),
            (Encoding::Hex, "666"),
        ] {
            let mut out = b"> ".to_vec();
            encoding.encode(text, &mut out).unwrap_err();
            assert_eq!(out, b"> ", "{encoding}");
        }
    }
}
