//! A resource that is asked for in parts and on conditions: 36 characters, each of which shows its place. And a text
//! that is asked for in gzip.

use super::http::{Client, expect};
use super::stage::{Exchange, Stage, Stop, exchanges};
use barewire::http::wire::{
    Current, EntityTag, HttpDate, Preconditions, Ranges, Selection, encode_unsatisfied,
};
use barewire::http::{self, Handled, Request, Response};
use std::time::SystemTime;

/// Where the HTTP door has it.
pub(crate) const PATH: &str = "/chapter/digits";
const DIGITS: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
/// The state that it has had from the start.
const TAG: &str = "\"36-digits\"";

exchanges! { "7.3", "http";
    "http.range", false, range, [
        "curl -v -r 0-4 http://{http}/chapter/digits"
    ];
    "http.conditional", false, conditional, [
        r#"curl -v -H 'If-None-Match: "36-digits"' http://{http}/chapter/digits"#
    ];
    "http.gzip", false, gzip, [
        "curl -v --compressed 'http://{http}/text?lines=20'",
        "http_get -v --compressed 'http://{http}/text?lines=20'"
    ];
}

fn range(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    for (range, status, digits) in [
        ("bytes=0-4", 206, "01234"),
        ("bytes=-5", 206, "vwxyz"),
        ("bytes=36-", 416, ""),
    ] {
        let body = client.ask(client.at(PATH)?.header("Range", range), "", status)?;
        expect(body == digits.as_bytes(), &format!("{range} is {digits:?}"))?;
    }
    Ok(())
}

/// The copy that the client has is the current one; then the state that it names is not.
fn conditional(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    client.ask(client.at(PATH)?, "", 200)?;
    client.ask(client.at(PATH)?.header("If-None-Match", TAG), "", 304)?;
    client.ask(
        client.at(PATH)?.header("If-Match", "\"35-digits\""),
        "",
        412,
    )?;
    Ok(())
}

/// The same text twice: as it is, and in gzip.
fn gzip(stage: &Stage) -> Result<(), Stop> {
    let client = Client::new(stage)?;
    let text = client.at("/text?lines=20")?;
    let plain = client.ask(text.clone(), "", 200)?;
    let unzipped = client.ask(text.decompress(true), "", 200)?;
    expect(unzipped == plain, "the same text was to come twice")
}

pub(crate) fn serve(req: &Request<'_>, mut res: Response<'_>) -> Handled {
    if !matches!(req.method(), "GET" | "HEAD") {
        let why = "this can only be read (RFC 9110 §15.5.6)";
        return Err(http::refuse_with(405, why, [("Allow", "GET, HEAD")]));
    }
    res.set_header("ETag", TAG)?
        .set_header("Accept-Ranges", "bytes")?;
    if let Some(status) = precondition(req, TAG) {
        res.set_status(status)?;
        return res.end("");
    }
    res.set_header("Content-Type", "text/plain")?;
    let length = DIGITS.len() as u64;
    // RFC 9110 §14.2: "A server MUST ignore a Range header field received with a request method that is unrecognized
    // or for which range handling is not defined."
    let range = req.header("Range").filter(|_| req.method() == "GET");
    let ranges = range.and_then(|range| Ranges::decode(range.as_bytes()));
    let mut value = Vec::new();
    match ranges.map(|ranges| ranges.satisfy(length)) {
        Some(Selection::One(range)) => {
            range.encode(&mut value);
            res.set_status(206)?
                .set_header("Content-Range", &value[..])?;
            res.end(&DIGITS[range.first() as usize..=range.last() as usize])
        }
        Some(Selection::Unsatisfiable) => {
            encode_unsatisfied(length, &mut value);
            res.set_status(416)?
                .set_header("Content-Range", &value[..])?;
            res.end("")
        }
        _ => res.end(DIGITS), // several parts are the whole
    }
}

/// The status of the answer that the conditions of a GET or HEAD ask for instead of the content with this tag.
pub(crate) fn precondition(req: &Request<'_>, tag: &str) -> Option<u16> {
    let field = |name| req.header(name).map(str::as_bytes);
    let conditions = Preconditions {
        get_or_head: true,
        if_match: field("If-Match"),
        if_none_match: field("If-None-Match"),
        ..Preconditions::default()
    };
    let current = Current {
        etag: EntityTag::decode(tag.as_bytes()),
        last_modified: None,
    };
    let now = HttpDate::from_system_time(SystemTime::now())?;
    conditions.evaluate(Some(current), now).status()
}
