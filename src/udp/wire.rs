//! A question or an answer as one datagram: five bytes, then the payload.
//!
//! ```text
//!       0        1        2        3        4        5
//!   +--------+--------+--------+--------+--------+------ ... ------+
//!   |  kind  |        id, big-endian             |     payload     |
//!   +--------+--------+--------+--------+--------+------ ... ------+
//!    51 'Q' question, 41 'A' answer                to the end
//! ```
//!
//! The requester chooses the id; the answer has the same one. There is no length: the datagram has
//! one. The kind keeps two responders from answering each other's answers for ever.

use std::fmt;

/// How many bytes stand in front of the payload.
pub const HEADER: usize = 5;

/// Whether a [`Packet`] is a question or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The responder is to answer it.
    Question,
    /// The answer to the question with the same id.
    Answer,
}

/// A datagram of a question or of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Question or answer.
    pub kind: Kind,
    /// The number of the question.
    pub id: u32,
    /// The content; it may be empty.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram. It has arrived whole, so there is no "not yet".
    ///
    /// # Errors
    /// The datagram has another format.
    pub fn decode(datagram: &'a [u8]) -> Result<Packet<'a>, NotAPacket> {
        let (header, payload) = datagram.split_first_chunk().ok_or(NotAPacket::Short {
            length: datagram.len(),
        })?;
        let &[kind, a, b, c, d]: &[u8; HEADER] = header;
        let kind = match kind {
            b'Q' => Kind::Question,
            b'A' => Kind::Answer,
            byte => return Err(NotAPacket::Kind { byte }),
        };
        let id = u32::from_be_bytes([a, b, c, d]);
        Ok(Packet { kind, id, payload })
    }

    /// Appends the datagram.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(match self.kind {
            Kind::Question => b'Q',
            Kind::Answer => b'A',
        });
        out.extend_from_slice(&self.id.to_be_bytes());
        out.extend_from_slice(self.payload);
    }
}

/// Why a datagram is not a [`Packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAPacket {
    /// It is too short to have a kind and an id.
    Short {
        /// Its length in bytes.
        length: usize,
    },
    /// Its first byte is neither `Q` nor `A`.
    Kind {
        /// The first byte.
        byte: u8,
    },
}

impl fmt::Display for NotAPacket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotAPacket::Short { length } => {
                write!(f, "{length} bytes are too short: kind and id take {HEADER}")
            }
            NotAPacket::Kind { byte } => {
                write!(f, "kind {byte:#04x} is neither 0x51 (Q) nor 0x41 (A)")
            }
        }
    }
}

impl std::error::Error for NotAPacket {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_drawing() {
        for (kind, first) in [(Kind::Question, 0x51), (Kind::Answer, 0x41)] {
            for payload in [&b""[..], b"hi"] {
                let (id, mut out) = (0x0102_03ff, Vec::new());
                Packet { kind, id, payload }.encode(&mut out);
                assert_eq!(out, [&[first, 1, 2, 3, 255], payload].concat());
                assert_eq!(Packet::decode(&out), Ok(Packet { kind, id, payload }));
            }
        }
    }

    #[test]
    fn another_format_is_an_error_with_its_reason() {
        for length in 0..HEADER {
            let e = Packet::decode(&b"Qabcd"[..length]).unwrap_err();
            assert_eq!(e, NotAPacket::Short { length });
        }
        let e = Packet::decode(b"qabcd").unwrap_err();
        assert_eq!(e.to_string(), "kind 0x71 is neither 0x51 (Q) nor 0x41 (A)");
    }
}
