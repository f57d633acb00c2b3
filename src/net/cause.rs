//! Why a connection is broken, kept for every caller that asks later: an [`io::Error`] cannot be cloned.

use std::io::{self, ErrorKind};
use std::sync::Arc;

/// An error of the system, or one of ours: its kind, and its text if that was kept. The system's code is
/// kept with it: `ETIMEDOUT` is the end of a connection, and without its code it would look like a timeout
/// of ours, which a connection survives (see [`is_timeout`](super::is_timeout)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    kind: ErrorKind,
    code: Option<i32>,
    text: Option<Arc<str>>,
}

impl Cause {
    pub(crate) fn new(kind: ErrorKind, text: impl Into<Arc<str>>) -> Cause {
        Cause {
            kind,
            code: None,
            text: Some(text.into()),
        }
    }

    /// Its kind and code. This runs no code of the error, which may be a user's, so that a lock may be held.
    pub(crate) fn of(error: &io::Error) -> Cause {
        Cause {
            kind: error.kind(),
            code: error.raw_os_error(),
            text: None,
        }
    }

    /// Its text, too. The error may be a user's: hold no lock.
    pub(crate) fn with_text(error: &io::Error) -> Cause {
        Cause {
            text: error.get_ref().map(|error| error.to_string().into()),
            ..Cause::of(error)
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether we have given the peer up.
    pub(crate) fn is_timeout(&self) -> bool {
        self.kind == ErrorKind::TimedOut && self.code.is_none()
    }
}

impl From<ErrorKind> for Cause {
    fn from(kind: ErrorKind) -> Cause {
        Cause {
            kind,
            code: None,
            text: None,
        }
    }
}

impl From<&Cause> for io::Error {
    fn from(cause: &Cause) -> io::Error {
        match (cause.code, &cause.text) {
            (Some(code), _) => io::Error::from_raw_os_error(code),
            (None, Some(text)) => io::Error::new(cause.kind, &**text),
            (None, None) => cause.kind.into(),
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
        for cause in [Cause::of(&etimedout), Cause::with_text(&etimedout)] {
            assert!(!cause.is_timeout());
            let returned = io::Error::from(&cause);
            assert_eq!(returned.kind(), ErrorKind::TimedOut);
            assert!(!is_timeout(&returned));
        }
        assert!(Cause::from(ErrorKind::TimedOut).is_timeout());
    }

    #[test]
    fn an_error_without_a_code_keeps_its_text_if_that_is_wanted() {
        let error = io::Error::new(ErrorKind::ConnectionReset, "on purpose");
        let kept = io::Error::from(&Cause::with_text(&error));
        assert_eq!(
            (kept.kind(), kept.to_string()),
            (error.kind(), error.to_string())
        );
        let kept = io::Error::from(&Cause::of(&error));
        assert_eq!(
            (kept.kind(), kept.to_string()),
            (error.kind(), "connection reset".into())
        );
    }
}
