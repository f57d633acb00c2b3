//! Both ways at once over TLS, beside one way, over TCP on this machine; and how long a write takes
//! while another thread waits in `read`.
//!
//! Both sides ask for new keys (KeyUpdate) all the while. rustls's own stream cannot do this at all: a
//! lock around it stops the writer as soon as the reader sleeps.

use barewire::net::{Stream, Tcp};
use barewire::tls::{ClientContext, ClientOptions, ServerContext, ServerOptions, Tls};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 20;
const BYTES: usize = 128 << 20;
const PIECE: usize = 128 * 1024;
const PIECES_A_KEY: usize = 32;
const WRITES: usize = 2_000;
const STALL: Duration = Duration::from_secs(60);

fn main() {
    let (mut alone, mut both, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (one, two) = match round % 2 {
            0 => (rate(one_way, 1), rate(both_ways, 2)),
            _ => {
                let two = rate(both_ways, 2);
                (rate(one_way, 1), two)
            }
        };
        alone.push(one);
        both.push(two);
        ratios.push(two / one);
    }
    println!(
        "{} MiB each way, TLS 1.3, KeyUpdates, median of {ROUNDS} rounds, no stall",
        BYTES >> 20
    );
    println!("  one way    {:.2} GB/s", median(alone));
    println!(
        "  both ways  {:.2} GB/s together   x{:.2} of one way",
        median(both),
        median(ratios)
    );
    let mut times = write_times();
    let most = times.iter().copied().fold(0.0, f64::max);
    times.sort_by(f64::total_cmp);
    println!(
        "  a write while the reader is blocked  {:.1} us, the longest of {WRITES} {:.1} us",
        times[WRITES / 2] * 1e6,
        most * 1e6
    );
}

/// GB/s of all directions together.
fn rate(run: fn(Arc<Tls>, Arc<Tls>), directions: usize) -> f64 {
    let (here, there) = met();
    let (done, is_done) = mpsc::channel();
    let began = Instant::now();
    let round = thread::spawn(move || {
        run(here, there);
        let _ = done.send(());
    });
    if is_done.recv_timeout(STALL) == Err(RecvTimeoutError::Timeout) {
        eprintln!("stalled: not done after {STALL:?}");
        process::exit(1);
    }
    let seconds = began.elapsed().as_secs_f64();
    round.join().expect("a round");
    (directions * BYTES) as f64 / seconds / 1e9
}

fn one_way(here: Arc<Tls>, there: Arc<Tls>) {
    let writer = thread::spawn(move || send(&there));
    receive(&here);
    writer.join().expect("it sends");
}

fn both_ways(here: Arc<Tls>, there: Arc<Tls>) {
    thread::scope(|scope| {
        scope.spawn(|| send(&here));
        scope.spawn(|| send(&there));
        scope.spawn(|| receive(&here));
        receive(&there);
    });
}

fn send(tls: &Tls) {
    let piece = vec![7; PIECE];
    for n in 0..BYTES / PIECE {
        (tls as &dyn Stream).write_all(&piece).expect("room");
        if n % PIECES_A_KEY == 0 {
            tls.update_keys().expect("TLS 1.3");
        }
    }
    tls.shutdown(Shutdown::Write).expect("a peer");
}

fn receive(tls: &Tls) {
    let (mut buf, mut all) = (vec![0; 64 * 1024], 0);
    while let n @ 1.. = tls.read(&mut buf).expect("all of it") {
        all += n;
    }
    assert_eq!(all, BYTES);
}

/// Seconds of each write, while this side's reader sleeps.
fn write_times() -> Vec<f64> {
    let (here, there) = met();
    thread::scope(|scope| {
        scope.spawn(|| here.read(&mut [0; 64]));
        let mut buf = [0; 64];
        let times = (0..WRITES).map(|_| {
            let began = Instant::now();
            here.write(&[7; 64]).expect("room");
            let time = began.elapsed().as_secs_f64();
            there.read(&mut buf).expect("what was written");
            time
        });
        let times = times.collect();
        there.shutdown(Shutdown::Both).expect("it was alive");
        times
    })
}

/// A client and a server under TLS.
fn met() -> (Arc<Tls>, Arc<Tls>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let here = TcpStream::connect(listener.local_addr().expect("bound")).expect("a listener");
    let there = listener.accept().expect("a client").0;
    let served = thread::spawn(move || {
        let options = ServerOptions::new()
            .cert(include_bytes!("../../../../fixtures/tls/server.crt"))
            .key(include_bytes!("../../../../fixtures/tls/server.key"));
        let context = ServerContext::new(&options).expect("a certificate");
        context.accept(tcp(there)).expect("a handshake")
    });
    let options = ClientOptions::new().ca(include_bytes!("../../../../fixtures/tls/ca.crt"));
    let context = ClientContext::new(&options).expect("an authority");
    let deadline = Instant::now() + STALL;
    let client = context.connect(tcp(here), "localhost", deadline);
    let server = served.join().expect("a server");
    (Arc::new(client.expect("a handshake")), Arc::new(server))
}

fn tcp(stream: TcpStream) -> Arc<dyn Stream> {
    stream.set_nodelay(true).expect("a socket");
    Arc::new(Tcp::from(stream))
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
