//! Peers that do not read: what the sender sees of it.
//!
//! A pipe with room for 4 KiB stands in for the network: the kernel's buffers have room for megabytes, how many
//! depends on the machine. So every run is alike, and what is queued is queued in barewire.

use super::http::{expect, wait_until};
use super::stage::{Exchange, connected, exchanges, values};
use super::websocket::closed;
use super::{Stage, Stop};
use crate::log::Side;
use barewire::http::{self, Origin};
use barewire::net::{Stream, pipe_with_capacity};
use barewire::trace::wire::Protocol;
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, Room, Slow, WebSocket, Writer};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

const PIPE_BYTES: usize = 4 * 1024;
const MARK_BYTES: usize = 8 * 1024;
/// More than fill the pipe and the queue behind it.
const MESSAGES: usize = 20;

exchanges! { "7.4", "websocket";
    "websocket.room", false, room, [
        "echo 你好 | ws_client ws://{websocket}/chat"
    ];
    "websocket.buffered", false, buffered, [
        "timeout 3 ws_client --updates ws://{websocket}/updates"
    ];
}

/// A message of 1,000 bytes.
fn message(number: usize) -> String {
    format!("message {number} {:.<1000}", "")[..1000].to_owned()
}

/// The server sends until `try_send` returns false, then the client reads.
fn buffered(stage: &Stage) -> Result<(), Stop> {
    let (mut client, server) = open(stage)?;
    let mut sent = 0;
    loop {
        let is_sent = server.try_send(message(sent + 1))?;
        let bytes = server.buffered_amount();
        stage.saw(
            Side::Server,
            "websocket.try_send",
            values!(sent = is_sent, bytes),
        );
        if !is_sent {
            break;
        }
        sent += 1;
    }
    stage.event(Side::Client, "websocket.reads", &[]);
    let mut last = u64::MAX;
    for number in 1..=sent {
        let read = client
            .receive()?
            .is_some_and(|data| data == *message(number));
        expect(read, "it was to come in order")?;
        report(stage, &server, &mut last);
    }
    wait_until(stage, || {
        report(stage, &server, &mut last);
        last == 0
    })?;
    closed(stage, &client.close(1000, "")?);
    Ok(())
}

/// Reports the amount if it is another one.
fn report(stage: &Stage, server: &Writer, last: &mut u64) {
    let bytes = server.buffered_amount();
    if bytes != *last {
        stage.saw(Side::Server, "websocket.buffered", values!(bytes));
    }
    *last = bytes;
}

/// Anna reads all the time. Ben stops: the first room skips him, the second closes his connection.
fn room(stage: &Stage) -> Result<(), Stop> {
    let ((mut anna, anna_here), (mut ben, ben_here)) = (open(stage)?, open(stage)?);
    let rooms = [
        ("Slow::Skip", Room::new(Slow::Skip)),
        ("Slow::Close", Room::new(Slow::Close)),
    ];
    for (name, member) in [("Anna", &anna_here), ("Ben", &ben_here)] {
        for (_, room) in &rooms {
            room.add(member);
        }
        stage.saw(Side::Server, "room.member", values!(name));
    }
    for (name, room) in &rooms {
        stage.saw(Side::Client, "room.stops", values!(name = "Ben"));
        let mut missed = 0;
        for number in 1..=MESSAGES {
            let delivered = room.send(message(number));
            let (sent, slow) = (delivered.sent, delivered.slow);
            let values = values!(room = name, number, sent, slow);
            stage.saw(Side::Server, "room.delivered", values);
            missed += slow;
            expect(anna.receive()?.is_some(), "Anna was to get it")?;
        }
        expect(missed > 0, "Ben was to be too slow")?;
        stage.saw(Side::Client, "room.reads", values!(name = "Ben"));
        let is_open = ben_here.is_open();
        let mut left = MESSAGES - missed;
        while (left > 0 || !is_open) && ben.receive()?.is_some() {
            left -= 1;
        }
    }
    let outcome = ben.outcome();
    outcome.iter().for_each(|outcome| closed(stage, outcome));
    let code = outcome.map(|outcome| outcome.code);
    expect(code == Some(1008), "Ben was to be closed with 1008")?;
    closed(stage, &anna.close(1000, "")?);
    Ok(())
}

/// A WebSocket over a pipe: the client, and what the server sends with. The tap is at the server, and so shows what the
/// pipe has taken, and when.
fn open(stage: &Stage) -> Result<(WebSocket, Writer), Stop> {
    let (sender, writer) = mpsc::channel();
    let config = Config {
        high_water_mark: MARK_BYTES,
        max_buffered: MARK_BYTES,
        ..Config::default()
    };
    let acceptor = Acceptor::new().config(config);
    let server = http::create_server(move |req, res| -> Result<(), websocket::Error> {
        if let Some(ws) = acceptor.accept(req, res)? {
            let _ = sender.send(ws.writer());
            ws.on_message(|_, _| ());
        }
        Ok(())
    });
    let server = server.tap(stage.observer(Side::Server, Protocol::Http));
    let (here, there) = pipe_with_capacity(PIPE_BYTES);
    let (here, there): (Arc<dyn Stream>, Arc<dyn Stream>) = (Arc::new(here), Arc::new(there));
    stage.cut_at_end(&here);
    thread::Builder::new().spawn(move || server.serve(there))?;
    let connector = move |_: &Origin, _: Instant| Ok(connected(Arc::clone(&here)));
    let options = ConnectOptions::new().create_connection(connector);
    let client = websocket::connect_with("ws://pipe/", &options)?;
    Ok((client, writer.recv()?))
}
