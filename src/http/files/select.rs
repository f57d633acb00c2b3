//! How much of the file is sent: all of it, ranges of it, or nothing.
//!
//! The rules are pure functions in [`wire`](crate::http::wire) (`wire/semantics/precondition.rs`,
//! `wire/semantics/range.rs`). Here they get the fields of the request.

use super::stamp::Validators;
use crate::http::server::Request;
use crate::http::wire::{
    Current, EntityTag, HttpDate, Outcome, Preconditions, Ranges, Selection, if_range,
};
use std::time::SystemTime;

/// The outcome of the preconditions of a GET or HEAD.
pub(super) fn preconditions(
    req: &Request<'_>,
    validators: &Validators,
    now: SystemTime,
) -> Outcome {
    let fields = [
        "If-Match",
        "If-Unmodified-Since",
        "If-None-Match",
        "If-Modified-Since",
    ]
    .map(|name| req.headers().joined(name));
    let preconditions = Preconditions {
        get_or_head: true,
        if_match: fields[0].as_deref(),
        if_unmodified_since: fields[1].as_deref(),
        if_none_match: fields[2].as_deref(),
        if_modified_since: fields[3].as_deref(),
    };
    preconditions.evaluate(Some(current(validators)), date(now))
}

/// The outcome of the `Range` of a GET.
pub(super) fn range(
    req: &Request<'_>,
    validators: &Validators,
    length: u64,
    now: SystemTime,
) -> Selection {
    // RFC 9110 §14.2: "A server MUST ignore a Range header field received with a request method
    // that is unrecognized or for which range handling is not defined. For this specification,
    // GET is the only method for which range handling is defined."
    let value = req.headers().joined("Range");
    let Some(value) = value.filter(|_| req.method() == "GET") else {
        return Selection::Whole;
    };
    let same = req
        .headers()
        .joined("If-Range")
        .is_none_or(|value| if_range(&value, current(validators), date(now)));
    match Ranges::decode(&value) {
        Some(ranges) if same => match ranges.satisfy(length) {
            // Of a file in gzip, one part is sent, or the whole: the Content-Encoding of several parts would be
            // taken for that of the multipart.
            Selection::Many(_) if validators.is_gzip() => Selection::Whole,
            selection => selection,
        },
        _ => Selection::Whole,
    }
}

fn current(validators: &Validators) -> Current<'_> {
    Current {
        etag: EntityTag::decode(validators.etag().as_bytes()),
        last_modified: validators.last_modified(),
    }
}

fn date(now: SystemTime) -> HttpDate {
    HttpDate::from_system_time(now).unwrap_or(HttpDate::MAX)
}
