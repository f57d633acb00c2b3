//! The paths that the demo serves.

use super::board::Board;
use barewire::http::wire::Method;
use barewire::http::{Files, Handled, Request, Response};
use std::io::{self, BufRead};
use std::time::Duration;

const BIG_BYTES: u64 = 1 << 30;
static BLOCK: [u8; 256 * 1024] = [b'x'; 256 * 1024];
/// How often an endless response checks whether it should end.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
const PAGE: &str = include_str!("page.html");

pub(crate) struct Routes {
    board: Board,
    files: Option<Files>,
}

impl Routes {
    /// With the files of a directory below `/files/`, where one is given.
    pub(crate) fn new(directory: Option<&str>) -> io::Result<Routes> {
        Ok(Routes {
            board: Board::default(),
            files: directory.map(serve_below).transpose()?,
        })
    }

    pub(crate) fn serve(&self, mut req: Request<'_>, mut res: Response<'_>) -> Handled {
        let (method, path) = (req.method(), req.path());
        if let Some(files) = self.files.as_ref().filter(|_| is_file(path)) {
            return Ok(files.serve(&req, res)?);
        }
        match (method, path) {
            ("GET" | "HEAD", "/") => res
                .write_head(200, [("Content-Type", "text/plain")])?
                .end("Hello World\n")?,
            ("GET" | "HEAD", "/length") => send(res, "text/plain", b"Hello World\n")?,
            ("GET" | "HEAD", "/try") => send(res, "text/html; charset=utf-8", PAGE.as_bytes())?,
            ("POST", "/echo") => send(res, "application/octet-stream", req.collect()?)?,
            ("GET" | "HEAD", "/status/204") => res.write_head(204, NO_FIELDS)?.end("")?,
            ("GET" | "HEAD", "/status/304") => {
                res.write_head(304, [("ETag", "\"304\"")])?.end("")?
            }
            ("GET" | "HEAD", "/stream") => stream(res)?,
            ("HEAD", "/big") => res
                .write_head(200, [("Content-Length", BIG_BYTES.to_string())])?
                .end("")?,
            ("GET", "/big") => big(res)?,
            ("POST" | "PUT", "/upload") => upload(req, res)?,
            ("POST", "/publish") => {
                self.board.publish(&String::from_utf8_lossy(req.collect()?));
                res.write_head(204, NO_FIELDS)?.end("")?;
            }
            ("GET", "/poll") => self.poll(&req, res)?,
            ("GET", "/events") => self.events(res)?,
            ("GET", "/iframe") => self.iframe(res)?,
            ("OPTIONS", _) => res.write_head(204, [("Allow", ALLOWED)])?.end("")?,
            _ if !Method::new(method).is_some_and(Method::is_standard) => {
                let text = format!("the method {method} is unknown here (RFC 9110 §9.1)\n");
                res.set_status(501)?;
                res.end(text)?;
            }
            ("GET" | "HEAD", _) => {
                res.set_status(404)?;
                res.end("there is nothing here (RFC 9110 §15.5.5)\n")?;
            }
            _ => {
                res.set_status(405)?.set_header("Allow", ALLOWED)?;
                res.end("this method is not allowed here (RFC 9110 §15.5.6)\n")?;
            }
        }
        Ok(())
    }

    /// Long polling: a response when there is news, or after the timeout.
    fn poll(&self, req: &Request<'_>, res: Response<'_>) -> Handled {
        let seconds = req
            .query()
            .and_then(|query| query.strip_prefix("timeout="))
            .and_then(|s| s.parse().ok());
        let mut left = Duration::from_secs(seconds.unwrap_or(20).min(60));
        let seen = self.board.newest();
        while !left.is_zero() && !res.is_stopping() && !res.client_left() {
            let step = left.min(POLL_INTERVAL);
            if let Some((_, text)) = self.board.wait(seen, step) {
                res.write_head(200, [("Content-Type", "text/plain; charset=utf-8")])?
                    .end(text)?;
                return Ok(());
            }
            left -= step;
        }
        Ok(res.write_head(204, NO_FIELDS)?.end("")?)
    }

    /// Server-sent events: one a second, and each notice that is published.
    fn events(&self, res: Response<'_>) -> Handled {
        let fields = [
            ("Content-Type", "text/event-stream"),
            ("Cache-Control", "no-cache"),
        ];
        let mut res = res.write_head(200, fields)?;
        res.write("retry: 1000\n\n")?;
        let (mut seen, mut polls) = (self.board.newest(), 0);
        while !res.is_stopping() && !res.client_left() {
            match self.board.wait(seen, POLL_INTERVAL) {
                Some((number, text)) => {
                    seen = number;
                    let data: String = text.lines().map(|line| format!("data: {line}\n")).collect();
                    res.write(format!("event: notice\nid: {number}\n{data}\n"))?;
                }
                None => {
                    polls += 1;
                    if polls % 2 == 0 {
                        res.write(format!("event: tick\ndata: {}\n\n", polls / 2))?;
                    }
                }
            }
        }
        Ok(res.end("")?)
    }

    /// The first technique of Comet: a page without an end, each piece of it a script.
    fn iframe(&self, res: Response<'_>) -> Handled {
        let mut res = res.write_head(200, [("Content-Type", "text/html; charset=utf-8")])?;
        let padding = " ".repeat(1024);
        res.write(format!("<!doctype html><title>stream</title>{padding}\n"))?;
        let mut count = 0;
        while !res.is_stopping() && !res.client_left() {
            count += 1;
            let script = format!("parent.tick && parent.tick({count})");
            res.write(format!("<script>{script}</script>\n"))?;
            std::thread::sleep(POLL_INTERVAL);
        }
        Ok(res.end("")?)
    }
}

const NO_FIELDS: [(&str, &str); 0] = [];
const ALLOWED: &str = "GET, HEAD, POST, PUT, OPTIONS";

fn serve_below(directory: &str) -> io::Result<Files> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{directory}: {e}"));
    Ok(Files::new(directory).map_err(named)?.strip_prefix("/files"))
}

fn is_file(path: &str) -> bool {
    path == "/files" || path.starts_with("/files/")
}

fn send(mut res: Response<'_>, content_type: &str, body: &[u8]) -> Handled {
    res.set_header("Content-Type", content_type)?;
    Ok(res.end(body)?)
}

/// A body whose length is not known up front.
fn stream(res: Response<'_>) -> Handled {
    let mut res = res.write_head(200, [("Content-Type", "text/plain")])?;
    for line in 1..=5 {
        res.write(format!("line {line} of 5\n"))?;
    }
    Ok(res.end("")?)
}

/// 1 GiB of declared length, out of one block.
fn big(res: Response<'_>) -> Handled {
    let fields = [
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", &BIG_BYTES.to_string()),
    ];
    let mut res = res.write_head(200, fields)?;
    for _ in 0..BIG_BYTES / BLOCK.len() as u64 {
        res.write(&BLOCK[..])?;
    }
    Ok(res.end("")?)
}

/// Counts the bytes of the body, in the read buffer.
fn upload(mut req: Request<'_>, mut res: Response<'_>) -> Handled {
    let mut bytes = 0;
    loop {
        let piece = req.fill_buf()?.len();
        if piece == 0 {
            break;
        }
        bytes += piece as u64;
        req.consume(piece);
    }
    res.set_header("Content-Type", "text/plain")?;
    Ok(res.end(format!("{bytes}\n"))?)
}
