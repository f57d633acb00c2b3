//! The clients that wait for news, in the three ways of the time before WebSocket.
//!
//! | | the client names the last notice that it has seen | the response has |
//! |---|---|---|
//! | `/poll` | `?after=N`, or the field `Last-Event-ID: N` | all notices behind N, one a line, in which `\n`, `\r` and `\\` stand for a line break and a backslash; the field `Last-Event-ID` has the number to ask with next; `Lost-Notices: 5-6` names what is no longer kept |
//! | `/events` | the same; a browser sends the field when it connects again, and then the field counts | an event for each notice, with its number; an event `lost` |
//! | `/iframe` | | no notices |
//!
//! A client that names none gets what is published from now on.
//!
//! A publisher wakes the waiting threads at once. A client that leaves wakes no thread, so they check for it twice a
//! second.

use super::board::{Board, News};
use crate::demo::whole_number;
use barewire::http::{self, Failure, Handled, Request, Response};
use std::time::Duration;

/// How often a waiting response checks whether it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How long `/poll` waits, unless it is asked for another time; and at most.
const POLL_SECS: u64 = 20;
const MAX_POLL_SECS: u64 = 60;

/// What a client waits for.
struct Wait {
    /// The number of the last notice that it has seen.
    seen: u64,
    secs: u64,
}

impl Wait {
    /// A browser that connects again has seen more than its address says.
    fn of(req: &Request<'_>, board: &Board) -> Result<Wait, Failure> {
        let params = req.query_params()?;
        let seen = req.header("Last-Event-ID").or(params.get("after"));
        Ok(Wait {
            seen: board.resumed(number(seen, board.newest())?),
            secs: number(params.get("timeout"), POLL_SECS)?,
        })
    }
}

/// A whole number of a query or a field.
pub(crate) fn number(text: Option<&str>, default: u64) -> Result<u64, Failure> {
    let Some(text) = text else {
        return Ok(default);
    };
    let why = || format!("{text:?} is no whole number (RFC 9110 §15.5.1)");
    whole_number(text).ok_or_else(|| http::refuse(400, why()))
}

/// Nobody waits for a body that is not sent.
fn is_head(req: &Request<'_>) -> bool {
    req.method() == "HEAD"
}

/// Long polling: a response when there is news, or after the timeout.
pub(crate) fn poll(board: &Board, req: &Request<'_>, res: Response<'_>) -> Handled {
    let Wait { seen, secs } = Wait::of(req, board)?;
    let mut left = match is_head(req) {
        true => Duration::ZERO,
        false => Duration::from_secs(secs.min(MAX_POLL_SECS)),
    };
    loop {
        let step = left.min(POLL_INTERVAL);
        if let Some(news) = board.wait(seen, step) {
            return send_news(&news, res);
        }
        left -= step;
        if left.is_zero() || res.is_stopping() || res.client_left() {
            let fields = [("Last-Event-ID", seen.to_string())];
            return res.write_head(204, fields)?.end("");
        }
    }
}

fn send_news(news: &News, mut res: Response<'_>) -> Handled {
    if let Some(lost) = news.lost() {
        res.set_header("Lost-Notices", lost)?;
    }
    let last = news.last().to_string();
    let fields = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Last-Event-ID", &last),
    ];
    let lines: Vec<String> = news.notices.iter().map(|(_, text)| as_line(text)).collect();
    res.write_head(200, fields)?.end(lines.join("\n"))
}

/// A notice with line breaks would look like several.
fn as_line(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('\n', r"\n")
        .replace('\r', r"\r")
}

/// Server-sent events: one a second, and each notice that is published.
pub(crate) fn events(board: &Board, req: &Request<'_>, res: Response<'_>) -> Handled {
    let Wait { mut seen, .. } = Wait::of(req, board)?;
    let fields = [
        ("Content-Type", "text/event-stream"),
        ("Cache-Control", "no-cache"),
    ];
    let mut res = res.write_head(200, fields)?;
    // A number without data is no event, but the browser sends it when it connects again.
    res.write(format!("retry: 1000\nid: {seen}\n\n"))?;
    let mut polls = 0;
    while !is_head(req) && !res.is_stopping() && !res.client_left() {
        match board.wait(seen, POLL_INTERVAL) {
            Some(news) => {
                seen = news.last();
                res.write(as_events(&news))?;
            }
            None => {
                polls += 1;
                if polls % 2 == 0 {
                    res.write(format!("event: tick\ndata: {}\n\n", polls / 2))?;
                }
            }
        }
    }
    res.end("")
}

fn as_events(news: &News) -> String {
    let mut events = String::new();
    if let Some(lost) = news.lost() {
        events += &format!("event: lost\ndata: {lost}\n\n");
    }
    for (number, text) in &news.notices {
        events += &format!("event: notice\nid: {number}\n");
        // A line of an event ends with a CR, too.
        for line in text.replace("\r\n", "\n").split(['\r', '\n']) {
            events += &format!("data: {line}\n");
        }
        events.push('\n');
    }
    events
}

/// The first technique of Comet: a page without an end, each piece of it a script.
pub(crate) fn iframe(req: &Request<'_>, res: Response<'_>) -> Handled {
    let mut res = res.write_head(200, [("Content-Type", "text/html; charset=utf-8")])?;
    let padding = " ".repeat(1024);
    res.write(format!("<!doctype html><title>stream</title>{padding}\n"))?;
    let mut count = 0;
    while !is_head(req) && !res.is_stopping() && !res.client_left() {
        count += 1;
        let script = format!("parent.tick && parent.tick({count})");
        res.write(format!("<script>{script}</script>\n"))?;
        std::thread::sleep(POLL_INTERVAL);
    }
    res.end("")
}
