//! What must succeed, and how it looks if it does.

use super::Job;
use crate::addresses::{Addresses, EVENTS, HTTP, TCP, TLS, WS, WSS};
use crate::client::{BINARY, Client, Frame, PING, PONG, client_frame, get, wrong};
use crate::good::MEMBER;
use crate::random::Random;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

pub(super) const JOBS: [Job; 16] = [
    ("pipelined GETs", pipelined),
    ("pipelined behind a poll", behind_poll),
    ("upload, length", upload),
    ("upload, chunks", upload_chunks),
    ("POST, echoed", post),
    ("GET, half-closed", half_closed),
    ("poll and publish", poll),
    ("tcp echo, slow reader", slow_reader),
    ("tcp echo, half-closed", tcp_half_closed),
    ("tls echo", tls),
    ("ws, large with pings", |at, random| {
        large(Client::plain(at[WS])?, random)
    }),
    ("ws, small, many at once", |at, random| {
        small(Client::plain(at[WS])?, random)
    }),
    ("wss, large with pings", |at, random| {
        large(Client::tls(at[WSS])?, random)
    }),
    ("ws room, large messages", room),
    ("ws room, slow with pings", |at, random| {
        pings(Client::plain(at[WS])?.upgrade("/chat")?, random)
    }),
    ("ws, two writers and pings", |at, random| {
        pings(Client::plain(at[WS])?.upgrade("/two")?, random)
    }),
];

fn pause(random: &mut Random, most_ms: u64) {
    thread::sleep(Duration::from_millis(random.between(0, most_ms)));
}

fn pipelined(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    for _ in 0..random.between(1, 4) {
        let requests = random.between(2, 64) as usize;
        client.send(get("/").repeat(requests).as_bytes())?;
        for _ in 0..requests {
            client.expect(200, b"Hello World\n")?;
        }
        pause(random, 100);
    }
    Ok(())
}

/// The response before the one that waits does not wait for it.
fn behind_poll(at: &Addresses, _: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    client.send(
        [get("/"), get("/poll?timeout=1"), get("/")]
            .concat()
            .as_bytes(),
    )?;
    client.expect(200, b"Hello World\n")?;
    match client.response()?.0 {
        200 | 204 => client.expect(200, b"Hello World\n"),
        status => wrong(format!("{status} for a poll")),
    }
}

/// In pieces, some of them late.
fn send_in_pieces(client: &mut Client, bytes: &[u8], random: &mut Random) -> io::Result<()> {
    let piece = random.size(64 * 1024);
    let late = random.one_in(4);
    for (number, piece) in bytes.chunks(piece.max(bytes.len() / 64)).enumerate() {
        client.send(piece)?;
        if late && number < 20 {
            pause(random, 20);
        }
    }
    Ok(())
}

fn upload(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    let body = random.size(4 << 20);
    let head =
        format!("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body}\r\n\r\n");
    client.send(head.as_bytes())?;
    send_in_pieces(&mut client, &vec![b'u'; body], random)?;
    client.expect(200, format!("{body}\n").as_bytes())
}

fn upload_chunks(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    let head = "PUT /upload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (mut message, mut body) = (head.as_bytes().to_vec(), 0);
    for _ in 0..random.between(1, 100) {
        let chunk = random.size(16 * 1024);
        body += chunk;
        message.extend(format!("{chunk:x}\r\n").as_bytes());
        message.resize(message.len() + chunk, b'u');
        message.extend(b"\r\n");
    }
    message.extend(b"0\r\n\r\n");
    send_in_pieces(&mut client, &message, random)?;
    client.expect(200, format!("{body}\n").as_bytes())
}

fn post(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    for _ in 0..random.between(1, 5) {
        let length = random.size(256 * 1024);
        let body = random.bytes(length);
        let head =
            format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        client.send(head.as_bytes())?;
        send_in_pieces(&mut client, &body, random)?;
        client.expect(200, &body)?;
    }
    Ok(())
}

fn half_closed(at: &Addresses, _: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[HTTP])?;
    client.send(get("/stream").as_bytes())?;
    client.half_close()?;
    client.expect(
        200,
        b"line 1 of 5\nline 2 of 5\nline 3 of 5\nline 4 of 5\nline 5 of 5\n",
    )?;
    match client.take_all()?.len() {
        0 => Ok(()),
        more => wrong(format!("{more} bytes behind the response")),
    }
}

fn poll(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut waits = Client::plain(at[HTTP])?;
    waits.send(get("/poll?timeout=2").as_bytes())?;
    pause(random, 50);
    let mut says = Client::plain(at[HTTP])?;
    says.send(b"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nnews")?;
    says.expect(204, b"")?;
    match waits.response()? {
        (204, _) => Ok(()),
        (200, body) if body == b"news" => Ok(()),
        (status, body) => wrong(format!("{status} and {body:?}")),
    }
}

/// All of it arrives, however slowly it is read.
fn slow_reader(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[EVENTS])?;
    let length = random.size(512 * 1024);
    let bytes = random.bytes(length);
    client.send(&bytes)?;
    for expected in bytes.chunks(16 * 1024) {
        pause(random, 20);
        if client.take(expected.len())? != expected {
            return wrong("other bytes came back");
        }
    }
    Ok(())
}

fn tcp_half_closed(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(*random.pick(&[at[TCP], at[EVENTS]]))?;
    let length = random.size(64 * 1024);
    let bytes = random.bytes(length);
    client.send(&bytes)?;
    client.half_close()?;
    match client.take_all()? == bytes {
        true => Ok(()),
        false => wrong("not all of it came back before the end"),
    }
}

fn tls(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::tls(at[TLS])?;
    for _ in 0..random.between(1, 4) {
        let length = random.size(64 * 1024);
        client.echo(&random.bytes(length))?;
    }
    Ok(())
}

/// A message in fragments, with a ping behind each.
fn large(client: Client, random: &mut Random) -> io::Result<()> {
    let mut client = client.upgrade("/echo")?;
    let length = random.size(2 << 20);
    let message = random.bytes(length);
    let fragments = random.between(1, 4) as usize;
    for (number, fragment) in message.chunks(length.div_ceil(fragments)).enumerate() {
        let opcode = if number == 0 { BINARY } else { 0 };
        let fin = (number + 1) * length.div_ceil(fragments) >= length;
        client.send(&client_frame(opcode, fin, fragment))?;
        client.send(&client_frame(PING, true, &[number as u8]))?;
    }
    let (echoed, mut pongs) = client.message()?;
    if echoed != message {
        return wrong("another message came back");
    }
    client.send(&client_frame(BINARY, true, b"last"))?;
    let (last, more) = client.message()?;
    pongs.extend(more);
    // Pings that came together may be answered by one pong, to the last (RFC 6455 §5.5.3).
    let expected = message.chunks(length.div_ceil(fragments)).len() as u8 - 1;
    match last == b"last" && pongs.is_sorted() && pongs.last() == Some(&vec![expected]) {
        true => close(client),
        false => wrong(format!("pongs {pongs:?} to {} pings", expected + 1)),
    }
}

fn small(client: Client, random: &mut Random) -> io::Result<()> {
    let mut client = client.upgrade("/echo")?;
    for _ in 0..random.between(1, 5) {
        let payload = vec![b's'; random.size(200)];
        let mut frames = client_frame(BINARY, true, &payload).repeat(16);
        frames.extend(client_frame(PING, true, b"p"));
        client.send(&frames)?;
        for _ in 0..16 {
            if client.message()?.0 != payload {
                return wrong("another message came back");
            }
        }
        match client.frame()? {
            frame if frame.payload == b"p" => {}
            frame => return wrong(format!("opcode {} in place of a pong", frame.opcode)),
        }
        pause(random, 50);
    }
    close(client)
}

/// The closing handshake (RFC 6455 §5.5.1).
fn close(mut client: Client) -> io::Result<()> {
    client.send(&client_frame(8, true, &[3, 0xe8]))?;
    while client.frame()?.opcode != 8 {}
    match client.take_all()?.len() {
        0 => Ok(()),
        more => wrong(format!("{more} bytes behind the Close frame")),
    }
}

/// A member of the room that sends large messages and reads what comes.
fn room(at: &Addresses, random: &mut Random) -> io::Result<()> {
    let mut client = Client::plain(at[WS])?.upgrade("/chat")?;
    for _ in 0..random.between(1, 5) {
        let message = vec![b'r'; random.between(1000, 100_000) as usize];
        client.send(&client_frame(BINARY, true, &message))?;
        client.message()?; // of whom ever: its own may be skipped
    }
    Ok(())
}

/// Reads late what comes, and pings meanwhile: pongs stand between the messages, never inside. A pong
/// may have all that the kernel buffers ahead of it.
fn pings(mut client: Client, random: &mut Random) -> io::Result<()> {
    const LATE: Duration = Duration::from_secs(30);
    set_socket_recv_buffer_size(&client.tcp, 64 * 1024)?;
    let (begin, time) = (Instant::now(), random.between(200, 2000));
    let mut number = 0;
    while begin.elapsed() < Duration::from_millis(time) {
        for _ in 0..random.between(1, 5) {
            number += 1;
            client.send(&client_frame(PING, true, &u32::to_be_bytes(number)))?;
            pause(random, 12);
        }
        let pinged = Instant::now();
        loop {
            let Frame {
                opcode, payload, ..
            } = client.frame()?;
            if opcode == PONG && payload == number.to_be_bytes() {
                break;
            }
            let known = opcode == PONG || payload.starts_with(MEMBER.as_bytes());
            if !known && payload.iter().any(|&byte| byte != b'r') {
                return wrong("a message that nobody has sent");
            }
            if pinged.elapsed() > LATE {
                return wrong(format!("no pong within {LATE:?}, but messages"));
            }
        }
    }
    Ok(())
}
