//! The read buffer and the receiver that takes frames from it.
//!
//! ```text
//!   512 B, doubled while reads fill it
//!   ┌────────┬─────────┬────────┬──────────────┐
//!   │ taken  │ a frame │ frame  │ not read yet │
//!   └────────┴─────────┴────────┴──────────────┘
//!            next()    has_frame_behind()
//! ```
//!
//! [`next`](FrameBuffer::next) and [`received`](FrameBuffer::received) are the two halves of a receive.
//! Between them the driver knows what was taken, and whether a whole frame is here behind it.

use super::compressor;
use super::wire::{self, Header, Piece, Received, Receiver, State};
use crate::net::{ReadBuffer, Stream};
use std::io;

const FIRST_BYTES: usize = 512;
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct FrameBuffer {
    receiver: Receiver,
    buffer: ReadBuffer,
}

impl FrameBuffer {
    /// With the bytes that came behind the handshake.
    pub(super) fn new(receiver: Receiver, ahead: Vec<u8>) -> FrameBuffer {
        FrameBuffer {
            receiver,
            buffer: ReadBuffer::with(ahead, FIRST_BYTES, MAX_BYTES),
        }
    }

    /// From now on messages are received in parts.
    pub(super) fn in_parts(self) -> FrameBuffer {
        let receiver = self.receiver.in_parts();
        FrameBuffer { receiver, ..self }
    }

    /// Whether more may come: neither a Close frame, nor an error, nor the end.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        matches!(self.receiver.state(), State::Idle | State::Message)
    }

    /// Whether nothing has come of a message or a frame that is not complete.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.receiver.is_idle()
    }

    /// A piece of the next frame; `None`: read first, all bytes are piece.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Piece>, wire::Error> {
        if self.buffer.is_empty() && !self.receiver.has_more() {
            return Ok(None);
        }
        let unread = self.buffer.unread_mut();
        let length = unread.len();
        let piece = self.receiver.take(unread);
        if let Ok(None) = piece {
            self.buffer.consume(length);
        }
        piece
    }

    /// Whether a whole frame is here behind this piece.
    #[inline]
    pub(super) fn has_frame_behind(&self, piece: Piece) -> bool {
        let behind = &self.buffer.unread()[piece.bytes()..];
        match Header::decode(behind) {
            Ok(Some((header, n))) => header.length <= (behind.len() - n) as u64,
            _ => false,
        }
    }

    /// Goes on behind a piece with which nothing is complete.
    #[inline]
    pub(super) fn skip(&mut self, piece: Piece) {
        self.buffer.consume(piece.bytes());
    }

    /// What is complete with this piece.
    #[inline]
    pub(super) fn received(&mut self, piece: Piece) -> Result<Received<'_>, wire::Error> {
        let read = self.buffer.consume(piece.bytes());
        self.receiver.received(piece, read)
    }

    /// The peer's bytes have ended, or no more of them are wanted.
    pub(super) fn end(&mut self) -> Result<(), wire::Error> {
        self.receiver.end()
    }

    pub(super) fn read(&mut self, stream: &dyn Stream) -> io::Result<usize> {
        let n = stream.read(self.buffer.room())?;
        self.buffer.filled(n);
        Ok(n)
    }

    /// The same without waiting. `None`: nothing is there.
    pub(super) fn try_read(&mut self, stream: &dyn Stream) -> io::Result<Option<usize>> {
        let n = stream.try_read(self.buffer.room())?;
        self.buffer.filled(n.unwrap_or(0));
        Ok(n)
    }

    /// Before a read, which may block for long: the pool gets the decompressor back.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if let Some(decompressor) = self.receiver.give_back() {
            compressor::give_decompressor_back(decompressor);
        }
    }

    /// Whether a buffer has grown.
    pub(super) fn is_large(&self) -> bool {
        self.buffer.size() > FIRST_BYTES || self.receiver.is_large()
    }

    /// The connection has become quiet: memory is given back.
    pub(super) fn shrink(&mut self) {
        self.buffer.shrink_to(FIRST_BYTES);
        self.receiver.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::wire::{Data, Limits, Role};

    fn buffer(bytes: &[u8]) -> FrameBuffer {
        let receiver = Receiver::new(Role::Client, Limits::default());
        FrameBuffer::new(receiver, bytes.to_vec())
    }

    /// What comes, up to where more has to be read: how many bytes, of a control frame or not, complete or
    /// not.
    fn all(bytes: &[u8]) -> Vec<(usize, bool, bool)> {
        let (mut buffer, mut all) = (buffer(bytes), Vec::new());
        while let Some(piece) = buffer.next().expect("good frames") {
            all.push((piece.bytes(), piece.is_control(), piece.is_complete()));
            buffer.skip(piece);
        }
        all
    }

    #[test]
    fn what_comes_next() {
        assert_eq!(all(b""), []);
        let two = [(4, false, true), (2, false, true)];
        assert_eq!(all(b"\x81\x02hi\x81\x00"), two);
        let ping_and_part = [(3, true, true), (3, false, false)];
        assert_eq!(all(b"\x89\x01a\x01\x01b"), ping_and_part);
        assert_eq!(all(b"\x89\x02a"), [(3, true, false)]);
        assert_eq!(all(b"\x81\x05hi"), [(4, false, false)]);
        assert_eq!(all(b"\x81\x7e"), []);
        assert!(buffer(b"\x83\x00").next().is_err());
    }

    #[test]
    fn a_payload_that_is_cut_goes_on() {
        let mut buffer = buffer(b"\x81\x05hi");
        let first = buffer.next().expect("good").expect("a piece");
        buffer.skip(first);
        assert!(buffer.next().expect("good").is_none() && !buffer.is_idle());
        let (here, there) = crate::net::pipe();
        there.write(b"yo!\x89\x00").expect("room");
        buffer.read(&here).expect("bytes");
        let last = buffer.next().expect("good").expect("a piece");
        assert!(buffer.has_frame_behind(last));
        let message = Received::Message(Data::Text("hiyo!"));
        assert_eq!(buffer.received(last), Ok(message));
        let ping = buffer.next().expect("good").expect("a piece");
        assert_eq!(buffer.received(ping), Ok(Received::Ping(b"")));
    }

    #[test]
    fn the_buffer_doubles_while_reads_of_a_long_message_fill_it() {
        let mut buffer = buffer(b"\x82\x7e\x20\0");
        let (here, there) = crate::net::pipe();
        there.write(&[0; 0x2000]).expect("room");
        let mut read = Vec::new();
        while read.iter().sum::<usize>() < 0x2000 {
            while let Some(piece) = buffer.next().expect("good") {
                buffer.skip(piece);
            }
            read.push(buffer.read(&here).expect("bytes"));
        }
        assert_eq!(read[..4], [512, 1024, 2048, 4096]);
    }

    #[test]
    fn a_quiet_buffer_is_small_again() {
        let mut buffer = buffer(&[0x82, 0, 0x82, 0].repeat(500));
        while let Some(piece) = buffer.next().expect("good frames") {
            buffer.skip(piece);
        }
        assert!(buffer.is_large());
        buffer.shrink();
        assert!(!buffer.is_large());
    }
}
