//! The buffers of the frame queue: a connection's own frames, or one frame that many connections share.

use std::collections::VecDeque;
use std::mem;
use std::ops::Deref;

/// The first memory for frames. At a server, the fields of the handshake have left as much to this thread.
const FIRST_BYTES: usize = 144;
/// An empty buffer above this size is freed.
const KEPT_BYTES: usize = 64 * 1024;

/// Sizes at which a queue acts in another way.
#[derive(Clone, Copy, Debug)]
pub(in crate::websocket) struct Sizes {
    /// While this many bytes are buffered, pongs stay pending: of many pings only the newest is answered.
    pub(in crate::websocket) pong_bytes: u32,
    /// A shared frame up to this size is copied, so that it leaves together with the frames before it.
    pub(in crate::websocket) copied_bytes: usize,
}

/// The bytes of one write. `F` is a frame that was encoded once for many connections.
#[derive(Clone, Debug)]
pub(in crate::websocket) enum SendBuffer<F> {
    Own(Vec<u8>),
    Shared(F),
}

impl<F: AsRef<[u8]>> Deref for SendBuffer<F> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            SendBuffer::Own(bytes) => bytes,
            SendBuffer::Shared(frame) => frame.as_ref(),
        }
    }
}

/// What one write is offered: of the bytes in flight from `offset` on, and of a payload behind them, `most` bytes
/// at most of each. The header of the payload is the end of the bytes in flight, so the payload is offered only
/// together with that end.
#[inline(always)]
pub(in crate::websocket) fn offered<'a>(
    in_flight: &'a [u8],
    offset: usize,
    payload: &'a [u8],
    most: usize,
) -> (&'a [u8], &'a [u8]) {
    let end = in_flight.len().min(offset + most);
    let payload = match end == in_flight.len() {
        true => &payload[..payload.len().min(most)],
        false => &[],
    };
    (&in_flight[offset..end], payload)
}

/// The send queue: buffers of whole frames, the last of which grows.
#[derive(Clone, Debug)]
pub(super) struct SendQueue<F> {
    before: VecDeque<SendBuffer<F>>,
    last: Vec<u8>,
    copied_bytes: usize,
}

impl<F: AsRef<[u8]>> SendQueue<F> {
    /// Shared frames up to `copied_bytes` are copied.
    pub(super) fn new(copied_bytes: usize) -> SendQueue<F> {
        SendQueue {
            before: VecDeque::new(),
            last: Vec::with_capacity(FIRST_BYTES),
            copied_bytes,
        }
    }

    /// Gives the memory of an empty queue back.
    pub(super) fn shrink(&mut self) {
        (self.before, self.last) = (VecDeque::new(), Vec::new());
    }

    /// The buffer to which frames are appended.
    #[inline]
    pub(super) fn last(&mut self) -> &mut Vec<u8> {
        &mut self.last
    }

    /// Whether the next buffer is the one to which frames are appended.
    pub(super) fn is_next_the_last(&self) -> bool {
        self.before.is_empty()
    }

    /// Appends a shared frame; a long one is not copied.
    pub(super) fn share(&mut self, frame: F) {
        if frame.as_ref().len() <= self.copied_bytes {
            return self.last.extend_from_slice(frame.as_ref());
        }
        if !self.last.is_empty() {
            let own = mem::take(&mut self.last);
            self.before.push_back(SendBuffer::Own(own));
        }
        self.before.push_back(SendBuffer::Shared(frame));
    }

    /// Puts the next buffer in the place of `empty`, whose bytes have left and whose memory is used again.
    #[inline(always)] // no call for each write
    pub(super) fn next(&mut self, empty: &mut SendBuffer<F>) {
        if let Some(next) = self.before.pop_front() {
            *empty = next;
            return;
        }
        let bytes = empty.own();
        bytes.clear();
        if bytes.capacity() > KEPT_BYTES {
            *bytes = Vec::new();
        }
        mem::swap(bytes, &mut self.last);
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.last.capacity()
    }
}

impl<F: AsRef<[u8]>> SendBuffer<F> {
    pub(super) fn capacity(&self) -> usize {
        match self {
            SendBuffer::Own(bytes) => bytes.capacity(),
            SendBuffer::Shared(frame) => frame.as_ref().len(),
        }
    }

    /// The connection's own bytes, to append to; none if it was a shared frame.
    #[inline]
    pub(super) fn own(&mut self) -> &mut Vec<u8> {
        if let SendBuffer::Shared(_) = self {
            *self = SendBuffer::Own(Vec::new());
        }
        match self {
            SendBuffer::Own(bytes) => bytes,
            SendBuffer::Shared(_) => unreachable!("it was replaced"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept_and_a_long_frame_is_not_copied() {
        let long = std::rc::Rc::new(vec![2; 11]);
        struct Shared(std::rc::Rc<Vec<u8>>);
        impl AsRef<[u8]> for Shared {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        let mut queue = SendQueue::new(10);
        queue.last().push(1);
        queue.share(Shared(long.clone()));
        queue.share(Shared(vec![3; 10].into()));
        queue.last().push(4);
        assert!(!queue.is_next_the_last());
        let mut buffer = SendBuffer::Own(Vec::new());
        let mut next = || {
            queue.next(&mut buffer);
            (buffer[0], buffer.len())
        };
        assert_eq!(next(), (1, 1));
        assert_eq!(next(), (2, 11));
        assert_eq!(next(), (3, 11));
        assert_eq!(std::rc::Rc::strong_count(&long), 1);
    }
}
