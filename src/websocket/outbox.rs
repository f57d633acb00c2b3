//! The outbox: frames on their way out, written by whoever holds the pen.
//!
//! ```text
//!   send ──► frame ──► out ──► pen is down ──► hand ──► Stream::write … ──► pen down, look again
//!   ping ──► pong ───▶  │          │ taken
//!                       │          ├─ send: wait until our frame is gone
//!                       │          └─ pong, try_send: its holder will look
//!                       └── whole frames are still waiting to be read: stays here until they are read
//! ```
//!
//! The *pen* is the right to write to the stream. It is taken under the lock and kept without it, since
//! a write may sleep. Under the lock there is memory work only. Three sentences hold:
//! 1. Who finds the pen taken leaves his frame in `out`; who lays it down looks there again, under the
//!    same lock. So nothing is left behind, and frames leave in the order in which they were made.
//! 2. Who must not wait (the reader with a pong, [`try_send`](super::Writer::try_send)) writes for a
//!    tick at most. What cannot leave then is written by a thread of its own, which ends when nothing
//!    is left. A connection whose peer reads never has one.
//! 3. Frames that the reader's thread makes while whole frames wait to be read stay in `out` until it
//!    has read those. If it does something else meanwhile, the clock of `net` sends them.

mod closing;
mod gather;
mod pen;
mod pings;

pub(super) use closing::GoAway;
pub(super) use gather::Gatherer;

use super::config::Config;
use super::error::Error;
use super::outcome::Outcome;
use super::wire::{Data, Misuse, Received, Sender, State as Sent};
use crate::net::{DelayedFlush, Stream};
use crate::random;
use gather::Gathering;
use pings::Pings;
use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// How long a write waits at a time.
const TICK: Duration = Duration::from_millis(10);
/// Payloads up to this size are copied behind their header; longer ones are written from where they
/// lie, unless they may leave together with others.
const COPIED_BYTES: usize = 4 * 1024;
const GATHERED_BYTES: usize = 16 * 1024;
/// While so much waits, of many pings only the newest is answered.
const PONG_BYTES: u64 = 64 * 1024;

pub(super) struct Outbox {
    stream: Arc<dyn Stream>,
    pub(super) config: Arc<Config>,
    /// Whether we are to end the TCP connection first: the server is.
    pub(super) ends_first: bool,
    state: Mutex<State>,
    /// Rung when bytes have left, the pen is laid down, a pong came or it is over.
    changed: Condvar,
    gathering: Gathering,
}

struct State {
    sender: Sender,
    /// Frames that wait for the pen.
    out: Vec<u8>,
    /// What the holder of the pen writes, and how much of it is gone.
    hand: Vec<u8>,
    at: usize,
    /// All bytes there ever were, and those that have left.
    queued: u64,
    gone: u64,
    /// Whether the pen is taken.
    pen: bool,
    /// Who waits for bytes to leave, and would take the pen.
    writers: usize,
    /// Who waits for anything.
    waiting: usize,
    /// Whose message in parts is not at its end.
    message: Option<ThreadId>,
    stuck_since: Option<Instant>,
    broken: Option<ErrorKind>,
    /// How far the reader's thread must see its frames leave before it reads on.
    gathered: u64,
    delayed: DelayedFlush,
    pings: Pings,
    outcome: Option<Outcome>,
}

type Guard<'a> = MutexGuard<'a, State>;

impl Outbox {
    pub(super) fn open(
        stream: Arc<dyn Stream>,
        sender: Sender,
        config: Arc<Config>,
        ends_first: bool,
    ) -> Result<Arc<Outbox>, Error> {
        stream.set_write_timeout(Some(TICK))?;
        Ok(Arc::new(Outbox {
            stream,
            config,
            ends_first,
            state: Mutex::new(State::new(sender)),
            changed: Condvar::new(),
            gathering: Gathering::default(),
        }))
    }

    pub(super) fn stream(&self) -> &Arc<dyn Stream> {
        &self.stream
    }

    /// Bytes that were given to send and have not left, frame headers included.
    pub(super) fn buffered(&self) -> u64 {
        self.lock().buffered()
    }

    /// Whether messages can still be sent.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    fn lock(&self) -> Guard<'_> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, state: &State) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn wait<'a>(&self, mut state: Guard<'a>) -> Guard<'a> {
        state.waiting += 1;
        let waited = self.changed.wait(state);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }

    /// Waits for a while at most; false: the time is up.
    fn wait_until<'a>(&self, mut state: Guard<'a>, until: Instant) -> (Guard<'a>, bool) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return (state, false);
        }
        state.waiting += 1;
        let waited = self.changed.wait_timeout(state, left);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        (state, true)
    }
}

/// Sending.
impl Outbox {
    /// Sends a message, and waits until it has left.
    pub(super) fn send(self: &Arc<Self>, data: Data<'_>) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        if self.leaves_uncopied(&data) {
            return self.write_message(state, data);
        }
        let ticket = state.encode(|sender, out| sender.send(data, random::mask_key, out))?;
        if self.gathers(&mut state, ticket) {
            return Ok(());
        }
        self.wait_gone(state, ticket)
    }

    /// Sends a message without waiting for the peer; false: too much is buffered, nothing was taken.
    pub(super) fn try_send(self: &Arc<Self>, data: Data<'_>) -> Result<bool, Error> {
        self.try_append(|sender, out| sender.send(data, random::mask_key, out))
    }

    /// The same with a frame that somebody has encoded, unmasked.
    pub(super) fn try_send_frame(self: &Arc<Self>, frame: &[u8]) -> Result<bool, Error> {
        self.try_append(|sender, out| match sender.state() {
            Sent::Idle => {
                out.extend_from_slice(frame);
                Ok(())
            }
            Sent::Message => Err(Misuse::Unfinished),
            Sent::Closed | Sent::Failed => Err(Misuse::Closed),
        })
    }

    fn try_append(
        self: &Arc<Self>,
        encode: impl FnOnce(&mut Sender, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<bool, Error> {
        let mut state = self.lock();
        state.enter()?;
        let full = state.buffered() >= self.config.high_water_mark as u64;
        if full || state.message.is_some() {
            return Ok(false);
        }
        let ticket = state.encode(encode)?;
        if !self.gathers(&mut state, ticket) {
            self.push(state);
        }
        Ok(true)
    }

    /// Something has come: what is owed for it leaves, unless it can leave with other frames.
    pub(super) fn note(self: &Arc<Self>, received: &Received<'_>) {
        let mut state = self.lock();
        state.sender.note(received);
        let closes = matches!(received, Received::Close(_));
        if closes || state.buffered() < PONG_BYTES {
            state.settle();
        }
        match self.gathering.is_on() && !closes {
            true => self.watch(&mut state),
            false => self.push(state),
        }
    }

    /// Whether a payload is too long to be worth a copy.
    fn leaves_uncopied(&self, data: &Data<'_>) -> bool {
        let most = match self.gathering.is_on() {
            true => GATHERED_BYTES,
            false => COPIED_BYTES,
        };
        data.bytes().len() > most
    }

    /// Waits while another's message in parts is not at its end.
    fn at_boundary(&self) -> Result<Guard<'_>, Error> {
        let mut state = self.lock();
        state.enter()?;
        while let Some(whose) = state.message {
            if whose == thread::current().id() {
                return Err(Misuse::Unfinished.into());
            }
            state = self.wait(state);
            state.enter()?;
        }
        Ok(state)
    }
}

/// A message in parts.
impl Outbox {
    /// Nobody else sends a message before this one is at its end.
    pub(super) fn begin_message(&self) -> Result<(), Error> {
        let mut state = self.at_boundary()?;
        match state.is_open() {
            true => state.message = Some(thread::current().id()),
            false => return Err(Misuse::Closed.into()),
        }
        Ok(())
    }

    pub(super) fn send_part(self: &Arc<Self>, data: Data<'_>, last: bool) -> Result<(), Error> {
        let mut state = self.lock();
        state.enter()?;
        if self.leaves_uncopied(&data) {
            let state = self.take_turn(state)?;
            return self.write_frame(state, data, last);
        }
        let key = random::mask_key;
        let ticket = state.encode(|sender, out| sender.send_part(data, last, key, out))?;
        self.wait_gone(state, ticket)
    }

    /// Others may send messages again; whether this one was left unfinished.
    pub(super) fn end_message(&self) -> bool {
        let mut state = self.lock();
        state.message = None;
        self.ring(&state);
        state.sender.state() == Sent::Message && state.broken.is_none()
    }
}

impl State {
    fn new(sender: Sender) -> State {
        State {
            sender,
            out: Vec::new(),
            hand: Vec::new(),
            at: 0,
            queued: 0,
            gone: 0,
            pen: false,
            writers: 0,
            waiting: 0,
            message: None,
            stuck_since: None,
            broken: None,
            gathered: 0,
            delayed: DelayedFlush::default(),
            pings: Pings::default(),
            outcome: None,
        }
    }

    fn buffered(&self) -> u64 {
        self.queued - self.gone
    }

    fn is_open(&self) -> bool {
        let open = matches!(self.sender.state(), Sent::Idle | Sent::Message);
        open && self.broken.is_none() && self.outcome.is_none()
    }

    fn check(&self) -> Result<(), Error> {
        self.broken.map_or(Ok(()), |kind| Err(Error::broken(kind)))
    }

    /// Whether something may still be sent.
    #[inline]
    fn enter(&self) -> Result<(), Error> {
        match self.sender.state() {
            Sent::Closed => Err(Misuse::Closed.into()),
            _ => self.check(),
        }
    }

    /// Puts a frame behind the others; how much must leave until it is gone.
    #[inline]
    fn encode(
        &mut self,
        encode: impl FnOnce(&mut Sender, &mut Vec<u8>) -> Result<(), Misuse>,
    ) -> Result<u64, Misuse> {
        let before = self.out.len();
        encode(&mut self.sender, &mut self.out)?;
        self.queued += (self.out.len() - before) as u64;
        Ok(self.queued)
    }

    /// Puts what is owed behind the others.
    fn settle(&mut self) {
        if self.sender.owes() {
            let _ = self.encode(|sender, out| {
                sender.settle(random::mask_key, out);
                Ok(())
            });
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
