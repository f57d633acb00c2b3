//! Receiving: the reading thread waits for frames, answers pings, and sees the connection end.
//!
//! ```text
//!   receive ──▶ next piece of a frame ──▶ message complete: returned, borrowed
//!                 ▲      │    │   │
//!                 │      │    │   └─ part of a message: collected, next piece
//!                 │      │    └───── ping: pong queued · pong · Close: answered, the end
//!                 │      └────────── nothing here: flush, then read
//!                 └── fill ◀─────────┘   while it reads: stall timeout, heartbeat, quiet
//! ```

mod within;

use super::compressor::lend_decompressor;
use super::connection::SharedConnection;
use super::ending;
use super::error::Error;
use super::frame_buffer::FrameBuffer;
use super::heartbeat::{Beat, Heartbeat};
use super::incoming::{Incoming, Limit, Part, QUIET, Silence};
use super::outcome::Outcome;
use super::wire::{self, Agreement, Data, Received, Receiver, Role};
use crate::net::{Pace, is_timeout};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A thread that waits for the rest of a message wakes this often to judge its peer.
const LONGEST_SLICE: Duration = Duration::from_secs(2);

/// What the reading thread has of a connection.
pub(super) struct Receiving {
    pub(super) shared: Arc<SharedConnection>,
    frames: FrameBuffer,
    heartbeat: Option<Heartbeat>,
    /// How fast the rest of a message comes, and whether that is being measured.
    pace: Pace,
    paced: bool,
    /// The stream's read timeout, and for which state it was computed: `None`, it has to be computed anew.
    timeout: Option<Duration>,
    timeout_for: Option<ReadState>,
    /// How long the last calls with a limit have found nothing. `None`: something has come, or a call without a
    /// limit has waited since.
    silence: Option<Silence>,
    /// Whether there may be memory to give back.
    large: bool,
}

/// The peer broke a rule.
#[cold]
fn refuse(shared: &SharedConnection, error: wire::Error) -> Error {
    if let Some(slot) = &shared.slot {
        slot.refused(error.rule().name());
    }
    ending::fail(&shared.outgoing, error)
}

/// On which the read timeout depends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ReadState {
    mid_message: bool,
    large: bool,
}

impl Receiving {
    #[inline(never)]
    pub(super) fn new(
        shared: Arc<SharedConnection>,
        role: Role,
        deflate: Option<&Agreement>,
        ahead: &[u8],
    ) -> Box<Receiving> {
        if let Some(finishing) = &shared.outgoing.finishing {
            finishing.bytes_in.add(ahead.len() as u64);
        }
        let config = &shared.outgoing.config;
        let receiver = match deflate {
            None => Receiver::new(role, config.limits),
            Some(agreement) => {
                Receiver::deflated(role, config.limits, agreement, lend_decompressor)
            }
        };
        let every = config.heartbeat_interval;
        Box::new(Receiving {
            heartbeat: every.map(|every| Heartbeat::new(every, config.heartbeat_timeout)),
            pace: config.pace(),
            paced: false,
            shared,
            frames: FrameBuffer::new(receiver, ahead),
            timeout: None,
            timeout_for: None,
            silence: None,
            large: false,
        })
    }

    pub(super) fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        match self.advance(None)? {
            true => self.data().map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn receive_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        match self.advance_out_of_line(None)? {
            true => self.part().map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn receive_within(&mut self, time: Duration) -> Result<Incoming<Data<'_>>, Error> {
        match self.advance_out_of_line(Some(&mut Limit::new(time)))? {
            true => self.data().map(Incoming::Came),
            false => Ok(self.nothing()),
        }
    }

    pub(super) fn receive_part_within(
        &mut self,
        time: Duration,
    ) -> Result<Incoming<Part<'_>>, Error> {
        match self.advance_out_of_line(Some(&mut Limit::new(time)))? {
            true => self.part().map(Incoming::Came),
            false => Ok(self.nothing()),
        }
    }

    pub(super) fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.heartbeat = Some(Heartbeat::new(every, deadline));
        self.timeout_for = None;
    }

    #[inline(never)]
    pub(super) fn in_parts(self) -> Box<Receiving> {
        let frames = self.frames.in_parts();
        Box::new(Receiving { frames, ..self })
    }
}

/// Frames.
impl Receiving {
    /// Reads on until a message is complete, or a part of one, and handles the control frames before it. False:
    /// the connection is over, or the time has passed. Without a limit it waits until something comes.
    #[inline(always)] // no call for each message
    fn advance(&mut self, mut limit: Option<&mut Limit>) -> Result<bool, Error> {
        while self.frames.is_open() {
            if self.shared.outgoing.is_cut() {
                return Err(self.ended());
            }
            let taken = self.frames.next();
            if !taken.map_err(|error| refuse(&self.shared, error))? {
                match &mut limit {
                    None => self.fill()?,
                    Some(limit) => {
                        if !self.fill_within(limit)? {
                            return Ok(false);
                        }
                    }
                }
            } else if self.frames.is_control() {
                self.control()?;
            } else {
                if self.paced {
                    self.pace.went(self.frames.taken());
                }
                if self.frames.is_complete() {
                    return Ok(true);
                }
                self.large = true;
                self.frames.skip();
            }
        }
        Ok(false)
    }

    /// The same for the calls that are not [`receive`](Self::receive), which alone has it inlined.
    #[inline(never)]
    fn advance_out_of_line(&mut self, limit: Option<&mut Limit>) -> Result<bool, Error> {
        self.advance(limit)
    }

    /// The message that is complete, or the part of one.
    #[inline(always)] // no call for each message
    fn data(&mut self) -> Result<Data<'_>, Error> {
        let outgoing = &self.shared.outgoing;
        outgoing.coalesce(self.frames.has_frame_behind());
        let is_last = self.frames.is_last();
        let data = self.frames.data();
        if let Some(finishing) = &outgoing.finishing
            && is_last
            && data.is_ok()
        {
            finishing.messages_in.add(1);
        }
        data.map_err(|error| refuse(&self.shared, error))
    }

    fn part(&mut self) -> Result<Part<'_>, Error> {
        let last = self.frames.is_last();
        self.data().map(|data| Part { data, last })
    }

    /// Nothing has come: there was no time, or the connection is over.
    fn nothing<T>(&self) -> Incoming<T> {
        match self.frames.is_open() {
            true => Incoming::Nothing,
            false => Incoming::Closed,
        }
    }

    fn control(&mut self) -> Result<(), Error> {
        if !self.frames.is_complete() {
            self.frames.skip();
            return Ok(());
        }
        let outgoing = &self.shared.outgoing;
        outgoing.coalesce(self.frames.has_frame_behind());
        let received = match self.frames.control() {
            Ok(received) => received,
            Err(error) => return Err(refuse(&self.shared, error)),
        };
        outgoing.received(&received);
        match received {
            Received::Pong(payload) => outgoing.pong(payload),
            Received::Close(close) => ending::close(outgoing, Outcome::of(&close)),
            _ => {}
        }
        Ok(())
    }
}

/// Reads.
impl Receiving {
    /// Reads once. Before that, everything leaves that was coalesced.
    fn fill(&mut self) -> Result<(), Error> {
        let mid_message = self.before_read(true);
        loop {
            let timeout = self.set_timeout(mid_message)?;
            let since = mid_message.then(Instant::now);
            let read = self.frames.read(self.shared.outgoing.stream.as_ref());
            if let Some(since) = since {
                self.judge_pace(since.elapsed())?;
            }
            match read {
                Ok(0) => return Err(self.ended()),
                Ok(n) => {
                    self.heard(n);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    self.has_waited(timeout.unwrap_or_default(), true)?;
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// Everything leaves that was coalesced; `waits`: this thread waits for what it has passed to `send`. Returns
    /// whether a message has begun.
    #[inline(always)] // as `Outgoing::before_read`
    fn before_read(&mut self, waits: bool) -> bool {
        self.large |= self.shared.outgoing.before_read(waits) || self.frames.is_large();
        let mid_message = !self.frames.is_idle();
        if !mid_message {
            self.frames.give_back();
        }
        if !mid_message && std::mem::take(&mut self.paced) {
            self.pace.restart();
        }
        mid_message
    }

    /// We have waited for the rest of a message. Its bytes are counted when they are piece.
    fn judge_pace(&mut self, waited: Duration) -> Result<(), Error> {
        self.paced = true;
        match self.pace.waited(waited, 0) {
            Ok(()) => Ok(()),
            Err(_) => {
                let _ = self.frames.end(); // nothing more is received
                Err(ending::too_slow(&self.shared.outgoing))
            }
        }
    }

    /// The stream's read timeout: the shortest of the deadlines that apply. It is set only when it has
    /// changed.
    #[inline]
    fn set_timeout(&mut self, mid_message: bool) -> io::Result<Option<Duration>> {
        let state = ReadState {
            mid_message,
            large: self.large,
        };
        if self.timeout_for == Some(state) {
            return Ok(self.timeout);
        }
        self.silence = None;
        let timeout = self.find_timeout(mid_message);
        self.apply_timeout(timeout)?;
        // A heartbeat that waits for its pong, or has been silent for a while, has less time left.
        let steady = self.heartbeat.is_none_or(|heartbeat| heartbeat.is_steady());
        self.timeout_for = steady.then_some(state);
        Ok(timeout)
    }

    #[cold]
    fn find_timeout(&self, mid_message: bool) -> Option<Duration> {
        let outgoing = &self.shared.outgoing;
        let heartbeat = self
            .heartbeat
            .map(|heartbeat| heartbeat.timeout(|| outgoing.pulse()));
        let quiet = self.large.then_some(QUIET);
        let stall_timeout = outgoing.config.stall_timeout.min(LONGEST_SLICE);
        let rest = mid_message.then_some(stall_timeout);
        [heartbeat, quiet, rest].into_iter().flatten().min()
    }

    fn apply_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if timeout != self.timeout {
            self.shared.outgoing.stream.set_read_timeout(timeout)?;
            self.timeout = timeout;
        }
        Ok(())
    }

    #[inline]
    fn heard(&mut self, bytes: usize) {
        if let Some(finishing) = &self.shared.outgoing.finishing {
            finishing.bytes_in.add(bytes as u64);
        }
        if self.timeout_for.is_none()
            && let Some(heartbeat) = &mut self.heartbeat
        {
            heartbeat.heard();
        }
    }

    /// Nothing has come for `time`. `quiet`: for so long that memory is given back.
    #[cold]
    fn has_waited(&mut self, time: Duration, quiet: bool) -> Result<(), Error> {
        self.timeout_for = None;
        let outgoing = &self.shared.outgoing;
        if quiet && std::mem::take(&mut self.large) {
            self.frames.shrink();
            outgoing.shrink();
        }
        let Some(heartbeat) = &mut self.heartbeat else {
            return Ok(());
        };
        match heartbeat.waited(time, outgoing.pulse()) {
            Beat::Wait => {}
            Beat::Restart => outgoing.restart_heartbeat(),
            Beat::Ping => match outgoing.ping_heartbeat() {
                Ok(()) => heartbeat.pinged(true),
                Err(Error::Misuse(_)) => heartbeat.pinged(false),
                Err(error) => return Err(self.broken(error)),
            },
            Beat::Dead => {
                let deadline = heartbeat.deadline();
                let text = format!("no sign of life within {deadline:?} of a ping");
                return Err(self.broken(io::Error::new(ErrorKind::TimedOut, text)));
            }
        }
        Ok(())
    }

    /// The bytes have ended, without a Close frame.
    #[cold]
    fn ended(&mut self) -> Error {
        let ours = self.shared.outgoing.why_broken();
        let error = match (ours, self.frames.end()) {
            (Some(why), _) => why,
            (None, Err(error)) => error.into(),
            (None, Ok(())) => Error::broken(ErrorKind::UnexpectedEof),
        };
        self.broken(error)
    }

    #[cold]
    fn broken(&mut self, error: impl Into<Error>) -> Error {
        let _ = self.frames.end(); // nothing more is received
        self.shared.outgoing.finish(Outcome::abnormal());
        error.into()
    }
}
