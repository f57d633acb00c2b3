//! An idle connection gives back what its largest exchange has taken, by default, after a second.
//!
//! Each exchange is played three times, so that its memory is in steady use and stays for a while. Then
//! the client only waits: the bytes that the server holds must come down to what they were before.
//!
//! And what an idle connection holds at all has a limit: its share of ten thousand is `tests/bench/idle.py`.

use crate::{counting, websocket};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What an idle connection may keep beyond one that has had a small exchange only.
const KEPT_BYTES: i64 = 2 * 1024;
/// What an idle connection holds after a small exchange, its thread's part included: a little more than was measured
/// when this was written, so that whoever adds to it knows.
const CONNECTION_BYTES: i64 = 2432;
/// The same of a WebSocket, which also holds what the handshake lies in.
const WEBSOCKET_BYTES: i64 = 3872;
const CONNECTIONS: usize = 100;
/// Far more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the answer to `GET /length` ends.
const HELLO: &[u8] = b"\r\n\r\nHello World\n";

struct Exchange {
    name: &'static str,
    says: Vec<u8>,
    /// The end of the last answer, which stands nowhere else.
    ending: &'static [u8],
}

fn head(line: &str, fields: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n").into_bytes()
}

fn echo(bytes: usize, last: u8) -> Vec<u8> {
    let mut all = head("POST /echo", &format!("Content-Length: {bytes}\r\n"));
    all.resize(all.len() + bytes - 1, b'x');
    all.push(last);
    all
}

fn exchanges() -> Vec<Exchange> {
    let field = format!("X: {}\r\n", "x".repeat(30_000));
    let fields = "X: y\r\n".repeat(90);
    let pipelined = [echo(8_000, b'x').repeat(19), echo(8_000, b'!')].concat();
    let chunk = [b"3e8\r\n".as_slice(), &[b'x'; 1000], b"\r\n"].concat();
    let trailers = format!("1\r\n!\r\n0\r\n{fields}\r\n");
    let gzip = "Accept-Encoding: gzip\r\n";
    let coding = "Transfer-Encoding: chunked\r\n";
    let chunked = [
        head("POST /echo", coding),
        chunk.repeat(50),
        trailers.into_bytes(),
    ];
    let exchange = |name, says, ending| Exchange { name, says, ending };
    vec![
        exchange("an answer of 15 kB", echo(15_000, b'!'), b"!"),
        exchange("an answer of 200 kB", echo(200_000, b'!'), b"!"),
        exchange(
            "an answer in gzip",
            head("GET /gzip", gzip),
            b"\r\n0\r\n\r\n",
        ),
        exchange("a field of 30 kB", head("GET /length", &field), HELLO),
        exchange("90 fields", head("GET /length", &fields), HELLO),
        exchange("20 pipelined answers of 8 kB", pipelined, b"!"),
        exchange("50 chunks and 90 trailers", chunked.concat(), b"!"),
    ]
}

/// Whether each of them is given back. (The compressor of a response goes back to the pool of all: the scenarios before
/// have filled it.)
pub fn results(address: SocketAddr) -> Vec<bool> {
    let connect = || TcpStream::connect(address).expect("a connection");
    let mut results: Vec<bool> = exchanges()
        .iter()
        .map(|exchange| is_given_back(exchange, connect()))
        .collect();
    let small = || {
        let mut client = connect();
        play(&mut client, &head("GET /length", ""), HELLO);
        client
    };
    let upgraded = || {
        let mut client = websocket::opened(address);
        let [said, comes_back] = websocket::small_text();
        play(&mut client, &said, &comes_back);
        client
    };
    let mut clients = Vec::new(); // all stay: those that end give memory back while the next are counted
    results.push(is_small(
        "connection",
        CONNECTION_BYTES,
        small,
        &mut clients,
    ));
    results.push(is_small(
        "WebSocket",
        WEBSOCKET_BYTES,
        upgraded,
        &mut clients,
    ));
    results
}

/// Whether each connection holds no more than `most` bytes, once `open` has returned.
fn is_small(
    kind: &str,
    most: i64,
    open: impl Fn() -> TcpStream,
    clients: &mut Vec<TcpStream>,
) -> bool {
    clients.push(open());
    let before = counting::live_bytes();
    clients.extend((0..CONNECTIONS).map(|_| open()));
    let each = (counting::live_bytes() - before) / CONNECTIONS as i64;
    let (verdict, name) = match each <= most {
        true => ("ok", format!("an idle {kind} holds {most} bytes at most")),
        false => (
            "FAIL",
            format!("an idle {kind} holds more than {most} bytes"),
        ),
    };
    println!("{verdict:<4} {name:<46} {each:>4} bytes");
    each <= most
}

fn is_given_back(exchange: &Exchange, mut client: TcpStream) -> bool {
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    play(&mut client, &head("GET /length", ""), HELLO);
    let before = counting::live_bytes();
    for _ in 0..3 {
        play(&mut client, &exchange.says, exchange.ending);
    }
    let began = Instant::now();
    let mut kept = counting::live_bytes() - before;
    while kept > KEPT_BYTES && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(10));
        kept = counting::live_bytes() - before;
    }
    let passed = kept <= KEPT_BYTES;
    let (verdict, name) = (if passed { "ok" } else { "FAIL" }, exchange.name);
    println!(
        "{verdict:<4} {:<46} {kept:>4} bytes are kept",
        format!("fault_a15: idle after {name}")
    );
    passed
}

fn play(client: &mut TcpStream, says: &[u8], ending: &[u8]) {
    client.write_all(says).expect("the server reads");
    let mut heard = Vec::new();
    let mut piece = [0; 16 * 1024];
    while !heard.ends_with(ending) {
        let n = client.read(&mut piece).expect("an answer in time");
        assert!(n > 0, "ended early");
        heard.extend_from_slice(&piece[..n]);
    }
}
