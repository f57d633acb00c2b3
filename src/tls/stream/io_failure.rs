//! An error of the stream below that is kept, to be returned again.

use super::super::error::Error;
use std::io::{self, ErrorKind};

/// Why nothing more can be read, or written. The operating system's code is kept with it: `ETIMEDOUT`
/// without its code would look like a timeout of ours, which a connection survives (see
/// [`is_timeout`](crate::net::is_timeout)).
#[derive(Clone, Debug)]
pub(super) enum IoFailure {
    Os(i32),
    Tls(Error),
    Other(ErrorKind, String),
}

impl IoFailure {
    pub(super) fn new(kind: ErrorKind, text: &str) -> IoFailure {
        IoFailure::Other(kind, text.to_owned())
    }

    pub(super) fn error(&self) -> io::Error {
        match self {
            IoFailure::Os(code) => io::Error::from_raw_os_error(*code),
            IoFailure::Tls(error) => error.clone().into(),
            IoFailure::Other(kind, text) => io::Error::new(*kind, text.clone()),
        }
    }
}

impl From<io::Error> for IoFailure {
    fn from(error: io::Error) -> IoFailure {
        match (error.raw_os_error(), Error::of(&error)) {
            (Some(code), _) => IoFailure::Os(code),
            (None, Some(error)) => IoFailure::Tls(error.clone()),
            (None, None) => IoFailure::Other(error.kind(), error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::error::Code;
    use super::*;
    use crate::net::is_timeout;

    #[test]
    fn fault_a22_the_code_of_the_operating_system_is_kept() {
        let etimedout = io::Error::from_raw_os_error(110); // on Linux
        let kept = IoFailure::from(etimedout).error();
        assert_eq!(kept.kind(), ErrorKind::TimedOut);
        assert_eq!(kept.raw_os_error(), Some(110));
        assert!(!is_timeout(&kept));
    }

    #[test]
    fn an_error_without_a_code_keeps_its_words() {
        let error = io::Error::new(ErrorKind::ConnectionReset, "on purpose");
        let kept = IoFailure::from(error).error();
        assert_eq!(kept.kind(), ErrorKind::ConnectionReset);
        assert_eq!(kept.to_string(), "on purpose");
    }

    #[test]
    fn an_error_of_tls_stays_one() {
        let error = Error::new(Code::Protocol, "on purpose");
        let kept = IoFailure::from(io::Error::from(error.clone())).error();
        assert_eq!(Error::of(&kept), Some(&error));
    }
}
