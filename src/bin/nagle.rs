//! What Nagle's algorithm does, and what switching it off does not do.
//!
//! ```text
//!   sender                                  receiver
//!   write(4)   ── 4 bytes ────────────────► read() = 4      not a whole question: no answer yet,
//!   write(60)     waits for an ACK …                        and the ACK waits for an answer
//!              ◄───────────────────── ACK ─ … gives up waiting, 40 ms later
//!              ── 60 bytes ───────────────► read() = 60     now it can answer
//! ```
//!
//! Both wait, each for a good reason. The receiver delays its ACK (RFC 9293 §3.8.6.3; Linux: 40 ms,
//! except in the first round of a connection). The sender obeys Nagle's algorithm (§3.7.4), which
//! is on unless [`set_no_delay`](barewire::net::Socket::set_no_delay) switches it off, as this crate
//! does from the start: "If there is unacknowledged data […], then the sending TCP endpoint buffers
//! all user data (regardless of the PSH bit) until the outstanding data has been acknowledged or
//! until the TCP endpoint can send a full-sized segment".
//!
//! Without Nagle each write leaves at once, and that is all: the last line shows eighteen that
//! arrive in one read. What separates messages is [`barewire::framing`].
#![forbid(unsafe_code)]

#[path = "demo/mod.rs"]
mod demo;

use barewire::net::{self, Socket};
use demo::out;
use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const HELP: &str = "\
usage: nagle

Shows in which pieces small writes arrive, and when, with Nagle's algorithm and
without.
";

const ROUNDS: usize = 5;
/// The book's burst: 18 messages of 64 bytes.
const BURST: [usize; 18] = [64; 18];

fn main() -> ExitCode {
    demo::run(HELP, |_| Ok(()), |()| show())
}

fn show() -> io::Result<()> {
    let server = net::create_server(answer_reads).listen("127.0.0.1:0")?;
    for (no_delay, what) in [(false, "Nagle's algorithm is on"), (true, "it is off")] {
        out!("set_no_delay({no_delay}): {what}");
        let client = net::connect(&server.local_addr().to_string())?;
        client.set_no_delay(no_delay)?;
        for _ in 0..ROUNDS {
            out!("  wrote 4 + 60   {}", ask(&client, &[4, 60])?);
        }
        out!("  wrote 18 x 64  {}", ask(&client, &BURST)?);
    }
    out!("set_no_delay(true), and the receiver reads when all has arrived");
    out!("  wrote 18 x 64  read {}", read_late()?);
    server.shutdown(Duration::from_secs(1));
    Ok(())
}

/// A question ends with a newline; the answer is the list of the pieces in which it was read.
fn answer_reads(socket: Socket) -> io::Result<()> {
    let (mut reads, mut buf) = (Vec::new(), [0; 4096]);
    while let bytes @ 1.. = socket.read(&mut buf)? {
        reads.push(bytes.to_string());
        if buf[bytes - 1] == b'\n' {
            socket.write_all(reads.join(" + ") + "\n")?;
            reads.clear();
        }
    }
    Ok(())
}

/// Asks in pieces of these sizes. Returns the answer, and how long it took.
fn ask(client: &Socket, sizes: &[usize]) -> io::Result<String> {
    let mut answer = String::new();
    let began = Instant::now();
    write(client, sizes)?;
    BufReader::new(client).read_line(&mut answer)?;
    let millis = began.elapsed().as_secs_f64() * 1000.0;
    Ok(format!("read {:<18} {millis:>6.1} ms", answer.trim_end()))
}

/// A write for each of the sizes; the last byte is a newline.
fn write(client: &Socket, sizes: &[usize]) -> io::Result<()> {
    let (last, others) = sizes.split_last().expect("a size");
    for &size in others {
        client.write_all(vec![b'x'; size])?;
    }
    client.write_all("x".repeat(last - 1) + "\n")
}

/// Eighteen writes without Nagle, to a receiver that does not read at once.
fn read_late() -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = net::connect(&listener.local_addr()?.to_string())?;
    client.set_no_delay(true)?;
    write(&client, &BURST)?;
    let (mut server, _) = listener.accept()?;
    let mut buf = [0; 4096];
    while server.peek(&mut buf)? < BURST.iter().sum() {
        thread::sleep(Duration::from_millis(1)); // a peek takes nothing
    }
    server.read(&mut buf)
}
