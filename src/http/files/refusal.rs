//! Why there is no file for a request, in words that the client is told.

use crate::http::error::Error;
use crate::http::server::Response;
use crate::http::wire::{encode_unsatisfied, reason_phrase};
use std::io;

/// An answer without a file.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Neither GET nor HEAD.
    Method,
    /// A `%` without two hexadecimal digits.
    Percent,
    /// A name that is not UTF-8.
    NotUtf8,
    /// NUL or another control character in a name.
    Control,
    /// A slash or a backslash inside a name.
    Separator,
    /// `.` or `..`.
    DotSegment,
    /// Two slashes in a row.
    EmptyName,
    /// A name that starts with a dot.
    DotFile,
    /// Nothing is there, or nothing that is shown.
    Missing,
    /// A precondition failed.
    Precondition,
    /// No range lies within the file, which is so many bytes long.
    Range(u64),
    /// The disk, or this process, cannot do it now.
    Failed(io::Error),
}

impl Refusal {
    fn status(&self) -> u16 {
        match self {
            Refusal::Percent
            | Refusal::NotUtf8
            | Refusal::Control
            | Refusal::Separator
            | Refusal::DotSegment
            | Refusal::EmptyName => 400,
            // RFC 9110 §15.5.4: "An origin server that wishes to "hide" the current existence of a
            // forbidden target resource MAY instead respond with a status code of 404"
            Refusal::DotFile | Refusal::Missing => 404,
            Refusal::Method => 405,
            Refusal::Precondition => 412,
            Refusal::Range(_) => 416,
            Refusal::Failed(_) => 500,
        }
    }

    /// The rule, and where it stands.
    fn says(&self) -> &'static str {
        match self {
            Refusal::Method => {
                "a file can be read, by GET and HEAD, and no more (RFC 9110 §15.5.6)"
            }
            Refusal::Percent => "a % is followed by two hexadecimal digits (RFC 3986 §2.1)",
            Refusal::NotUtf8 => "a file name is percent-encoded UTF-8 (RFC 3986 §2.5)",
            Refusal::Control => {
                "a file name holds no NUL and no other control character (RFC 3986 §7.3)"
            }
            Refusal::Separator => {
                "a slash or backslash is no part of a file name, however it is spelt (RFC 3986 §7.3)"
            }
            Refusal::DotSegment => {
                "a path to a file has no . and no .. in it, however they are spelt (RFC 9110 §17.3)"
            }
            Refusal::EmptyName => "no file has an empty name (RFC 3986 §3.3)",
            Refusal::DotFile => "names that start with a dot are not served (RFC 9110 §17.3)",
            Refusal::Missing => "there is no such file (RFC 9110 §15.5.5)",
            Refusal::Precondition => {
                "the file is not in the state that the request depends on (RFC 9110 §13.1)"
            }
            Refusal::Range(_) => "no range of these lies within the file (RFC 9110 §14.1.2)",
            Refusal::Failed(_) => "the file cannot be read now (RFC 9110 §15.6.1)",
        }
    }

    /// Tells the client.
    ///
    /// # Errors
    /// An error of the connection; or, the client having been told, what failed on our side.
    pub(super) fn answer(self, mut res: Response<'_>) -> Result<(), Error> {
        if let Refusal::Method = self {
            // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
            // response"
            res.set_header("Allow", "GET, HEAD")?;
        }
        if let Refusal::Range(length) = self {
            let mut value = Vec::new();
            encode_unsatisfied(length, &mut value);
            // RFC 9110 §15.5.17: "SHOULD generate a Content-Range header field specifying the
            // current length of the selected representation"
            res.set_header("Content-Range", &value[..])?;
        }
        tell(self.status(), self.says(), res)?;
        match self {
            Refusal::Failed(error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// An answer in one line of text.
pub(super) fn tell(status: u16, says: &str, mut res: Response<'_>) -> Result<(), Error> {
    res.set_status(status)?
        .set_header("Content-Type", "text/plain; charset=utf-8")?
        .set_header("X-Content-Type-Options", "nosniff")?;
    res.end(format!("{status} {}: {says}\n", reason_phrase(status)))
}
