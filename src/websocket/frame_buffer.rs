//! The read buffer and the receiver that takes frames from it.
//!
//! ```text
//!   256 B, doubled while reads fill it
//!   ┌────────┬─────────┬────────┬──────────────┐
//!   │ taken  │ a frame │ frame  │ not read yet │
//!   └────────┴─────────┴────────┴──────────────┘
//!            next()    has_frame_behind()
//! ```
//!
//! [`next`](FrameBuffer::next) is the first half of a receive, [`data`](FrameBuffer::data) or
//! [`control`](FrameBuffer::control) the second. Between them the driver knows what was taken, and whether a whole
//! frame is here behind it.

use super::compressor;
use super::wire::{self, Data, Header, Received, Receiver, State};
use crate::net::{ReadBuffer, Stream};
use std::io;

const FIRST_BYTES: usize = 256;
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct FrameBuffer {
    receiver: Receiver,
    buffer: ReadBuffer,
}

impl FrameBuffer {
    /// With the bytes that came behind the handshake.
    pub(super) fn new(receiver: Receiver, ahead: &[u8]) -> FrameBuffer {
        // The payload of a short frame lies at a multiple of 8: the check of a text takes 16 bytes at a time there,
        // and elsewhere one.
        let front = 8 - receiver.short_header_bytes();
        FrameBuffer {
            receiver,
            buffer: ReadBuffer::behind(front, ahead, FIRST_BYTES, MAX_BYTES),
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

    /// Takes a piece of the next frame. False: read first, all bytes are taken.
    #[inline(always)] // as `Receiver::take`
    pub(super) fn next(&mut self) -> Result<bool, wire::Error> {
        if self.buffer.is_empty() && !self.receiver.has_more() {
            return Ok(false);
        }
        let unread = self.buffer.unread_mut();
        let length = unread.len();
        let taken = self.receiver.take(unread);
        if let Ok(false) = taken {
            self.buffer.consume(length);
        }
        taken
    }

    /// How many bytes the piece has.
    #[inline]
    pub(super) fn taken(&self) -> usize {
        self.receiver.taken()
    }

    /// Whether it is a piece of a control frame.
    #[inline]
    pub(super) fn is_control(&self) -> bool {
        self.receiver.is_control()
    }

    /// Whether a message is complete with it, or a part or a control frame.
    #[inline]
    pub(super) fn is_complete(&self) -> bool {
        self.receiver.is_complete()
    }

    /// Whether a whole frame is here behind the piece.
    #[inline]
    pub(super) fn has_frame_behind(&self) -> bool {
        let behind = &self.buffer.unread()[self.taken()..];
        !behind.is_empty() && begins_with_frame(behind)
    }

    /// Goes on behind a piece with which nothing is complete.
    #[inline]
    pub(super) fn skip(&mut self) {
        self.buffer.consume(self.receiver.taken());
    }

    /// Whether a message ends with it.
    #[inline]
    pub(super) fn is_last(&self) -> bool {
        self.receiver.is_last()
    }

    /// The message that is complete with it, or the part of one.
    #[inline(always)] // no call for each message
    pub(super) fn data(&mut self) -> Result<Data<'_>, wire::Error> {
        let read = self.buffer.consume(self.receiver.taken());
        self.receiver.data(read)
    }

    /// The control frame that is complete with it.
    pub(super) fn control(&mut self) -> Result<Received<'_>, wire::Error> {
        let read = self.buffer.consume(self.receiver.taken());
        self.receiver.control(read)
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

/// Whether a whole frame is at the start of `bytes`.
#[inline(never)] // most often nothing is behind a message
fn begins_with_frame(bytes: &[u8]) -> bool {
    match Header::decode(bytes) {
        Ok(Some((header, n))) => header.length <= (bytes.len() - n) as u64,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::websocket::wire::{Limits, Role};

    fn buffer(bytes: &[u8]) -> FrameBuffer {
        let receiver = Receiver::new(Role::Client, Limits::default());
        FrameBuffer::new(receiver, bytes)
    }

    /// What comes, up to where more has to be read: how many bytes, of a control frame or not, complete or
    /// not.
    fn all(bytes: &[u8]) -> Vec<(usize, bool, bool)> {
        let (mut buffer, mut all) = (buffer(bytes), Vec::new());
        while buffer.next().expect("good frames") {
            all.push((buffer.taken(), buffer.is_control(), buffer.is_complete()));
            buffer.skip();
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
        assert!(buffer.next().expect("good"));
        buffer.skip();
        assert!(!buffer.next().expect("good") && !buffer.is_idle());
        let (here, there) = crate::net::pipe();
        there.write(b"yo!\x89\x00").expect("room");
        buffer.read(&here).expect("bytes");
        assert!(buffer.next().expect("good") && buffer.has_frame_behind());
        assert_eq!(buffer.data(), Ok(Data::Text("hiyo!")));
        assert!(buffer.next().expect("good"));
        assert_eq!(buffer.control(), Ok(Received::Ping(b"")));
    }

    #[test]
    fn the_buffer_doubles_while_reads_of_a_long_message_fill_it() {
        let mut buffer = buffer(b"\x82\x7e\x20\0");
        let (here, there) = crate::net::pipe();
        there.write(&[0; 0x2000]).expect("room");
        let mut read = Vec::new();
        while read.iter().sum::<usize>() < 0x2000 {
            while buffer.next().expect("good") {
                buffer.skip();
            }
            read.push(buffer.read(&here).expect("bytes"));
        }
        assert_eq!(read[..4], [250, 506, 1018, 2042]); // six bytes are in front
    }

    #[test]
    fn a_quiet_buffer_is_small_again() {
        let mut buffer = buffer(&[0x82, 0, 0x82, 0].repeat(500));
        while buffer.next().expect("good frames") {
            buffer.skip();
        }
        assert!(buffer.is_large());
        buffer.shrink();
        assert!(!buffer.is_large());
    }
}
