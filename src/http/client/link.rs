//! One connection to a server, and whoever has lent it.

use super::clock::Tick;
use crate::http::error::Error;
use crate::http::wire::{Connection, Role};
use crate::net::{Stream, is_timeout};
use std::fmt;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

/// How often somebody who sends looks whether an answer has come meanwhile.
pub(super) const GLANCE: Duration = Duration::from_millis(250);

/// A connection that requests are sent on, one after another.
pub(in crate::http) struct Link {
    pub(super) stream: Arc<dyn Stream>,
    pub(super) machine: Connection,
    /// What the stream's read timeout is.
    tick: Tick,
    glances: bool,
}

impl Link {
    pub(in crate::http) fn new(stream: Arc<dyn Stream>) -> Link {
        Link {
            stream,
            machine: Connection::new(Role::Client),
            tick: Tick::default(),
            glances: false,
        }
    }

    /// Whether an idle connection cannot be used: it was closed, or says what nobody asked for.
    pub(in crate::http) fn is_dead(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0; 1]), Ok(None))
    }

    /// Waits for bytes, no longer than this; `None`: the time was up.
    pub(super) fn read(&mut self, buf: &mut [u8], left: Duration) -> io::Result<Option<usize>> {
        if let Some(tick) = self.tick.fit(left) {
            self.stream.set_read_timeout(Some(tick))?;
        }
        match self.stream.read(buf) {
            Ok(n) => Ok(Some(n)),
            Err(e) if is_timeout(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Sends some of it; `None`: for a while there was no room.
    pub(super) fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if !self.glances {
            self.stream.set_write_timeout(Some(GLANCE))?;
            self.glances = true;
        }
        let sent = match bufs {
            [buf] => self.stream.write(buf),
            bufs => self.stream.write_vectored(bufs),
        };
        match sent {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => Ok(Some(n)),
            Err(e) if is_timeout(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// The stream for another protocol, with no deadline of ours left on it.
    pub(super) fn into_stream(self) -> Result<Arc<dyn Stream>, Error> {
        self.stream.set_read_timeout(None)?;
        self.stream.set_write_timeout(None)?;
        Ok(self.stream)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
