//! The paths that the demo serves.

use super::board::{Board, TooLong};
use super::comet;
use super::reply::{TEXT, send, text};
use barewire::http::wire::Method;
use barewire::http::{Files, Handled, Request, Response};
use std::io::{self, BufRead};

const BIG_BYTES: u64 = 1 << 30;
static BLOCK: [u8; 256 * 1024] = [b'x'; 256 * 1024];
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
            ("GET" | "HEAD", "/length") => text(res, 200, "Hello World\n")?,
            ("GET" | "HEAD", "/try") => {
                send(res, 200, "text/html; charset=utf-8", PAGE.as_bytes())?
            }
            ("POST", "/echo") => send(res, 200, "application/octet-stream", req.collect()?)?,
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
            ("POST", "/publish") => self.publish(req, res)?,
            ("GET", "/poll") => comet::poll(&self.board, &req, res)?,
            ("GET", "/events") => comet::events(&self.board, &req, res)?,
            ("GET", "/iframe") => comet::iframe(res)?,
            ("OPTIONS", _) => res.write_head(204, [("Allow", ALLOWED)])?.end("")?,
            _ if !Method::new(method).is_some_and(Method::is_standard) => {
                let why = format!("the method {method} is unknown here (RFC 9110 §9.1)\n");
                text(res, 501, &why)?;
            }
            ("GET" | "HEAD", _) => text(res, 404, "there is nothing here (RFC 9110 §15.5.5)\n")?,
            _ => {
                res.set_header("Allow", ALLOWED)?;
                text(
                    res,
                    405,
                    "this method is not allowed here (RFC 9110 §15.5.6)\n",
                )?;
            }
        }
        Ok(())
    }

    fn publish(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        match self.board.publish(req.collect_text()?) {
            Ok(number) => {
                let fields = [("Last-Event-ID", number.to_string())];
                Ok(res.write_head(204, fields)?.end("")?)
            }
            Err(TooLong) => text(res, 413, "a notice has 8 KiB at most (RFC 9110 §15.5.14)\n"),
        }
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

/// A body whose length is not known up front.
fn stream(res: Response<'_>) -> Handled {
    let mut res = res.write_head(200, [("Content-Type", TEXT)])?;
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
fn upload(mut req: Request<'_>, res: Response<'_>) -> Handled {
    let mut bytes = 0;
    loop {
        let piece = req.fill_buf()?.len();
        if piece == 0 {
            break;
        }
        bytes += piece as u64;
        req.consume(piece);
    }
    text(res, 200, &format!("{bytes}\n"))
}
