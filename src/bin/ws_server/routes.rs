//! The paths that the demo serves.

use barewire::http::wire::Method;
use barewire::http::{self, Handled, Request, Response};
use barewire::websocket::{
    self, Acceptor, Config, Limits, PerMessageDeflate, Room, Slow, WebSocket,
};
use std::cell::Cell;

const PAGE: &str = include_str!("page.html");
/// A page of this site may connect, beside our own: it stands for one that the server trusts.
const TRUSTED_ORIGIN: &str = "http://good.example";
const PATHS: [&str; 5] = ["/", "/echo", "/hello", "/chat", "/updates"];

/// Of the page, and so of the server: a WebSocket is asked for with `GET`.
const ALLOWED: &str = "GET, HEAD, OPTIONS";

pub(crate) struct Routes {
    acceptor: Acceptor,
    chat: Room,
}

impl Routes {
    pub(crate) fn new(message_bytes: usize, deflate: Option<PerMessageDeflate>) -> Routes {
        let config = Config {
            limits: Limits { message_bytes },
            deflate,
            ..Config::default()
        };
        Routes {
            acceptor: Acceptor::new()
                .protocols(["chat"])
                .same_origin()
                .origins(|origin| origin == Some(TRUSTED_ORIGIN))
                .config(config),
            chat: Room::new(Slow::Skip),
        }
    }

    pub(crate) fn serve(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        if !Method::new(req.method()).is_some_and(Method::is_standard) {
            return unknown_method(res);
        }
        if req.method() == "OPTIONS" && ["", "/"].contains(&req.path()) {
            // The path of `*` is empty.
            return res.write_head(204, [("Allow", ALLOWED)])?.end("");
        }
        if !PATHS.contains(&req.path()) {
            return Err(http::refuse(
                404,
                "there is nothing here (RFC 9110 §15.5.5)",
            ));
        }
        if req.path() == "/" && !websocket::is_asked_for(&req) {
            return page(&req, res);
        }
        let path = req.path();
        if let Some(ws) = self.acceptor.accept(req, res)? {
            self.talk(path, ws);
        }
        Ok(())
    }

    /// The outcome of a connection is no failure of the handler.
    fn talk(&self, path: &str, ws: WebSocket) {
        let _outcome = match path {
            "/hello" => ws.on_message(|socket, _| drop(socket.send("yakexi"))),
            "/chat" => {
                self.chat.add(&ws.writer());
                ws.on_message(|_, data| {
                    let _ = self.chat.send(data);
                })
            }
            "/updates" => {
                let count = Cell::new(0_u64);
                ws.on_message(|socket, _| {
                    count.set(count.get() + 1);
                    let _ = socket.send(count.get().to_string());
                })
            }
            _ => ws.on_message(|socket, data| drop(socket.send(data))),
        };
    }
}

fn page(req: &Request<'_>, mut res: Response<'_>) -> Handled {
    if !matches!(req.method(), "GET" | "HEAD") {
        let why = "this page can only be read (RFC 9110 §15.5.6)";
        return Err(http::refuse_with(405, why, [("Allow", ALLOWED)]));
    }
    res.set_header("Content-Type", "text/html; charset=utf-8")?;
    res.end(PAGE)
}

/// [`http::refuse`] would report a 5xx, and this server has not failed.
fn unknown_method(mut res: Response<'_>) -> Handled {
    res.set_status(501)?
        .set_header("Content-Type", "text/plain; charset=utf-8")?;
    res.end("this method is unknown here (RFC 9110 §9.1)\n")
}
