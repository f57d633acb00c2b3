//! What the client does with a connection.

use crate::demo::{self, err, named, out, shown};
use crate::dial::Dial;
use barewire::websocket::{Data, Error, Outcome, WebSocket, Writer};
use std::io::{self, BufRead};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

/// A peer that sends nothing for this time gets a ping, and has the same time for its pong.
const SILENCE: Duration = Duration::from_secs(5);
/// The book's.
const PERIOD: Duration = Duration::from_millis(50);

/// stdin to the socket and the socket to stdout, on two threads: neither waits for the other.
pub(crate) fn lines(dial: &Dial) -> Result<(), Error> {
    let ws = dial.connect()?;
    let writer = ws.writer();
    let (unreadable, is_unreadable) = mpsc::channel();
    demo::spawn(move || send_lines(&writer, &unreadable))?;
    print_all(ws)?;
    is_unreadable.try_recv().map_or(Ok(()), Err)
}

fn send_lines(writer: &Writer, unreadable: &Sender<Error>) {
    for line in io::stdin().lock().lines() {
        match line.map(|line| writer.send(&line)) {
            Ok(Ok(())) => continue,
            Ok(Err(closed)) => err!("{closed}"),
            Err(e) => drop(unreadable.send(named("standard input", &e).into())),
        }
        break;
    }
    // WebSocket has no half-close: a peer that has received a Close answers no more messages. Most
    // peers handle frames in order, so the pong comes when they have answered the lines.
    let _ = writer.ping(SILENCE);
    let _ = writer.close(1000, "");
}

/// Sends hello, then every message back.
pub(crate) fn echo(dial: &Dial) -> Result<(), Error> {
    let mut ws = dial.connect()?;
    ws.heartbeat(SILENCE, SILENCE);
    ws.send("hello")?;
    send_back(ws)
}

/// Sends every message back, until the connection ends.
pub(crate) fn send_back(ws: WebSocket) -> Result<(), Error> {
    let (mut reader, writer) = ws.split();
    while let Some(message) = reader.receive()? {
        writer.send(message)?;
    }
    Ok(())
}

/// The book's loop: over a slow network fewer updates are sent, and none of them is old.
pub(crate) fn updates(dial: &Dial) -> Result<(), Error> {
    let ws = dial.connect()?;
    let writer = ws.writer();
    demo::spawn(move || {
        let mut number = 0;
        while writer.is_open() {
            if writer.buffered_amount() == 0 {
                number += 1;
                let _ = writer.send(format!("update {number}")); // fails when it has closed
            }
            thread::sleep(PERIOD);
        }
    })?;
    print_all(ws)
}

fn print_all(mut ws: WebSocket) -> Result<(), Error> {
    while let Some(message) = ws.receive()? {
        match message {
            Data::Text(text) => out!("{}", shown(text)),
            Data::Binary(bytes) => out!("{} bytes: {}", bytes.len(), hex(bytes)),
        }
    }
    let (reader, _) = ws.split();
    if let Some(Outcome { code, reason, .. }) = reader.outcome() {
        err!("closed with {code} {reason:?}");
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}
