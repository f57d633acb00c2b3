//! Peers that leave are no failures of a server: each of them could fill its log.

use std::io::{self, ErrorKind};

/// Whether the peer has reset the connection, or is gone before all is written.
pub(crate) fn peer_left(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    let kinds = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected];
    kinds.contains(&error.kind())
}
