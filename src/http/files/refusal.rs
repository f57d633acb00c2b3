//! Why there is no file for a request, in words for the client.

use crate::http::error::Error;
use crate::http::server::Response;
use crate::http::wire::{encode_unsatisfied, reason_phrase};
use std::io;

/// Why a response has no file.
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
    /// No range lies within the file, which has this many bytes.
    Range(u64),
    /// The disk, or this process, cannot do it now.
    Failed(io::Error),
}

impl Refusal {
    /// The status, and in words the rule and where it stands.
    fn status_and_rule(&self) -> (u16, &'static str) {
        match self {
            Refusal::Percent => (
                400,
                "a % is followed by two hexadecimal digits (RFC 3986 §2.1)",
            ),
            Refusal::NotUtf8 => (400, "a file name is percent-encoded UTF-8 (RFC 3986 §2.5)"),
            Refusal::Control => (
                400,
                "a file name holds no NUL and no other control character (RFC 3986 §7.3)",
            ),
            Refusal::Separator => (
                400,
                "a slash or backslash is no part of a file name, however it is spelt (RFC 3986 §7.3)",
            ),
            Refusal::DotSegment => (
                400,
                "a path to a file has no . and no .. in it, however they are spelt (RFC 9110 §17.3)",
            ),
            Refusal::EmptyName => (400, "no file has an empty name (RFC 3986 §3.3)"),
            // RFC 9110 §15.5.4: "An origin server that wishes to "hide" the current existence of a
            // forbidden target resource MAY instead respond with a status code of 404"
            Refusal::DotFile => (
                404,
                "names that start with a dot are not served (RFC 9110 §17.3)",
            ),
            Refusal::Missing => (404, "there is no such file (RFC 9110 §15.5.5)"),
            Refusal::Method => (
                405,
                "a file can be read, by GET and HEAD, and no more (RFC 9110 §15.5.6)",
            ),
            Refusal::Precondition => (
                412,
                "the file is not in the state that the request depends on (RFC 9110 §13.1)",
            ),
            Refusal::Range(_) => (
                416,
                "no range of these lies within the file (RFC 9110 §14.1.2)",
            ),
            Refusal::Failed(_) => (500, "the file cannot be read now (RFC 9110 §15.6.1)"),
        }
    }

    /// Responds with the status and the rule.
    ///
    /// # Errors
    /// An error of the connection. After a response with 500, what failed on our side.
    pub(super) fn respond(self, mut res: Response<'_>) -> Result<(), Error> {
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
        let (status, rule) = self.status_and_rule();
        write_text(status, rule, res)?;
        match self {
            Refusal::Failed(error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A response in one line of text.
pub(super) fn write_text(status: u16, text: &str, mut res: Response<'_>) -> Result<(), Error> {
    res.set_status(status)?
        .set_header("Content-Type", "text/plain; charset=utf-8")?
        .set_header("X-Content-Type-Options", "nosniff")?;
    res.end(format!("{status} {}: {text}\n", reason_phrase(status)))
}
