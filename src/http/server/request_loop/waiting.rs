//! Where a connection waits: for its next request, and for the rest of a head.
//!
//! ```text
//!   idle   read, 1 s at most ──▶ quiet: memory is given back ──▶ read, until keep_alive_timeout is over
//!   head   read, 1 s at most ──▶ read, until head_timeout is over ──▶ 408
//!   both   the server stops ──▶ what has come is read: a request that is whole is served, else the end
//! ```
//!
//! A connection that began after the stop waits for its first request: a second for the first byte, then as any other.
//!
//! Empty lines are no part of a head: a connection that gets nothing else is idle, and `keep_alive_timeout` runs
//! on. An idle connection reads no clock before one read has timed out or an empty line has come. So the time before
//! an empty line in the first second does not count.
//!
//! While requests come, the socket keeps its short timeout, so that a request costs no `setsockopt`. Only a
//! longer wait sets another timeout, and so wakes its thread no more than once.

use super::{End, FIRST_READ_BYTES, RequestLoop, Since};
use crate::http::wire::{self, RequestDecoder, Rule};
use crate::net::{is_timeout, yield_before_read};
use std::time::{Duration, Instant};

/// An idle connection keeps this much memory for its next request, beside what a fresh one has.
const KEPT_BYTES: usize = 2 * 1024;
/// A read buffer up to this size is kept: to exchange one that has doubled once would save little, and
/// the allocator keeps pieces of that size for the thread.
const KEPT_READ_BYTES: usize = 2 * FIRST_READ_BYTES;

/// How long a connection waits for its first request that began while the server was stopping already.
const LATE_REQUEST: Duration = Duration::from_secs(1);

impl RequestLoop<'_> {
    /// Waits for more of a head, after everything that is pending has been sent.
    #[inline(never)]
    pub(super) fn receive(&mut self) -> Result<(), End> {
        let kept = self.queue.flush_and_kept_bytes().map_err(|_| End::Gone)?;
        if self.numbers.request > 0 {
            yield_before_read(); // the next request is often here afterwards
        }
        if self.decoder.is_idle() {
            if !self.was_large {
                self.give_back_large(kept);
            }
            self.wait_idle()
        } else {
            self.wait_head()
        }
    }

    /// Gives back what a large exchange has left, the first time since the connection was last quiet. If
    /// another large one follows, the memory is in steady use: then it stays until the connection is quiet.
    #[inline]
    fn give_back_large(&mut self, queue_keeps: usize) {
        let kept = queue_keeps
            + self.buffer.size()
            + self.body.kept_bytes()
            + self.connection.get_mut().kept_bytes();
        if kept > FIRST_READ_BYTES + KEPT_BYTES {
            self.was_large = true;
            self.shrink();
        }
    }

    /// Gives back the memory that a fresh connection does not have.
    #[inline(never)]
    fn shrink(&mut self) {
        self.body.shrink();
        self.connection.get_mut().shrink();
        self.decoder = RequestDecoder::new(self.shared.config.limits);
        // Last, because it allocates: the new memory then lies where the large one was, not behind it.
        if self.buffer.size() > KEPT_READ_BYTES {
            self.buffer.shrink_to(FIRST_READ_BYTES);
        }
    }

    // RFC 9112 §2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at least
    // one empty line (CRLF) received prior to the request-line."
    fn wait_idle(&mut self) -> Result<(), End> {
        if !self.buffer.is_empty() {
            self.idle_since(Instant::now); // empty lines: the wait goes on
        }
        self.queue.idle();
        let mut timeout = match self.since {
            Since::Idle(since) => self.idle_left(since)?,
            _ => self.quiet_interval, // no longer than the idle timeout
        };
        loop {
            let connection = self.connection.get_mut();
            connection
                .set_read_timeout(timeout)
                .map_err(|_| End::Gone)?;
            match self.read()? {
                Some(0) => return Err(End::Gone),
                Some(_) => {
                    self.queue.busy();
                    return Ok(());
                }
                None => {}
            }
            self.was_large = false;
            self.shrink();
            let now = Instant::now();
            let since = self.idle_since(|| now.checked_sub(timeout).unwrap_or(now));
            timeout = self.idle_left(since)?;
        }
    }

    /// Since when the connection is idle: since `began`, if this was not known yet.
    #[cold]
    fn idle_since(&mut self, began: impl FnOnce() -> Instant) -> Instant {
        match self.since {
            Since::Idle(since) => since,
            _ => {
                let since = began();
                self.since = Since::Idle(since);
                since
            }
        }
    }

    /// How long a connection may stay idle that has been so since then.
    #[cold]
    fn idle_left(&self, since: Instant) -> Result<Duration, End> {
        let config = &self.shared.config;
        let most = match self.numbers.request {
            0 if self.queue.is_stopping() => Some(config.head_timeout.min(LATE_REQUEST)),
            0 => Some(config.head_timeout),
            _ => config.keep_alive_timeout,
        };
        let left = match most {
            Some(most) => most.saturating_sub(since.elapsed()),
            None => config.poll_interval(),
        };
        match left.is_zero() {
            true => Err(End::Linger),
            false => Ok(left),
        }
    }

    /// No handler has the request yet, so a stop ends this wait, too. A refusal leaves only if the connection is
    /// busy first: a request that the stop has cut gets no byte, so that its client may send it again.
    fn wait_head(&mut self) -> Result<(), End> {
        let since = match self.since {
            Since::Head(since) => since,
            _ => Instant::now(),
        };
        self.since = Since::Head(since);
        let most = self.shared.config.head_timeout;
        let mut is_first = true;
        self.queue.idle();
        loop {
            let left = most.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Err(self.refuse_unless_ending(Rule::RequestTimeout));
            }
            let connection = self.connection.get_mut();
            let set = match std::mem::take(&mut is_first) {
                true => connection.limit_read_timeout(left),
                false => connection.set_read_timeout(left),
            };
            set.map_err(|_| End::Gone)?;
            match self.read()? {
                Some(0) => return Err(self.refuse_unless_ending(Rule::MessageTruncated)),
                Some(_) => {
                    self.queue.busy();
                    return Ok(());
                }
                None => {}
            }
        }
    }

    /// Half a head has come, and no more will.
    #[cold]
    fn refuse_unless_ending(&mut self, rule: Rule) -> End {
        self.queue.busy();
        match self.queue.is_ending() {
            true => End::Linger,
            false => self.refuse_head(wire::Error::whole(rule)),
        }
    }

    /// One read: 0 bytes are the peer's end, `None` is the end of the read timeout.
    #[inline(always)]
    fn read(&mut self) -> Result<Option<usize>, End> {
        match self.queue.stream().read(self.buffer.room()) {
            Ok(0) if self.queue.is_ending() => Err(End::Linger),
            Ok(n) => {
                self.buffer.filled(n);
                Ok(Some(n))
            }
            Err(error) if is_timeout(&error) => Ok(None),
            Err(_) => Err(End::Gone),
        }
    }
}
