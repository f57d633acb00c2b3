//! Frame headers (RFC 6455 §5.2): two bytes, and up to twelve more.
//!
//! ```text
//!   0               1               2               3
//!   0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
//!  ┌─┬─┬─┬─┬───────┬─┬─────────────┬───────────────────────────────┐
//!  │F│R│R│R│opcode │M│   length    │  0-125: this is the length.   │
//!  │I│S│S│S│       │A│    (7)      │  126: 16 bits of it follow,   │
//!  │N│V│V│V│       │S│             │  127: 64 bits, the first 0.   │
//!  │ │1│2│3│       │K│             │  Then four bytes of key, if   │
//!  └─┴─┴─┴─┴───────┴─┴─────────────┤  MASK is 1. Then the payload. │
//!                                  └───────────────────────────────┘
//! ```
//!
//! The notes give `hello world!` the length 96, 1100000 in binary: they count its bits (their erratum E01).
//! They give `yakexi` the same (E02). The length counts *bytes*: 12 and 6.
//!
//! This file has the rules for every single frame. Other rules depend on the connection (which side masks, what
//! a reserved bit means, which frame may follow which): see `connection/frames.rs`.

use super::error::{Error, Rule};

const FIN: u8 = 0x80;
const RSV: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const CONTROL: u8 = 0x08;
const MASK: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// The values of the 7 bits that announce a longer form.
const SIXTEEN_BITS: u8 = 126;
const SIXTY_FOUR_BITS: u8 = 127;

/// The longest payload of a control frame, and of the shortest form.
pub const CONTROL_MAX: usize = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// The next part of a message.
    Continuation = 0,
    /// A text, or its first part.
    Text = 1,
    /// A binary message, or its first part.
    Binary = 2,
    /// The last frame of its sender.
    Close = 8,
    /// To be answered with a pong.
    Ping = 9,
    /// The answer to a ping, or a sign of life.
    Pong = 10,
}

impl Opcode {
    fn of(bits: u8) -> Option<Opcode> {
        Some(match bits {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return None,
        })
    }

    /// Whether frames of this opcode may come between the parts of a message.
    // RFC 6455 §5.5: "Control frames are identified by opcodes where the most significant bit of
    // the opcode is 1."
    #[inline]
    pub fn is_control(self) -> bool {
        self as u8 & CONTROL != 0
    }
}

/// The header of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The reserved bits, RSV1 the highest of three.
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// The payload, in bytes.
    pub length: u64,
    /// The masking key, where the payload is masked.
    pub key: Option<[u8; 4]>,
}

impl Header {
    /// The longest header.
    pub const MAX: usize = 14;

    /// The header at the start of `bytes` and how many of them it takes; `None`: not yet.
    ///
    /// ```
    /// use barewire::websocket::wire::{Header, Opcode};
    ///
    /// let frame = b"\x81\x8c\x37\xfa\x21\x3d...";
    /// assert_eq!(Header::decode(&frame[..5])?, None);
    ///
    /// let (header, length) = Header::decode(frame)?.unwrap();
    /// assert_eq!((header.fin, header.opcode, header.length), (true, Opcode::Text, 12));
    /// assert_eq!((header.key, length), (Some([0x37, 0xfa, 0x21, 0x3d]), 6));
    /// # Ok::<(), barewire::websocket::wire::Error>(())
    /// ```
    ///
    /// # Errors
    /// A reserved opcode, a control frame that is too long or fragmented, a length that is not in its shortest
    /// form: each as soon as the byte that shows it is here.
    #[inline]
    pub fn decode(bytes: &[u8]) -> Result<Option<(Header, usize)>, Error> {
        let Some(&[first, second]) = bytes.first_chunk() else {
            return Ok(None);
        };
        let (fin, rsv) = (first & FIN != 0, (first & RSV) >> 4);
        let refused = |rule, at| Err(Error::new(rule, &[first, second], at));
        // RFC 6455 §5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the
        // WebSocket Connection_."
        let Some(opcode) = Opcode::of(first & OPCODE) else {
            return refused(Rule::OpcodeReserved, 0);
        };
        // RFC 6455 §5.5: "All control frames MUST have a payload length of 125 bytes or less and
        // MUST NOT be fragmented."
        if opcode.is_control() && !fin {
            return refused(Rule::ControlFragmented, 0);
        }
        if opcode.is_control() && second & LENGTH > CONTROL_MAX as u8 {
            return refused(Rule::ControlTooLong, 1);
        }
        let Some((length, at)) = decode_length(second & LENGTH, bytes)? else {
            return Ok(None);
        };
        let mut header = Header {
            fin,
            rsv,
            opcode,
            length,
            key: None,
        };
        if second & MASK == 0 {
            return Ok(Some((header, at)));
        }
        let Some(&key) = bytes[at..].first_chunk() else {
            return Ok(None);
        };
        header.key = Some(key);
        Ok(Some((header, at + key.len())))
    }

    /// Appends the header, the length in its shortest form.
    #[inline(always)] // no call for each frame
    pub fn encode(&self, out: &mut Vec<u8>) {
        let fin = if self.fin { FIN } else { 0 };
        let first = fin | self.rsv << 4 & RSV | self.opcode as u8;
        let mask = if self.key.is_some() { MASK } else { 0 };
        let [.., high, low] = self.length.to_be_bytes();
        match self.length {
            0..=125 => out.extend_from_slice(&[first, mask | low]),
            126..=0xffff => out.extend_from_slice(&[first, mask | SIXTEEN_BITS, high, low]),
            length => {
                out.extend_from_slice(&[first, mask | SIXTY_FOUR_BITS]);
                out.extend_from_slice(&length.to_be_bytes());
            }
        }
        if let Some(key) = self.key {
            out.extend_from_slice(&key);
        }
    }
}

/// The length, and where it ends. Each form is for lengths that do not fit into the shorter ones.
// RFC 6455 §5.2: "Note that in all cases, the minimal number of bytes MUST be used to encode the
// length, for example, the length of a 124-byte-long string can't be encoded as the sequence 126,
// 0, 124."
#[inline]
fn decode_length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, Error> {
    let refused = |rule, end: usize| Err(Error::new(rule, &bytes[..end], 2));
    match short {
        SIXTEEN_BITS => match bytes[2..].first_chunk() {
            None => Ok(None),
            Some(&long) => match u16::from_be_bytes(long) {
                0..=125 => refused(Rule::LengthNotMinimal, 4),
                length => Ok(Some((length.into(), 4))),
            },
        },
        SIXTY_FOUR_BITS => match bytes[2..].first_chunk() {
            None => Ok(None),
            Some(&long) => match u64::from_be_bytes(long) {
                0..=0xffff => refused(Rule::LengthNotMinimal, 10),
                // RFC 6455 §5.2: "the most significant bit MUST be 0"
                0x8000_0000_0000_0000.. => refused(Rule::LengthTooLarge, 10),
                length => Ok(Some((length, 10))),
            },
        },
        short => Ok(Some((short.into(), 2))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPCODES: [Opcode; 6] = [
        Opcode::Continuation,
        Opcode::Text,
        Opcode::Binary,
        Opcode::Close,
        Opcode::Ping,
        Opcode::Pong,
    ];

    #[test]
    fn what_is_encoded_is_decoded_and_not_before_its_last_byte() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, u64::MAX >> 1];
        for (opcode, length) in OPCODES.iter().flat_map(|&o| lengths.map(|n| (o, n))) {
            if opcode.is_control() && length > 125 {
                continue;
            }
            for (rsv, key) in [(0, None), (5, Some([1, 2, 3, 4]))] {
                let header = Header {
                    fin: opcode.is_control() || length % 2 == 0,
                    rsv,
                    opcode,
                    length,
                    key,
                };
                let mut bytes = Vec::new();
                header.encode(&mut bytes);
                assert!(bytes.len() <= Header::MAX);
                for end in 0..bytes.len() {
                    assert_eq!(Header::decode(&bytes[..end]), Ok(None), "{header:?}");
                }
                let whole = Header::decode(&[&bytes[..], b"behind"].concat());
                assert_eq!(whole, Ok(Some((header, bytes.len()))));
            }
        }
    }

    /// Every pair of first bytes.
    #[test]
    fn the_first_two_bytes_are_judged_alone() {
        for (first, second) in (0..=255u8).flat_map(|a| (0..=255u8).map(move |b| (a, b))) {
            let known = Opcode::of(first & 0x0f);
            let control = first & 0x08 != 0;
            let rule = match known {
                None => Some(Rule::OpcodeReserved),
                Some(_) if control && first < 0x80 => Some(Rule::ControlFragmented),
                Some(_) if control && second & 0x7f > 125 => Some(Rule::ControlTooLong),
                Some(_) => None,
            };
            let error = Header::decode(&[first, second]).err();
            assert_eq!(
                error.map(|error| error.rule()),
                rule,
                "{first:02x} {second:02x}"
            );
        }
    }

    /// The notes give both words this length. A receiver that believed it would wait for 84 more bytes.
    #[test]
    fn erratum_e01_e02_the_length_counts_bytes() {
        const NOTES: usize = 0b1100000;
        assert_eq!(NOTES, "hello world!".len() * 8);
        for (word, length) in [("hello world!", 12), ("yakexi", 6)] {
            let header = Header {
                fin: true,
                rsv: 0,
                opcode: Opcode::Text,
                length: word.len() as u64,
                key: None,
            };
            let mut out = Vec::new();
            header.encode(&mut out);
            assert_eq!(out, [0x81, length]);
        }
    }
}
