//! What the lock of the sending side guards: the frame queue, what waits for it, and what has failed.

use super::peer_pace::PeerPace;
use super::pings::Pings;
use crate::net::{Cause, DelayedFlush, Pace};
use crate::random;
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::queue::{FrameQueue, Sizes};
use crate::websocket::wire::{Misuse, Payload, Role, Sender, State as Sent};
use std::sync::{Arc, MutexGuard};
use std::thread::ThreadId;

/// Payloads up to this size are copied behind their header. Longer ones are written from the sender's memory.
pub(super) const COPIED_BYTES: usize = 4 * 1024;
const SIZES: Sizes = Sizes {
    pong_bytes: 64 * 1024,
    copied_bytes: COPIED_BYTES,
};

pub(super) struct State {
    pub(super) queue: FrameQueue<SharedFrame>,
    pub(super) peer: PeerPace,
    /// How long the frame is that a room has queued last.
    pub(super) newest_broadcast: u64,
    /// Grows when a frame was queued that is compressed and not from this connection's own compressor: the peer knows
    /// what that one does not, and so its context is of no use.
    pub(super) epoch: u64,
    /// How many threads wait for `changed`.
    pub(super) waiting: usize,
    /// The thread that has begun the unfinished message, or has sent its last part so far.
    pub(super) message_thread: Option<ThreadId>,
    /// Grows by one when a part begins, and by one when it has been sent: odd while one is being sent.
    pub(super) parts: u64,
    /// No flush thread could be started, and the clock will push what is queued.
    pub(super) retry_scheduled: bool,
    pub(super) closing: Closing,
    /// Boxed, as the outcome: most of its life a connection has neither.
    pub(super) failure: Option<Box<Cause>>,
    /// The position behind the last frame that `send` has left queued, to be coalesced: the reading thread
    /// waits until it has left before it reads.
    pub(super) await_before_read: u64,
    pub(super) delayed: DelayedFlush,
    /// None before the first ping.
    pub(super) pings: Option<Box<Pings>>,
    pub(super) outcome: Option<Box<Outcome>>,
}

pub(super) type Guard<'a> = MutexGuard<'a, State>;

/// The closing handshake.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Closing {
    /// The peer's Close frame has come.
    pub(super) received: bool,
    /// Which end has sent the first Close frame, and its code.
    pub(super) first: Option<(Role, u16)>,
    /// The position behind our Close frame.
    pub(super) position: u64,
    /// How many bytes had left when the deadline began.
    pub(super) sent: u64,
}

/// A frame that was encoded once, for many connections.
#[derive(Clone, Debug)]
pub(in crate::websocket) struct SharedFrame(pub(in crate::websocket) Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedFrame {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl State {
    pub(super) fn new(sender: Sender, pace: Pace) -> State {
        State {
            queue: FrameQueue::new(sender, random::mask_key, SIZES),
            peer: PeerPace::new(pace),
            newest_broadcast: 0,
            epoch: 0,
            waiting: 0,
            message_thread: None,
            parts: 0,
            retry_scheduled: false,
            closing: Closing::default(),
            failure: None,
            await_before_read: 0,
            delayed: DelayedFlush::default(),
            pings: None,
            outcome: None,
        }
    }

    /// A room has queued a frame, or has deferred it.
    pub(super) fn note_broadcast(&mut self, payload: Payload<'_>) {
        self.epoch += u64::from(payload.is_compressed);
    }

    /// The message in parts has ended, and what was deferred is queued behind it.
    pub(super) fn end_message(&mut self) {
        self.epoch += u64::from(self.queue.has_deferred());
        self.queue.end_message();
    }

    /// Everything up to this position has left; else the error that prevented it.
    pub(super) fn check_sent(&self, position: u64) -> Result<(), Error> {
        match self.queue.sent() >= position {
            true => Ok(()),
            false => self.check(),
        }
    }

    /// Nothing has failed so far.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.failure
            .as_deref()
            .map_or(Ok(()), |cause| Err(cause.into()))
    }

    /// Messages can still be sent; else the reason why not.
    #[inline]
    pub(super) fn check_open(&self) -> Result<(), Error> {
        match self.queue.state() {
            Sent::Closed | Sent::Failed => Err(Misuse::Closed.into()),
            Sent::Idle | Sent::Message => self.check(),
        }
    }

    /// Queues a ping; returns its number, and the position behind it.
    pub(super) fn append_ping(&mut self) -> Result<(u64, u64), Error> {
        self.check_open()?;
        let number = self.pings.get_or_insert_default().next();
        let payload = number.to_be_bytes();
        let position = self
            .queue
            .append(|sender, key, queue| sender.ping(&payload, key, queue))?;
        Ok((number, position))
    }
}
