//! Why there is no file for a request, in words for the client.

use crate::http::error::Handled;
use crate::http::server::Response;
use crate::http::wire::{encode_unsatisfied, reason_phrase};
use crate::wire::rules;
use std::fmt::Display;
use std::io;

rules! {
    /// What a request for a file must keep to.
    pub(super) enum Rule;
    /// The status of the response to a request that breaks it.
    pub(super) fn status -> u16;

    Percent 400 "RFC 3986 §2.1" "a % is followed by two hexadecimal digits";
    NotUtf8 400 "RFC 3986 §2.5" "a file name is percent-encoded UTF-8";
    Control 400 "RFC 3986 §7.3" "a file name holds no NUL and no other control character";
    Separator 400 "RFC 3986 §7.3" "a slash or backslash is no part of a file name, however it is spelt";
    DotSegment 400 "RFC 9110 §17.3" "a path to a file has no . and no .. in it, however they are spelt";
    EmptyName 400 "RFC 3986 §3.3" "no file has an empty name";
    DotFile 404 "RFC 9110 §17.3" "names that start with a dot are not served";
    Missing 404 "RFC 9110 §15.5.5" "there is no such file";
    Method 405 "RFC 9110 §15.5.6" "a file can be read, by GET and HEAD, and no more";
    Precondition 412 "RFC 9110 §13.1" "the file is not in the state that the request depends on";
    Range 416 "RFC 9110 §14.1.2" "no range of these lies within the file";
    Failed 500 "RFC 9110 §15.6.1" "the file cannot be read now";
}

/// Why a response has no file.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request breaks this rule.
    Rule(Rule),
    /// No range lies within the file, which has this many bytes.
    Range(u64),
    /// The disk, or this process, cannot do it now.
    Failed(io::Error),
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Refusal {
        Refusal::Rule(rule)
    }
}

impl Refusal {
    fn rule(&self) -> Rule {
        match self {
            Refusal::Rule(rule) => *rule,
            Refusal::Range(_) => Rule::Range,
            Refusal::Failed(_) => Rule::Failed,
        }
    }

    /// Responds with the status and the rule.
    ///
    /// # Errors
    /// An error of the connection. After a response with 500, what failed on our side.
    pub(super) fn respond(self, mut res: Response<'_>) -> Handled {
        if let Refusal::Rule(Rule::Method) = self {
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
        let rule = self.rule();
        write_text(rule.status(), rule, res)?;
        match self {
            Refusal::Failed(error) => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// A response in one line of text.
pub(super) fn write_text(status: u16, text: impl Display, mut res: Response<'_>) -> Handled {
    res.set_status(status)?
        .set_header("Content-Type", "text/plain; charset=utf-8")?
        .set_header("X-Content-Type-Options", "nosniff")?;
    res.end(format!("{status} {}: {text}\n", reason_phrase(status)))
}
