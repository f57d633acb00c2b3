//! The paths that the demo serves.

use super::board::{Board, TooLong};
use super::comet;
use super::reply::{TEXT, send, text};
use barewire::http::wire::Method;
use barewire::http::{self, Files, Handled, Request, Response};
use barewire::net::Handle;
use std::io::{self, BufRead};
use std::sync::{Arc, OnceLock};

const BIG_BYTES: u64 = 1 << 30;
/// Of a text that is worth compressing.
const LINES: u64 = 10_000;
static BLOCK: [u8; 256 * 1024] = [b'x'; 256 * 1024];
const PAGE: &str = include_str!("page.html");

pub(crate) struct Routes {
    board: Board,
    files: Option<Files>,
    /// The server, once it listens.
    server: Arc<OnceLock<Handle>>,
}

impl Routes {
    /// With the files of a directory below `/files/`, where one is given.
    pub(crate) fn new(directory: Option<&str>) -> io::Result<Routes> {
        Ok(Routes {
            board: Board::default(),
            files: directory.map(serve_below).transpose()?,
            server: Arc::default(),
        })
    }

    /// Whose figures `/stats` shows.
    pub(crate) fn stats(&self) -> Arc<OnceLock<Handle>> {
        Arc::clone(&self.server)
    }

    pub(crate) fn serve(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let (method, path) = (req.method(), req.path());
        if let Some(files) = self.files.as_ref().filter(|_| is_file(path)) {
            return files.serve(&req, res);
        }
        let route = route(path);
        match route {
            Some((methods, serve)) if methods.contains(&method) => serve(self, req, res),
            _ if !Method::new(method).is_some_and(Method::is_standard) => {
                let why = format!("the method {method} is unknown here (RFC 9110 §9.1)\n");
                text(res, 501, &why)
            }
            // `*` and `host:port` are the server.
            None if !path.is_empty() => Err(http::refuse(
                404,
                "there is nothing here (RFC 9110 §15.5.5)",
            )),
            _ => {
                let methods = route.map_or(ALL, |(methods, _)| methods);
                let allowed = format!("{}, OPTIONS", methods.join(", "));
                if method == "OPTIONS" {
                    return res.write_head(204, [("Allow", allowed)])?.end("");
                }
                // RFC 9110 §15.5.6: "The origin server MUST generate an Allow header field in a 405 response
                // containing a list of the target resource's currently supported methods."
                let why = format!("{method} is not allowed here (RFC 9110 §15.5.6)");
                Err(http::refuse_with(405, why, [("Allow", allowed)]))
            }
        }
    }

    fn publish(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        match self.board.publish(req.collect_text()?) {
            Ok(number) => {
                let fields = [("Last-Event-ID", number.to_string())];
                res.write_head(204, fields)?.end("")
            }
            Err(TooLong) => {
                let why = "a notice has 8 KiB at most (RFC 9110 §15.5.14)";
                Err(http::refuse(413, why))
            }
        }
    }
}

/// The methods of a path, and what serves them. `OPTIONS` is answered out of this, too.
type Route = (
    &'static [&'static str],
    fn(&Routes, Request<'_>, Response<'_>) -> Handled,
);

const READ: &[&str] = &["GET", "HEAD"];
const POST: &[&str] = &["POST"];
/// Of all paths together.
const ALL: &[&str] = &["GET", "HEAD", "POST", "PUT"];

/// What is at a path.
fn route(path: &str) -> Option<Route> {
    Some(match path {
        "/" => (READ, |_, _, res| {
            let res = res.write_head(200, [("Content-Type", "text/plain")])?;
            res.end("Hello World\n")
        }),
        "/length" => (READ, |_, _, res| text(res, 200, "Hello World\n")),
        "/try" => (READ, |_, _, res| {
            send(res, 200, "text/html; charset=utf-8", PAGE.as_bytes())
        }),
        "/client" => (READ, |_, req, res| client(&req, res)),
        "/echo" => (POST, |_, mut req, res| {
            send(res, 200, "application/octet-stream", req.collect()?)
        }),
        "/status/204" => (READ, |_, _, res| res.write_head(204, ())?.end("")),
        "/status/304" => (READ, |_, _, res| {
            res.write_head(304, [("ETag", "\"304\"")])?.end("")
        }),
        "/stream" => (READ, |_, _, res| stream(res)),
        "/text" => (READ, |_, req, res| long_text(&req, res)),
        "/big" => (READ, |_, req, res| big(&req, res)),
        "/upload" => (&["POST", "PUT"], |_, req, res| upload(req, res)),
        "/stats" => (READ, |it, _, res| {
            let line = it
                .server
                .get()
                .map(|server| format!("{}\n", server.snapshot()));
            text(res, 200, &line.unwrap_or_default())
        }),
        "/publish" => (POST, Routes::publish),
        "/poll" => (READ, |it, req, res| comet::poll(&it.board, &req, res)),
        "/events" => (READ, |it, req, res| comet::events(&it.board, &req, res)),
        "/iframe" => (READ, |_, req, res| comet::iframe(&req, res)),
        _ => return None,
    })
}

fn serve_below(directory: &str) -> io::Result<Files> {
    let named = |e: io::Error| io::Error::new(e.kind(), format!("{directory}: {e}"));
    let files = Files::new(directory).map_err(named)?;
    Ok(files.strip_prefix("/files").precompressed(true))
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
    res.end("")
}

/// As many lines as `?lines=` says, in gzip for a client that prefers it.
fn long_text(req: &Request<'_>, mut res: Response<'_>) -> Handled {
    let count = comet::number(req.query_params()?.get("lines"), LINES)?.min(10 * LINES);
    let lines = (1..=count).map(|line| format!("line {line} of {count}\n"));
    res.compress(req)?;
    text(res, 200, &lines.collect::<String>())
}

/// 1 GiB of declared length, out of one block. `HEAD` does not go through it.
fn big(req: &Request<'_>, res: Response<'_>) -> Handled {
    let fields = [
        ("Content-Type", "application/octet-stream"),
        ("Content-Length", &BIG_BYTES.to_string()),
    ];
    let mut res = res.write_head(200, fields)?;
    let blocks = match req.method() {
        "HEAD" => 0,
        _ => BIG_BYTES / BLOCK.len() as u64,
    };
    for _ in 0..blocks {
        res.write(&BLOCK[..])?;
    }
    res.end("")
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

/// Who asks, and with which URL.
fn client(req: &Request<'_>, res: Response<'_>) -> Handled {
    let ip = req.client_ip()?.map(|ip| ip.to_string());
    let (scheme, host) = (req.client_scheme()?.as_str(), req.client_host()?);
    let ip = ip.unwrap_or("unknown".to_owned());
    text(res, 200, &format!("{ip} {scheme}://{host}{}\n", req.url()))
}
