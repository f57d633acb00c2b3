//! Both halves of a connection.

use super::as_data::AsData;
use super::config::Config;
use super::connection::SharedConnection;
use super::error::Error;
use super::events::{OnMessage, SocketEvents, run};
use super::incoming::Incoming;
use super::outcome::Outcome;
use super::outgoing::{GoAway, Outgoing, write_slice};
use super::reader::Reader;
use super::summary::OnFinish;
use super::wire::{Agreement, Data, Role};
use super::writer::Writer;
use crate::http::Upgraded;
use crate::net::Stream;
use std::sync::Arc;
use std::time::Duration;

/// A WebSocket: messages in both directions, at any time.
///
/// ```
/// use barewire::{http, websocket};
///
/// fn handler(req: http::Request, res: http::Response) -> http::Handled {
///     if let Some(ws) = websocket::accept(req, res)? {
///         let (mut reader, writer) = ws.split();
///         while let Some(message) = reader.receive()? {
///             writer.send(message)?;
///         }
///     }
///     Ok(())
/// }
///
/// let server = http::create_server(handler).listen("127.0.0.1:0")?; // the book's port is 12010
///
/// let mut ws = websocket::connect(&format!("ws://{}/echo", server.local_addr()))?;
/// ws.send("hello world!")?;
/// assert_eq!(ws.receive()?.unwrap(), "hello world!");
///
/// let outcome = ws.close(1000, "bye")?;
/// assert!(outcome.clean);
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct WebSocket {
    reader: Reader,
    writer: Writer,
}

impl WebSocket {
    #[inline(always)] // one frame less above the two calls that need much of the stack
    pub(super) fn open(
        upgraded: Upgraded,
        role: Role,
        config: Arc<Config>,
        on_finish: Option<&Arc<OnFinish>>,
        protocol: Option<String>,
        deflate: Option<Agreement>,
    ) -> Result<WebSocket, Error> {
        let (stream, ahead, slot) = upgraded.into_parts();
        stream.set_write_timeout(Some(write_slice(&config)))?;
        let outgoing = Outgoing::new(stream, role, config, on_finish, deflate.as_ref());
        if let Some(slot) = &slot {
            slot.on_stop(Arc::new(GoAway(Arc::downgrade(&outgoing))));
        }
        let shared = Arc::new(SharedConnection {
            outgoing,
            protocol,
            slot,
        });
        Ok(WebSocket {
            reader: Reader::new(Arc::clone(&shared), role, deflate.as_ref(), &ahead),
            writer: Writer::new(shared),
        })
    }

    /// As [`Reader::receive`].
    ///
    /// # Errors
    /// As there.
    pub fn receive(&mut self) -> Result<Option<Data<'_>>, Error> {
        self.reader.receive()
    }

    /// As [`Reader::receive_within`].
    ///
    /// # Errors
    /// As there.
    pub fn receive_within(&mut self, time: Duration) -> Result<Incoming<Data<'_>>, Error> {
        self.reader.receive_within(time)
    }

    /// As [`Writer::send`].
    ///
    /// # Errors
    /// As there.
    pub fn send(&self, data: impl AsData) -> Result<(), Error> {
        self.writer.send(data)
    }

    /// A writer of this connection: for another thread, or to answer while a message is borrowed.
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// The two halves: one for each direction.
    pub fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }

    /// As [`Reader::heartbeat`].
    pub fn heartbeat(&mut self, every: Duration, deadline: Duration) {
        self.reader.heartbeat(every, deadline);
    }

    /// The stream that carries the messages: it has the addresses, and over TLS the peer's certificate.
    pub fn stream(&self) -> &dyn Stream {
        self.writer.stream()
    }

    /// The subprotocol that both have agreed on.
    pub fn protocol(&self) -> Option<&str> {
        self.writer.protocol()
    }

    /// Sends a Close frame, receives and drops what the peer has sent before it saw that, and waits for its
    /// Close frame, up to [`close_timeout`](Config::close_timeout). A client then waits for the server's FIN, as long
    /// again at most.
    ///
    /// # Errors
    /// A code or a reason that must not be sent.
    pub fn close(mut self, code: u16, reason: impl AsRef<str>) -> Result<Outcome, Error> {
        self.writer.close(code, reason)?;
        self.reader.drain();
        Ok(self.reader.outcome().unwrap_or_else(Outcome::abnormal))
    }

    /// As [`Reader::outcome`].
    ///
    /// ```
    /// # use barewire::{http, websocket};
    /// # fn handler(req: http::Request, res: http::Response) -> http::Handled {
    /// #     if let Some(ws) = websocket::accept(req, res)? {
    /// #         ws.close(4000, "that is all")?;
    /// #     }
    /// #     Ok(())
    /// # }
    /// # let server = http::create_server(handler).listen("127.0.0.1:0")?;
    /// # let url = format!("ws://{}/", server.local_addr());
    /// let mut ws = websocket::connect(&url)?;
    /// assert_eq!(ws.outcome(), None); // it is open
    /// while let Some(message) = ws.receive()? {
    ///     println!("{message:?}");
    /// }
    /// if let Some(outcome) = ws.outcome() {
    ///     assert_eq!((outcome.code, outcome.reason.as_str()), (4000, "that is all"));
    /// }
    /// # server.shutdown(std::time::Duration::from_secs(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn outcome(&self) -> Option<Outcome> {
        self.reader.outcome()
    }

    /// As [`Writer::terminate`].
    pub fn terminate(&self) {
        self.writer.terminate();
    }

    /// Receives messages on this thread and calls the book's events, until the connection has ended.
    pub fn run(self, events: impl SocketEvents) -> Outcome {
        run(self.reader, &self.writer, &events)
    }

    /// The same with a closure for messages, and no other event.
    pub fn on_message(self, message: impl Fn(&Writer, Data<'_>)) -> Outcome {
        self.run(OnMessage(message))
    }
}
