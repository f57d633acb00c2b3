//! Why a connection is broken, kept for every caller that asks later: an [`io::Error`] cannot be cloned.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// An error of the system, or one of ours: its kind, and the error inside it if that was kept. The system's
/// code is kept with it: `ETIMEDOUT` is the end of a connection, and without its code it would look like a
/// timeout of ours, which a connection survives (see [`is_timeout`](super::is_timeout)).
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    kind: ErrorKind,
    code: Option<i32>,
    inner: Option<Arc<dyn Error + Send + Sync>>,
}

impl Cause {
    pub(crate) fn new(kind: ErrorKind, inner: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
        Cause {
            inner: Some(Arc::from(inner.into())),
            ..Cause::from(kind)
        }
    }

    /// Its kind and code.
    pub(crate) fn of(error: &io::Error) -> Cause {
        Cause {
            code: error.raw_os_error(),
            ..Cause::from(error.kind())
        }
    }

    /// Its kind, code and text. This runs code of the error, which may be a user's: hold no lock.
    pub(crate) fn with_text(error: &io::Error) -> Cause {
        match error.get_ref() {
            Some(inner) => Cause::new(error.kind(), inner.to_string()),
            None => Cause::of(error),
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
            inner: None,
        }
    }
}

/// Keeps the error inside, too. This runs no code of that error, so a lock may be held.
impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Cause {
        let cause = Cause::of(&error);
        match error.into_inner() {
            Some(inner) => Cause::new(cause.kind, inner),
            None => cause,
        }
    }
}

/// The error that was kept is the source of the error inside.
impl From<&Cause> for io::Error {
    #[cold]
    fn from(cause: &Cause) -> io::Error {
        match (cause.code, &cause.inner) {
            (Some(code), _) => io::Error::from_raw_os_error(code),
            (None, Some(inner)) => io::Error::new(cause.kind, Kept(Arc::clone(inner))),
            (None, None) => cause.kind.into(),
        }
    }
}

/// An error that many callers share.
struct Kept(Arc<dyn Error + Send + Sync>);

impl Error for Kept {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::is_timeout;

    #[test]
    fn fault_a22_the_systems_timeout_is_no_timeout_of_ours() {
        let etimedout = io::Error::from_raw_os_error(110); // on Linux
        let kept = [Cause::of(&etimedout), Cause::with_text(&etimedout)];
        for cause in kept.into_iter().chain([Cause::from(etimedout)]) {
            assert!(!cause.is_timeout());
            let returned = io::Error::from(&cause);
            assert_eq!(returned.kind(), ErrorKind::TimedOut);
            assert_eq!(returned.raw_os_error(), Some(110));
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

    #[test]
    fn an_error_inside_is_kept_as_it_is() {
        let inside = "x".parse::<u8>().unwrap_err();
        let cause = Cause::from(io::Error::new(ErrorKind::InvalidData, inside.clone()));
        for _ in 0..2 {
            let returned = io::Error::from(&cause);
            assert_eq!(returned.kind(), ErrorKind::InvalidData);
            assert_eq!(returned.to_string(), inside.to_string());
            let source = returned.get_ref().and_then(|kept| kept.source());
            assert_eq!(source.and_then(|it| it.downcast_ref()), Some(&inside));
        }
    }
}
