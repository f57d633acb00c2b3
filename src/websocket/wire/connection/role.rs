//! The two ends of a connection: a client masks what it sends, a server does not, and ends TCP first.
//!
//! This is the only file of the protocol that matches the [`Role`].

use super::super::deflate::PerMessageDeflate;
use super::super::deflate::agreement::{Agreement, Direction};
use super::super::error::Rule;

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Has opened the connection, and masks what it sends.
    Client,
    /// Has accepted it, and masks nothing.
    Server,
}

impl Role {
    pub(in crate::websocket) fn name(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Server => "server",
        }
    }

    pub(in crate::websocket) fn other(self) -> Role {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }

    // RFC 6455 §5.1: "a client MUST mask all frames that it sends to the server"
    // RFC 6455 §5.1: "A server MUST NOT mask any frames that it sends to the client."
    #[inline]
    pub(crate) fn masks(self) -> bool {
        match self {
            Role::Client => true,
            Role::Server => false,
        }
    }

    /// How long the header of a short frame is that this end sends: with a key, or without.
    pub(super) fn short_header_bytes(self) -> usize {
        match self {
            Role::Client => 6,
            Role::Server => 2,
        }
    }

    /// What was agreed on for the messages that we send.
    fn sent(self, agreement: &Agreement) -> Direction {
        match self {
            Role::Client => agreement.client(),
            Role::Server => agreement.server(),
        }
    }

    /// And for those that the peer sends.
    pub(super) fn received(self, agreement: &Agreement) -> Direction {
        match self {
            Role::Client => agreement.server(),
            Role::Server => agreement.client(),
        }
    }

    // RFC 6455 §7.1.1: "The underlying TCP connection, in most normal cases, SHOULD be closed first by the
    // server"
    pub(crate) fn ends_first(self) -> bool {
        match self {
            Role::Client => false,
            Role::Server => true,
        }
    }

    // RFC 6455 §5.1: "The server MUST close the connection upon receiving a frame that is not
    // masked."
    // RFC 6455 §5.1: "A client MUST close a connection if it detects a masked frame."
    #[inline]
    pub(super) fn judge_mask(self, masked: bool) -> Result<(), Rule> {
        match (self, masked) {
            (Role::Server, true) | (Role::Client, false) => Ok(()),
            (Role::Server, false) => Err(Rule::MaskMissing),
            (Role::Client, true) => Err(Rule::MaskForbidden),
        }
    }
}

impl PerMessageDeflate {
    /// The same options within what was agreed on: a [`Deflater`](crate::websocket::wire::Deflater) is made of them.
    #[must_use]
    pub fn agreed(self, role: Role, agreement: &Agreement) -> PerMessageDeflate {
        self.within(role.sent(agreement))
    }
}
