//! What is known of a connection when it is over: a line for a log.
//!
//! [`Outgoing`](super::outgoing) has a [`Finishing`] where the acceptor or the options have an `on_finish`. The thread
//! that finds the end calls it, without a lock. Only such a connection counts its messages and looks at the clock.

use super::outcome::Outcome;
use super::wire::{ABNORMAL, Role};
use crate::net::{Addr, Stream, guarded};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub(super) type OnFinish = dyn Fn(&Summary<'_>) + Send + Sync;

/// A connection whose end is to be reported, and what it counts for that.
pub(super) struct Finishing {
    on_finish: Arc<OnFinish>,
    role: Role,
    opened: Instant,
    is_reported: AtomicBool,
    pub(super) messages_out: Count,
    pub(super) messages_in: Count,
    pub(super) bytes_in: Count,
}

#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Finishing {
    pub(super) fn new(on_finish: &Arc<OnFinish>, role: Role) -> Finishing {
        Finishing {
            on_finish: Arc::clone(on_finish),
            role,
            opened: Instant::now(),
            is_reported: AtomicBool::new(false),
            messages_out: Count::default(),
            messages_in: Count::default(),
            bytes_in: Count::default(),
        }
    }

    /// Calls the program's code, the first time. `first`: who has sent the first Close frame, and its code.
    #[cold]
    pub(super) fn report(
        &self,
        stream: &dyn Stream,
        outcome: &Outcome,
        first: Option<(Role, u16)>,
        bytes_out: u64,
    ) {
        if self.is_reported.swap(true, Ordering::Relaxed) {
            return;
        }
        let summary = Summary {
            finishing: self,
            stream,
            outcome,
            first,
            bytes_out,
            time: self.opened.elapsed(),
        };
        let _ = guarded(|| (self.on_finish)(&summary)); // the panic hook has shown it
    }
}

/// A WebSocket that is over: see [`Acceptor::on_finish`](super::Acceptor::on_finish) and
/// [`ConnectOptions::on_finish`](super::ConnectOptions::on_finish).
///
/// Displayed, it is one line for a log: the peer's address, the close code and who has sent it first, messages and bytes
/// in and out, the time.
///
/// ```text
///   127.0.0.1:41832 closed 1000 by client: 3 messages 61 bytes in, 3 messages 34 bytes out, 20.341 ms
///   127.0.0.1:41840 cut 1006: 0 messages 0 bytes in, 1 messages 7 bytes out, 60001.220 ms
/// ```
///
/// ```
/// use barewire::http;
/// use barewire::websocket::{self, Acceptor};
/// use std::sync::mpsc::channel;
///
/// let (sender, lines) = channel();
/// let acceptor = Acceptor::new().on_finish(move |summary| drop(sender.send(summary.to_string())));
/// let handler = move |req: http::Request, res: http::Response| -> http::Handled {
///     if let Some(ws) = acceptor.accept(req, res)? {
///         ws.on_message(|socket, data| drop(socket.send(data)));
///     }
///     Ok(())
/// };
/// let server = http::create_server(handler).listen("127.0.0.1:0")?;
///
/// let mut ws = websocket::connect(&format!("ws://{}/", server.local_addr()))?;
/// ws.send("hello")?;
/// assert_eq!(ws.receive()?.unwrap(), "hello");
/// ws.close(1000, "")?;
/// let line = lines.recv().unwrap();
/// assert!(line.contains(" closed 1000 by client: 1 messages 19 bytes in, 1 messages 11 bytes out, "));
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Summary<'a> {
    finishing: &'a Finishing,
    stream: &'a dyn Stream,
    outcome: &'a Outcome,
    first: Option<(Role, u16)>,
    bytes_out: u64,
    time: Duration,
}

impl<'a> Summary<'a> {
    /// Which end of the connection this is.
    pub fn role(&self) -> Role {
        self.finishing.role
    }

    /// Which end has sent the first Close frame: this one, if it had sent its own before the peer's came. `None`: there
    /// was none, because the connection was cut.
    pub fn closed_by(&self) -> Option<Role> {
        self.first.map(|(role, _)| role)
    }

    /// The code of that Close frame: 1005 if it had none, 1006 if there was no frame.
    pub fn code(&self) -> u16 {
        self.first.map_or(ABNORMAL, |(_, code)| code)
    }

    /// How it ended: what [`SocketEvents::onclose`](super::SocketEvents::onclose) gets.
    pub fn outcome(&self) -> &'a Outcome {
        self.outcome
    }

    /// How many whole messages the program has received.
    pub fn messages_in(&self) -> u64 {
        self.finishing.messages_in.get()
    }

    /// How many messages were queued to be sent.
    pub fn messages_out(&self) -> u64 {
        self.finishing.messages_out.get()
    }

    /// How many bytes of frames came, control frames too, before TLS. What came behind the peer's Close frame, or after
    /// this side had given up, is not among them.
    pub fn bytes_in(&self) -> u64 {
        self.finishing.bytes_in.get()
    }

    /// How many bytes of frames the stream has taken, control frames too, before TLS.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    /// How long the connection was open, from the end of the handshake on.
    pub fn time(&self) -> Duration {
        self.time
    }

    /// The peer's address, also if it has left.
    pub fn peer(&self) -> Option<Addr> {
        self.stream.peer_addr().ok()
    }

    /// The stream of the connection.
    pub fn stream(&self) -> &'a dyn Stream {
        self.stream
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer() {
            Some(address) => write!(f, "{address}")?,
            None => f.write_str("-")?,
        }
        match self.closed_by() {
            Some(role) => write!(f, " closed {} by {}", self.code(), role.name())?,
            None => write!(f, " cut {}", self.code())?,
        }
        let (messages_in, bytes_in) = (self.messages_in(), self.bytes_in());
        let (messages_out, bytes_out) = (self.messages_out(), self.bytes_out());
        write!(f, ": {messages_in} messages {bytes_in} bytes in")?;
        write!(f, ", {messages_out} messages {bytes_out} bytes out")?;
        write!(f, ", {:.3} ms", self.time.as_secs_f64() * 1000.0)
    }
}

impl fmt::Debug for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Summary")
            .field("role", &self.role())
            .field("closed_by", &self.closed_by())
            .field("code", &self.code())
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
