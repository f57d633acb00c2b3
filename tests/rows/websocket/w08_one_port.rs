//! W08: one port serves HTTP and WebSocket; the book's events.

use super::stage::{Peer, close, masked, open, plain, serving, url};
use crate::support::{Client, Log, Site, over_pipe, request, watched};
use barewire::http::{self, ServerEvents};
use barewire::websocket::{self, Data, Error, Outcome, SocketEvents, Writer};

fn both() -> http::Server<impl ServerEvents> {
    http::create_server(|req, res| {
        if !websocket::is_asked_for(&req) {
            return res.end("a page");
        }
        if let Some(ws) = websocket::accept(req, res)? {
            ws.on_message(|socket, data| drop(socket.send(data)));
        }
        Ok(())
    })
}

fn visit(mut client: Client) {
    client.send(request("GET", "/"));
    assert_eq!(client.answer().text(), "a page");
    // The same connection switches to WebSocket.
    client.send(format!("{}\r\n", super::stage::HANDSHAKE));
    client.switched();
    client.send(masked(0x81, "hi"));
    client.exactly(plain(0x81, "hi"));
    client.send(masked(0x88, close(1000, "")));
    client.exactly(plain(0x88, close(1000, "")));
    client.ended();
}

#[test]
fn row_w08_over_tcp() {
    watched(|| {
        let site = Site::new(both());
        visit(site.client());
        let mut ws = open(&site);
        assert_eq!(site.get("/").text(), "a page");
        ws.send("x").expect("open");
        let data = ws.receive().expect("open").expect("a message");
        assert_eq!(data, Data::Text("x"));
    });
}

#[test]
fn row_w08_over_a_pipe() {
    watched(|| over_pipe(&both(), 4096, visit));
}

struct Noted(Log);

impl SocketEvents for Noted {
    fn onopen(&self, socket: &Writer) {
        self.0.note("onopen");
        socket.send("hello").expect("open");
    }

    fn onmessage(&self, socket: &Writer, data: Data<'_>) {
        self.0
            .note(format!("onmessage {}", data.text().unwrap_or("bytes")));
        if data.text() == Some("close") {
            socket.close(1000, "").expect("a code");
        }
    }

    fn onerror(&self, _socket: &Writer, error: &Error) {
        self.0.note(format!("onerror {:?}", error.close_code()));
    }

    fn onclose(&self, _socket: &Writer, outcome: &Outcome) {
        self.0
            .note(format!("onclose {} {}", outcome.clean, outcome.code));
    }
}

#[test]
fn row_w08_the_events() {
    watched(|| {
        let log = Log::default();
        let noted = log.clone();
        let site = serving(move |ws| drop(ws.run(Noted(noted.clone()))));
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x81, "hello"));
        peer.send(masked(0x81, "close"));
        peer.expect(plain(0x88, close(1000, "")));
        peer.send(masked(0x88, close(1000, "")));
        peer.ended();
        drop(peer);
        log.wait_for("onclose true 1000");
        assert_eq!(
            log.all(),
            ["onopen", "onmessage close", "onclose true 1000"]
        );

        let mut peer = Peer::open(&site);
        peer.send(plain(0x81, "no mask"));
        log.wait_for("onerror Some(1002)");
        drop(peer);
        log.wait_for("onclose false 1006");
    });
}

#[test]
fn row_w08_the_events_of_a_client() {
    watched(|| {
        let site = serving(|ws| {
            ws.send("close").expect("open");
            super::stage::echo(ws);
        });
        let log = Log::default();
        let ws = websocket::connect(&url(&site, "/")).expect("open");
        let outcome = ws.run(Noted(log.clone()));
        assert_eq!((outcome.clean, outcome.code), (true, 1000));
        let events = log.all();
        assert_eq!(events[..2], ["onopen", "onmessage close"]);
        assert_eq!(events.last().map(String::as_str), Some("onclose true 1000"));
    });
}
