//! One connection, both roles: which frame may come, which may be sent, and what answers it.
//!
//! A connection carries two streams of frames, and each has a state of its own. Frames are judged
//! alike both ways, so there is one table: what a peer does against it is an
//! [`Error`](super::Error), what a caller does a [`Misuse`](super::Misuse).
//!
//! ```text
//!   Whole, Control                 Middle, Control
//!       ┌──┐                           ┌──┐
//!       │  ▼                           │  ▼
//!       Idle ───────── First ───────▶ Message          a message in several frames
//!        │ ▲                           │  │
//!        │ └─────────── Last ──────────┘  │
//!        │                                │
//!        └──── Close ──▶ Closed ◀─ Close ─┘            nothing follows
//!
//!       Idle, Message ── Fail ──▶ Failed               a rule was broken, or the bytes ended
//! ```
//!
//! What the two states are together is the connection's [`Phase`]:
//!
//! | it sent \ it received | Idle, Message | Closed | Failed |
//! |---|---|---|---|
//! | **Idle, Message** | Open | CloseReceived | Failed |
//! | **Closed** | CloseSent | Closed | Failed |
//! | **Failed** | Failed | Failed | Failed |
//!
//! `fixtures/websocket/states.txt` is both as tables.
//!
//! What is received decides what has to be sent: a ping a pong, a Close another, a broken rule a
//! Close with its code. Nothing goes the other way. So the two halves can be taken apart
//! ([`Connection::split`]) and live on two threads; the reader shares nothing of its half, and tells
//! the other what it received ([`Sender::received`], [`Sender::fail`]).
//!
//! This is the only file that asks which role we play.
//!
//! ```
//! use barewire::websocket::wire::{Connection, Data, Limits, Received, Role};
//!
//! // The book's worked example: `hello world!` comes masked, `yakexi` is answered.
//! let mut read = *b"\x81\x8c\x37\xfa\x21\x3d_\x9fMQX\xdaVRE\x96E\x1c";
//! let mut connection = Connection::new(Role::Server, Limits::default());
//!
//! let mut bytes = &mut read[..];
//! let received = connection.receive(&mut bytes)?;
//! assert_eq!(received, Some(Received::Message(Data::Text("hello world!"))));
//! assert_eq!(connection.receive(&mut bytes)?, None); // all bytes are taken
//!
//! let mut out = Vec::new();
//! let key = || unreachable!("a server masks nothing");
//! connection.sender().send(Data::Text("yakexi"), key, &mut out)?;
//! assert_eq!(out, b"\x81\x06yakexi");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod frames;
mod receive;
mod send;

pub(crate) use receive::Taken;
pub use receive::{Received, Receiver};
pub use send::Sender;

use super::error::{Error, Rule};
use super::message::Limits;

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asked for the connection, and masks what it sends.
    Client,
    /// Was asked, and masks nothing.
    Server,
}

impl Role {
    // RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server"
    // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client."
    #[inline]
    fn masks(self) -> bool {
        match self {
            Role::Client => true,
            Role::Server => false,
        }
    }

    // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is not
    // masked."
    // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
    #[inline]
    fn judge_mask(self, masked: bool) -> Result<(), Rule> {
        match (self, masked) {
            (Role::Server, true) | (Role::Client, false) => Ok(()),
            (Role::Server, false) => Err(Rule::MaskMissing),
            (Role::Client, true) => Err(Rule::MaskForbidden),
        }
    }
}

/// Where one direction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// No message is on its way.
    Idle,
    /// A message has begun and its last frame has not passed.
    Message,
    /// A Close frame has passed: nothing follows.
    Closed,
    /// A rule was broken, or the bytes ended without a Close frame.
    Failed,
}

/// What moves a state: a frame, by its place in a message, or the end of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A message in one frame.
    Whole,
    /// The first frame of several.
    First,
    /// A continuation that is not the last.
    Middle,
    /// The last frame of several.
    Last,
    /// A ping or a pong.
    Control,
    /// A Close frame.
    Close,
    /// The end, without one.
    Fail,
}

/// Where `event` leads; `None`: it must not happen there.
// RFC 6455 §5.4: "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the interleaving."
// RFC 6455 §5.4: "Control frames (see Section 5.5) MAY be injected in the middle of a fragmented
// message."
// RFC 6455 §5.5.1: "The application MUST NOT send any more data frames after sending a Close frame."
#[inline]
pub fn step(state: State, event: Event) -> Option<State> {
    Some(match (state, event) {
        (State::Idle, Event::Whole) => State::Idle,
        (State::Idle, Event::First) => State::Message,
        (State::Message, Event::Middle) => State::Message,
        (State::Message, Event::Last) => State::Idle,
        (State::Idle, Event::Control) => State::Idle,
        (State::Message, Event::Control) => State::Message,
        (State::Idle | State::Message, Event::Close) => State::Closed,
        (State::Idle | State::Message, Event::Fail) => State::Failed,
        _ => return None,
    })
}

/// Where the connection stands as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Messages go both ways.
    Open,
    /// We have closed. What the peer sent before it knew still comes.
    CloseSent,
    /// The peer has closed, and waits for our Close frame.
    CloseReceived,
    /// Both have closed: the closing handshake is complete.
    Closed,
    /// There was no closing handshake, or it does not matter any more.
    Failed,
}

/// What two states are together.
// RFC 6455 §5.5.1: "After both sending and receiving a Close message, an endpoint considers the
// WebSocket connection closed and MUST close the underlying TCP connection."
pub fn phase(received: State, sent: State) -> Phase {
    match (received, sent) {
        (State::Failed, _) | (_, State::Failed) => Phase::Failed,
        (State::Closed, State::Closed) => Phase::Closed,
        (State::Closed, _) => Phase::CloseReceived,
        (_, State::Closed) => Phase::CloseSent,
        (State::Idle | State::Message, State::Idle | State::Message) => Phase::Open,
    }
}

/// Both halves of a connection.
#[derive(Debug)]
pub struct Connection {
    receiver: Receiver,
    sender: Sender,
}

impl Connection {
    /// A connection whose handshake is complete, seen from this end.
    pub fn new(role: Role, limits: Limits) -> Connection {
        Connection {
            receiver: Receiver::new(role, limits),
            sender: Sender::new(role),
        }
    }

    /// As [`Receiver::receive`]; the answer is [pending](Sender::append_pending_control) at once.
    ///
    /// # Errors
    /// The rule that the bytes break. The Close frame that names it is pending.
    pub fn receive<'s, 'b: 's>(
        &'s mut self,
        bytes: &mut &'b mut [u8],
    ) -> Result<Option<Received<'s>>, Error> {
        let received = self.receiver.receive(bytes);
        match &received {
            Ok(Some(received)) => self.sender.received(received),
            Ok(None) => {}
            Err(error) => self.sender.fail(error),
        }
        received
    }

    /// The peer's bytes have ended.
    ///
    /// # Errors
    /// [`Rule::ClosedAbnormally`] where no Close frame came before.
    pub fn end(&mut self) -> Result<(), Error> {
        let ended = self.receiver.end();
        if let Err(error) = &ended {
            self.sender.fail(error);
        }
        ended
    }

    /// The half that sends.
    pub fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// Where the connection stands.
    pub fn phase(&self) -> Phase {
        phase(self.receiver.state(), self.sender.state())
    }

    /// The two halves, for two threads.
    pub fn split(self) -> (Receiver, Sender) {
        (self.receiver, self.sender)
    }
}
