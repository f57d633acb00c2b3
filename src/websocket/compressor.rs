//! Compressors: one for a message alone, lent by a small pool, or one of a connection's own. (So it is with decompressors:
//! a message that refers to no other is inflated by one from the pool, which gets it back before the next read.)
//!
//! A message is compressed on the thread that sends it, *before* that thread takes the lock of the frame queue. So
//! no pong, no Close frame and no other message waits for a compression, and yet messages stay in order: the thread
//! queues its frame when it is made, as it does without compression.
//!
//! | context takeover | which compressor | another thread compresses meanwhile |
//! |---|---|---|
//! | no | any from the pool: a message refers to no other | with another one |
//! | yes | the connection's own, behind a lock | `send` waits for it; `try_send` sends its message as it is |
//!
//! With context takeover, messages must be queued in the order in which they were compressed. A thread that holds the
//! compressor queues its frame before it releases it. Where that cannot be (a message in parts has begun, a room has
//! queued a frame that was compressed for many), it sends the message as it is, and the compressor forgets its context: what comes
//! next refers to nothing, which is always right. [`Own::epoch`] is how it finds out.

use super::wire::{Data, Decompressor, Deflater, Payload, PerMessageDeflate};
use crate::pool::Pool;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A larger buffer is freed.
const KEPT_BYTES: usize = 64 * 1024;

static DEFLATERS: Pool<Deflater> = Pool::new();
static BUFFERS: Pool<Vec<u8>> = Pool::new();
/// Boxed by those that use them, and moved in and out.
static DECOMPRESSORS: Pool<Box<Decompressor>> = Pool::new();

/// What compresses the messages of one connection.
#[derive(Debug)]
pub(super) struct Compressor {
    pub(super) options: PerMessageDeflate,
    /// With context takeover: the connection's own.
    own: Option<Mutex<Own>>,
    parts: Mutex<Parts>,
}

/// A compressor that knows the messages before.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Made for the first message.
    deflater: Option<Deflater>,
    /// The epoch of the frame queue that its context belongs to.
    epoch: u64,
}

/// The message in parts. One thread at a time sends its parts.
#[derive(Debug, Default)]
struct Parts {
    /// Whether it is compressed; `None`: it has no part yet.
    compressed: Option<bool>,
    /// Without context takeover: lent for this message.
    deflater: Option<Deflater>,
}

impl Compressor {
    /// With options that are within the agreement.
    pub(super) fn new(options: PerMessageDeflate) -> Compressor {
        Compressor {
            options,
            own: options.send_takeover.then(Mutex::default),
            parts: Mutex::default(),
        }
    }

    /// Whether a message is long enough.
    pub(super) fn takes(&self, data: &Data<'_>) -> bool {
        data.bytes().len() >= self.options.threshold
    }

    /// The options for a message that refers to no other: it can be sent whether contexts are taken over or not.
    pub(super) fn alone(&self) -> PerMessageDeflate {
        alone(self.options)
    }

    /// With context takeover: the connection's own. It waits for a thread that has it.
    pub(super) fn own(&self) -> Option<MutexGuard<'_, Own>> {
        let own = self.own.as_ref()?;
        Some(own.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same without waiting. The inner `None`: another thread has it.
    pub(super) fn try_own(&self) -> Option<Option<MutexGuard<'_, Own>>> {
        Some(match self.own.as_ref()?.try_lock() {
            Ok(own) => Some(own),
            Err(TryLockError::Poisoned(own)) => Some(own.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// The next part of the message in parts; `None`: it is sent as it is. A message that has only one part is compressed as
    /// other messages are, if it is long enough; one with several is, whatever their length.
    pub(super) fn part(&self, epoch: u64, data: &Data<'_>, last: bool) -> Option<Compressed> {
        let mut parts = self.parts();
        let takes = !last || self.takes(data);
        if !*parts.compressed.get_or_insert(takes) {
            return None;
        }
        Some(match self.own() {
            Some(mut own) => own.deflate(&self.options, epoch, data, last),
            None => {
                let options = self.alone();
                let deflater = parts.deflater.get_or_insert_with(|| lend(&options));
                Compressed::of(deflater, data, last)
            }
        })
    }

    /// A part was not sent: the next one refers to nothing.
    pub(super) fn part_failed(&self) {
        if let Some(deflater) = &mut self.parts().deflater {
            deflater.reset();
        }
        if let Some(mut own) = self.own() {
            own.forget();
        }
    }

    /// The message in parts has ended.
    pub(super) fn message_ended(&self) {
        let parts = mem::take(&mut *self.parts());
        if let Some(mut deflater) = parts.deflater {
            deflater.reset();
            DEFLATERS.give_back(deflater);
        }
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Own {
    /// Compresses a message or a part. A context of another epoch is forgotten first.
    pub(super) fn deflate(
        &mut self,
        options: &PerMessageDeflate,
        epoch: u64,
        data: &Data<'_>,
        last: bool,
    ) -> Compressed {
        if mem::replace(&mut self.epoch, epoch) != epoch {
            self.forget();
        }
        let deflater = self.deflater.get_or_insert_with(|| Deflater::new(options));
        Compressed::of(deflater, data, last)
    }

    /// What was compressed last was not sent, or not in that order.
    pub(super) fn forget(&mut self) {
        if let Some(deflater) = &mut self.deflater {
            deflater.reset();
        }
    }
}

/// A compressed message or part. Its buffer goes back to the pool.
#[derive(Debug)]
pub(super) struct Compressed(Vec<u8>);

impl Compressed {
    /// A message that refers to no other.
    pub(super) fn alone(options: &PerMessageDeflate, data: &Data<'_>) -> Compressed {
        let mut deflater = lend(options);
        let compressed = Compressed::of(&mut deflater, data, true);
        DEFLATERS.give_back(deflater);
        compressed
    }

    fn of(deflater: &mut Deflater, data: &Data<'_>, last: bool) -> Compressed {
        let mut buffer = BUFFERS.take(|_| true).unwrap_or_default();
        deflater.deflate(data.bytes(), last, &mut buffer);
        Compressed(buffer)
    }

    /// What its frame carries.
    pub(super) fn payload(&self, data: &Data<'_>) -> Payload<'_> {
        Payload {
            kind: data.kind(),
            bytes: &self.0,
            is_compressed: true,
        }
    }

    /// The same, or the message as it is if that is shorter. (The bytes of a message alone are in no context.)
    pub(super) fn or_shorter<'a>(&'a self, data: Data<'a>) -> Payload<'a> {
        match self.0.len() < data.bytes().len() {
            true => self.payload(&data),
            false => data.into(),
        }
    }
}

impl Drop for Compressed {
    fn drop(&mut self) {
        let mut buffer = mem::take(&mut self.0);
        buffer.clear();
        if buffer.capacity() <= KEPT_BYTES {
            BUFFERS.give_back(buffer);
        }
    }
}

/// The same options without context takeover.
fn alone(options: PerMessageDeflate) -> PerMessageDeflate {
    PerMessageDeflate {
        send_takeover: false,
        ..options
    }
}

/// It has been reset before it was given back.
fn lend(options: &PerMessageDeflate) -> Deflater {
    let kept = DEFLATERS.take(|kept| kept.is_for(options));
    kept.unwrap_or_else(|| Deflater::new(options))
}

/// A decompressor for a window of so many bits. What it did before is to be reset.
pub(super) fn lend_decompressor(window_bits: u8) -> Box<Decompressor> {
    let kept = DECOMPRESSORS.take(|kept| kept.window_bits() == window_bits);
    kept.unwrap_or_else(|| Decompressor::new(window_bits))
}

#[inline(never)]
pub(super) fn give_decompressor_back(decompressor: Box<Decompressor>) {
    DECOMPRESSORS.give_back(decompressor);
}
