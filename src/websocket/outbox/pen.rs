//! The pen: who writes, what, and who takes over.

use super::{Guard, Outbox, State};
use crate::net::is_timeout;
use crate::random;
use crate::websocket::error::Error;
use crate::websocket::outcome::Outcome;
use crate::websocket::wire::{Data, Mask};
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// An emptied buffer above this size is given back.
const KEPT_BYTES: usize = 64 * 1024;
/// How much of a long message is masked at a time.
const MASKED_BYTES: usize = 32 * 1024;
const STACK_BYTES: usize = 128 * 1024;

impl Outbox {
    /// Waits until everything up to `ticket` has left.
    pub(super) fn wait_gone<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a>,
        ticket: u64,
    ) -> Result<(), Error> {
        self.gathering.sent();
        while state.gone < ticket {
            state.check()?;
            if state.pen {
                state = self.wait_for_pen(state);
                continue;
            }
            state.pen = true;
            while state.gone < ticket && state.broken.is_none() {
                state = self.write_once(state);
            }
            let done = state.check();
            self.lay_down(state);
            return done;
        }
        // Who laid the pen down may have counted on us.
        self.push(state);
        Ok(())
    }

    /// Sends what waits, for a tick at most; what is left then is not ours to write.
    pub(super) fn push<'a>(self: &'a Arc<Self>, mut state: Guard<'a>) {
        if state.pen || state.is_empty() || state.broken.is_some() {
            return;
        }
        state.pen = true;
        let state = self.write_once(state);
        self.lay_down(state);
    }

    fn wait_for_pen<'a>(&self, mut state: Guard<'a>) -> Guard<'a> {
        state.writers += 1;
        let mut state = self.wait(state);
        state.writers -= 1;
        state
    }

    /// Lays the pen down. What came meanwhile is written first, once; if there is still more, and
    /// nobody who waits to write it, a thread does.
    fn lay_down<'a>(self: &'a Arc<Self>, mut state: Guard<'a>) {
        let ticket = state.queued;
        while state.gone < ticket && state.goes_on() {
            state = self.write_once(state);
        }
        let left = !state.is_empty() && state.broken.is_none();
        if left && state.writers == 0 {
            return self.start_writer(state);
        }
        state.pen = false;
        self.ring(&state);
    }

    /// The pen goes to a thread of its own.
    #[cold]
    fn start_writer(self: &Arc<Self>, state: Guard<'_>) {
        drop(state);
        let outbox = Arc::clone(self);
        let thread = thread::Builder::new()
            .name("websocket writer".into())
            .stack_size(STACK_BYTES);
        if let Err(error) = thread.spawn(move || outbox.write_rest()) {
            let mut state = self.lock();
            state.pen = false;
            self.broke(&mut state, error.kind());
        }
    }

    fn write_rest(&self) {
        let mut state = self.lock();
        while !state.is_empty() && state.broken.is_none() {
            state = self.write_once(state);
        }
        state.pen = false;
        self.ring(&state);
    }

    /// One write of what waits. Called with the pen.
    fn write_once<'a>(&'a self, mut state: Guard<'a>) -> Guard<'a> {
        if state.at == state.hand.len() {
            state.turn();
        }
        let (hand, at) = (mem::take(&mut state.hand), state.at);
        drop(state);
        let wrote = self.stream.write(&hand[at..]);
        let mut state = self.lock();
        state.hand = hand;
        state.at += self.count(&mut state, wrote);
        state
    }

    /// What became of a write; how many bytes are gone.
    fn count(&self, state: &mut State, wrote: io::Result<usize>) -> usize {
        match wrote {
            Ok(0) => self.broke(state, ErrorKind::WriteZero),
            Ok(n) => {
                state.stuck_since = None;
                state.gone += n as u64;
                self.ring(state);
                return n;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => self.stuck(state),
            Err(error) => self.broke(state, error.kind()),
        }
        0
    }

    /// There was no room for a tick.
    #[cold]
    fn stuck(&self, state: &mut State) {
        let since = *state.stuck_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.config.stall_timeout {
            state.outcome.get_or_insert_with(Outcome::abnormal);
            self.broke(state, ErrorKind::TimedOut);
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    /// Nothing can be sent any more. What the peer has sent can still be read.
    #[cold]
    pub(super) fn broke(&self, state: &mut State, kind: ErrorKind) {
        state.broken.get_or_insert(kind);
        self.ring(state);
    }

    /// Writes a message from where it lies.
    pub(super) fn write_message(
        self: &Arc<Self>,
        state: Guard<'_>,
        data: Data<'_>,
    ) -> Result<(), Error> {
        let mut state = self.take_turn(state)?;
        // Another's message in parts may have begun while we waited.
        while state.message.is_some() {
            self.push(state);
            state = self.take_turn(self.at_boundary()?)?;
        }
        self.write_frame(state, data, true)
    }

    /// Waits until the pen is down and the hand empty: who lays the pen down leaves the rest of his
    /// hand to those who wait.
    pub(super) fn take_turn<'a>(&'a self, mut state: Guard<'a>) -> Result<Guard<'a>, Error> {
        loop {
            while state.pen {
                state = self.wait_for_pen(state);
            }
            state.check()?;
            if state.at == state.hand.len() {
                return Ok(state);
            }
            state.pen = true;
            state = self.write_once(state);
            state.pen = false;
        }
    }

    /// Writes a frame from where its payload lies, behind what waits. The pen is down, and is kept
    /// all the while.
    pub(super) fn write_frame(
        self: &Arc<Self>,
        mut state: Guard<'_>,
        data: Data<'_>,
        last: bool,
    ) -> Result<(), Error> {
        let mut mask = None;
        let encoded = state.encode(|sender, out| {
            mask = sender.begin_part(data, last, random::mask_key, out)?;
            Ok(())
        });
        if let Err(misuse) = encoded {
            self.push(state);
            return Err(misuse.into());
        }
        state.queued += data.bytes().len() as u64;
        state.pen = true;
        state.turn();
        let mut hand = mem::take(&mut state.hand);
        drop(state);
        match mask {
            None => drop(self.write_all(&hand, data.bytes())),
            Some(mask) => self.write_masked(&mut hand, data.bytes(), mask),
        }
        self.gathering.sent();
        let mut state = self.lock();
        hand.clear();
        (state.hand, state.at) = (hand, 0);
        let done = state.check();
        self.lay_down(state);
        done
    }

    fn write_masked(&self, hand: &mut Vec<u8>, data: &[u8], mut mask: Mask) {
        for piece in data.chunks(MASKED_BYTES) {
            mask.append(piece, hand);
            if !self.write_all(hand, &[]) {
                return;
            }
            hand.clear();
        }
    }

    /// Writes one and then the other; whether all of it is gone.
    fn write_all(&self, mut one: &[u8], mut other: &[u8]) -> bool {
        while !(one.is_empty() && other.is_empty()) {
            let wrote = match (one.is_empty(), other.is_empty()) {
                (false, true) => self.stream.write(one),
                (true, _) => self.stream.write(other),
                _ => {
                    let both = [IoSlice::new(one), IoSlice::new(other)];
                    self.stream.write_vectored(&both)
                }
            };
            let mut state = self.lock();
            let n = self.count(&mut state, wrote);
            if state.broken.is_some() {
                return false;
            }
            drop(state);
            let of_one = n.min(one.len());
            (one, other) = (&one[of_one..], &other[n - of_one..]);
        }
        true
    }

    /// Waits until nothing is left to send, no longer than this; whether that is so.
    pub(in crate::websocket) fn flush_within(self: &Arc<Self>, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        self.push(self.lock());
        let mut state = self.lock();
        while state.buffered() > 0 && state.broken.is_none() {
            let in_time;
            (state, in_time) = self.wait_until(state, until);
            if !in_time {
                return false;
            }
        }
        state.buffered() == 0
    }

    /// The connection has become quiet: memory is given back.
    pub(in crate::websocket) fn shrink(&self) {
        let mut state = self.lock();
        if !state.pen && state.is_empty() {
            state.out = Vec::new();
            state.hand = Vec::new();
            state.at = 0;
        }
    }
}

impl State {
    /// Whether nothing waits for the pen, or is in it.
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.hand.len() && self.out.is_empty() && !self.sender.owes()
    }

    /// Whether the holder of the pen may write for others: they take what they are given, and nobody
    /// waits to write himself.
    fn goes_on(&self) -> bool {
        self.broken.is_none() && self.stuck_since.is_none() && self.writers == 0
    }

    /// Takes what waits into the hand, which is empty.
    fn turn(&mut self) {
        self.settle();
        self.hand.clear();
        if self.hand.capacity() > KEPT_BYTES {
            self.hand = Vec::new();
        }
        self.at = 0;
        mem::swap(&mut self.hand, &mut self.out);
    }
}
