//! The half that receives, as its users see it.

use super::connection::SharedConnection;
use super::error::Error;
use super::incoming::{Incoming, Part};
use super::outcome::Outcome;
use super::receiving::Receiving;
use super::wire::{Agreement, Data, Role};
use super::writer::Writer;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The receiving half of a [`WebSocket`](super::WebSocket).
///
/// It belongs to one thread. Between messages it takes no lock that a writer holds for long: while a writer
/// waits for the peer, messages are still received and pings are still answered.
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// use std::thread;
///
/// let (mut reader, writer) = websocket::connect(&url)?.split();
/// let receiving = thread::spawn(move || {
///     let mut lines = Vec::new();
///     while let Ok(Some(message)) = reader.receive() {
///         lines.extend(message.text().map(str::to_owned));
///     }
///     (lines, reader.outcome().expect("the connection is over"))
/// });
///
/// writer.send("one")?;
/// writer.send("two")?;
/// writer.close(1000, "")?; // the peer answers it behind its last message, and the thread above ends
/// let (lines, outcome) = receiving.join().unwrap();
/// assert_eq!(lines, ["one", "two"]);
/// assert!(outcome.clean);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reader {
    /// On the heap: the thread that waits for messages would keep the stack pages that this was moved over.
    receiving: Box<Receiving>,
}

impl Reader {
    pub(super) fn new(
        shared: Arc<SharedConnection>,
        role: Role,
        deflate: Option<&Agreement>,
        ahead: &[u8],
    ) -> Reader {
        Reader {
            receiving: Receiving::new(shared, role, deflate, ahead),
        }
    }

    /// Waits for the next message. `None`: the connection is closed, see [`outcome`](Self::outcome).
    ///
    /// A message that came in one piece is borrowed from the read buffer, where it was unmasked.
    ///
    /// # Errors
    /// The peer broke a rule: the connection was closed with a Close frame that names it.
    /// [`ClosedAbnormally`](super::wire::Rule::ClosedAbnormally): the bytes ended without a Close frame.
    /// The connection broke.
    #[inline]
    pub fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        self.receiving.receive()
    }

    /// Waits for the next message, for `time` at most. What has come of a message when it passes is kept, and the next
    /// call goes on with it; this and [`receive`](Self::receive) may be called in turn.
    ///
    /// Zero takes what is here already and never waits. [`Duration::MAX`] has no end.
    /// Pings are answered, and heartbeat and stall timeout hold, as in `receive`: they also count the time between two
    /// calls that found nothing. It does not wait until the peer reads what this thread has sent.
    /// When the peer's Close frame comes, that is answered first, which may take
    /// [`close_timeout`](super::Config::close_timeout) longer.
    ///
    /// A loop that does something else when a second has passed without a message:
    ///
    /// ```
    /// use barewire::websocket::{self, Incoming, WebSocket};
    /// use std::time::Duration;
    ///
    /// fn converse(mut ws: WebSocket) -> Result<(), websocket::Error> {
    ///     loop {
    ///         match ws.receive_within(Duration::from_secs(1))? {
    ///             Incoming::Came(message) => println!("{message:?}"),
    ///             Incoming::Nothing => ws.send("are you still there?")?,
    ///             Incoming::Closed => return Ok(()),
    ///         }
    ///     }
    /// }
    /// # use barewire::http;
    /// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
    /// #     if let Some(ws) = websocket::accept(req, res)? {
    /// #         converse(ws)?;
    /// #     }
    /// #     Ok(())
    /// # }
    /// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// # let mut ws = websocket::connect(&format!("ws://{}/", server.local_addr()))?;
    /// # assert_eq!(ws.receive_within(Duration::ZERO)?, Incoming::Nothing);
    /// # assert_eq!(ws.receive()?.unwrap(), "are you still there?");
    /// # assert!(ws.close(1000, "")?.clean);
    /// # server.shutdown(Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`receive`](Self::receive). That the time has passed is none.
    pub fn receive_within(&mut self, time: Duration) -> Result<Incoming<Data<'_>>, Error> {
        self.receiving.receive_within(time)
    }

    /// How the connection ended; `None` while it is open. After [`receive`](Self::receive) has returned `None` or an
    /// error, there is one.
    pub fn outcome(&self) -> Option<Outcome> {
        self.receiving.shared.outgoing.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        Writer::new(Arc::clone(&self.receiving.shared))
    }

    /// From now on a ping is sent when nothing has come for `every`, and the connection is cut if
    /// nothing comes within `deadline` after the ping has left. A thread must be in
    /// [`receive`](Self::receive). It replaces
    /// [`Config::heartbeat_interval`](super::Config::heartbeat_interval).
    ///
    /// A ping that is queued behind a long message has not left yet, and bytes that leave after they
    /// had to wait are a sign of life: so a peer that reads a long message slowly is not cut.
    pub fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.receiving.heartbeat(every, deadline);
    }

    /// From now on messages are received in parts, as they come: none is kept, and none is too long.
    pub fn in_parts(self) -> PartReader {
        PartReader(Reader {
            receiving: self.receiving.in_parts(),
        })
    }

    /// Receives and drops messages until the connection is over.
    pub(super) fn drain(&mut self) {
        while let Ok(Some(_)) = self.receive() {}
    }
}

/// A [`Reader`] that returns messages in parts: see [`Reader::in_parts`]. It is for messages that are too long to be
/// kept, such as files: a part is what has come of a message so far.
///
/// ```
/// # use barewire::{http, websocket};
/// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
/// #     if let Some(ws) = websocket::accept(req, res)? {
/// #         ws.on_message(|socket, data| drop(socket.send(data)));
/// #     }
/// #     Ok(())
/// # }
/// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
/// # let url = format!("ws://{}/", server.local_addr());
/// let (reader, writer) = websocket::connect(&url)?.split();
/// writer.send(vec![7; 100_000])?;
///
/// let mut parts = reader.in_parts();
/// let mut bytes = 0;
/// while let Some(part) = parts.receive_part()? {
///     bytes += part.data.bytes().len();
///     if part.last {
///         break;
///     }
/// }
/// assert_eq!(bytes, 100_000);
/// # drop((parts, writer));
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PartReader(Reader);

impl PartReader {
    /// Waits for the next part of a message. `None`: the connection is closed.
    ///
    /// # Errors
    /// As [`Reader::receive`].
    pub fn receive_part(&mut self) -> Result<Option<Part<'_>>, Error> {
        self.0.receiving.receive_part()
    }

    /// Waits for the next part of a message, for `time` at most: see [`Reader::receive_within`].
    ///
    /// # Errors
    /// As there.
    pub fn receive_part_within(&mut self, time: Duration) -> Result<Incoming<Part<'_>>, Error> {
        self.0.receiving.receive_part_within(time)
    }

    /// How the connection ended, once it has.
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.outcome()
    }

    /// A writer for this connection.
    pub fn writer(&self) -> Writer {
        self.0.writer()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("shared", &self.receiving.shared)
            .finish_non_exhaustive()
    }
}
