//! The frame queue: which thread writes which bytes, decided without a thread, a lock or a stream.
//!
//! ```text
//!   send, try_send, broadcast ──▶ frame ──▶ ┌───────┐        ┌───────────┐
//!   ping received ──▶ pending pong ───────▶ │ queue │ ─────▶ │ in flight │ ──▶ stream
//!   close ──▶ Close frame ────────────────▶ └───────┘ swap,  └───────────┘
//!                                             ▲       when the buffer in flight is empty
//!   a message in parts is unfinished ──▶ deferred
//! ```
//!
//! Many threads send on one connection; one of them at a time writes to the stream. That thread holds
//! the *write turn*. It takes the turn here, under the lock around this queue, and then releases the
//! lock, because a write may block. All functions here are called under that lock.
//!
//! **The invariant.** `queue` holds whole frames only, and it becomes the buffer in flight only when
//! that is empty. So frames leave one after another, however the writes are cut. One frame may be here in
//! part: a long one, whose payload its sender writes from its own memory. [`begin_frame`] appends the
//! pending control frames *before* its header and makes the header the last bytes in flight. No other
//! thread can write until the whole payload has left.
//!
//! [`begin_frame`]: FrameQueue::begin_frame
//!
//! A thread has a [`Job`], and asks [`FrameQueue::step`] (in `queue/steps.rs`) what to do next until the job is
//! done:
//!
//! | job | whose | what it does | may block |
//! |---|---|---|---|
//! | [`Job::sent`] | `send` | writes until its frame has left, or waits until another thread has written it | yes |
//! | [`Job::push`] | pong, Close, `try_send`, broadcast, the clock | writes what the socket takes at once | never |
//! | [`Job::turn`] | a long message | waits for the write turn, and keeps it | yes |
//! | [`Job::flush`] | the flush thread | writes until the queue is empty | yes |
//!
//! Before a thread gives the turn back, it checks the queue again, under the same lock. If something was
//! appended meanwhile:
//!
//! 1. another thread waits to write: that one writes it;
//! 2. no thread waits: this thread writes what the socket takes at once;
//! 3. the socket does not take all of it: a short-lived flush thread gets the turn.
//!
//! So no frame stays behind, and as long as the peer reads, no flush thread is started.

mod job;
mod send_buffer;
mod steps;

#[cfg(test)]
mod model;

use super::wire::{Close, Error, Mask, Misuse, Payload, Received, Sender, State};
pub(super) use job::{Job, Step};
use send_buffer::SendQueue;
pub(super) use send_buffer::{SendBuffer, Sizes, offered};
use std::mem;

/// The frames of one connection on their way out.
#[derive(Clone, Debug)]
pub(super) struct FrameQueue<F> {
    sender: Sender,
    mask_key: fn() -> [u8; 4],
    pong_bytes: u32,
    /// Whole frames that wait for the buffer in flight to become empty.
    queue: SendQueue<F>,
    /// What the thread with the write turn writes, and how much of it has left.
    in_flight: SendBuffer<F>,
    offset: usize,
    /// How many bytes have not left of the payload that a sender writes from its own memory.
    payload_left: usize,
    /// The position behind the last long message that `try_send` has queued.
    long_until: u64,
    /// How many bytes were ever queued, and how many of them have left. A *position* is a value of `queued`:
    /// what was queued before it has left when `sent` has reached it.
    queued: u64,
    sent: u64,
    /// Whether a thread holds the write turn.
    turn: bool,
    /// How many threads wait to write.
    writers: usize,
    /// Whether a message in parts is unfinished: other messages are deferred meanwhile.
    unfinished: bool,
    deferred: Vec<u8>,
    failed: bool,
    /// Whether the waiting threads have to be notified.
    changed: bool,
}

impl<F: AsRef<[u8]>> FrameQueue<F> {
    /// An empty queue. `mask_key` makes the key of a client's frame.
    pub(super) fn new(sender: Sender, mask_key: fn() -> [u8; 4], sizes: Sizes) -> FrameQueue<F> {
        FrameQueue {
            sender,
            mask_key,
            pong_bytes: sizes.pong_bytes,
            queue: SendQueue::new(sizes.copied_bytes),
            in_flight: SendBuffer::Own(Vec::new()),
            offset: 0,
            payload_left: 0,
            long_until: 0,
            queued: 0,
            sent: 0,
            turn: false,
            writers: 0,
            unfinished: false,
            deferred: Vec::new(),
            failed: false,
            changed: false,
        }
    }

    /// The state of our direction.
    pub(super) fn state(&self) -> State {
        self.sender.state()
    }

    /// Whether each frame has a mask of its own: then it cannot be shared with other connections.
    pub(super) fn masks(&self) -> bool {
        self.sender.role().masks()
    }

    /// Bytes that have been queued and have not left, a payload in its sender's memory included.
    pub(super) fn buffered(&self) -> u64 {
        self.queued - self.sent + self.deferred.len() as u64
    }

    /// The same without a payload in its sender's memory.
    pub(super) fn held(&self) -> u64 {
        self.buffered() - self.payload_left as u64
    }

    /// How many bytes have left since the connection was opened.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// The position behind everything that is queued.
    pub(super) fn position(&self) -> u64 {
        self.queued
    }

    /// Whether messages can still be sent.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state(), State::Idle | State::Message) && !self.failed
    }

    /// Whether everything has left, and no control frame is pending.
    pub(super) fn is_empty(&self) -> bool {
        self.sent == self.queued && !self.sender.has_pending_control()
    }

    /// Whether one sender keeps the connection busy, with a message in parts or a long one: then a full queue
    /// does not show that the peer is slow.
    pub(super) fn is_busy(&self) -> bool {
        self.unfinished || self.payload_left > 0 || self.sent < self.long_until
    }

    /// The message that was queued last is long.
    pub(super) fn mark_long(&mut self) {
        self.long_until = self.queued;
    }

    /// Whether a thread holds the write turn.
    pub(super) fn is_being_written(&self) -> bool {
        self.turn
    }

    /// Whether a message in parts is unfinished.
    pub(super) fn is_unfinished(&self) -> bool {
        self.unfinished
    }

    /// Whether the waiting threads have to be notified; the caller does it.
    pub(super) fn take_changed(&mut self) -> bool {
        mem::take(&mut self.changed)
    }
}

/// Frames in.
impl<F: AsRef<[u8]>> FrameQueue<F> {
    /// Appends a whole frame; returns the position behind it.
    #[inline(always)] // no call for each message
    pub(super) fn append(
        &mut self,
        encode: impl FnOnce(&mut Sender, fn() -> [u8; 4], &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<u64, Misuse> {
        let queue = self.queue.last();
        let before = queue.len();
        encode(&mut self.sender, self.mask_key, queue)?;
        self.queued += (queue.len() - before) as u64;
        Ok(self.queued)
    }

    /// Appends a message that is one frame. While a message in parts is unfinished it is deferred, and is
    /// queued after that one.
    pub(super) fn append_or_defer<'d>(
        &mut self,
        message: impl Into<Payload<'d>>,
    ) -> Result<(), Misuse> {
        let (message, key) = (message.into(), self.mask_key);
        if self.unfinished && self.is_open() {
            let mut sender = self.sender.another();
            return sender.send(message, key, &mut self.deferred);
        }
        self.append(|sender, key, queue| sender.send(message, key, queue))
            .map(drop)
    }

    /// The same for a message that was encoded for many connections, unmasked.
    pub(super) fn share_or_defer(&mut self, frame: F) -> Result<(), Misuse> {
        match self.state() {
            State::Closed | State::Failed => return Err(Misuse::Closed),
            State::Message if !self.unfinished => return Err(Misuse::Unfinished),
            _ if self.unfinished => self.deferred.extend_from_slice(frame.as_ref()),
            _ => {
                self.queued += frame.as_ref().len() as u64;
                self.queue.share(frame);
            }
        }
        Ok(())
    }

    /// Whether a message waits for the end of the one in parts.
    pub(super) fn has_deferred(&self) -> bool {
        !self.deferred.is_empty()
    }

    /// A message in parts begins. (Its frames are appended, or begun, one by one.)
    pub(super) fn begin_message(&mut self) {
        self.unfinished = true;
    }

    /// It has ended, or cannot be completed: the deferred messages are queued.
    // RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
    // another message unless an extension has been negotiated that can interpret the interleaving."
    pub(super) fn end_message(&mut self) {
        self.unfinished = false;
        self.changed = true;
        let mut deferred = mem::take(&mut self.deferred);
        if self.state() == State::Idle {
            self.queued += deferred.len() as u64;
            self.queue.last().append(&mut deferred);
        }
    }

    /// A frame was received: the control frame that answers it is appended. While many bytes are buffered a
    /// pong stays pending, so that only the newest of many pings is answered.
    pub(super) fn received(&mut self, received: &Received<'_>) {
        self.sender.received(received);
        let closes = matches!(received, Received::Close(_));
        if closes || self.buffered() < self.pong_bytes.into() {
            self.append_pending_control();
        }
    }

    /// The peer broke a rule: the Close frame that names it is appended.
    pub(super) fn fail_peer(&mut self, error: &Error) {
        self.sender.fail(error);
        self.append_pending_control();
    }

    /// Appends a Close frame, if none was sent.
    pub(super) fn close(&mut self, close: Close<'_>) -> Result<(), Misuse> {
        self.append(|sender, key, queue| sender.close(close, key, queue))
            .map(drop)
    }

    #[inline]
    fn append_pending_control(&mut self) {
        if self.sender.has_pending_control() {
            let _ = self.append(|sender, key, queue| {
                sender.append_pending_control(key, queue);
                Ok(())
            });
        }
    }

    /// Begins a frame whose payload its sender writes from its own memory. The thread has the write turn and
    /// nothing is in flight: its [`Job::turn`] is done.
    // RFC 6455 §5.5: "Control frames can be interjected in the middle of a fragmented message."
    // That is, between its frames: pending control frames leave before this header, or after the whole
    // payload.
    pub(super) fn begin_frame<'d>(
        &mut self,
        part: impl Into<Payload<'d>>,
        last: bool,
    ) -> Result<Option<Mask>, Misuse> {
        let part = part.into();
        self.append_pending_control();
        let mut mask = None;
        self.append(|sender, key, queue| {
            mask = sender.begin_part(part, last, key, queue)?;
            Ok(())
        })?;
        self.payload_left = part.bytes.len();
        self.queued += self.payload_left as u64;
        self.swap();
        Ok(mask)
    }
}

/// Bytes out, for the thread that has the write turn.
impl<F: AsRef<[u8]>> FrameQueue<F> {
    /// The bytes in flight and how many of them have left, for the thread that has the turn: it writes them
    /// without the lock.
    #[inline(always)] // the buffer would be returned through memory
    pub(super) fn take_in_flight(&mut self) -> (SendBuffer<F>, usize) {
        if self.is_in_flight_empty() && self.payload_left == 0 {
            self.append_pending_control();
            self.swap();
        }
        let taken = SendBuffer::Own(Vec::new());
        (mem::replace(&mut self.in_flight, taken), self.offset)
    }

    /// Puts them back. The thread has written `n` bytes: first of those in flight, then of its payload.
    #[inline]
    pub(super) fn wrote(&mut self, in_flight: SendBuffer<F>, n: usize) {
        self.in_flight = in_flight;
        let of_buffer = n.min(self.in_flight.len() - self.offset);
        self.offset += of_buffer;
        self.payload_left -= n - of_buffer;
        self.sent += n as u64;
        self.changed |= n > 0;
    }

    /// Appends a piece of a payload, masked, to the bytes in flight.
    pub(super) fn refill(&mut self, append: impl FnOnce(&mut Vec<u8>)) {
        let is_empty = self.is_in_flight_empty();
        let in_flight = self.in_flight.own();
        if is_empty {
            in_flight.clear();
            self.offset = 0;
        }
        let before = in_flight.len();
        append(in_flight);
        self.payload_left -= in_flight.len() - before;
    }

    /// Whether a frame that is begun now would leave next.
    fn is_next_frame_next(&self) -> bool {
        self.is_in_flight_empty() && self.queue.is_next_the_last()
    }

    /// Whether all bytes in flight have left.
    pub(super) fn is_in_flight_empty(&self) -> bool {
        self.offset == self.in_flight.len()
    }

    /// How much of the frame that was [begun](Self::begin_frame) is still in its sender's memory.
    pub(super) fn payload_left(&self) -> usize {
        self.payload_left
    }

    /// Whether the frame that was begun has left.
    pub(super) fn is_frame_written(&self) -> bool {
        self.payload_left == 0 && self.is_in_flight_empty()
    }

    /// Nothing can be sent any more: every job is done.
    pub(super) fn fail(&mut self) {
        self.failed = true;
        self.changed = true;
    }

    /// Makes the next buffer of the queue the one in flight, which is empty.
    fn swap(&mut self) {
        self.offset = 0;
        self.queue.next(&mut self.in_flight);
    }

    /// The connection has become quiet: memory is given back.
    pub(super) fn shrink(&mut self) {
        if !self.turn && self.is_empty() {
            self.queue.shrink();
            self.in_flight = SendBuffer::Own(Vec::new());
            self.offset = 0;
        }
    }

    /// How much memory the buffers have.
    pub(super) fn capacity(&self) -> usize {
        self.queue.capacity() + self.in_flight.capacity()
    }
}
