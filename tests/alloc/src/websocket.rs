//! Messages of a WebSocket, compressed or not: nothing is allocated for one, sent or received, at either end.
//!
//! A client made of bytes counts the server alone; ours counts both ends at once.

use crate::counting::{self, Count};
use barewire::http::{Failure, Request, Response};
use barewire::websocket::{self, Acceptor, Config, ConnectOptions, PerMessageDeflate, WebSocket};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

const MESSAGES: usize = 1008;
const ROUNDS: usize = 5;
const HANDSHAKE: &str = "GET /websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The paths where messages are compressed, each by itself or with what was in those before.
const COMPRESSED: &str = "/websocket/compressed";
const TAKEOVER: &str = "/websocket/takeover";

/// Of both ends.
fn config(path: &str) -> Config {
    let deflate = PerMessageDeflate {
        send_takeover: path == TAKEOVER,
        receive_takeover: path == TAKEOVER,
        ..PerMessageDeflate::default()
    };
    Config {
        deflate: [COMPRESSED, TAKEOVER].contains(&path).then_some(deflate),
        ..Config::default()
    }
}

/// Sends back what comes.
pub fn echo(req: Request<'_>, res: Response<'_>) -> Result<(), Failure> {
    let acceptor = Acceptor::new().config(config(req.path()));
    let Some(ws) = acceptor.accept(req, res)? else {
        return Ok(());
    };
    let (mut reader, writer) = ws.split();
    while let Some(message) = reader.receive()? {
        writer.send(message)?;
    }
    Ok(())
}

/// Plays everything against the server at `address`; whether each cost nothing.
pub fn results(address: SocketAddr) -> Vec<bool> {
    let server = Bytes::all().into_iter().map(|bytes| {
        let mut stream = opened(address);
        costs_nothing(bytes.name, Shared::Nothing, || bytes.play(&mut stream))
    });
    let mut results: Vec<bool> = server.collect();
    // This thread's allocations count, unlike the program's own.
    let both = thread::spawn(move || {
        counting::this_thread_serves();
        let plain = both_ends(address, "/websocket", &CALLS, Shared::Nothing);
        let compressed = [("websocket, compressed", lines as Call)];
        let compressed = both_ends(address, COMPRESSED, &compressed, Shared::Pool);
        let takeover = [("websocket, context takeover", lines as Call)];
        let takeover = both_ends(address, TAKEOVER, &takeover, Shared::Pool);
        [plain, compressed, takeover].concat()
    });
    results.extend(both.join().expect("every message comes back"));
    results
}

pub fn opened(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let timeout = Some(Duration::from_secs(20));
    stream.set_read_timeout(timeout).expect("a timeout");
    stream.write_all(HANDSHAKE.as_bytes()).expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    stream
}

/// A small message, and how it comes back.
pub fn small_text() -> [Vec<u8>; 2] {
    [masked(FIN | TEXT, b"Hello"), plain(FIN | TEXT, b"Hello")]
}

/// What a client of bytes sends, and what must come back.
struct Bytes {
    name: &'static str,
    send: Vec<u8>,
    expect: Vec<u8>,
}

impl Bytes {
    fn all() -> Vec<Bytes> {
        let (text, binary) = ([b't'; 32], vec![b'b'; 16 * 1024]);
        let quarter = &binary[..4096];
        let parts = [BINARY, 0, 0, FIN].map(|first| masked(first, quarter));
        let pinged = [
            masked(TEXT, &text),
            masked(FIN | PING, b"!"),
            masked(FIN, &text),
        ];
        let answers = [plain(FIN | PONG, b"!"), plain(FIN | TEXT, &text.repeat(2))];
        let echo = |name, first, payload: &[u8], times| Bytes {
            name,
            send: masked(first, payload).repeat(times),
            expect: plain(first, payload).repeat(times),
        };
        vec![
            echo("websocket: text of 32 B", FIN | TEXT, &text, 1),
            echo("websocket: binary of 16 KiB", FIN | BINARY, &binary, 1),
            echo("websocket: 16 texts in one write", FIN | TEXT, &text, 16),
            Bytes {
                name: "websocket: 16 KiB in four fragments",
                send: parts.concat(),
                expect: plain(FIN | BINARY, &binary),
            },
            Bytes {
                name: "websocket: a ping inside a fragmented text",
                send: pinged.concat(),
                expect: answers.concat(),
            },
        ]
    }

    fn play(&self, stream: &mut TcpStream) {
        stream.write_all(&self.send).expect("it reads");
        let mut got = vec![0; self.expect.len()];
        stream.read_exact(&mut got).expect("an echo");
        assert!(got == self.expect, "{}", self.name);
    }
}

fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, 0x80, payload.len());
    frame.extend([0; 4]); // a key that leaves everything as it is
    frame.extend_from_slice(payload);
    frame
}

fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, 0, payload.len());
    frame.extend_from_slice(payload);
    frame
}

fn header(first: u8, mask: u8, length: usize) -> Vec<u8> {
    match length {
        0..126 => vec![first, mask | length as u8],
        _ => {
            let [high, low] = (length as u16).to_be_bytes();
            vec![first, mask | 126, high, low]
        }
    }
}

type Call = fn(&mut WebSocket);

/// What a program does with our client.
const CALLS: [(&str, Call); 4] = [
    ("websocket, both ends: text of 32 B", |ws| {
        ws.send("0123456789abcdef0123456789abcdef").expect("open");
        comes_back(ws, 32);
    }),
    ("websocket, both ends: binary of 16 KiB", |ws| {
        ws.send([7; 16 * 1024]).expect("open");
        comes_back(ws, 16 * 1024);
    }),
    ("websocket, both ends: 64 KiB", |ws| {
        ws.send([7; 64 * 1024]).expect("open");
        comes_back(ws, 64 * 1024);
    }),
    ("websocket, both ends: a text in three parts", |ws| {
        let mut message = ws.writer().message().expect("open");
        for part in ["one ", "two "] {
            message.send(part).expect("open");
        }
        message.end("three").expect("open");
        comes_back(ws, 13);
    }),
];

/// What the threads that serve take from one another.
#[derive(Clone, Copy, PartialEq)]
enum Shared {
    Nothing,
    /// Buffers and states, which are made when both ends need one at the same moment for the first time, and kept: a
    /// round in which that happens proves nothing.
    Pool,
}

fn both_ends(address: SocketAddr, path: &str, calls: &[(&str, Call)], shared: Shared) -> Vec<bool> {
    let options = ConnectOptions::new().config(config(path));
    let url = format!("ws://{address}{path}");
    let mut ws = websocket::connect_with(&url, &options).expect("open");
    let calls = calls.iter();
    let all = calls.map(|(name, call)| costs_nothing(name, shared, || call(&mut ws)));
    let all = all.collect();
    ws.close(1000, "").expect("a code");
    all
}

/// A text and bytes: both become shorter.
fn lines(ws: &mut WebSocket) {
    const LINES: &str = include_str!("counting.rs");
    ws.send(LINES).expect("open");
    comes_back(ws, LINES.len());
    ws.send(&LINES.as_bytes()[..600]).expect("open");
    comes_back(ws, 600);
}

fn comes_back(ws: &mut WebSocket, bytes: usize) {
    let data = ws.receive().expect("open").expect("a message");
    assert_eq!(data.bytes().len(), bytes);
}

fn costs_nothing(name: &str, shared: Shared, mut play: impl FnMut()) -> bool {
    let mut count = counted(false, &mut play);
    for _ in 0..ROUNDS {
        count = counted(true, &mut play);
        // As for requests: the threads that serve have no excuse but a pool.
        let is_excused = count.serving == 0 || shared == Shared::Pool;
        if !is_excused || count.serving + count.others == 0 {
            break;
        }
    }
    let Count { serving, others } = count;
    let passed = serving == 0 && others == 0;
    let verdict = if passed { "ok" } else { "FAIL" };
    println!(
        "{verdict:<4} {name:<46} {serving:>4} allocations in {MESSAGES} messages, {others} elsewhere"
    );
    passed
}

fn counted(show: bool, play: &mut impl FnMut()) -> Count {
    counting::start(show);
    (0..MESSAGES).for_each(|_| play());
    counting::stop()
}
