//! One connection, both roles: which frame may come, which may be sent, and what answers it.
//!
//! A connection carries two streams of frames, and each has a state of its own. The same rules hold in both
//! directions, so there is one table. A peer that breaks it gets an [`Error`](super::Error), a caller a
//! [`Misuse`](super::Misuse).
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
//! Both states together are the connection's [`Phase`]:
//!
//! | it sent \ it received | Idle, Message | Closed | Failed |
//! |---|---|---|---|
//! | **Idle, Message** | Open | CloseReceived | Failed |
//! | **Closed** | CloseSent | Closed | Failed |
//! | **Failed** | Failed | Failed | Failed |
//!
//! `fixtures/websocket/states.txt` is both as tables.
//!
//! What is received decides what has to be sent: a pong after a ping, a Close frame after a Close frame, a
//! Close frame with a code after a broken rule. What is sent decides nothing about what may be received. So
//! the two halves can be separated ([`Connection::split`]) and live on two threads. The receiving thread
//! passes on what it has received ([`Sender::received`], [`Sender::fail`]), and shares nothing else.
//!
//! This is the only file of the protocol that matches the [`Role`].
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

pub(crate) use frames::Piece;
pub use receive::{Received, Receiver};
pub use send::Sender;

use super::error::{Error, Rule};
use super::message::Limits;

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has opened the connection, and masks what it sends.
    Client,
    /// Has accepted it, and masks nothing.
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

/// The state of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Between two messages.
    Idle,
    /// Inside a message: its last frame has not passed.
    Message,
    /// A Close frame has passed: nothing follows.
    Closed,
    /// A rule was broken, or the bytes ended without a Close frame.
    Failed,
}

/// What changes a state: a frame, by its place in a message, or the end of all frames.
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

/// The state after `event`; `None`: it must not happen in this state.
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

/// The state of the whole connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Messages go both ways.
    Open,
    /// We have sent a Close frame. What the peer has sent before it saw that still comes.
    CloseSent,
    /// The peer has sent a Close frame, and waits for ours.
    CloseReceived,
    /// Both have sent one: the closing handshake is complete.
    Closed,
    /// There was no closing handshake, or a rule was broken.
    Failed,
}

/// The phase of a connection with these two states.
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
    /// A connection whose opening handshake is complete, seen from this end.
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

    /// The state of the connection.
    pub fn phase(&self) -> Phase {
        phase(self.receiver.state(), self.sender.state())
    }

    /// The two halves, for two threads.
    pub fn split(self) -> (Receiver, Sender) {
        (self.receiver, self.sender)
    }
}
