//! The half that receives: waits, answers pings, and sees the connection end.

use super::ending;
use super::error::Error;
use super::frame_buffer::{FrameBuffer, NextFrame};
use super::heartbeat::{Beat, Heartbeat};
use super::outcome::Outcome;
use super::shared::Shared;
use super::wire::{self, Data, Kind, Received, State};
use super::writer::Writer;
use crate::net::{Pace, is_timeout};
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that is quiet for this long gives memory back.
const QUIET: Duration = Duration::from_secs(1);
/// A thread that waits for the rest of a message wakes this often to judge its peer.
const LONGEST_SLICE: Duration = Duration::from_secs(2);

/// The receiving half of a [`WebSocket`](super::WebSocket).
///
/// It belongs to one thread, and shares no lock with the writers while messages come. Pings are
/// answered as they are read, also while a writer waits for the peer.
pub struct Reader {
    pub(super) shared: Arc<Shared>,
    /// In the heap: who waits for messages keeps the stack that this was carried over.
    receiver: Box<wire::Receiver>,
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

/// A part of a message; see [`PartReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// What has come since the part before; it may be empty.
    pub data: Data<'a>,
    /// Whether the message ends with it.
    pub last: bool,
}

impl Reader {
    pub(super) fn new(
        shared: Arc<Shared>,
        receiver: Box<wire::Receiver>,
        ahead: Vec<u8>,
    ) -> Reader {
        let config = &shared.outgoing.config;
        let every = config.heartbeat_interval;
        Reader {
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
        }
    }

    /// Waits for the next message. `None`: the connection is closed, see [`outcome`](Self::outcome).
    ///
    /// A message that came in one piece is borrowed from the read buffer, where its mask was taken off.
    ///
    /// # Errors
    /// The rule that the peer broke: it has been told, and the connection is over.
    /// [`ClosedAbnormally`](wire::Rule::ClosedAbnormally) where the bytes ended without a Close frame.
    /// Where the connection broke: why.
    pub fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        let Some(next) = self.advance(false)? else {
            return Ok(None);
        };
        let Reader {
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

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.shared.outgoing.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.shared))
    }

    /// From now on a ping is sent when nothing has come for `every`, and the connection is cut if
    /// nothing comes within `deadline` after it has left. This thread must be receiving. It replaces
    /// [`Config::heartbeat_interval`](super::Config::heartbeat_interval).
    ///
    /// A ping that is queued behind a long message has not left yet, and bytes that leave after they
    /// had to wait are a sign of life: so a peer that reads a long message slowly is not cut.
    pub fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.heartbeat = Some(Heartbeat::new(every, deadline));
        self.timeout_for = None;
    }

    /// From now on messages are given out in parts, as they come: none is kept, and none is too long.
    pub fn in_parts(self) -> PartReader {
        let receiver = Box::new(self.receiver.in_parts());
        PartReader {
            reader: Reader { receiver, ..self },
        }
    }

    /// Receives and drops until it is over.
    pub(super) fn drain(&mut self) {
        while let Ok(Some(_)) = self.receive() {}
    }
}

/// A [`Reader`] that gives messages out in parts: [`Reader::in_parts`].
pub struct PartReader {
    reader: Reader,
}

impl PartReader {
    /// Waits for the next part of a message. `None`: the connection is closed.
    ///
    /// # Errors
    /// As [`Reader::receive`].
    pub fn receive_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        let Some(next) = self.reader.advance(true)? else {
            return Ok(None);
        };
        let Reader {
            shared,
            receiver,
            buffer,
            over,
            ..
        } = &mut self.reader;
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

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.reader.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        self.reader.writer()
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
impl Reader {
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

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PartReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PartReader").field(&self.reader).finish()
    }
}
