//! What slow peers cost the others, over TCP on one machine: a room, `try_send`, and pings between long
//! messages.
//!
//! - `room`: one message of 30 kB every 20 ms to N members that read nothing (or 200 kB/s each), and to
//!   one that reads: the longest time that a message to that one took
//! - `try_send`: a message of 1 to 32 MiB to a peer that reads slowly: how long the call took
//! - `frames`: two threads send 100 kB messages, the peer pings every 3 ms: how many frames were broken

use barewire::http::{self, Failure};
use barewire::net::Handle;
use barewire::websocket::wire::{Header, Opcode};
use barewire::websocket::{self, Room, Slow, WebSocket};
use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const MESSAGE_BYTES: usize = 30_000;
const MESSAGES: usize = 200;
const EVERY: Duration = Duration::from_millis(20);
const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    for (stuck, slow) in [(0, 0), (20, 0), (100, 0), (300, 0), (0, 100)] {
        room(stuck, slow)?;
    }
    for mebibytes in [1, 8, 32] {
        try_send(mebibytes << 20)?;
    }
    frames()
}

fn serving(serve: impl Fn(WebSocket) + Send + Sync + 'static) -> Result<Handle> {
    let server = http::create_server(move |req, res| {
        if let Some(ws) = websocket::accept(req, res)? {
            serve(ws);
        }
        Ok::<(), Failure>(())
    });
    Ok(server.listen("127.0.0.1:0")?)
}

/// A client whose handshake is done.
fn client(server: &Handle) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.local_addr().to_string())?;
    stream.write_all(HANDSHAKE.as_bytes())?;
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(stream)
}

fn room(stuck: usize, slow: usize) -> Result<()> {
    let room = Arc::new(Room::new(Slow::Skip));
    let door = Arc::clone(&room);
    let server = serving(move |ws| {
        let (mut reader, writer) = ws.split();
        door.add(&writer);
        while let Ok(Some(_)) = reader.receive() {}
    })?;
    let _stuck = (0..stuck)
        .map(|_| client(&server))
        .collect::<Result<Vec<_>>>()?;
    let over = Arc::new(AtomicBool::new(false));
    for _ in 0..slow {
        let (mut stream, over) = (client(&server)?, Arc::clone(&over));
        thread::spawn(move || {
            let mut buf = [0; 4096];
            while !over.load(Ordering::Relaxed) && stream.read(&mut buf).is_ok() {
                thread::sleep(EVERY); // 4096 / 20 ms = 200 kB/s
            }
        });
    }
    let mut fast = client(&server)?;
    while room.len() < stuck + slow + 1 {
        thread::sleep(EVERY);
    }
    let (tells, hears) = mpsc::channel();
    let receiver = thread::spawn(move || {
        let mut frame = vec![0; MESSAGE_BYTES + 4];
        for _ in 0..MESSAGES {
            fast.read_exact(&mut frame).expect("a frame");
            let _ = tells.send(Instant::now());
        }
    });
    let (mut took, mut calls) = (Vec::new(), Vec::new());
    for _ in 0..MESSAGES {
        let began = Instant::now();
        room.send(vec![1; MESSAGE_BYTES]);
        calls.push(began.elapsed());
        took.push(hears.recv()? - began);
        thread::sleep(EVERY);
    }
    receiver.join().expect("no panic");
    over.store(true, Ordering::Relaxed);
    took.sort();
    calls.sort();
    println!(
        "room: {stuck:>3} stuck, {slow:>3} at 200 kB/s: the fast member waits {:>9.1?} (median), {:>9.1?} (worst); Room::send takes {:.1?} at worst",
        took[MESSAGES / 2],
        took[MESSAGES - 1],
        calls[MESSAGES - 1],
    );
    server.shutdown(Duration::ZERO);
    Ok(())
}

fn try_send(bytes: usize) -> Result<()> {
    let (tells, hears) = mpsc::channel();
    let tells = std::sync::Mutex::new(tells);
    let server = serving(move |ws| {
        let message = vec![1; bytes];
        let (began, cpu) = (Instant::now(), own_cpu());
        let sent = ws.writer().try_send(&message).expect("open");
        let took = (began.elapsed(), own_cpu() - cpu);
        let _ = tells.lock().expect("a channel").send((sent, took));
        let mut ws = ws;
        while let Ok(Some(_)) = ws.receive() {}
    })?;
    let (mut took, mut cpu) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let mut stream = client(&server)?;
        let reads = thread::spawn(move || {
            let mut buf = [0; 16 * 1024];
            for _ in 0..20 {
                let _ = stream.read(&mut buf);
                thread::sleep(Duration::from_millis(10));
            }
        });
        let (sent, (wall, on_cpu)) = hears.recv()?;
        assert!(sent);
        took.push(wall);
        cpu.push(on_cpu);
        reads.join().expect("no panic");
    }
    took.sort();
    cpu.sort();
    println!(
        "try_send: {:>2} MiB take {:.1?} (median of 10), {:.1?} (worst); {:.1?} and {:.1?} of CPU",
        bytes >> 20,
        took[5],
        took[9],
        cpu[5],
        cpu[9],
    );
    server.shutdown(Duration::ZERO);
    Ok(())
}

/// How long this thread has run on a processor.
fn own_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

fn frames() -> Result<()> {
    let server = serving(|ws| {
        let (mut reader, writer) = ws.split();
        thread::scope(|scope| {
            for who in 1..=2 {
                let writer = writer.clone();
                scope.spawn(move || while writer.send(vec![who; 100_000]).is_ok() {});
            }
            while let Ok(Some(_)) = reader.receive() {}
        });
    })?;
    let (mut broken, mut messages, mut pongs) = (0, 0, 0);
    for _ in 0..10 {
        let mut stream = client(&server)?;
        let mut pings = stream.try_clone()?;
        let pinger = thread::spawn(move || {
            let ping = b"\x89\x88\0\0\0\0PINGPING";
            while pings.write_all(ping).is_ok() {
                thread::sleep(Duration::from_millis(3));
            }
        });
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1) {
            match frame(&mut stream)? {
                (Opcode::Binary, payload) if payload.len() == 100_000 => messages += 1,
                (Opcode::Pong, payload) if payload == b"PINGPING" => pongs += 1,
                _ => {
                    broken += 1;
                    break;
                }
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Both);
        pinger.join().expect("no panic");
    }
    println!("frames: {broken} broken in 10 runs of 1 s, {messages} messages, {pongs} pongs");
    server.shutdown(Duration::ZERO);
    Ok(())
}

fn frame(stream: &mut TcpStream) -> Result<(Opcode, Vec<u8>)> {
    let mut bytes = vec![0; 2];
    stream.read_exact(&mut bytes)?;
    loop {
        if let Some((header, _)) = Header::decode(&bytes)? {
            let mut payload = vec![0; header.length as usize];
            stream.read_exact(&mut payload)?;
            let whole = payload.iter().all(|byte| *byte == payload[0]) || header.length == 8;
            return Ok((if whole { header.opcode } else { Opcode::Close }, payload));
        }
        bytes.push(0);
        let last = bytes.len() - 1;
        stream.read_exact(&mut bytes[last..])?;
    }
}
