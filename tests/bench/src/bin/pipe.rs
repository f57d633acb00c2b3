//! How fast `Socket::pipe` moves bytes from one TCP connection to another, beside `io::copy` with
//! a buffer of the same size, in one run.
//!
//! `io::copy` knows sockets and would hand the work to the kernel (`splice`), so here it is given a
//! reader that it does not know. The order of the two turns with each round; a ratio is taken within
//! its round, and the median of the ratios is printed.

use barewire::net::{Socket, Tcp};
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

const ROUNDS: usize = 21;
const BYTES: usize = 256 * 1024 * 1024;
const BUFFER: usize = 64 * 1024;

fn main() {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (pipe, copy) = match round % 2 {
            0 => (timed(with_pipe), timed(with_copy)),
            _ => {
                let copy = timed(with_copy);
                (timed(with_pipe), copy)
            }
        };
        ours.push(pipe);
        theirs.push(copy);
        ratios.push(copy / pipe);
    }
    let rate = |seconds: f64| BYTES as f64 / seconds / 1e9;
    println!(
        "{} MiB from socket to socket, median of {ROUNDS} rounds",
        BYTES >> 20
    );
    println!("  io::copy, 64 KiB  {:.2} GB/s", rate(median(theirs)));
    println!(
        "  Socket::pipe      {:.2} GB/s   x{:.2} of io::copy",
        rate(median(ours)),
        median(ratios)
    );
}

fn with_pipe(from: TcpStream, to: TcpStream) {
    let socket = |stream| Socket::new(Arc::new(Tcp::from(stream)));
    let moved = socket(from).pipe(&socket(to)).expect("both ends live");
    assert_eq!(moved, BYTES as u64);
}

fn with_copy(from: TcpStream, mut to: TcpStream) {
    let mut from = BufReader::with_capacity(BUFFER, Unknown(from));
    let moved = io::copy(&mut from, &mut to).expect("both ends live");
    assert_eq!(moved, BYTES as u64);
    to.shutdown(Shutdown::Write).expect("both ends live");
}

/// A reader that nobody has a shorter way for.
struct Unknown(TcpStream);

impl Read for Unknown {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

/// Seconds from the first byte sent to the last received.
fn timed(moving: fn(TcpStream, TcpStream)) -> f64 {
    let (source, from) = connected();
    let (to, sink) = connected();
    let began = Instant::now();
    let sender = thread::spawn(move || send(source));
    let mover = thread::spawn(move || moving(from, to));
    receive(sink);
    let seconds = began.elapsed().as_secs_f64();
    sender.join().expect("it sends");
    mover.join().expect("it moves");
    seconds
}

fn send(mut source: TcpStream) {
    let data = vec![7; BUFFER];
    for _ in 0..BYTES / BUFFER {
        source.write_all(&data).expect("it is read");
    }
}

fn receive(mut sink: TcpStream) {
    let mut buf = vec![0; BUFFER];
    while sink.read(&mut buf).expect("it is written") > 0 {}
}

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let one = TcpStream::connect(address).expect("it listens");
    let (other, _) = listener.accept().expect("it came");
    (one, other)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
