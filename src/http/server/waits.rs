//! Where a connection waits: for its next request, and for the rest of a head.
//!
//! ```text
//!   idle   read, 1 s at most ──▶ quiet: memory is given back ──▶ read, until the keep-alive time is over
//!   head   read, 1 s at most ──▶ read, until the head's time is over ──▶ 408
//! ```
//!
//! The socket keeps its short timeout as long as requests come: no `setsockopt` for each of them. Only a
//! wait that is longer sets another one, and so wakes its thread no more than once.

use super::buffer::FIRST_BYTES;
use super::serve::{End, Served};
use crate::http::wire::{self, Rule};
use crate::net::is_timeout;
use std::thread;
use std::time::{Duration, Instant};

/// An idle connection keeps this much memory for its next request, beside what a fresh one has.
const KEPT_BYTES: usize = 2 * 1024;
/// So much of it is a read buffer that has doubled once: to exchange it would save little, and the
/// allocator keeps pieces of that size for the thread.
const KEPT_READ_BYTES: usize = 2 * FIRST_BYTES;

impl Served<'_> {
    /// Waits for more of a head, having sent what is pending.
    #[inline(never)]
    pub(super) fn receive(&mut self) -> Result<(), End> {
        let link = self.link.get_mut();
        let kept = link.queue.flush_and_kept_bytes().map_err(|_| End::Gone)?;
        self.buffer.make_room();
        if self.requests > 0 {
            // Lets the other connections run first: the next request is often here by then, and
            // the sleep and the wake-up fall away.
            thread::yield_now();
        }
        if self.decoder.is_idle() {
            if !self.large_before {
                self.give_back_large(kept);
            }
            self.wait_idle()
        } else {
            self.wait_head()
        }
    }

    /// Gives back what a large exchange has left, the first time since the connection was last quiet. The
    /// next large one shows that the memory is in steady use: then it stays until the connection is quiet.
    #[inline]
    fn give_back_large(&mut self, queue_keeps: usize) {
        let kept = queue_keeps
            + self.buffer.bytes.len()
            + self.body.kept_bytes()
            + self.link.get_mut().kept_bytes();
        if kept > FIRST_BYTES + KEPT_BYTES {
            self.large_before = true;
            self.shrink();
        }
    }

    /// Gives back the memory that a fresh connection does not have.
    #[inline(never)]
    fn shrink(&mut self) {
        self.body.shrink();
        self.link.get_mut().shrink();
        self.decoder = wire::RequestDecoder::new(self.shared.config.limits);
        // Last, because it allocates: so its new memory lies where the large one was, not behind it.
        self.buffer.shrink_to(KEPT_READ_BYTES);
    }

    fn wait_idle(&mut self) -> Result<(), End> {
        let config = &self.shared.config;
        let most = match self.requests {
            0 => Some(config.head_timeout),
            _ => config.keep_alive_timeout,
        };
        self.link.get_mut().queue.idle();
        let mut timeout = self.quiet_interval; // no longer than `most`
        let mut waited = Duration::ZERO;
        loop {
            let link = self.link.get_mut();
            link.set_read_timeout(timeout).map_err(|_| End::Gone)?;
            let read = link
                .stream()
                .read(&mut self.buffer.bytes[self.buffer.end..]);
            match read {
                Ok(0) if link.queue.is_ending() => return Err(End::Linger),
                Ok(0) => return Err(End::Gone),
                Ok(n) => {
                    link.queue.busy();
                    self.buffer.took(n);
                    return Ok(());
                }
                Err(error) if is_timeout(&error) => waited = waited.saturating_add(timeout),
                Err(_) => return Err(End::Gone),
            }
            timeout = match most {
                Some(most) if waited >= most => return Err(End::Linger),
                Some(most) => most - waited,
                None => config.poll_interval(),
            };
            self.large_before = false;
            self.shrink();
        }
    }

    fn wait_head(&mut self) -> Result<(), End> {
        let since = *self.head_since.get_or_insert_with(Instant::now);
        let most = self.shared.config.head_timeout;
        loop {
            let left = most.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(self.refuse(wire::Error::whole(Rule::RequestTimeout)));
            }
            let link = self.link.get_mut();
            link.limit_read_timeout(left).map_err(|_| End::Gone)?;
            let read = link
                .stream()
                .read(&mut self.buffer.bytes[self.buffer.end..]);
            match read {
                Ok(0) if link.queue.is_ending() => return Err(End::Linger),
                Ok(0) => return Err(self.refuse(wire::Error::whole(Rule::MessageTruncated))),
                Ok(n) => {
                    self.buffer.took(n);
                    return Ok(());
                }
                Err(error) if is_timeout(&error) => {
                    let left = most.saturating_sub(since.elapsed());
                    link.set_read_timeout(left).map_err(|_| End::Gone)?;
                }
                Err(_) => return Err(End::Gone),
            }
        }
    }
}
