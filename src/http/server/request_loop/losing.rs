//! Whether a handler has failed because its client has left.
//!
//! A client may leave at any time, and most handlers pass the error on with `?`. That is no failure of the
//! program, and a line in its log for each of them would hide those that are. An error says no more than its kind,
//! so it is compared with the state of the connection:
//!
//! ```text
//!   the stream was handed over      the error, or one inside it, is the loss of a connection, or is one of the
//!                                   other protocol's that blames the peer
//!   the connection is broken, or    the error, or one inside it, is the loss of a connection, or of the same kind
//!   client_left() returned true     as what has broken this one
//!   else                            no
//! ```

use crate::http::server::exchange::{BlamesPeer, ServerConnection};
use std::error::Error;
use std::io::{self, ErrorKind};

/// What is known of a connection when its handler has failed.
#[derive(Debug)]
pub(super) struct Loss {
    is_lost: bool,
    kinds: [Option<ErrorKind>; 2],
    blames_peer: Option<BlamesPeer>,
}

impl Loss {
    pub(super) fn of(connection: &ServerConnection) -> Loss {
        let blames_peer = connection.handed_over;
        Loss {
            // After client_left() a handler may give up its own request to another server, and fail with that
            // request's error.
            is_lost: blames_peer.is_some() || connection.peer_closed || connection.is_broken(),
            kinds: [connection.read_failure, connection.queue.broken_by()],
            blames_peer,
        }
    }

    /// Whether the error, or one inside it, comes from the loss of the connection. This runs code of the error,
    /// which may be a user's.
    pub(super) fn explains(&self, error: &(dyn Error + 'static)) -> bool {
        if !self.is_lost {
            return false;
        }
        let mut next = Some(error);
        while let Some(error) = next {
            let of_io = error.downcast_ref::<io::Error>();
            if self.blames_peer.is_some_and(|blames| blames(error))
                || of_io.is_some_and(|error| self.is_loss(error.kind()))
            {
                return true;
            }
            // The source of an io::Error is that of the error inside it.
            next = match of_io.and_then(io::Error::get_ref) {
                Some(inside) => Some(inside),
                None => error.source(),
            };
        }
        false
    }

    fn is_loss(&self, kind: ErrorKind) -> bool {
        use ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, TimedOut, UnexpectedEof,
        };
        let leaves = [
            BrokenPipe,
            ConnectionAborted,
            ConnectionReset,
            NotConnected,
            TimedOut,
            UnexpectedEof,
        ];
        leaves.contains(&kind) || self.kinds.contains(&Some(kind))
    }
}
