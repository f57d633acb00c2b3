//! What goes wrong under TLS, and what to do about it.

use std::fmt;
use std::io;

/// Why there is no connection, or no more of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    cause: rustls::Error,
}

impl From<rustls::Error> for Error {
    fn from(cause: rustls::Error) -> Error {
        Error { cause }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl std::error::Error for Error {}
