//! W05: a connection is cut from any thread, at any moment: no thread goes on waiting, and the peer sees no orderly
//! end.

use super::stage::{Peer, open, plain, reporting, serving, until, writers};
use crate::https::stage as https;
use crate::support::{Gate, PATIENCE, watched};
use barewire::tls::Tls;
use barewire::websocket::{Acceptor, Error, Misuse, Outcome, Room, Slow, WebSocket, Writer};
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(20);

/// What a thread does until it gets an error.
type Waiting = dyn FnOnce(&Writer) -> Result<(), Error> + Send;

fn cut() -> Outcome {
    Outcome {
        clean: false,
        code: 1006,
        reason: String::new(),
    }
}

#[track_caller]
fn is_cut<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionAborted => {}
        other => panic!("{other:?}"),
    }
}

/// After it everything is an error, and a second time does nothing.
#[track_caller]
fn everything_errs(ws: &mut WebSocket) {
    let writer = ws.writer();
    assert_eq!(writer.closed(), cut());
    assert_eq!(writer.closed_within(Duration::ZERO), Some(cut()));
    assert!(!writer.is_open());
    for _ in 0..2 {
        is_cut(writer.send("text"));
        is_cut(writer.send(vec![0; 100_000]));
        is_cut(writer.try_send("text"));
        is_cut(writer.message());
        is_cut(writer.send_ping());
        is_cut(writer.ping(PATIENCE));
        writer.terminate();
    }
    let room = Room::new(Slow::Skip);
    room.add(&writer);
    assert_eq!((room.send("text").sent, room.len()), (0, 0));
    assert_eq!(writer.closed(), cut());
}

#[test]
fn row_w05_terminate_ends_a_receive_and_the_peer_sees_no_close_frame() {
    watched(|| {
        let (site, results) = reporting(Acceptor::new(), |mut ws| {
            let writer = ws.writer();
            let cutter = thread::spawn(move || {
                writer.send("I am receiving").expect("open");
                writer.terminate();
            });
            is_cut(ws.receive().map(drop));
            assert!(matches!(ws.receive(), Ok(None))); // an end is an error once
            cutter.join().expect("a thread");
            everything_errs(&mut ws);
            let began = Instant::now();
            assert_eq!(ws.close(1000, "").expect("a code"), cut());
            began.elapsed()
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x81, "I am receiving"));
        peer.ended();
        let closing = results.recv_timeout(PATIENCE).expect("it has ended");
        assert!(closing < PATIENCE / 2, "{closing:?}");
    });
}

/// In the client, too; and what it had received but not returned is not returned any more.
#[test]
fn row_w05_terminate_drops_what_was_received() {
    watched(|| {
        let site = serving(|ws| {
            let writer = ws.writer();
            ws.on_message(move |_, _| {
                for _ in 0..10 {
                    writer.send("many").expect("open");
                }
            });
        });
        let mut ws = open(&site);
        ws.send("go").expect("open");
        assert_eq!(ws.receive().expect("open").expect("a message"), "many");
        ws.terminate();
        is_cut(ws.receive().map(drop));
        everything_errs(&mut ws);
        let mut ws = open(&site);
        ws.terminate();
        is_cut(ws.receive_within(Duration::ZERO).map(drop));
    });
}

/// A peer that reads nothing: one thread is in a write, others wait for the write turn, for the end of a message in
/// parts, for a pong, and for the end.
#[test]
fn row_w05_terminate_wakes_every_thread() {
    watched(|| {
        let (site, sockets) = writers(Acceptor::new());
        let _peer = Peer::open(&site);
        let writer = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
        let sends = |writer: &Writer| loop {
            writer.send(vec![0; 1 << 20])?;
        };
        thread::scope(|scope| {
            let threads: [Box<Waiting>; 5] = [
                Box::new(sends),
                Box::new(sends),
                Box::new(|writer| {
                    loop {
                        writer.send("short")?;
                    }
                }),
                Box::new(|writer| writer.ping(PATIENCE).map(drop)),
                Box::new(|writer| {
                    let mut parts = writer.message()?;
                    loop {
                        parts.send([0; 100])?;
                    }
                }),
            ];
            let threads: Vec<_> = threads
                .into_iter()
                .map(|run| {
                    let writer = &writer;
                    scope.spawn(move || run(writer))
                })
                .collect();
            let waiting = scope.spawn(|| writer.closed());
            assert_eq!(writer.closed_within(SHORT), None);
            until("nothing leaves any more", || {
                let pending = writer.buffered_amount();
                thread::sleep(SHORT);
                pending > 0 && pending == writer.buffered_amount()
            });
            writer.terminate();
            for thread in threads {
                match thread.join().expect("a thread") {
                    Err(Error::Io(error)) => {
                        assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(waiting.join().expect("a thread"), cut());
        });
    });
}

/// After our Close frame, while this side waits for the peer's.
#[test]
fn row_w05_terminate_ends_a_close_that_waits() {
    watched(|| {
        let (site, results) = reporting(Acceptor::new(), |ws| {
            let writer = ws.writer();
            let closing = thread::spawn(move || ws.close(1000, "").expect("a code"));
            until("the Close frame is sent", || !writer.is_open());
            assert_eq!(writer.closed_within(SHORT), None);
            writer.terminate();
            assert!(matches!(
                writer.send("late"),
                Err(Error::Misuse(Misuse::Closed))
            ));
            closing.join().expect("a thread")
        });
        let mut peer = Peer::open(&site);
        peer.expect(plain(0x88, [0x03, 0xe8]));
        peer.ended();
        assert_eq!(results.recv_timeout(PATIENCE).expect("it has ended"), cut());
    });
}

/// A connection that is over stays as it is.
#[test]
fn row_w05_terminate_after_the_end_does_nothing() {
    watched(|| {
        let site = serving(super::stage::echo);
        let ws = open(&site);
        let writer = ws.writer();
        assert!(ws.close(1000, "").expect("a code").clean);
        writer.terminate();
        let outcome = writer.closed_within(PATIENCE).expect("it is over");
        assert_eq!((outcome.clean, outcome.code), (true, 1000));
    });
}

/// Terminate and close at the same moment: either is first, and both sides end.
#[test]
fn row_w05_terminate_and_close_at_once() {
    watched(|| {
        let site = serving(super::stage::echo);
        for _ in 0..50 {
            let mut ws = open(&site);
            ws.send("x").expect("open");
            assert_eq!(ws.receive().expect("open").expect("a message"), "x");
            let writer = ws.writer();
            let cutter = thread::spawn(move || {
                writer.terminate();
                writer.closed()
            });
            let outcome = ws.close(1000, "").expect("a code");
            assert_eq!(cutter.join().expect("a thread"), outcome);
            assert!(outcome == cut() || (outcome.clean && outcome.code == 1000));
        }
    });
}

/// A server that is stopped meanwhile has nothing left to cut.
#[test]
fn row_w05_terminate_gives_the_place_in_the_server_back() {
    watched(|| {
        let (site, sockets) = writers(Acceptor::new());
        let _peers: Vec<Peer> = (0..3).map(|_| Peer::open(&site)).collect();
        for _ in 0..3 {
            let writer = sockets.recv_timeout(PATIENCE).expect("a WebSocket");
            writer.terminate();
        }
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

/// Over TLS the peer sees that its input was cut, whatever the reading thread does meanwhile.
#[test]
fn row_w05_terminate_over_tls_sends_no_close_notify() {
    watched(|| {
        let gate = Gate::default();
        let opens = gate.clone();
        let site = https::accepting(Acceptor::new(), move |ws| {
            let (mut reader, writer) = ws.split();
            gate.pass();
            let reading = thread::spawn(move || while let Ok(Some(_)) = reader.receive() {});
            writer.terminate();
            drop(writer);
            reading.join().expect("a thread");
        });
        opens.open();
        for _ in 0..20 {
            let mut client = https::open(&site);
            let Err(Error::Io(error)) = client.receive() else {
                panic!("no Close frame comes");
            };
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
            assert!(Tls::of(client.stream()).is_some());
            let text = error.to_string();
            assert!(text.contains("close_notify"), "{text}");
        }
    });
}
