//! One connection, both roles: which frame may come, which may be sent, and what answers it.
//!
//! A connection carries two streams of frames. The same rules hold in both directions: `state.rs` has the
//! table. A peer that breaks it gets an [`Error`](super::Error), a caller a [`Misuse`](super::Misuse).
//!
//! What is received decides what has to be sent: a pong after a ping, a Close frame after a Close frame, a
//! Close frame with a code after a broken rule. What is sent decides nothing about what may be received. So
//! the two halves can be separated ([`Connection::split`]) and live on two threads. The receiving thread
//! passes on what it has received ([`Sender::received`], [`Sender::fail`]), and shares nothing else.
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
mod role;
mod send;
mod state;

pub use receive::{Received, Receiver};
pub use role::Role;
pub use send::Sender;
pub use state::{Event, Phase, State, phase, step};

use super::deflate::Agreement;
use super::error::Error;
use super::message::Limits;

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

    /// Messages may be compressed, as was agreed on in the handshake.
    #[must_use]
    pub fn with_deflate(self, agreement: &Agreement) -> Connection {
        Connection {
            receiver: self.receiver.with_deflate(agreement),
            sender: self.sender.with_deflate(),
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
    /// [`Rule::ClosedAbnormally`](super::Rule::ClosedAbnormally) where no Close frame came before.
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
