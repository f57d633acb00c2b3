//! H09, second half: the stream has another owner now, and so has its place.

use crate::support::{Client, Gate, Log, PATIENCE, Site, over_pipe, request, watched};
use barewire::http::{self, Handled, Request, Response, ServerEvents, Upgraded};
use barewire::net::{Report, Stop, StopReason, Stream};
use std::io::{IoSlice, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

const OFFER: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
const HOUR: Duration = Duration::from_secs(3600);
const AT_ONCE: Duration = Duration::from_millis(50);

/// Hands every upgraded connection to the test, and returns.
struct HandingOver {
    to: Sender<Upgraded>,
    log: Log,
}

impl ServerEvents for HandingOver {
    fn request(&self, _req: Request<'_>, res: Response<'_>) -> Handled {
        self.log.note("request");
        res.end("well")
    }

    fn upgrade(&self, req: Request<'_>, res: Response<'_>) -> Handled {
        let fields = [("Connection", "upgrade"), ("Upgrade", "echo")];
        Ok(self.to.send(req.upgrade(res, fields)?)?)
    }

    fn close(&self) {
        self.log.note("close");
    }
}

struct Office {
    site: Site,
    upgraded: Receiver<Upgraded>,
    log: Log,
}

impl Office {
    fn new(max_connections: usize) -> Office {
        let ((to, upgraded), log) = (mpsc::channel(), Log::default());
        let events = HandingOver {
            to,
            log: log.clone(),
        };
        let server = http::create_server_with(events).max_connections(max_connections);
        Office {
            site: Site::new(server),
            upgraded,
            log,
        }
    }

    /// Both ends of an upgraded connection, with `head` sent right behind the request.
    fn upgrade(&self, head: &str) -> (Client, Upgraded) {
        let mut client = self.site.client();
        client.send(OFFER.to_owned() + head);
        assert_eq!(client.switched().status, 101);
        let upgraded = self.upgraded.recv_timeout(PATIENCE).expect("a handover");
        let stream = upgraded.stream();
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        (client, upgraded)
    }
}

/// This test's thread reads and writes; the one that served the request is long gone.
#[test]
fn row_h09_another_thread_takes_over() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, mut upgraded) = office.upgrade("first ");
        client.send("second");
        let mut words = [0; 12];
        upgraded
            .read_exact(&mut words)
            .expect("what came with the head, and then the rest");
        assert_eq!(&words, b"first second");
        upgraded.write_all(b"one ").expect("a client");
        let parts = [IoSlice::new(b"two "), IoSlice::new(b"three")];
        assert_eq!(upgraded.write_vectored(&parts).expect("a client"), 9);
        upgraded.flush().expect("nothing to do");
        client.exactly("one two three");
        client.finish();
        assert_eq!(upgraded.read(&mut words).expect("the end"), 0);
        drop(upgraded);
        client.ended();
    });
}

/// The book's `upgradeHead`: the beginning of the new protocol, as far as it is here.
#[test]
fn row_h09_take_head_gives_what_is_ahead() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, mut upgraded) = office.upgrade("first frame");
        let mut five = [0; 5];
        upgraded.read_exact(&mut five).expect("a beginning");
        assert_eq!(upgraded.take_head(), b" frame");
        assert_eq!(upgraded.take_head(), b"");
        client.send("next");
        let mut four = [0; 4];
        upgraded.read_exact(&mut four).expect("from the stream");
        assert_eq!(&four, b"next");
        assert!(format!("{upgraded:?}").starts_with("Upgraded {"));
    });
}

/// Reading and writing at the same time, without a lock between them: one stream, two owners.
#[test]
fn row_h09_both_directions_at_once() {
    watched(|| {
        const BYTES: usize = 4_000_000;
        let office = Office::new(10);
        let (mut client, upgraded) = office.upgrade("");
        let (stream, head, slot) = upgraded.into_parts();
        assert!(head.is_empty() && slot.is_some());
        let writing = stream.clone();
        let writer = thread::spawn(move || writing.write_all(&vec![b'w'; BYTES]));
        let reader = thread::spawn(move || {
            let (mut total, mut piece) = (0, [0; 10_000]);
            while let Ok(n @ 1..) = stream.read(&mut piece) {
                total += n;
            }
            total
        });
        client.send(vec![b'r'; BYTES]);
        client.exactly(vec![b'w'; BYTES]);
        client.finish();
        assert_eq!(reader.join().expect("no panic"), BYTES);
        writer.join().expect("no panic").expect("all was written");
        drop(slot);
        client.ended();
    });
}

/// The server's deadlines do not concern the new owner: it may wait as long as it likes.
#[test]
fn row_h09_the_servers_deadlines_end_with_the_handover() {
    watched(|| {
        let (to, handed_over) = mpsc::channel();
        let log = Log::default();
        let server = http::create_server_with(HandingOver { to, log });
        let short = Duration::from_millis(10);
        let server = server.head_timeout(short).stall_timeout(short);
        let site = Site::new(server.keep_alive_timeout(Some(short)));
        let mut client = site.client();
        client.send(OFFER);
        let mut upgraded = handed_over.recv_timeout(PATIENCE).expect("a handover");
        let reader = thread::spawn(move || {
            let mut four = [0; 4];
            upgraded.read_exact(&mut four).map(|()| four)
        });
        thread::sleep(short * 10); // long enough for a deadline that must not come
        client.switched();
        client.send("late");
        let read = reader.join().expect("no panic");
        assert_eq!(read.expect("no timeout"), *b"late");
    });
}

/// The place among the server's connections travels with the stream.
#[test]
fn row_h09_the_place_is_kept_until_it_is_dropped() {
    watched(|| {
        let office = Office::new(10);
        let (_client, upgraded) = office.upgrade("");
        assert_eq!(office.site.handle.connections(), 1);
        drop(upgraded);
        assert_eq!(office.site.handle.connections(), 0);
        let (_client, upgraded) = office.upgrade("");
        let (stream, _, slot) = upgraded.into_parts();
        drop(stream);
        assert_eq!(
            office.site.handle.connections(),
            1,
            "the place is what counts"
        );
        drop(slot);
        assert_eq!(office.site.handle.connections(), 0);
    });
}

#[test]
fn row_h09_max_connections_still_counts_it() {
    watched(|| {
        let office = Office::new(1);
        let (_client, upgraded) = office.upgrade("");
        let mut waiting = office.site.client();
        waiting.send(request("GET", "/"));
        office.log.note("dropped");
        assert_eq!(office.site.handle.connections(), 1);
        drop(upgraded);
        assert_eq!(waiting.answer().text(), "well");
        assert_eq!(office.log.all(), ["dropped", "request"]);
    });
}

/// Says goodbye in its own words when it is asked, and lets go of its stream when it is cut.
struct Goodbye {
    log: Log,
    stream: Arc<dyn Stream>,
    polite: bool,
    done: Gate,
}

impl Stop for Goodbye {
    fn drain(&self, _: StopReason) {
        self.log.note("drain");
        if self.polite {
            let _ = self.stream.write_all(b"goodbye");
            self.done.open();
        }
    }

    fn cut(&self) {
        self.log.note("cut");
        self.done.open();
    }
}

impl Goodbye {
    /// A thread that holds the connection until the hook has done its part.
    fn hold(office: &Office, upgraded: Upgraded, polite: bool) -> thread::JoinHandle<()> {
        let done = Gate::default();
        upgraded.on_stop(Arc::new(Goodbye {
            log: office.log.clone(),
            stream: upgraded.stream().clone(),
            polite,
            done: done.clone(),
        }));
        thread::spawn(move || {
            done.pass();
            drop(upgraded);
        })
    }
}

#[test]
fn row_h09_the_hook_is_asked_when_the_server_stops() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, upgraded) = office.upgrade("");
        let holder = Goodbye::hold(&office, upgraded, true);
        let report = office.site.handle.shutdown(HOUR);
        assert_eq!(report, Report { drained: 1, cut: 0 });
        holder.join().expect("no panic");
        client.exactly("goodbye");
        assert_eq!(office.log.all(), ["drain", "close"]);
        client.ended();
    });
}

#[test]
fn row_h09_the_hook_is_cut_at_the_deadline() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, upgraded) = office.upgrade("");
        let holder = Goodbye::hold(&office, upgraded, false);
        let report = office.site.handle.shutdown(AT_ONCE);
        assert_eq!(report, Report { drained: 0, cut: 1 });
        holder.join().expect("no panic");
        assert_eq!(office.log.all(), ["drain", "cut", "close"]);
        client.ended();
    });
}

/// Who comes too late to be asked is asked on the spot.
#[test]
fn row_h09_a_hook_set_while_stopping_is_called_at_once() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, upgraded) = office.upgrade("");
        office.site.handle.stop();
        let holder = Goodbye::hold(&office, upgraded, true);
        client.exactly("goodbye");
        holder.join().expect("no panic");
        office.site.handle.wait();
        assert_eq!(office.log.all(), ["drain", "close"]);
    });
}

/// Without a hook of its own the stream is shut at the deadline: its reader comes back.
#[test]
fn row_h09_without_a_hook_the_stream_is_cut() {
    watched(|| {
        let office = Office::new(10);
        let (mut client, mut upgraded) = office.upgrade("");
        let reader = thread::spawn(move || upgraded.read(&mut [0; 8]).ok());
        let report = office.site.handle.shutdown(AT_ONCE);
        assert_eq!(report, Report { drained: 0, cut: 1 });
        assert_eq!(reader.join().expect("no panic"), Some(0));
        client.ended();
    });
}

/// A hook on a stream that belongs to no server is never called, and harmless.
#[test]
fn row_h09_without_a_server_there_is_no_place() {
    watched(|| {
        let (to, upgraded) = mpsc::channel();
        let log = Log::default();
        let events = HandingOver {
            to,
            log: log.clone(),
        };
        let server = http::create_server_with(events);
        over_pipe(&server, 1024, |mut client| {
            client.send(OFFER.to_owned() + "head");
            assert_eq!(client.switched().status, 101);
            let upgraded = upgraded.recv_timeout(PATIENCE).expect("a handover");
            upgraded.on_stop(Arc::new(Goodbye {
                log: log.clone(),
                stream: upgraded.stream().clone(),
                polite: true,
                done: Gate::default(),
            }));
            let (stream, head, slot) = upgraded.into_parts();
            assert!(slot.is_none() && head == b"head");
            stream.write(b"x").expect("a client");
            client.exactly("x");
        });
        assert!(log.all().is_empty());
    });
}
