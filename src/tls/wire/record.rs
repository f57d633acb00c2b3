//! Records: what TLS puts on the stream (RFC 8446 §5.1).
//!
//! ```text
//!   16        03 01          00 c4         01 00 00 c0 …
//!   type      version        length        that many bytes
//!             (ignored)      ≤ 16384
//!
//!   20 change_cipher_spec   has no meaning any more, and is still sent
//!   21 alert                two bytes: level and description
//!   22 handshake            messages, in one record or in several
//!   23 application_data     sealed; in TLS 1.3 every record after the hellos has this type
//! ```
//!
//! A record is to TLS what a segment is to TCP: its borders mean nothing to the data in it.

use super::error::{Error, Rule};

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ContentType {
    /// One byte, 1. TLS 1.3 ignores it; it is sent for old devices on the way.
    ChangeCipherSpec = 20,
    /// An alert: its level and its description.
    Alert = 21,
    /// Handshake messages, or parts of them.
    Handshake = 22,
    /// Sealed data.
    ApplicationData = 23,
}

impl ContentType {
    fn of(byte: u8) -> Option<ContentType> {
        use ContentType::*;
        let all = [ChangeCipherSpec, Alert, Handshake, ApplicationData];
        all.into_iter().find(|known| *known as u8 == byte)
    }

    // RFC 8446 §5.1: "The length MUST NOT exceed 2^14 bytes."
    // RFC 8446 §5.2: "The length MUST NOT exceed 2^14 + 256 bytes."
    fn max_length(self) -> u16 {
        match self {
            ContentType::ApplicationData => RecordHeader::PLAINTEXT_MAX + 256,
            _ => RecordHeader::PLAINTEXT_MAX,
        }
    }
}

/// The five bytes before the content of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the record holds.
    pub content_type: ContentType,
    /// 0x0301 or 0x0303, in every version.
    // RFC 8446 §5.1: "This field is deprecated and MUST be ignored for all purposes."
    pub legacy_version: u16,
    /// The content, in bytes.
    pub length: u16,
}

impl RecordHeader {
    /// The length of a header, in bytes.
    pub const LENGTH: usize = 5;

    /// The longest content that is not sealed, in bytes.
    pub const PLAINTEXT_MAX: u16 = 1 << 14;

    /// The header at the start of `bytes`, and how many of them it takes; `None`: not yet.
    ///
    /// ```
    /// use barewire::tls::wire::{ContentType, RecordHeader};
    ///
    /// assert_eq!(RecordHeader::decode(b"\x16\x03\x01\x00")?, None);
    /// let (header, used) = RecordHeader::decode(b"\x16\x03\x01\x00\xc4\x01...")?.unwrap();
    /// assert_eq!((header.content_type, header.length, used), (ContentType::Handshake, 196, 5));
    ///
    /// let error = RecordHeader::decode(b"GET / HTTP/1.1\r\n").unwrap_err();
    /// assert_eq!(error.alert(), 10); // unexpected_message
    /// # Ok::<(), barewire::tls::wire::Error>(())
    /// ```
    ///
    /// # Errors
    /// An unknown type, a record that is too long, and an empty record of another type than
    /// application_data.
    pub fn decode(bytes: &[u8]) -> Result<Option<(RecordHeader, usize)>, Error> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        // RFC 8446 §5: "If a TLS implementation receives an unexpected record type, it MUST
        // terminate the connection with an "unexpected_message" alert."
        let content_type = ContentType::of(first);
        let content_type =
            content_type.ok_or_else(|| Error::new(Rule::RecordTypeUnknown, bytes, 0))?;
        let Some(&[_, major, minor, high, low]) = bytes.first_chunk() else {
            return Ok(None);
        };
        let header = RecordHeader {
            content_type,
            legacy_version: u16::from_be_bytes([major, minor]),
            length: u16::from_be_bytes([high, low]),
        };
        header.check(bytes)?;
        Ok(Some((header, Self::LENGTH)))
    }

    // RFC 8446 §5.1: "Implementations MUST NOT send zero-length fragments of Handshake types, even
    // if those fragments contain padding."
    fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        let sealed = self.content_type == ContentType::ApplicationData;
        let rule = match self.length {
            0 if !sealed => Rule::RecordEmpty,
            length if length > self.content_type.max_length() => Rule::RecordTooLong,
            _ => return Ok(()),
        };
        Err(Error::new(rule, bytes, 3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(content_type: u8, length: u16) -> Result<u16, Rule> {
        let [high, low] = length.to_be_bytes();
        let decoded = RecordHeader::decode(&[content_type, 3, 3, high, low]);
        let decoded = decoded.map_err(|error| error.rule())?;
        Ok(decoded.expect("all five bytes").0.length)
    }

    #[test]
    fn a_record_is_neither_too_long_nor_empty() {
        for plain in [20, 21, 22] {
            assert_eq!(length(plain, 0), Err(Rule::RecordEmpty));
            assert_eq!(length(plain, 1), Ok(1));
            assert_eq!(length(plain, 16_384), Ok(16_384));
            assert_eq!(length(plain, 16_385), Err(Rule::RecordTooLong));
        }
        assert_eq!(length(23, 0), Ok(0));
        assert_eq!(length(23, 16_640), Ok(16_640));
        assert_eq!(length(23, 16_641), Err(Rule::RecordTooLong));
    }

    #[test]
    fn a_first_byte_of_no_record_is_refused() {
        for byte in 0..=255 {
            let known = (20..=23).contains(&byte);
            assert_eq!(RecordHeader::decode(&[byte]).is_ok(), known, "{byte}");
        }
    }
}
