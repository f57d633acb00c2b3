//! A question or an answer as one datagram: five bytes in front of what is said.
//!
//! ```text
//!       0        1        2        3        4        5
//!   +--------+--------+--------+--------+--------+------ ... ------+
//!   |  kind  |        id, big-endian             |     payload     |
//!   +--------+--------+--------+--------+--------+------ ... ------+
//!    51 'Q' question, 41 'A' answer                to the end
//! ```
//!
//! The id is chosen by who asks, and the answer has the same. There is no length: the datagram has
//! one. The kind is there so that two responders never answer each other's answers for ever.

use std::fmt;

/// How many bytes stand in front of the payload.
pub const HEADER: usize = 5;

/// What a [`Letter`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It wants an answer.
    Question,
    /// It is one.
    Answer,
}

/// One datagram of a request or its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    /// Question or answer.
    pub kind: Kind,
    /// Which question this is, or answers.
    pub id: u32,
    /// What is said; it may be empty.
    pub payload: &'a [u8],
}

impl<'a> Letter<'a> {
    /// The letter that a datagram is. A datagram comes whole, so there is no "not yet".
    ///
    /// # Errors
    /// It is something else.
    pub fn decode(datagram: &'a [u8]) -> Result<Letter<'a>, NoLetter> {
        let (header, payload) = datagram.split_first_chunk().ok_or(NoLetter::Short {
            length: datagram.len(),
        })?;
        let &[kind, a, b, c, d]: &[u8; HEADER] = header;
        let kind = match kind {
            b'Q' => Kind::Question,
            b'A' => Kind::Answer,
            byte => return Err(NoLetter::Kind { byte }),
        };
        let id = u32::from_be_bytes([a, b, c, d]);
        Ok(Letter { kind, id, payload })
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

/// Why a datagram is no [`Letter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLetter {
    /// It is too short to have a kind and an id.
    Short {
        /// So many bytes.
        length: usize,
    },
    /// It begins with something else than `Q` or `A`.
    Kind {
        /// With this.
        byte: u8,
    },
}

impl fmt::Display for NoLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoLetter::Short { length } => {
                write!(f, "{length} bytes are no letter: kind and id take {HEADER}")
            }
            NoLetter::Kind { byte } => {
                write!(
                    f,
                    "no letter begins with {byte:#04x}: 0x51 asks, 0x41 answers"
                )
            }
        }
    }
}

impl std::error::Error for NoLetter {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_drawing() {
        for (kind, first) in [(Kind::Question, 0x51), (Kind::Answer, 0x41)] {
            for payload in [&b""[..], b"hi"] {
                let (id, mut out) = (0x0102_03ff, Vec::new());
                Letter { kind, id, payload }.encode(&mut out);
                assert_eq!(out, [&[first, 1, 2, 3, 255], payload].concat());
                assert_eq!(Letter::decode(&out), Ok(Letter { kind, id, payload }));
            }
        }
    }

    #[test]
    fn what_is_no_letter_says_why() {
        for length in 0..HEADER {
            let e = Letter::decode(&b"Qabcd"[..length]).unwrap_err();
            assert_eq!(e, NoLetter::Short { length });
        }
        let e = Letter::decode(b"qabcd").unwrap_err();
        assert_eq!(
            e.to_string(),
            "no letter begins with 0x71: 0x51 asks, 0x41 answers"
        );
    }
}
