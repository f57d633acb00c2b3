//! Handshake messages, reassembled from records (RFC 8446 §4, §5.1).
//!
//! ```text
//!   record 16 03 01 00 64 │ 01 00 00 c0 03 03 cb 34 …        100 bytes
//!   record 16 03 01 00 60 │ … 02 40 01                        96 bytes
//!                           01        00 00 c0    03 03 …
//!                           type      length      that many bytes
//! ```
//!
//! The borders of records mean nothing to the message. A hello with a post-quantum key share is longer
//! than a TCP segment, so most of them also arrive in pieces.

use super::error::{Error, Rule};
use super::record::{ContentType, RecordHeader};

/// Type and length.
const HEADER: usize = 4;

/// Collects the first handshake message of one side.
#[derive(Debug, Default)]
pub struct HandshakeDecoder {
    message: Vec<u8>,
    /// The offset of the first byte that was not decoded yet.
    at: usize,
    /// How many bytes of the current record were not decoded yet.
    left: usize,
}

impl HandshakeDecoder {
    /// The longest message that is decoded, in bytes, its header included. Hellos have a few hundred
    /// bytes, or two thousand.
    pub const MAX: usize = 1 << 16;

    /// At the start of a connection.
    pub fn new() -> HandshakeDecoder {
        HandshakeDecoder::default()
    }

    /// `bytes` are all bytes of the connection so far. Returns how many of them the message takes, record
    /// headers included; `None`: not yet. No byte is decoded twice.
    ///
    /// # Errors
    /// An invalid record, one that is too long, or one of another type than handshake; a message that is
    /// longer than [`MAX`](HandshakeDecoder::MAX), as soon as its header is here.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        while self.missing() > 0 {
            let ahead = bytes.get(self.at..).unwrap_or_default();
            if self.left == 0 && !self.next_record(ahead)? {
                return Ok(None);
            }
            let ahead = bytes.get(self.at..).unwrap_or_default();
            let fragment = &ahead[..ahead.len().min(self.left).min(self.missing())];
            if fragment.is_empty() {
                return Ok(None);
            }
            self.message.extend_from_slice(fragment);
            self.at += fragment.len();
            self.left -= fragment.len();
            self.check(bytes)?;
        }
        Ok(Some(self.at))
    }

    /// The message so far, from its header on. It is whole once [`decode`](HandshakeDecoder::decode) has
    /// returned `Some`.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Decodes the header of the next record; false: it is not here yet.
    fn next_record(&mut self, ahead: &[u8]) -> Result<bool, Error> {
        let Some((header, used)) = RecordHeader::decode(ahead)? else {
            return Ok(false);
        };
        if header.content_type != ContentType::Handshake {
            return Err(Error::new(Rule::RecordUnexpected, ahead, 0));
        }
        self.at += used;
        self.left = header.length.into();
        Ok(true)
    }

    /// How many bytes of the message are missing; of its header, while that is not whole.
    fn missing(&self) -> usize {
        let needed = self.length().map_or(HEADER, |length| HEADER + length);
        needed - self.message.len()
    }

    /// The length in the header.
    fn length(&self) -> Option<usize> {
        let &[_, a, b, c] = self.message.first_chunk()?;
        Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        match self.length() {
            Some(length) if length > Self::MAX - HEADER => {
                Err(Error::new(Rule::MessageTooLong, bytes, self.at))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content: &[u8]) -> Vec<u8> {
        let [high, low] = (content.len() as u16).to_be_bytes();
        [&[22, 3, 1, high, low], content].concat()
    }

    #[test]
    fn a_message_may_be_cut_anywhere() {
        let message = [1, 0, 0, 5, b'h', b'e', b'l', b'l', b'o'];
        for size in 1..=message.len() {
            let records: Vec<u8> = message.chunks(size).flat_map(record).collect();
            let mut decoder = HandshakeDecoder::new();
            for end in 0..records.len() {
                assert_eq!(decoder.decode(&records[..end]), Ok(None), "{size} {end}");
            }
            assert_eq!(decoder.decode(&records), Ok(Some(records.len())));
            assert_eq!(decoder.message(), message);
        }
    }

    #[test]
    fn bytes_behind_the_message_are_not_consumed() {
        let bytes = record(&[1, 0, 0, 1, 7, 11, 0, 0, 0]);
        let mut decoder = HandshakeDecoder::new();
        assert_eq!(decoder.decode(&bytes), Ok(Some(bytes.len() - 4)));
        assert_eq!(decoder.decode(&bytes), Ok(Some(bytes.len() - 4)));
        assert_eq!(decoder.message(), [1, 0, 0, 1, 7]);
    }

    #[test]
    fn a_message_that_would_be_too_long_is_refused_by_its_header() {
        let decode = |length: [u8; 3]| {
            let [a, b, c] = length;
            let decoded = HandshakeDecoder::new().decode(&record(&[1, a, b, c]));
            decoded.map_err(|error| error.rule())
        };
        assert_eq!(decode([0, 0xff, 0xfc]), Ok(None));
        assert_eq!(decode([0, 0xff, 0xfd]), Err(Rule::MessageTooLong));
        assert_eq!(decode([0xff, 0xff, 0xff]), Err(Rule::MessageTooLong));
    }

    #[test]
    fn only_handshake_records_are_accepted() {
        let alert = [21, 3, 3, 0, 2, 2, 40];
        let cut = [&record(&[1, 0])[..], &alert].concat();
        for bytes in [&alert[..], &cut] {
            let error = HandshakeDecoder::new().decode(bytes).unwrap_err();
            assert_eq!(error.rule(), Rule::RecordUnexpected);
        }
    }
}
