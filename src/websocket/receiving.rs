//! Receiving: waits, answers pings, and sees the connection end.

use super::ending;
use super::error::Error;
use super::frame_buffer::{FrameBuffer, NextFrame};
use super::heartbeat::{Beat, Heartbeat};
use super::outcome::Outcome;
use super::shared::Shared;
use super::wire::{self, Data, Kind, Received, State};
use crate::net::{Pace, is_timeout};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that is quiet for this long gives memory back.
const QUIET: Duration = Duration::from_secs(1);
/// A thread that waits for the rest of a message wakes this often to judge its peer.
const LONGEST_SLICE: Duration = Duration::from_secs(2);

/// What the thread that receives has of a connection.
pub(super) struct Receiving {
    pub(super) shared: Arc<Shared>,
    receiver: wire::Receiver,
    buffer: FrameBuffer,
    heartbeat: Option<Heartbeat>,
    /// How slowly the rest of a message comes.
    pace: Pace,
    paced: bool,
    /// The stream's read timeout, and what it was made for.
    timeout: Option<Duration>,
    timeout_for: Option<(bool, bool)>,
    /// There may be memory to give back.
    large: bool,
    over: bool,
}

/// A part of a message; see [`PartReader`](super::PartReader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What has come since the part before; it may be empty.
    pub data: Data<'a>,
    /// Whether the message ends with it.
    pub last: bool,
}

impl Receiving {
    #[inline(never)]
    pub(super) fn new(
        shared: Arc<Shared>,
        receiver: wire::Receiver,
        ahead: Vec<u8>,
    ) -> Box<Receiving> {
        let config = &shared.outgoing.config;
        let every = config.heartbeat_interval;
        Box::new(Receiving {
            heartbeat: every.map(|every| Heartbeat::new(every, config.heartbeat_timeout)),
            pace: config.pace(),
            paced: false,
            shared,
            receiver,
            buffer: FrameBuffer::new(ahead),
            timeout: None,
            timeout_for: None,
            large: false,
            over: false,
        })
    }

    pub(super) fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        let Some(next) = self.advance(false)? else {
            return Ok(None);
        };
        let Receiving {
            shared,
            receiver,
            buffer,
            over,
            ..
        } = self;
        shared
            .outgoing
            .coalesce(buffer.has_frame_behind(next.bytes()));
        let mut bytes = buffer.take(next);
        match receiver.receive(&mut bytes) {
            Ok(Some(Received::Message(data))) => Ok(Some(data)),
            Ok(_) => Ok(None), // there is a message: `advance` has seen its end
            Err(error) => {
                *over = true;
                Err(ending::fail(&shared.outgoing, error))
            }
        }
    }

    pub(super) fn receive_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        let Some(next) = self.advance(true)? else {
            return Ok(None);
        };
        let Receiving {
            shared,
            receiver,
            buffer,
            over,
            ..
        } = self;
        let ends = matches!(next, NextFrame::Message(_));
        let behind = ends && buffer.has_frame_behind(next.bytes());
        shared.outgoing.coalesce(behind);
        let kind = buffer.kind_of(next);
        let mut bytes = buffer.take(next);
        match receiver.receive(&mut bytes) {
            Ok(Some(Received::Part { data, last })) => Ok(Some(Part { data, last })),
            Ok(_) => Ok(Some(Part::empty(kind))),
            Err(error) => {
                *over = true;
                Err(ending::fail(&shared.outgoing, error))
            }
        }
    }

    pub(super) fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.heartbeat = Some(Heartbeat::new(every, deadline));
        self.timeout_for = None;
    }

    #[inline(never)]
    pub(super) fn in_parts(self) -> Box<Receiving> {
        let receiver = self.receiver.in_parts();
        Box::new(Receiving { receiver, ..self })
    }
}

impl Part<'_> {
    fn empty(kind: Kind) -> Part<'static> {
        let data = match kind {
            Kind::Text => Data::Text(""),
            Kind::Binary => Data::Binary(b""),
        };
        Part { data, last: false }
    }
}

/// What happens before a message is here.
impl Receiving {
    /// Reads on until a message is to be given out (or a part of one). `None`: it is over.
    #[inline]
    fn advance(&mut self, parts: bool) -> Result<Option<NextFrame>, Error> {
        while !self.over {
            match self.buffer.next() {
                NextFrame::More => self.fill()?,
                next @ NextFrame::Message(_) => {
                    self.went(next);
                    return Ok(Some(next));
                }
                next @ NextFrame::Piece(_) if parts => {
                    self.went(next);
                    return Ok(Some(next));
                }
                next @ NextFrame::Control(_) => self.control(next)?,
                next => self.feed(next)?,
            }
        }
        Ok(None)
    }

    /// Bytes of a message are taken: the peer goes on.
    #[inline]
    fn went(&mut self, next: NextFrame) {
        if self.paced {
            self.pace.went(next.bytes());
        }
    }

    /// What gives no message yet.
    fn feed(&mut self, next: NextFrame) -> Result<(), Error> {
        self.large = true;
        self.went(next);
        let mut bytes = self.buffer.take(next);
        if let Err(error) = self.receiver.receive(&mut bytes) {
            self.over = true;
            return Err(ending::fail(&self.shared.outgoing, error));
        }
        Ok(())
    }

    fn control(&mut self, next: NextFrame) -> Result<(), Error> {
        let outgoing = &self.shared.outgoing;
        outgoing.coalesce(self.buffer.has_frame_behind(next.bytes()));
        let mut bytes = self.buffer.take(next);
        match self.receiver.receive(&mut bytes) {
            Ok(Some(received)) => {
                outgoing.received(&received);
                match received {
                    Received::Pong(payload) => drop(outgoing.pong(payload)),
                    Received::Close(close) => {
                        self.over = true;
                        ending::close(outgoing, Outcome::of(&close));
                    }
                    _ => {}
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => {
                self.over = true;
                Err(ending::fail(outgoing, error))
            }
        }
    }

    /// Waits for bytes; before that, everything leaves that waited for this thread.
    fn fill(&mut self) -> Result<(), Error> {
        let is_large = self.shared.outgoing.before_read() || self.buffer.is_large();
        self.large |= is_large;
        let begun = self.buffer.is_mid_frame() || self.receiver.state() == State::Message;
        if !begun && std::mem::take(&mut self.paced) {
            self.pace.restart();
        }
        loop {
            let timeout = self.set_timeout(begun)?;
            let since = begun.then(Instant::now);
            let stream = self.shared.outgoing.stream().as_ref();
            let read = self.buffer.read(stream);
            if let Some(since) = since {
                self.judge_pace(since)?;
            }
            match read {
                Ok(0) => return Err(self.ended()),
                Ok(_) => {
                    self.heard();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => self.has_waited(timeout)?,
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// The rest of a message is awaited since then. Its bytes are counted when they are taken.
    fn judge_pace(&mut self, since: Instant) -> Result<(), Error> {
        self.paced = true;
        match self.pace.waited(since.elapsed(), 0) {
            Ok(()) => Ok(()),
            Err(_) => {
                self.over = true;
                Err(ending::too_slow(&self.shared.outgoing))
            }
        }
    }

    /// The shortest of the deadlines that apply. The stream is asked only where something has changed.
    #[inline]
    fn set_timeout(&mut self, begun: bool) -> io::Result<Option<Duration>> {
        let quiet = (begun, self.large);
        if self.timeout_for == Some(quiet) {
            return Ok(self.timeout);
        }
        let timeout = self.find_timeout(begun)?;
        // A heartbeat that waits for its pong, or has been silent for a while, has less time left.
        let steady = self.heartbeat.is_none_or(|heartbeat| heartbeat.is_steady());
        self.timeout_for = steady.then_some(quiet);
        Ok(timeout)
    }

    #[cold]
    fn find_timeout(&mut self, begun: bool) -> io::Result<Option<Duration>> {
        let outgoing = &self.shared.outgoing;
        let heartbeat = self
            .heartbeat
            .map(|heartbeat| heartbeat.timeout(|| outgoing.pulse()));
        let quiet = self.large.then_some(QUIET);
        let rest = begun.then(|| outgoing.config.stall_timeout.min(LONGEST_SLICE));
        let all = [heartbeat, quiet, rest].into_iter().flatten();
        let timeout = all.min();
        if timeout != self.timeout {
            outgoing.stream().set_read_timeout(timeout)?;
            self.timeout = timeout;
        }
        Ok(timeout)
    }

    #[inline]
    fn heard(&mut self) {
        if self.timeout_for.is_none()
            && let Some(heartbeat) = &mut self.heartbeat
        {
            heartbeat.heard();
        }
    }

    /// Nothing has come for a while.
    #[cold]
    fn has_waited(&mut self, timeout: Option<Duration>) -> Result<(), Error> {
        self.timeout_for = None;
        if std::mem::take(&mut self.large) {
            self.buffer.shrink();
            self.receiver.shrink(0);
            self.shared.outgoing.shrink();
        }
        let outgoing = &self.shared.outgoing;
        let Some(heartbeat) = &mut self.heartbeat else {
            return Ok(());
        };
        match heartbeat.waited(timeout.unwrap_or_default(), outgoing.pulse()) {
            Beat::Wait => {}
            Beat::Restart => outgoing.restart_heartbeat(),
            Beat::Ping => match outgoing.ping_heartbeat() {
                Ok(()) => heartbeat.pinged(true),
                Err(Error::Misuse(_)) => heartbeat.pinged(false),
                Err(error) => {
                    self.over = true;
                    self.shared.outgoing.finish(Outcome::abnormal());
                    return Err(error);
                }
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
        self.over = true;
        let why = self.shared.outgoing.why_broken();
        self.shared.outgoing.finish(Outcome::abnormal());
        match (why, self.receiver.end()) {
            (Some(why), _) => why,
            (None, Err(error)) => error.into(),
            (None, Ok(())) => Error::broken(ErrorKind::UnexpectedEof),
        }
    }

    #[cold]
    fn broken(&mut self, error: io::Error) -> Error {
        self.over = true;
        self.shared.outgoing.finish(Outcome::abnormal());
        error.into()
    }
}
