//! Why a connection is broken, kept for everyone who asks later.

use std::io::{self, ErrorKind};

/// An error of the system, or a kind of ours. The system's number is kept with it: `ETIMEDOUT` is the end
/// of a connection, and without its number it would look like a timeout of ours, which a connection
/// survives (see [`is_timeout`](super::is_timeout)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    kind: ErrorKind,
    code: Option<i32>,
}

impl Cause {
    pub(crate) fn of(error: &io::Error) -> Cause {
        Cause {
            kind: error.kind(),
            code: error.raw_os_error(),
        }
    }

    /// Whether it was we who gave the peer up.
    pub(crate) fn is_timeout(self) -> bool {
        self.kind == ErrorKind::TimedOut && self.code.is_none()
    }
}

impl From<ErrorKind> for Cause {
    fn from(kind: ErrorKind) -> Cause {
        Cause { kind, code: None }
    }
}

impl From<Cause> for io::Error {
    fn from(cause: Cause) -> io::Error {
        match cause.code {
            Some(code) => io::Error::from_raw_os_error(code),
            None => cause.kind.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;

    #[test]
    fn fault_a22_the_systems_timeout_is_no_timeout_of_ours() {
        let etimedout = io::Error::from_raw_os_error(110); // on Linux
        let cause = Cause::of(&etimedout);
        assert!(!cause.is_timeout());
        let told = io::Error::from(cause);
        assert_eq!(told.kind(), ErrorKind::TimedOut);
        assert!(!is_timeout(&told));
        assert!(Cause::from(ErrorKind::TimedOut).is_timeout());
    }
}
