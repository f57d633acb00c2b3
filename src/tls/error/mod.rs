//! What went wrong with TLS, and what to do about it.
//!
//! [`certificate`] has the sentences about certificates, [`handshake`] those about everything else, and
//! [`alert`] the alert that the peer gets for each.

pub(super) mod alert;
pub(super) mod certificate;
mod code;
pub(super) mod handshake;

pub use code::Code;

use std::error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// The longest message: it may repeat text of the peer.
const MAX_BYTES: usize = 4 * 1024;

/// Why there is no TLS connection, or why its peer is not authorized. It displays as its
/// [`code`](Error::code), what was seen, and what to do:
///
/// ```text
/// UNABLE_TO_VERIFY_LEAF_SIGNATURE: the certificate of "localhost" is issued by CN=my CA, which is not trusted here …
/// ```
///
/// ```
/// # use barewire::tls::{self, ClientOptions, ServerOptions};
/// # let options = ServerOptions::new()
/// #     .cert(std::fs::read("fixtures/tls/server.crt")?)
/// #     .key(std::fs::read("fixtures/tls/server.key")?);
/// # let server = tls::create_server(&options, |socket| socket.pipe(&socket).map(drop))?;
/// # let server = server.listen("127.0.0.1:0")?;
/// # let address = format!("localhost:{}", server.local_addr().port().unwrap());
/// use barewire::tls::Code;
///
/// // This client does not trust the CA of that server: only those that browsers trust.
/// let error = tls::connect(&address, &ClientOptions::new()).unwrap_err();
/// assert_eq!(error.code(), Code::UnableToVerifyLeafSignature);
/// assert!(error.message().contains("not trusted here"), "{error}");
/// # server.shutdown(std::time::Duration::from_secs(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A socket's errors are of [`io::Error`], and so is what a read or write over TLS returns: [`Error::of`] finds the TLS
/// error inside. In errors of `http` and `websocket`, [`https::tls_error`](crate::https::tls_error) does.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    inner: Arc<Inner>,
}

#[derive(PartialEq, Eq)]
struct Inner {
    code: Code,
    message: String,
    /// The kind of the [`io::Error`] that it becomes.
    kind: ErrorKind,
}

impl Error {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Error {
        Error::with_kind(code, kind(code), message.into())
    }

    pub(super) fn with_kind(code: Code, kind: ErrorKind, mut message: String) -> Error {
        if message.len() > MAX_BYTES {
            let end = (0..=MAX_BYTES).rfind(|&at| message.is_char_boundary(at));
            message.truncate(end.unwrap_or(0));
            message.push('…'); // a peer's certificate may have 64 KiB of names
        }
        Error {
            inner: Arc::new(Inner {
                code,
                message,
                kind,
            }),
        }
    }

    /// What went wrong, by Node's name.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// What was seen, and what to do about it, without the code.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The TLS error inside an [`io::Error`], if there is one.
    pub fn of(error: &io::Error) -> Option<&Error> {
        let inside: &(dyn error::Error + 'static) = error.get_ref()?;
        let kept = || inside.source()?.downcast_ref(); // a connection's error, returned again
        inside.downcast_ref().or_else(kept)
    }
}

/// The kind for code that knows only [`io::Error`]s.
fn kind(code: Code) -> ErrorKind {
    match code {
        Code::HandshakeTimeout => ErrorKind::TimedOut,
        Code::ConnectionReset => ErrorKind::ConnectionReset,
        Code::InvalidArgument => ErrorKind::InvalidInput,
        _ => ErrorKind::InvalidData,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.inner.code, self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl error::Error for Error {}

/// The error is kept inside: [`Error::of`] finds it.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        io::Error::new(error.inner.kind, error)
    }
}

/// The TLS error inside, or one with the text of the operating system's.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        match Error::of(&error) {
            Some(inside) => inside.clone(),
            None => Error::with_kind(code(error.kind()), error.kind(), error.to_string()),
        }
    }
}

fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::InvalidInput => Code::InvalidArgument,
        ErrorKind::ConnectionRefused => Code::ConnectionRefused,
        _ => Code::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Cause;

    #[test]
    fn an_error_is_found_inside_an_io_error() {
        let error = Error::new(Code::CertHasExpired, "the certificate expired");
        let outer = io::Error::from(error);
        let text = "CERT_HAS_EXPIRED: the certificate expired";
        assert_eq!(outer.to_string(), text);
        let inside = Error::of(&outer).map(Error::code);
        assert_eq!(inside, Some(Code::CertHasExpired));
        assert_eq!(Error::from(outer).to_string(), text);
    }

    #[test]
    fn an_error_that_a_connection_keeps_is_found_again() {
        let error = Error::new(Code::Protocol, "on purpose");
        let cause = Cause::from(io::Error::from(error.clone()));
        for _ in 0..2 {
            assert_eq!(Error::of(&io::Error::from(&cause)), Some(&error));
        }
    }

    #[test]
    fn an_error_of_the_operating_system_keeps_its_kind() {
        let error = Error::from(io::Error::from(ErrorKind::ConnectionRefused));
        assert_eq!(error.code(), Code::ConnectionRefused);
        assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionRefused);
    }
}
