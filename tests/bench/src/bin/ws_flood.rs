//! Both ends of a WebSocket send as fast as they can, and ping meanwhile, over TCP on one machine.
//!
//! Each end has three threads: one sends 64 MiB, one receives as much, one pings again as soon as the
//! pong before has come. If two threads waited for each other, nothing would move any more; if a pong were
//! lost, its ping would take ten seconds. It prints the rate, the number of pings answered, and the slowest.

use barewire::http::{self, Failure};
use barewire::websocket::{self, Reader, WebSocket, Writer};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TOTAL: usize = 64 << 20;
const DEADLINE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    for bytes in [125, 4096, 16 << 10, 1 << 20] {
        println!("messages of {bytes} B, 2 x {} MiB", TOTAL >> 20);
        let server = http::create_server(move |req, res| {
            if let Some(ws) = websocket::accept(req, res)? {
                flood("server", ws, bytes, false);
            }
            Ok::<(), Failure>(())
        });
        let server = server.listen("127.0.0.1:0")?;
        let ws = websocket::connect(&format!("ws://{}/", server.local_addr()))?;
        flood("client", ws, bytes, true);
        server.shutdown(DEADLINE);
    }
    Ok(())
}

fn flood(who: &str, ws: WebSocket, bytes: usize, closes: bool) {
    let (mut reader, writer) = ws.split();
    let (start, pinging) = (Instant::now(), AtomicBool::new(true));
    thread::scope(|scope| {
        let pings = scope.spawn(|| ping(&writer, &pinging));
        let sent = scope.spawn(|| send(&writer, bytes));
        receive(&mut reader, bytes);
        let took = start.elapsed();
        // Our own pongs come as long as somebody receives.
        let receiving = scope.spawn(move || while let Ok(Some(_)) = reader.receive() {});
        sent.join().expect("all was sent");
        pinging.store(false, Ordering::Relaxed);
        let (answered, slowest) = pings.join().expect("all pongs came");
        if closes {
            let _ = writer.close(1000, "");
        }
        receiving.join().expect("no panic");
        let rate = TOTAL as f64 / took.as_secs_f64() / f64::from(1 << 20);
        println!(
            "  {who}: {rate:>6.0} MiB/s received, {answered:>6} pongs, the slowest after {slowest:?}"
        );
    });
}

fn send(writer: &Writer, bytes: usize) {
    let message = vec![7; bytes];
    for _ in 0..TOTAL / bytes {
        writer.send(&message).expect("open");
    }
}

fn receive(reader: &mut Reader, bytes: usize) {
    for _ in 0..TOTAL / bytes {
        let data = reader.receive().expect("open").expect("a message");
        assert_eq!(data.bytes().len(), bytes);
    }
}

/// How many pings were answered, and how long the slowest took.
fn ping(writer: &Writer, pinging: &AtomicBool) -> (u32, Duration) {
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    while pinging.load(Ordering::Relaxed) {
        match writer.ping(DEADLINE) {
            Ok(took) => slowest = slowest.max(took),
            // The other end may close while ours is on its way.
            Err(_) if !writer.is_open() => break,
            Err(error) => panic!("a pong is lost: {error}"),
        }
        answered += 1;
    }
    (answered, slowest)
}
