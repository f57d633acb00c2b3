//! The servers behind the doors: each serves what the demo of its protocol serves.

#[path = "../tls_echo/echo.rs"]
mod echo;
#[path = "../tcp_echo/greeting.rs"]
mod greeting;
#[path = "../https_server/hello.rs"]
mod hello;
#[path = "../udp_echo/message.rs"]
mod message;
#[path = "../ws_server/routes.rs"]
mod websocket_routes;

use crate::certificates::{CERT, KEY};
use crate::demo;
use crate::door::{self, Open};
use crate::http_server::Routes;
use crate::site::Site;
use barewire::http::{Handled, Response};
use barewire::net::{self, Socket};
use barewire::tls::{self, ServerOptions};
use barewire::udp::{self, Family, RemoteInfo, SocketEvents};
use barewire::websocket::PerMessageDeflate;
use barewire::{http, https, websocket};
use std::io;

const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// TCP, and the same over a Unix socket.
pub(crate) fn tcp(listen: &str) -> io::Result<Open> {
    let name = match listen.starts_with("unix:") {
        true => "Unix",
        false => "TCP",
    };
    let server = net::create_server(move |socket| {
        demo::speak_as(name);
        greeting::greet(&socket)
    });
    Ok(Open::Server(server.listen(listen)?))
}

pub(crate) fn udp(listen: &str) -> io::Result<Open> {
    struct Printing;

    impl SocketEvents for Printing {
        fn message(&self, _socket: &udp::Socket, msg: &[u8], rinfo: &RemoteInfo) {
            demo::speak_as("UDP");
            message::print(msg, rinfo);
        }
    }

    let socket = udp::create_socket(Family::V4).bind(listen)?;
    Ok(Open::Udp(socket.start(Printing)?))
}

/// The book's server, and the page of the chapter.
pub(crate) fn http(listen: &str) -> io::Result<Open> {
    let (routes, site) = (Routes::new(None)?, Site::new());
    let stats = routes.stats();
    let server = http::create_server(move |req, res| match req.path() {
        path if Site::has(path) => site.serve(req, res),
        "/try" => to_the_page(res, "s7-3"),
        _ => routes.serve(req, res),
    });
    let handle = server.listen(listen)?;
    let _ = stats.set(handle.clone());
    Ok(Open::Server(handle))
}

/// The page of that demo has become a section of the chapter.
fn to_the_page(res: Response<'_>, section: &str) -> Handled {
    let page = door::address("http").unwrap_or_default();
    let fields = [
        ("Location", format!("http://{page}/chapter#{section}")),
        ("Content-Type", "text/plain; charset=utf-8".to_owned()),
    ];
    res.write_head(302, fields)?.end("the chapter has it\n")
}

/// WebSocket. A browser that wants the page of that demo is sent to the chapter.
pub(crate) fn websocket(listen: &str) -> io::Result<Open> {
    let deflate = Some(PerMessageDeflate::default()); // for clients that ask for it
    let routes = websocket_routes::Routes::new(MESSAGE_BYTES, deflate);
    let server = http::create_server(move |req, res| match (req.method(), req.path()) {
        ("GET" | "HEAD", "/") if !websocket::is_asked_for(&req) => to_the_page(res, "s7-4"),
        _ => routes.serve(req, res),
    });
    Ok(Open::Server(server.listen(listen)?))
}

pub(crate) fn tls(listen: &str) -> io::Result<Open> {
    let server = tls::create_server(&echo::options(), |socket: Socket| {
        demo::speak_as("TLS");
        echo::welcome(&socket)
    })?;
    Ok(Open::Server(server.listen(listen)?))
}

pub(crate) fn https(listen: &str) -> io::Result<Open> {
    let options = ServerOptions::new().cert(CERT).key(KEY);
    let server = https::create_server(&options, hello::hello)?;
    Ok(Open::Server(server.listen(listen)?))
}
