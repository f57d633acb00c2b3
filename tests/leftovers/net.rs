//! TCP and Unix connections: what ten thousand of them leave, and how much memory a pipe and a
//! peer that reads nothing may take.

use crate::alone;
use crate::support::{Gate, Log, Measured, assert_no_growth, watched};
use barewire::net::{self, Handle, Socket, SocketEvents};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// Echoes what it reads, and answers `!` with so many bytes that a flush thread is needed.
struct Echo(Arc<AtomicUsize>);

impl SocketEvents for Echo {
    fn data(&self, socket: &Socket, chunk: &[u8]) {
        socket.write(chunk);
        if chunk.contains(&b'!') {
            socket.write(vec![b'.'; MIB]);
        }
    }

    fn close(&self, _socket: &Socket, had_error: bool) {
        assert!(!had_error);
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A client that sends one word and reads it again.
struct Say {
    word: &'static str,
    received: AtomicUsize,
    closed: Arc<AtomicUsize>,
}

impl SocketEvents for Say {
    fn connect(&self, socket: &Socket) {
        socket.write(self.word);
        socket.end().unwrap();
    }

    fn data(&self, _socket: &Socket, chunk: &[u8]) {
        self.received.fetch_add(chunk.len(), Ordering::Relaxed);
    }

    fn close(&self, _socket: &Socket, had_error: bool) {
        assert!(!had_error);
        let received = self.received.load(Ordering::Relaxed);
        let more = if self.word.contains('!') { MIB } else { 0 };
        assert_eq!(received, "hello ".len() + self.word.len() + more);
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

const BATCH: usize = 100; // fewer than the queue of a listener takes

/// Opens a batch, so that all of them are there at once, and then lets each one speak.
fn batch(server: &Handle, closed: &Arc<AtomicUsize>) {
    let address = server.local_addr().to_string();
    let sockets: Vec<_> = (0..BATCH)
        .map(|_| net::connect(&address).unwrap())
        .collect();
    for (n, socket) in sockets.into_iter().enumerate() {
        let word = if n % 25 == 0 { "hello!" } else { "hello" };
        let (received, closed) = (AtomicUsize::new(0), Arc::clone(closed));
        socket
            .run(Say {
                word,
                received,
                closed,
            })
            .unwrap();
    }
}

fn socket_path() -> PathBuf {
    std::env::temp_dir().join(format!(
        "barewire-net-{}-leftovers.sock",
        std::process::id()
    ))
}

#[test]
fn leftovers_of_two_thousand_connections() {
    leftovers(2_000);
}

#[test]
#[ignore = "takes 5 s unoptimized; .ci/run runs it"]
fn leftovers_of_ten_thousand_connections() {
    leftovers(10_000);
}

/// `connections`, half of them over TCP and half over a Unix socket, opened, used and closed
/// by their events: nothing of them is left.
fn leftovers(connections: usize) {
    let _alone = alone();
    watched(move || {
        let (ours, theirs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let before = Measured::now();
        let echo = |address: &str| {
            let closed = theirs.clone();
            let server = net::create_server(move |socket| {
                socket.write("hello ");
                socket.run(Echo(closed.clone()))
            });
            server.listen(address).unwrap()
        };
        let path = socket_path();
        let servers = [
            echo("127.0.0.1:0"),
            echo(&format!("unix:{}", path.display())),
        ];
        let mut opened = 0;
        assert_no_growth(4 * MIB, || {
            for n in 0..connections / BATCH / 2 {
                batch(&servers[n % 2], &ours);
                opened += BATCH;
            }
        });
        for server in &servers {
            assert_eq!(server.shutdown(Duration::from_secs(5)).cut, 0);
        }
        assert!(opened >= connections);
        assert_eq!(ours.load(Ordering::Relaxed), opened);
        assert_eq!(theirs.load(Ordering::Relaxed), opened);
        assert!(!path.exists());
        let after = before.come_back();
        println!("before: {before}\nafter {opened}: {after}");
    });
}

/// 1 GiB through an echo server made of `pipe`, both ways at once.
#[test]
fn row_b02_a_gibibyte_through_pipe() {
    const PIECE: usize = 256 * 1024;
    const PIECES: usize = 1024 * MIB / PIECE;
    let _alone = alone();
    watched(|| {
        let server = net::create_server(|socket| socket.pipe(&socket).map(drop));
        let server = server.listen("127.0.0.1:0").unwrap();
        let client = net::connect(&server.local_addr().to_string()).unwrap();
        let (writer, before) = (client.clone(), Measured::now().resident);
        let writing = thread::spawn(move || {
            let mut piece = vec![7; PIECE];
            for n in 0..PIECES {
                piece[0] = n as u8;
                writer.write_all(&piece).unwrap();
            }
            writer.end().unwrap();
        });
        let (mut peak, mut piece) = (before, vec![0; PIECE]);
        for n in 0..PIECES {
            (&client).read_exact(&mut piece).unwrap();
            assert!(piece[0] == n as u8 && piece[1..] == vec![7; PIECE][1..]);
            if n % 64 == 0 {
                peak = peak.max(Measured::now().resident);
            }
        }
        assert_eq!(client.read(&mut piece).unwrap(), 0);
        writing.join().unwrap();
        server.shutdown(Duration::from_secs(5));
        println!(
            "1 GiB: {} KiB before, {} KiB at most",
            before / 1024,
            peak / 1024
        );
        assert!(peak < before + 8 * MIB);
    });
}

/// A peer that never reads, and a writer that does not look at the `false`: up to `max_buffered`
/// the memory grows, then the connection is cut off and all of it is given back.
#[test]
fn row_n06_the_memory_is_given_back() {
    const LIMIT: usize = 64 * MIB;
    let _alone = alone();
    watched(|| {
        let (log, gate) = (Log::default(), Gate::default());
        let (server_log, is_measured) = (log.clone(), gate.clone());
        let server = net::create_server(move |socket| {
            while socket.buffered() < LIMIT - 2 * MIB {
                socket.write(vec![7; MIB]);
            }
            server_log.note("nearly full");
            is_measured.pass();
            for _ in 0..8 {
                socket.write(vec![7; MIB]);
            }
            assert_eq!(socket.end().unwrap_err().kind(), ErrorKind::NotConnected);
            server_log.note("cut off");
            Ok(())
        });
        let before = Measured::now().resident;
        let server = server.max_buffered(LIMIT).listen("127.0.0.1:0").unwrap();
        let never_reads = connect(&server);
        log.wait_for("nearly full");
        let full = Measured::now().resident;
        gate.open();
        log.wait_for("cut off");
        drop(never_reads);
        server.shutdown(Duration::from_secs(5));
        let after = Measured::now().resident;
        println!(
            "{} KiB, {} KiB, {} KiB",
            before / 1024,
            full / 1024,
            after / 1024
        );
        assert!(full > before + LIMIT / 2, "it was really queued");
        assert!(after < before + 8 * MIB);
    });
}

fn connect(server: &Handle) -> TcpStream {
    TcpStream::connect(server.local_addr().ip().unwrap()).unwrap()
}

/// If no flush thread can be started, the connection is lost. That is reported like any other loss, and
/// no call waits for that thread.
#[test]
fn leftovers_no_thread_for_the_writer() {
    let _alone = alone();
    in_a_process_of_its_own(
        "net::leftovers_no_thread_for_the_writer",
        "ulimit -v 500000",
        || {
            let (here, there) = net::pipe_with_capacity(1);
            net::Stream::write(&there, b"go").unwrap();
            let (socket, log) = (Socket::new(Arc::new(here)), Log::default());
            let server_log = log.clone();
            let files = take_all_memory();
            let lost = socket.on_data(move |socket, _| {
                server_log.note(socket.write("too much to leave at once"))
            });
            drop(files);
            assert!(lost.unwrap_err().to_string().starts_with("no thread"));
            assert_eq!(log.all(), ["false"]);
            assert_eq!(socket.buffered(), 0);
        },
    );
}

/// Takes address space until there is not enough left for the stack of a thread.
fn take_all_memory() -> Vec<Vec<u8>> {
    const PIECE: usize = 256 * 1024;
    let mut files = Vec::with_capacity(4096);
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(PIECE).is_err() {
            files.pop(); // these are for everything else
            return files;
        }
        files.push(piece);
    }
}

/// Runs a test of this file again, within limits of the shell.
fn in_a_process_of_its_own(name: &str, limits: &str, test: impl FnOnce() + Send + 'static) {
    const INSIDE: &str = "BAREWIRE_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return watched(test);
    }
    let command = format!("{limits}; exec \"$0\" --exact \"$1\" --nocapture");
    let mut run = std::process::Command::new("sh");
    run.arg("-c")
        .arg(command)
        .arg(std::env::current_exe().unwrap());
    let run = run.arg(name).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    let complained = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "{said}{complained}"
    );
}
