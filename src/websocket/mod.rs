//! WebSocket: messages both ways over one connection, at any time (the book's 7.4).
//!
//! [`wire`] is the protocol: its bytes and rules, without a socket.

pub mod wire;

mod accept;
mod broadcast;
mod clock;
mod config;
mod connect;
mod ending;
mod error;
mod events;
mod intake;
mod link;
mod outbox;
mod outcome;
mod reader;
mod socket;
mod writer;

pub use accept::{Acceptor, accept, is_asked_for};
pub use broadcast::{Room, Slow, Told};
pub use config::Config;
pub use connect::{ConnectOptions, connect, connect_with};
pub use error::{Error, Refused};
pub use events::Events;
pub use outcome::Outcome;
pub use reader::{Part, PartReader, Reader};
pub use socket::WebSocket;
pub use wire::{CloseCode, Data, Kind, Limits, Misuse};
pub use writer::{Parts, Writer};
