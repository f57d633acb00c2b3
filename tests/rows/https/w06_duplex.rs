//! W06: reading and writing at once over `wss:`, in two threads, without polling.

use super::stage::{Site, agent};
use crate::support::{Gate, PATIENCE, watched};
use barewire::http::{self, Failure};
use barewire::https;
use barewire::websocket::{self, ConnectOptions, Reader, WebSocket, Writer};
use std::thread;

fn serving(serve: impl Fn(WebSocket) + Send + Sync + 'static) -> Site {
    Site::new(http::create_server(move |req, res| {
        if let Some(ws) = websocket::accept(req, res)? {
            serve(ws);
        }
        Ok::<(), Failure>(())
    }))
}

fn open(site: &Site) -> WebSocket {
    let options = ConnectOptions::new().request_options(&agent().options());
    let url = site.url("/").replace("https:", "wss:");
    https::websocket_with(&url, &options).expect("a WebSocket")
}

const MESSAGES: usize = 300;
const MESSAGE_BYTES: usize = 40_000;

/// Sends all it has while the other thread receives as much.
fn flood(mut reader: Reader, writer: Writer, closes: bool) {
    thread::scope(|scope| {
        let sender = writer.clone();
        let sending = scope.spawn(move || {
            for n in 0..MESSAGES {
                let bytes = vec![n as u8; MESSAGE_BYTES + n % 3];
                sender.send(&bytes).expect("open");
                if n % 10 == 0 {
                    sender.send_ping().expect("open");
                }
            }
        });
        for n in 0..MESSAGES {
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.bytes().len(), MESSAGE_BYTES + n % 3);
            assert!(data.bytes().iter().all(|&byte| byte == n as u8));
        }
        sending.join().expect("a thread");
        if closes {
            writer.close(1000, "").expect("a code");
        }
        while let Ok(Some(_)) = reader.receive() {}
        assert!(reader.outcome().expect("over").clean);
    });
}

/// 12 MB each way at once: if either direction waited for the other, nobody would come to an end.
#[test]
fn row_w06_both_directions_at_once_over_tls() {
    watched(|| {
        let site = serving(|ws| {
            let (reader, writer) = ws.split();
            flood(reader, writer, false);
        });
        let (reader, writer) = open(&site).split();
        flood(reader, writer, true);
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

/// One thread of ours stands in `send`, since the peer does not read: messages still come.
#[test]
fn row_w06_a_stuck_writer_never_blocks_the_reader_over_tls() {
    watched(|| {
        let gate = Gate::default();
        let opened = gate.clone();
        let site = serving(move |ws| {
            let (mut reader, writer) = ws.split();
            for n in 0..100 {
                writer.send(&*n.to_string()).expect("open");
            }
            gate.pass(); // until then nothing is read
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.bytes().len(), 12 << 20);
            while let Ok(Some(_)) = reader.receive() {}
        });
        let (mut reader, writer) = open(&site).split();
        let sender = writer.clone();
        let stuck = thread::spawn(move || sender.send(&vec![0; 12 << 20]));
        while writer.buffered_amount() < 1 << 20 {
            thread::yield_now();
        }
        for n in 0..100 {
            let data = reader.receive().expect("open").expect("a message");
            assert_eq!(data.text(), Some(&*n.to_string()));
        }
        opened.open();
        stuck.join().expect("a thread").expect("it left in the end");
        writer.close(1000, "").expect("a code");
        while let Ok(Some(_)) = reader.receive() {}
        assert!(reader.outcome().expect("over").clean);
    });
}

/// A server that stops says 1001 under TLS as well.
#[test]
fn row_w06_stopping_says_going_away() {
    watched(|| {
        let site = serving(|ws| {
            let (mut reader, _writer) = ws.split();
            while let Ok(Some(_)) = reader.receive() {}
        });
        let (mut reader, _writer) = open(&site).split();
        site.handle.stop();
        while let Ok(Some(_)) = reader.receive() {}
        let outcome = reader.outcome().expect("over");
        assert_eq!((outcome.code, outcome.clean), (1001, true));
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}
