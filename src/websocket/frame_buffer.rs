//! The read buffer: what is here of the frames to come, and what may be shown to the receiver.
//!
//! ```text
//!   512 B, doubled by each read that fills it
//!   ┌────────┬───────────┬─────────────────────┬──────────────┐
//!   │ taken  │ a message │ a header that is cut │ not read yet │
//!   └────────┴───────────┴─────────────────────┴──────────────┘
//!            start                             end
//! ```
//!
//! Frames are told apart here before they are shown to the [receiver](super::wire::Receiver), so that
//! we know beforehand when it will give a message, and whether whole frames wait behind it.

use super::wire::{Header, Kind, Opcode};
use crate::net::Stream;
use std::io;

const FIRST_BYTES: usize = 512;
const MOST_BYTES: usize = 64 * 1024;

/// What comes next, and how many bytes it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextFrame {
    /// Read first.
    More,
    /// A ping, a pong or a Close frame.
    Control(usize),
    /// A piece of a message, not the last.
    Piece(usize),
    /// A message, or the last piece of one.
    Message(usize),
    /// No frame begins so.
    Bad(usize),
}

impl NextFrame {
    #[inline]
    pub(super) fn bytes(self) -> usize {
        match self {
            NextFrame::More => 0,
            NextFrame::Control(n)
            | NextFrame::Piece(n)
            | NextFrame::Message(n)
            | NextFrame::Bad(n) => n,
        }
    }
}

#[derive(Debug)]
pub(super) struct FrameBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// What is still to come of the payload at hand, and whether a message ends with it.
    left: u64,
    last: bool,
    kind: Kind,
}

impl FrameBuffer {
    /// With the bytes that came behind the handshake.
    pub(super) fn new(ahead: Vec<u8>) -> FrameBuffer {
        let end = ahead.len();
        let mut bytes = ahead;
        bytes.resize(end.max(FIRST_BYTES), 0);
        FrameBuffer {
            bytes,
            start: 0,
            end,
            left: 0,
            last: false,
            kind: Kind::Binary,
        }
    }

    /// What comes next.
    #[inline]
    pub(super) fn next(&self) -> NextFrame {
        let unread = &self.bytes[self.start..self.end];
        if self.left > 0 {
            return payload(self.left, self.last, 0, unread.len());
        }
        match Header::decode(unread) {
            Ok(None) => NextFrame::More,
            Err(_) => NextFrame::Bad(unread.len()),
            Ok(Some((header, n))) if !header.opcode.is_control() => {
                payload(header.length, header.fin, n, unread.len())
            }
            // A control frame is short: it is waited for.
            Ok(Some((header, n))) => match n as u64 + header.length {
                whole if whole > unread.len() as u64 => NextFrame::More,
                whole => NextFrame::Control(whole as usize),
            },
        }
    }

    /// Takes the next bytes, as [`next`](Self::next) has told them.
    #[inline]
    pub(super) fn take(&mut self, next: NextFrame) -> &mut [u8] {
        let taken = next.bytes();
        if let NextFrame::Piece(_) | NextFrame::Message(_) = next {
            self.pass(taken);
        }
        let start = self.start;
        self.start += taken;
        &mut self.bytes[start..self.start]
    }

    /// So much of a data frame is taken.
    #[inline]
    fn pass(&mut self, taken: usize) {
        if self.left > 0 {
            self.left -= taken as u64;
        } else if let Ok(Some((header, n))) = Header::decode(&self.bytes[self.start..self.end]) {
            self.left = header.length - (taken - n) as u64;
            self.last = header.fin;
            self.kind = self.kind_by(header.opcode);
        }
    }

    /// Whether a whole frame is here behind the next `n` bytes, with which one ends.
    #[inline]
    pub(super) fn has_frame_behind(&self, n: usize) -> bool {
        let behind = &self.bytes[self.start + n..self.end];
        match Header::decode(behind) {
            Ok(Some((header, n))) => header.length <= (behind.len() - n) as u64,
            _ => false,
        }
    }

    /// What the message is that goes on, or begins, with what comes next.
    pub(super) fn kind_of(&self, next: NextFrame) -> Kind {
        match Header::decode(&self.bytes[self.start..][..next.bytes()]) {
            Ok(Some((header, _))) if self.left == 0 => self.kind_by(header.opcode),
            _ => self.kind,
        }
    }

    #[inline]
    fn kind_by(&self, opcode: Opcode) -> Kind {
        match opcode {
            Opcode::Text => Kind::Text,
            Opcode::Binary => Kind::Binary,
            _ => self.kind,
        }
    }

    /// One read, behind what is here.
    pub(super) fn read(&mut self, stream: &dyn Stream) -> io::Result<usize> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.bytes.len() {
            self.grow();
        }
        let n = stream.read(&mut self.bytes[self.end..])?;
        self.end += n;
        if self.end == self.bytes.len() && self.end < MOST_BYTES {
            self.grow();
        }
        Ok(n)
    }

    fn grow(&mut self) {
        self.bytes.resize(self.bytes.len() * 2, 0);
    }

    /// Whether a frame, or a payload, has begun and is not all here.
    #[inline]
    pub(super) fn is_mid_frame(&self) -> bool {
        self.left > 0 || self.start < self.end
    }

    /// Whether it has grown.
    pub(super) fn is_large(&self) -> bool {
        self.bytes.len() > FIRST_BYTES
    }

    /// Gives memory back.
    pub(super) fn shrink(&mut self) {
        let here = self.end - self.start;
        if here <= FIRST_BYTES && self.is_large() {
            let mut bytes = vec![0; FIRST_BYTES];
            bytes[..here].copy_from_slice(&self.bytes[self.start..self.end]);
            (self.bytes, self.start, self.end) = (bytes, 0, here);
        }
    }
}

/// What is here of a payload with so much `left`, `n` bytes of header before it.
#[inline]
fn payload(left: u64, last: bool, n: usize, here: usize) -> NextFrame {
    match left <= (here - n) as u64 {
        true if last => NextFrame::Message(n + left as usize),
        true => NextFrame::Piece(n + left as usize),
        false if here == 0 => NextFrame::More,
        false => NextFrame::Piece(here),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<NextFrame> {
        let mut buffer = FrameBuffer::new(bytes.to_vec());
        let mut seen = Vec::new();
        loop {
            let next = buffer.next();
            seen.push(next);
            if matches!(next, NextFrame::More | NextFrame::Bad(_)) {
                return seen;
            }
            buffer.take(next);
        }
    }

    #[test]
    fn what_comes_next() {
        use NextFrame::*;
        assert_eq!(all(b""), [More]);
        assert_eq!(all(b"\x81\x02hi\x81\x00"), [Message(4), Message(2), More]);
        assert_eq!(all(b"\x89\x01a\x01\x01b"), [Control(3), Piece(3), More]);
        assert_eq!(all(b"\x89\x02a"), [More]);
        assert_eq!(all(b"\x81\x05hi"), [Piece(4), More]);
        assert_eq!(all(b"\x81\xfe"), [More]);
        assert_eq!(all(b"\x83\x00"), [Bad(2)]);
    }

    #[test]
    fn a_payload_that_is_cut_goes_on() {
        let mut buffer = FrameBuffer::new(b"\x81\x05hi".to_vec());
        buffer.take(NextFrame::Piece(4));
        let (here, there) = crate::net::pipe();
        there.write(b"yo!\x89\x00").expect("room");
        buffer.read(&here).expect("bytes");
        assert_eq!(buffer.next(), NextFrame::Message(3));
        assert!(buffer.has_frame_behind(3));
        buffer.take(NextFrame::Message(3));
        assert_eq!(buffer.next(), NextFrame::Control(2));
    }
}
