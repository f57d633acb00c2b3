//! T08: "only the certificate options differ": one handler, unchanged, over TCP, a Unix socket and TLS.

use super::stage::{agent, identity};
use crate::support::{PATIENCE, watched};
use barewire::http::{self, Failure, Request, RequestOptions, Response};
use barewire::https;
use barewire::net::Handle;
use barewire::websocket::{self, ConnectOptions, WebSocket};
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};

/// The handler of all three.
fn handler(mut req: Request<'_>, mut res: Response<'_>) -> Result<(), Failure> {
    if websocket::is_asked_for(&req) {
        if let Some(ws) = websocket::accept(req, res)? {
            echo(ws);
        }
        return Ok(());
    }
    match req.path() {
        "/hello" => res
            .write_head(200, [("Content-Type", "text/plain")])?
            .end("hello world\n")?,
        "/upload" => {
            let mut body = Vec::new();
            req.read_to_end(&mut body)?;
            res.end(body)?;
        }
        "/pieces" => {
            for piece in ["one ", "two ", "three"] {
                res.write(piece)?;
            }
            res.end("")?;
        }
        _ => {
            res.set_status(404)?;
            res.end("not here\n")?;
        }
    }
    Ok(())
}

fn echo(ws: WebSocket) {
    let (mut reader, writer) = ws.split();
    while let Ok(Some(message)) = reader.receive() {
        if writer.send(message).is_err() {
            return;
        }
    }
}

/// What differs: the listener, and the certificate options.
struct Way {
    name: &'static str,
    server: Handle,
    client: RequestOptions,
    socket: &'static str,
}

fn ways() -> [Way; 3] {
    static NEXT: AtomicU32 = AtomicU32::new(0); // the tests run at the same time
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("barewire-t08-{}-{number}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let own = http::Agent::new(http::pool::Limits::default()).expect("good limits");
    let plain = RequestOptions::new().agent(&own).hostname("localhost");
    let way = |name, server: Handle, client: RequestOptions, socket| Way {
        name,
        client: match server.local_addr().port() {
            Some(port) => client.port(port),
            None => client,
        },
        server,
        socket,
    };
    let over_tcp = http::create_server(handler).listen("127.0.0.1:0");
    let over_unix = http::create_server(handler).listen(&format!("unix:{}", path.display()));
    let over_tls = https::create_server(&identity("server"), handler).expect("good options");
    let over_tls = over_tls.listen("127.0.0.1:0");
    [
        way("TCP", over_tcp.expect("a port"), plain.clone(), "ws"),
        way(
            "Unix",
            over_unix.expect("a path"),
            plain.socket_path(path),
            "ws",
        ),
        way("TLS", over_tls.expect("a port"), agent().options(), "wss"),
    ]
}

/// Status, fields without Date, and body.
fn seen(options: RequestOptions, body: &[u8]) -> (u16, Vec<String>, Vec<u8>) {
    let mut answer = http::request(options)
        .unwrap()
        .end(body)
        .expect("an answer");
    let fields = answer.headers().iter().filter(|(name, _)| *name != "Date");
    let fields = fields.map(|(name, value)| format!("{name}: {}", value.escape_ascii()));
    let fields = fields.collect();
    let body = answer.collect().expect("a body");
    (answer.status(), fields, body)
}

#[test]
fn row_t08_one_handler_over_tcp_unix_and_tls() {
    watched(|| {
        let upload: Vec<u8> = (0..300_000_u32).map(|n| (n % 253) as u8).collect();
        let asked: [(&str, &str, &[u8]); 4] = [
            ("GET", "/hello", b""),
            ("POST", "/upload", &upload),
            ("GET", "/pieces", b""),
            ("HEAD", "/nowhere", b""),
        ];
        let ways = ways();
        for (method, path, body) in asked {
            let ask = |way: &Way| seen(way.client.clone().method(method).path(path), body);
            let first = ask(&ways[0]);
            for way in &ways[1..] {
                assert!(ask(way) == first, "{method} {path} over {}", way.name);
            }
        }
        for way in ways {
            assert_eq!(way.server.shutdown(PATIENCE).cut, 0, "{}", way.name);
        }
    });
}

#[test]
fn row_t08_one_websocket_over_tcp_unix_and_tls() {
    watched(|| {
        for way in ways() {
            let port = way.server.local_addr().port().unwrap_or(80);
            let options = ConnectOptions::new().request_options(&way.client);
            let url = format!("{}://localhost:{port}/", way.socket);
            let mut ws = websocket::connect_with(&url, &options).expect(way.name);
            let long = "深入浅出".repeat(20_000);
            for text in ["hello world!", "", &long] {
                ws.send(text).expect(way.name);
                assert_eq!(ws.receive().expect(way.name).unwrap().text(), Some(text));
            }
            assert!(ws.close(1000, "bye").expect("a code").clean, "{}", way.name);
            assert_eq!(way.server.shutdown(PATIENCE).cut, 0, "{}", way.name);
        }
    });
}
