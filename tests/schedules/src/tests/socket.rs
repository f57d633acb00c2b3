//! The write queue of a `net` socket: callers that wait, callers that queue, the end and the cut.
//!
//! ```text
//!   write_all, write, end, destroy ──► Socket ──► pipe with little room ──► pieces, checked strictly
//! ```

use super::{at_once, listen, peer, read_all};
use crate::explore::{explore, time_stands_still};
use crate::net::{Handle, Pipe, Socket, SocketEvents, Stream, create_server};
use crate::shim::sync::atomic::{AtomicUsize, Ordering};
use crate::shim::sync::{Arc, Mutex, mpsc};
use crate::shim::thread::{self, JoinHandle};
use crate::shim::time;

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::time::Duration;

/// A piece of `bytes` bytes that contains its writer and its number.
fn piece(writer: u8, number: u8, bytes: u8) -> Vec<u8> {
    let mut piece = vec![writer; usize::from(bytes)];
    piece[..3].copy_from_slice(&[writer, number, bytes]);
    piece
}

/// The pieces of each writer: which came, in the order in which they did. None is cut or mixed.
fn pieces(mut bytes: &[u8], writers: usize) -> Vec<Vec<u8>> {
    let mut came = vec![Vec::new(); writers];
    while let [writer, number, length, ..] = *bytes {
        let length = usize::from(length);
        assert!(length <= bytes.len(), "the last piece was cut");
        assert_eq!(bytes[..length], piece(writer, number, length as u8));
        came[usize::from(writer)].push(number);
        bytes = &bytes[length..];
    }
    assert_eq!(bytes, b"", "the last piece was cut");
    came
}

fn read_in_thread(peer: impl Stream + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut heard = Vec::new();
        read_all(&peer, |bytes| heard.extend_from_slice(bytes));
        heard
    })
}

/// Which of its pieces a thread knows to be on their way.
fn numbers(sent: u8) -> Vec<u8> {
    (0..sent).collect()
}

#[test]
fn fault_a19_the_end_follows_all_that_was_written() {
    explore(3000, || {
        let (ours, theirs) = peer(&[8, 64, 1000]);
        let socket = Socket::new(Arc::new(ours));
        let hears = read_in_thread(theirs);
        let waiting = [0, 1].map(|writer| {
            let socket = socket.clone();
            thread::spawn(move || {
                let sent = |i: &u8| socket.write_all(piece(writer, *i, 100)).is_ok();
                (0..3).take_while(sent).count() as u8
            })
        });
        let queueing = [2, 3].map(|writer| {
            let socket = socket.clone();
            thread::spawn(move || {
                let queued = |i: &u8| socket.write(piece(writer, *i, 40));
                (0..4).take_while(queued).count() as u8
            })
        });
        let ending = {
            let socket = socket.clone();
            thread::spawn(move || socket.end().expect("the connection is there"))
        };
        let threads = waiting.into_iter().chain(queueing);
        let sent = threads.map(|thread| thread.join().expect("a writer"));
        let sent: Vec<Vec<u8>> = sent.map(numbers).collect();
        ending.join().expect("the end");
        assert_eq!(pieces(&hears.join().expect("the peer"), 4), sent);
        at_once();
    });
}

/// Pushes what the high-water mark allows, waits for `drain`, and goes on.
struct Pushing {
    left: Mutex<u8>,
    drained: AtomicUsize,
}

impl Pushing {
    fn push(&self, socket: &Socket) {
        loop {
            let mut left = self.left.lock().expect("nobody panics");
            if *left == 0 {
                drop(left);
                return socket.end().expect("the connection is there");
            }
            *left -= 1;
            let number = 19 - *left;
            drop(left);
            if !socket.write(piece(0, number, 200)) {
                return; // until `drain`
            }
        }
    }
}

impl SocketEvents for Pushing {
    fn drain(&self, socket: &Socket) {
        self.drained.fetch_add(1, Ordering::SeqCst);
        self.push(socket);
    }

    fn data(&self, socket: &Socket, _chunk: &[u8]) {
        self.push(socket);
    }
}

#[test]
fn drain_follows_each_full_queue() {
    explore(2000, || {
        let (ours, theirs) = peer(&[40, 300]);
        let settings = crate::net::ConnectOptions {
            high_water_mark: 500,
            ..Default::default()
        };
        let socket = Socket::with(Arc::new(ours), settings, false, None);
        theirs.write(b"!").expect("there is room");
        let theirs = Arc::new(theirs);
        let hears = {
            let theirs = Arc::clone(&theirs);
            thread::spawn(move || {
                let mut heard = Vec::new();
                read_all(&*theirs, |bytes| heard.extend_from_slice(bytes));
                theirs.shutdown(Shutdown::Both).expect("it is open");
                heard
            })
        };
        let pushing = Pushing {
            left: Mutex::new(20),
            drained: AtomicUsize::new(0),
        };
        socket.run(pushing).expect("the peer reads");
        let came = pieces(&hears.join().expect("the peer"), 1);
        assert_eq!(came, [numbers(20)]);
        at_once();
    });
}

/// Counts the ends, and asks the socket something whenever it can.
struct Ends(Arc<AtomicUsize>);

impl SocketEvents for Ends {
    fn close(&self, socket: &Socket, _had_error: bool) {
        let _ = socket.buffered();
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_destroyed_socket_wakes_whoever_waits() {
    explore(3000, || {
        let (ours, theirs) = peer(&[8]);
        let socket = Socket::new(Arc::new(ours));
        let closes = Arc::new(AtomicUsize::new(0));
        let runs = {
            let (socket, closes) = (socket.clone(), Arc::clone(&closes));
            thread::spawn(move || socket.run(Ends(closes)).is_ok())
        };
        let writes = [0, 1, 2, 3].map(|writer| {
            let socket = socket.clone();
            thread::spawn(move || socket.write_all(piece(writer, 0, 100)).is_err())
        });
        let queues = [4, 5].map(|writer| {
            let socket = socket.clone();
            thread::spawn(move || {
                socket.write(piece(writer, 0, 100));
                socket.drained().is_err()
            })
        });
        socket.destroy();
        for waits in writes.into_iter().chain(queues) {
            assert!(waits.join().expect("a writer"), "it cannot have left");
        }
        assert!(
            runs.join().expect("the events"),
            "our own doing is no error"
        );
        assert_eq!(closes.load(Ordering::SeqCst), 1);
        drop(theirs);
        at_once();
    });
}

/// A server whose handler does this; its only connection, from the peer's end.
fn serve(
    handler: impl Fn(Socket) -> io::Result<()> + Send + Sync + 'static,
    room: &[usize],
) -> (Pipe, Handle) {
    let (options, service) = create_server(handler).into_service();
    let (backlog, handle) = listen(options, service);
    let (ours, theirs) = peer(room);
    backlog.add(Ok(Arc::new(ours)));
    (theirs, handle)
}

/// A handler has returned while another thread writes to a peer that reads steadily, and longer than a
/// peer may read nothing: 500 bytes a second, for 40 seconds.
#[test]
fn fault_a21_a_steady_reader_is_not_given_up() {
    explore(500, || {
        let (results, wrote) = mpsc::channel();
        let results = Mutex::new(results);
        let handler = move |socket: Socket| {
            let results = results.lock().expect("one connection").clone();
            thread::spawn(move || {
                let all: Vec<u8> = (0..80).flat_map(|i| piece(0, i, 250)).collect();
                let result = socket.write_all(all).map_err(|e| e.kind());
                results.send(result).expect("the test waits");
            });
            Ok(())
        };
        let (theirs, handle) = serve(handler, &[500]);
        let mut heard = Vec::new();
        let mut slowly = [0; 500];
        while let n @ 1.. = theirs.read(&mut slowly).expect("no timeout") {
            heard.extend_from_slice(&slowly[..n]);
            thread::sleep(Duration::from_secs(1));
        }
        drop(theirs);
        let came = pieces(&heard, 1);
        match wrote.recv().expect("the writer") {
            Ok(()) => assert_eq!(came, [numbers(80)]),
            Err(e) => assert_eq!((e, came), (ErrorKind::BrokenPipe, vec![vec![]]), "too late"),
        }
        handle.stop();
        handle.wait();
    });
}

/// The peer has sent its FIN and reads nothing: the end of the handler gives up, and hangs nowhere.
#[test]
fn fault_a21_who_reads_nothing_is_given_up() {
    explore(1000, || {
        let handler = |socket: Socket| {
            socket.write(piece(0, 0, 200));
            thread::spawn(move || {
                for _ in 0..5 {
                    let _ = socket.buffered();
                    thread::sleep(Duration::from_secs(9));
                }
            });
            Ok(())
        };
        let (theirs, handle) = serve(handler, &[50]);
        theirs.shutdown(Shutdown::Write).expect("it is open");
        while handle.connections() == 0 {
            thread::sleep(Duration::from_secs(1)); // until it is accepted
        }
        handle.stop();
        handle.wait();
        if time_stands_still() {
            let took = time::elapsed();
            assert!(took <= Duration::from_secs(90), "{took:?}");
        }
        drop(theirs);
    });
}

/// Two ends send more than the way between them holds, and read at the same time.
#[test]
fn two_ends_that_echo_do_not_wait_for_each_other() {
    explore(1000, || {
        let (ours, theirs) = peer(&[8, 64]);
        let (asks, answers) = (Socket::new(Arc::new(ours)), Socket::new(Arc::new(theirs)));
        let echo = thread::spawn(move || answers.pipe(&answers).expect("the peer reads"));
        let reads = {
            let asks = asks.clone();
            thread::spawn(move || {
                let (mut heard, mut piece) = (Vec::new(), [0; 64]);
                while let n @ 1.. = asks.read(&mut piece).expect("the peer is there") {
                    heard.extend_from_slice(&piece[..n]);
                }
                heard
            })
        };
        for i in 0..4 {
            asks.write_all(piece(0, i, 100)).expect("the peer reads");
        }
        asks.end().expect("the connection is there");
        assert_eq!(pieces(&reads.join().expect("the reader"), 1), [numbers(4)]);
        assert_eq!(echo.join().expect("the echo"), 400);
        at_once();
    });
}
