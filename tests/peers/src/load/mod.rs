//! The load: one thread that asks a server again and again.
//!
//! ```text
//! load PORT SECONDS [--connections N] [--at-once N] [--tls [--resume]] [--close] [--echo BYTES | --websocket BYTES]
//! load PORT SECONDS --download PATH [--tls]
//! load PORT SECONDS --upload CHUNK_BYTES
//! ```
//!
//! It sees that the server answers rightly, opens its connections, and writes `ready`. When a line comes on standard input,
//! the seconds begin; then it writes `COUNT in SECONDS s`, of exchanges or of bytes. So the figures have no start in them.

mod answer;
mod exchanges;
mod transfers;

use crate::{Args, HELLO, Outcome, certificates};
use exchanges::Plan;
use std::io;
use std::time::{Duration, Instant};

/// Of every WebSocket frame.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

pub(crate) fn run(args: &mut Args) -> Outcome {
    let port = args.value("the port");
    let seconds = Duration::from_secs_f64(args.value("the seconds"));
    let tls = match args.has("--tls") {
        true => Some(certificates::client(args.has("--resume"))?),
        false => None,
    };
    if let Some(path) = args.option::<String>("--download") {
        return transfers::download(port, tls, &path, seconds);
    }
    if let Some(chunk_bytes) = args.option("--upload") {
        return transfers::upload(port, chunk_bytes, seconds);
    }
    let closes = args.has("--close");
    let at_once = args.option("--at-once").unwrap_or(1);
    let (opening, request, body) = match (args.option("--websocket"), args.option("--echo")) {
        (Some(bytes), _) => (upgrade(), message(bytes), vec![b'x'; bytes]),
        (None, Some(bytes)) => (Vec::new(), post(bytes), vec![b'x'; bytes]),
        (None, None) => (Vec::new(), get(closes), HELLO.into()),
    };
    let plan = Plan {
        port,
        tls,
        connections: args.option("--connections").unwrap_or(1),
        opening,
        request: request.repeat(at_once),
        at_once,
        body,
        closes,
    };
    exchanges::run(plan, seconds)
}

/// Says that all is ready, and waits for the start.
fn wait_for_start() -> io::Result<Instant> {
    println!("ready");
    io::stdin().read_line(&mut String::new())?;
    Ok(Instant::now())
}

fn report(count: u64, since: Instant) {
    println!("{count} in {:.6} s", since.elapsed().as_secs_f64());
}

fn get(closes: bool) -> Vec<u8> {
    let connection = if closes { "Connection: close\r\n" } else { "" };
    format!("GET / HTTP/1.1\r\nHost: localhost\r\n{connection}\r\n").into()
}

fn post(bytes: usize) -> Vec<u8> {
    let head = format!("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n");
    [head.into(), vec![b'x'; bytes]].concat()
}

fn upgrade() -> Vec<u8> {
    "GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        .into()
}

/// A masked text message.
fn message(bytes: usize) -> Vec<u8> {
    let mut frame = frame_head(bytes);
    frame[1] |= 0x80;
    frame.extend_from_slice(&MASK);
    frame.extend((0..bytes).map(|at| b'x' ^ MASK[at % 4]));
    frame
}

/// The first bytes of an unmasked text message.
fn frame_head(bytes: usize) -> Vec<u8> {
    match bytes {
        0..126 => vec![0x81, bytes as u8],
        126..65_536 => [&[0x81, 126][..], &(bytes as u16).to_be_bytes()].concat(),
        _ => [&[0x81, 127][..], &(bytes as u64).to_be_bytes()].concat(),
    }
}
