//! The half that receives: waits, answers pings, and sees the connection end.

use super::ending;
use super::error::Error;
use super::intake::{Intake, Next};
use super::link::Link;
use super::outbox::Gatherer;
use super::outcome::Outcome;
use super::wire::{self, Data, Kind, Received};
use super::writer::Writer;
use crate::net::is_timeout;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// A connection that is quiet for so long gives memory back.
const QUIET: Duration = Duration::from_secs(1);

/// The receiving half of a [`WebSocket`](super::WebSocket).
///
/// It belongs to one thread, and shares no lock with the writers while messages come. Pings are
/// answered as they are read, also while a writer waits for the peer.
pub struct Reader {
    pub(super) link: Arc<Link>,
    /// In the heap: who waits for messages keeps the stack that this was carried over.
    receiver: Box<wire::Receiver>,
    intake: Intake,
    heartbeat: Option<Heartbeat>,
    /// The stream's read timeout.
    timeout: Option<Duration>,
    /// There may be memory to give back.
    large: bool,
    over: bool,
}

#[derive(Clone, Copy)]
struct Heartbeat {
    every: Duration,
    deadline: Duration,
    pinged: bool,
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
    pub(super) fn new(link: Arc<Link>, receiver: Box<wire::Receiver>, ahead: Vec<u8>) -> Reader {
        Reader {
            link,
            receiver,
            intake: Intake::new(ahead),
            heartbeat: None,
            timeout: None,
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
            link,
            receiver,
            intake,
            over,
            ..
        } = self;
        link.outbox.gather(intake.has_frame_behind(next.bytes()));
        let mut bytes = intake.take(next);
        match receiver.receive(&mut bytes) {
            Ok(Some(Received::Message(data))) => Ok(Some(data)),
            Ok(_) => Ok(None), // there is a message: `advance` has seen its end
            Err(error) => {
                *over = true;
                Err(ending::fail(&link.outbox, error))
            }
        }
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.link.outbox.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.link))
    }

    /// From now on a ping is sent whenever nothing has come for `every`, and the connection is broken
    /// off if nothing comes within `deadline` after it. This thread must be receiving.
    pub fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        let pinged = false;
        self.heartbeat = Some(Heartbeat {
            every,
            deadline,
            pinged,
        });
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
            link,
            receiver,
            intake,
            over,
            ..
        } = &mut self.reader;
        let ends = matches!(next, Next::Message(_));
        let behind = ends && intake.has_frame_behind(next.bytes());
        link.outbox.gather(behind);
        let kind = intake.kind_of(next);
        let mut bytes = intake.take(next);
        match receiver.receive(&mut bytes) {
            Ok(Some(Received::Part { data, last })) => Ok(Some(Part { data, last })),
            Ok(_) => Ok(Some(Part::empty(kind))),
            Err(error) => {
                *over = true;
                Err(ending::fail(&link.outbox, error))
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
    fn advance(&mut self, parts: bool) -> Result<Option<Next>, Error> {
        while !self.over {
            match self.intake.next() {
                Next::More => self.fill()?,
                next @ Next::Message(_) => return Ok(Some(next)),
                next @ Next::Piece(_) if parts => return Ok(Some(next)),
                next @ Next::Control(_) => self.control(next)?,
                next => self.feed(next)?,
            }
        }
        Ok(None)
    }

    /// What gives no message yet.
    fn feed(&mut self, next: Next) -> Result<(), Error> {
        self.large = true;
        let mut bytes = self.intake.take(next);
        if let Err(error) = self.receiver.receive(&mut bytes) {
            self.over = true;
            return Err(ending::fail(&self.link.outbox, error));
        }
        Ok(())
    }

    fn control(&mut self, next: Next) -> Result<(), Error> {
        let outbox = &self.link.outbox;
        outbox.gather(self.intake.has_frame_behind(next.bytes()));
        let mut bytes = self.intake.take(next);
        match self.receiver.receive(&mut bytes) {
            Ok(Some(received)) => {
                outbox.note(&received);
                match received {
                    Received::Pong(payload) => drop(outbox.pong(payload)),
                    Received::Close(close) => {
                        self.over = true;
                        ending::close(outbox, Outcome::of(&close));
                    }
                    _ => {}
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => {
                self.over = true;
                Err(ending::fail(outbox, error))
            }
        }
    }

    /// Waits for bytes; before that, everything leaves that waited for this thread.
    fn fill(&mut self) -> Result<(), Error> {
        let link = Arc::clone(&self.link);
        self.large |= link.outbox.before_read() || self.intake.is_large();
        loop {
            self.set_timeout()?;
            match self.intake.read(link.outbox.stream().as_ref()) {
                Ok(0) => return Err(self.ended()),
                Ok(_) => {
                    self.heard();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => self.tick()?,
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// The stream is asked only where something has changed.
    fn set_timeout(&mut self) -> io::Result<()> {
        let timeout = match self.heartbeat {
            Some(heartbeat) if heartbeat.pinged => Some(heartbeat.deadline),
            Some(heartbeat) => Some(heartbeat.every),
            None => self.large.then_some(QUIET),
        };
        if timeout != self.timeout {
            self.link.outbox.stream().set_read_timeout(timeout)?;
            self.timeout = timeout;
        }
        Ok(())
    }

    fn heard(&mut self) {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.pinged = false;
        }
    }

    /// Nothing has come for a while.
    #[cold]
    fn tick(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.large) {
            self.intake.shrink();
            self.receiver.shrink(0);
            self.link.outbox.shrink();
        }
        let Some(heartbeat) = &mut self.heartbeat else {
            return Ok(());
        };
        if heartbeat.pinged {
            let text = format!("no sign of life within {:?} of a ping", heartbeat.deadline);
            return Err(self.broken(io::Error::new(ErrorKind::TimedOut, text)));
        }
        heartbeat.pinged = true;
        // Who has closed sends no pings, and has another deadline.
        let _ = self.link.outbox.ping();
        Ok(())
    }

    /// The bytes have ended, without a Close frame.
    #[cold]
    fn ended(&mut self) -> Error {
        self.over = true;
        let why = self.link.outbox.why_broken();
        self.link.outbox.finish(Outcome::abnormal());
        match (why, self.receiver.end()) {
            (Some(kind), _) => Error::broken(kind),
            (None, Err(error)) => error.into(),
            (None, Ok(())) => Error::broken(ErrorKind::UnexpectedEof),
        }
    }

    #[cold]
    fn broken(&mut self, error: io::Error) -> Error {
        self.over = true;
        self.link.outbox.finish(Outcome::abnormal());
        error.into()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PartReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PartReader").field(&self.reader).finish()
    }
}
