//! Why there is no file for a request, in words for the client.

use crate::http::error::Failure;
use crate::http::refuse::refuse_with;
use crate::http::wire::encode_unsatisfied;
use crate::wire::rules;
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
    Asterisk 405 "RFC 9110 §9.3.7" "* is the server as a whole, and no file; files can be read, by GET and HEAD";
    NotAcceptable 406 "RFC 9110 §15.5.7" "there is this file as it is and perhaps in gzip, and the request accepts neither";
    Precondition 412 "RFC 9110 §13.1" "the file is not in the state that the request depends on";
    Range 416 "RFC 9110 §14.1.2" "no range of these lies within the file";
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

/// A refusal is a failure of the handler: [`ServerEvents::client_error`] makes the page. A disk that fails is no
/// refusal: it is reported, and the client gets a 500.
///
/// [`ServerEvents::client_error`]: crate::http::ServerEvents::client_error
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        // A browser must not take the page for something else, whatever the name of the file promises.
        let no_sniff = ("X-Content-Type-Options", b"nosniff".to_vec());
        let (rule, field) = match refusal {
            // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405
            // response"
            Refusal::Rule(rule @ (Rule::Method | Rule::Asterisk)) => {
                (rule, Some(("Allow", b"GET, HEAD".to_vec())))
            }
            Refusal::Rule(rule @ Rule::NotAcceptable) => {
                (rule, Some(("Vary", b"Accept-Encoding".to_vec())))
            }
            Refusal::Rule(rule) => (rule, None),
            Refusal::Range(length) => {
                // RFC 9110 §15.5.17: "SHOULD generate a Content-Range header field specifying the
                // current length of the selected representation"
                let mut value = Vec::new();
                encode_unsatisfied(length, &mut value);
                (Rule::Range, Some(("Content-Range", value)))
            }
            Refusal::Failed(error) => return error.into(),
        };
        refuse_with(rule.status(), rule, field.into_iter().chain([no_sniff]))
    }
}
