//! One connection to a server: reading and writing with timeouts.

use super::deadlines::ReadTimeout;
use crate::http::error::Error;
use crate::http::wire::{Connection, Fields, KeepAlive, Known, Role};
use crate::net::{Stream, is_timeout};
use std::fmt;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one write may block: then the sender polls for an early response.
const WRITE_TIMEOUT: Duration = Duration::from_millis(50);

/// It is on the heap: a request, its response and the pool move it a dozen times.
pub(super) type BoxedConnection = Box<ClientConnection>;

/// A connection that requests are sent on, one after another.
pub(super) struct ClientConnection {
    pub(super) stream: Arc<dyn Stream>,
    pub(super) machine: Connection,
    /// No request has been sent yet.
    is_fresh: bool,
    /// Since when it is idle, or was before the present request, and for how long it may be.
    pub(super) idle: Option<(KeepAlive, Instant)>,
    read_timeout: ReadTimeout,
    has_write_timeout: bool,
    /// The Keep-Alive of the last response.
    hint: Hint,
}

/// A Keep-Alive value, and what it means: most servers send the same one in each response.
#[derive(Default)]
struct Hint {
    value: Vec<u8>,
    means: KeepAlive,
}

/// A longer value is decoded each time.
const MAX_HINT_BYTES: usize = 64;

impl Hint {
    /// As [`KeepAlive::of`].
    fn of(&mut self, fields: Fields<'_>) -> KeepAlive {
        if !fields.has(Known::KeepAlive) {
            return KeepAlive::default();
        }
        let mut values = fields.known(Known::KeepAlive);
        let (value, other) = (values.next().unwrap_or_default(), values.next());
        if other.is_some() || value.len() > MAX_HINT_BYTES {
            return KeepAlive::of(fields);
        }
        if self.value != value {
            self.value.clear();
            self.value.extend_from_slice(value);
            self.means = KeepAlive::of(fields);
        }
        self.means
    }
}

impl ClientConnection {
    pub(super) fn boxed(stream: Arc<dyn Stream>) -> BoxedConnection {
        Box::new(ClientConnection {
            stream,
            machine: Connection::new(Role::Client),
            is_fresh: true,
            idle: None,
            read_timeout: ReadTimeout::default(),
            has_write_timeout: false,
            hint: Hint::default(),
        })
    }

    /// Whether an idle connection cannot be used: the server has closed it, or has sent bytes that
    /// belong to no request.
    pub(super) fn is_dead(&self) -> bool {
        !matches!(self.stream.try_read(&mut [0; 1]), Ok(None))
    }

    /// Whether this is the first request on the connection; `false` from the second call on. Before the first
    /// request, no read has shown whether the server speaks first.
    pub(super) fn take_fresh(&mut self) -> bool {
        std::mem::take(&mut self.is_fresh)
    }

    /// How long the server keeps the connection, as the fields of its response say.
    pub(super) fn keep_alive(&mut self, fields: Fields<'_>) -> KeepAlive {
        self.hint.of(fields)
    }

    /// Reads, and waits `left` for the first byte. `None`: none came.
    pub(super) fn read(&mut self, buf: &mut [u8], left: Duration) -> io::Result<Option<usize>> {
        if let Some(timeout) = self.read_timeout.fit(left) {
            self.stream.set_read_timeout(Some(timeout))?;
        }
        unless_timed_out(self.stream.read(buf))
    }

    /// Writes some of the buffers. `None`: the kernel's send buffer was full for [`WRITE_TIMEOUT`].
    pub(super) fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if !self.has_write_timeout {
            self.stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
            self.has_write_timeout = true;
        }
        let written = match bufs {
            [buf] => self.stream.write(buf),
            bufs => self.stream.write_vectored(bufs),
        };
        match written {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            written => unless_timed_out(written),
        }
    }

    /// Writes as much as there is room for. `None`: there is none.
    pub(super) fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        match self.stream.try_write(buf) {
            Ok(Some(0)) => Err(io::ErrorKind::WriteZero.into()),
            wrote => wrote,
        }
    }

    /// The stream for another protocol, without the timeouts that were set here.
    pub(super) fn into_stream(self) -> Result<Arc<dyn Stream>, Error> {
        self.stream.set_read_timeout(None)?;
        self.stream.set_write_timeout(None)?;
        Ok(self.stream)
    }
}

/// Whether a read has failed because the connection ended where more may have been sent: TCP under TLS ended
/// without close_notify. For a message that is what a truncated one is without TLS.
// RFC 9112 §9.8: "A response that has neither chunked transfer coding nor Content-Length is complete only if a
// valid closure alert has been received."
pub(super) fn is_cut(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn unless_timed_out(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(e) if is_timeout(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

impl fmt::Debug for ClientConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConnection")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::FieldList;

    #[test]
    fn a_hint_that_is_remembered_is_the_one_of_the_fields() {
        let long = format!("timeout=4, {}", "x".repeat(MAX_HINT_BYTES));
        let responses: [&[&str]; 9] = [
            &[],
            &["timeout=5"],
            &["timeout=5"],
            &["timeout=5, max=0"],
            &[],
            &["timeout=9", "timeout=2"],
            &["timeout=9"],
            &[&long],
            &[""],
        ];
        let mut hint = Hint::default();
        for values in responses.iter().chain(responses.iter().rev()) {
            let mut fields = FieldList::new();
            for value in *values {
                fields.append("Keep-Alive", value).unwrap();
            }
            assert_eq!(
                hint.of(fields.view()),
                KeepAlive::of(fields.view()),
                "{values:?}"
            );
            assert!(hint.value.len() <= MAX_HINT_BYTES);
        }
    }
}
