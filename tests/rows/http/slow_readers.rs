//! Clients that read slowly or not at all, and clients whose bodies come slowly: when they are cut. A
//! deadline counts from the last byte that moved, and what moved fast before does not count.
//!
//! The lower bounds are exact; the upper bounds are below what a deadline that began anew would need. A busy
//! machine delays a try now and then, a deadline that begins anew delays each: one try of three must be in time.

use crate::https::stage as tls;
use crate::support::{Client, Log, PATIENCE, Reporting, Site, request, steady, watched};
use barewire::http::{self, Error, Files, Request, Response, Server, ServerEvents};
use barewire::net::{Layer, Pipe, Stream, pipe, pipe_with_capacity};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

const STALL: Duration = Duration::from_secs(1);
/// A second deadline, begun anew, would end at twice the first.
const BEFORE_A_SECOND: Duration = Duration::from_millis(1900);
const HOUR: Duration = Duration::from_secs(3600);
const MUCH: usize = 16 << 20;

/// A server of which only `stall_timeout` and the rate can cut a connection.
fn strict(server: Server<impl ServerEvents>) -> Server<impl ServerEvents> {
    let server = server.head_timeout(HOUR).keep_alive_timeout(None);
    server.stall_timeout(STALL)
}

/// A response that is longer than every buffer, written as the path says. How it failed is noted, and how
/// long after the last call that returned: `TimedOut` and milliseconds.
fn endless(log: &Log) -> Server<impl ServerEvents> {
    let ended = log.clone();
    let handler = move |req: Request<'_>, mut res: Response<'_>| {
        let mut since = Instant::now();
        let wrote = match req.path() {
            "/whole" => res.end(vec![b'x'; MUCH]).map_err(Error::from),
            "/counted" => {
                let fields = [("Content-Length", "1000000000")];
                let mut res = res.write_head(200, fields)?;
                write_for_ever(&mut res, 100_000, &mut since)
            }
            "/pieces" => write_for_ever(&mut res, 100_000, &mut since),
            _ => write_for_ever(&mut res, 100, &mut since),
        };
        if let Err(Error::Io(error)) = &wrote {
            let millis = since.elapsed().as_millis();
            ended.note(format!("{:?} {millis}", error.kind()));
        }
        Ok(wrote?)
    };
    strict(http::create_server_with(Reporting::new(log, handler)))
}

fn write_for_ever(res: &mut Response<'_>, piece: usize, since: &mut Instant) -> Result<(), Error> {
    let piece = vec![b'x'; piece];
    loop {
        res.write(&piece)?;
        *since = Instant::now();
    }
}

/// The response ended after a time within these bounds.
#[track_caller]
fn ended_within(log: &Log, least: Duration, most: Duration, what: &str) {
    let began = Instant::now();
    let ended = loop {
        let found = log
            .all()
            .into_iter()
            .find(|entry| entry.starts_with("TimedOut"));
        match found {
            Some(found) => break found,
            None => assert!(began.elapsed() < PATIENCE, "{what} is not cut"),
        }
        thread::sleep(Duration::from_millis(5));
    };
    let millis = ended.rsplit(' ').next().and_then(|n| n.parse().ok());
    let took = Duration::from_millis(millis.expect("a number"));
    assert!(took >= least && took < most, "{what}: cut after {took:?}");
}

/// One try of three takes less than `most`, and each at least `least`.
#[track_caller]
fn is_in_time(least: Duration, most: Duration, what: &str, attempt: impl Fn() -> Duration) {
    let mut took = Vec::new();
    while took.len() < 3 {
        let time = attempt();
        assert!(time >= least, "{what}: cut after {time:?}");
        if time < most {
            return;
        }
        took.push(time);
    }
    panic!("{what}: cut after {took:?}");
}

const PATHS: [&str; 4] = ["/whole", "/counted", "/pieces", "/small"];

/// A socket to a peer that reads slowly, as Linux has it: it takes much at once, then some bytes at certain
/// times, and room for more does not wake a write that waits.
#[derive(Debug)]
struct Kernel {
    pipe: Pipe,
    state: Mutex<KernelState>,
}

#[derive(Debug)]
struct KernelState {
    room: usize,
    /// When there is more room: milliseconds after it was full, and bytes.
    later: VecDeque<(u64, usize)>,
    full_since: Option<Instant>,
    write_timeout: Duration,
}

impl KernelState {
    fn take(&mut self, bytes: usize) -> usize {
        let since = self.full_since;
        let is_due =
            |at: u64| since.is_some_and(|since| since.elapsed() >= Duration::from_millis(at));
        while self.later.front().is_some_and(|later| is_due(later.0)) {
            self.room += self.later.pop_front().map_or(0, |later| later.1);
        }
        let taken = bytes.min(self.room);
        self.room -= taken;
        if taken < bytes {
            self.full_since.get_or_insert_with(Instant::now);
        }
        taken
    }
}

impl Kernel {
    fn new(pipe: Pipe, takes: &[(u64, usize)]) -> Kernel {
        let mut later: VecDeque<_> = takes.iter().copied().collect();
        let (_, room) = later.pop_front().expect("room");
        Kernel {
            pipe,
            state: Mutex::new(KernelState {
                room,
                later,
                full_since: None,
                write_timeout: HOUR,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, KernelState> {
        self.state.lock().expect("no panic")
    }

    fn take(&self, buf: &[u8]) -> io::Result<usize> {
        let (taken, timeout) = {
            let mut state = self.state();
            (state.take(buf.len()), state.write_timeout)
        };
        if taken < buf.len() {
            thread::sleep(timeout); // room that comes meanwhile wakes nobody
        }
        match taken {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            bytes => Ok(bytes),
        }
    }
}

impl Layer for Kernel {
    fn below(&self) -> &dyn Stream {
        &self.pipe
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        self.take(buf)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.take(first.map_or(&[], |buf| buf))
    }

    fn set_write_timeout(&self, d: Option<Duration>) -> io::Result<()> {
        self.state().write_timeout = d.unwrap_or(HOUR);
        Ok(())
    }
}

/// The kernel takes megabytes at once, and a little more when it has exchanged some of it with the peer's. The
/// time counts from there, not from a try some seconds later. The bytes and times are about a thirtieth of
/// what Linux takes for clients that read nothing, 100 and 200 bytes a second.
#[test]
fn fault_b01_a_client_that_reads_too_slowly_is_cut_in_time() {
    const READERS: [&[(u64, usize)]; 3] = [
        &[(0, 4_000_000), (9, 95_000)],
        &[(0, 2_700_000), (9, 68), (667, 68), (675, 68)],
        &[(0, 2_700_000), (9, 68), (373, 137), (1374, 273)],
    ];
    steady(STALL / 4, || {
        thread::scope(|scope| {
            for path in PATHS {
                for takes in READERS {
                    scope.spawn(move || {
                        let what = format!("{path} {takes:?}");
                        is_in_time(STALL, BEFORE_A_SECOND, &what, || {
                            let log = Log::default();
                            let (here, there) = pipe();
                            let mut client = Client::over(Arc::new(here));
                            client.send(request("GET", path));
                            let kernel = Arc::new(Kernel::new(there, takes));
                            endless(&log).serve(kernel.clone());
                            assert!(log.all()[0].starts_with("TimedOut"), "{path}");
                            kernel.state().full_since.expect("full").elapsed()
                        });
                    });
                }
            }
        });
    });
}

/// The kernel's own sockets, and TLS. When they have taken the last byte is not known.
#[test]
fn fault_b01_a_client_that_reads_nothing_is_cut() {
    let tcp = || "127.0.0.1:0".to_owned();
    let unix = |path: &str| {
        let name = format!("barewire-{}-b01-{}.sock", std::process::id(), &path[1..]);
        format!("unix:{}", std::env::temp_dir().join(name).display())
    };
    let cut = |log: &Log, what: &str| ended_within(log, STALL, 3 * STALL, what);
    steady(STALL / 4, move || {
        thread::scope(|scope| {
            for path in PATHS {
                for address in [tcp(), unix(path)] {
                    scope.spawn(move || {
                        let log = Log::default();
                        let site = Site::at(&address, endless(&log));
                        let mut client = site.client();
                        client.send(request("GET", path));
                        cut(&log, &format!("{path} {address}"));
                    });
                }
                scope.spawn(move || {
                    let log = Log::default();
                    let site = tls::Site::new(endless(&log));
                    let mut client = site.client();
                    client.send(request("GET", path));
                    cut(&log, &format!("{path} over TLS"));
                });
            }
        });
    });
}

/// A file is a response like others.
#[test]
fn fault_b01_a_client_that_reads_nothing_of_a_file_is_cut() {
    steady(STALL / 4, || {
        let name = format!("barewire-{}-b01", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = std::fs::File::create(folder.join("large")).expect("a file");
        file.set_len(MUCH as u64).expect("room");
        let log = Log::default();
        let ended = log.clone();
        let served = Files::new(&folder).expect("a folder");
        let handler = move |req: Request<'_>, res: Response<'_>| {
            let began = Instant::now();
            let sent = served.serve(&req, res).map_err(Error::from);
            if let Err(Error::Io(error)) = &sent {
                ended.note(format!(
                    "{:?} {}",
                    error.kind(),
                    began.elapsed().as_millis()
                ));
            }
            Ok(sent?)
        };
        let site = Site::new(strict(http::create_server_with(Reporting::new(
            &log, handler,
        ))));
        let mut client = site.client();
        client.send(request("GET", "/large"));
        ended_within(&log, STALL, 3 * STALL, "a file");
        let _ = std::fs::remove_dir_all(&folder);
    });
}

/// 10 MB at once, and from then on less than the rate: the beginning does not pay for it.
#[test]
fn fault_b01_a_fast_start_does_not_pay_for_a_slow_end() {
    steady(STALL / 4, || {
        thread::scope(|scope| {
            for (path, piece) in [("/pieces", 1000), ("/small", 1)] {
                scope.spawn(move || {
                    is_in_time(STALL / 2, BEFORE_A_SECOND, path, || {
                        let log = Log::default();
                        let server = endless(&log).min_bytes_per_second(1_000_000);
                        let (here, there) = pipe_with_capacity(10_000);
                        thread::scope(|scope| {
                            scope.spawn(|| server.serve(Arc::new(there)));
                            let mut client = Client::over(Arc::new(here));
                            client.send(request("GET", path));
                            client.try_exactly(10_000_000).expect("bytes");
                            let began = Instant::now();
                            while log.all().is_empty() {
                                let _ = client.stream().read(&mut vec![0; piece]);
                                thread::sleep(Duration::from_millis(5));
                            }
                            began.elapsed()
                        })
                    });
                });
            }
        });
    });
}

/// A client above the rate is not cut, however long the response.
#[test]
fn fault_b01_a_client_above_the_rate_is_not_cut() {
    steady(STALL / 4, || {
        let server = http::create_server(|_req, res| res.end(vec![b'x'; 300_000]));
        let server = strict(server).stall_timeout(STALL / 2);
        let server = server.min_bytes_per_second(20_000);
        let (here, there) = pipe_with_capacity(1000);
        thread::scope(|scope| {
            scope.spawn(|| server.serve(Arc::new(there)));
            let mut client = Client::over(Arc::new(here));
            client.send(request("GET", "/"));
            let (mut all, mut piece) = (0, [0; 1000]);
            while all < 300_000 {
                match client.stream().read(&mut piece).expect("bytes") {
                    0 => panic!("cut after {all} bytes"),
                    n => all += n,
                }
                thread::sleep(Duration::from_millis(4));
            }
            client.finish();
        });
    });
}

/// Each write waits and then takes all it was offered, so that no result shows that it has waited.
#[derive(Debug)]
struct Waits(Pipe);

impl Layer for Waits {
    fn below(&self) -> &dyn Stream {
        &self.0
    }
    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(10));
        self.0.write(buf)
    }
    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(10));
        self.0.write_vectored(bufs)
    }
    fn try_write(&self, _buf: &[u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }
}

#[test]
fn fault_b01_a_write_that_waits_and_takes_everything_is_judged() {
    watched(|| {
        thread::scope(|scope| {
            for path in ["/small", "/pieces"] {
                scope.spawn(move || {
                    is_in_time(STALL, 4 * STALL, path, || {
                        let log = Log::default();
                        let server = endless(&log).min_bytes_per_second(1 << 40);
                        let (here, there) = pipe_with_capacity(1 << 30);
                        let mut client = Client::over(Arc::new(here));
                        client.send(request("GET", path));
                        let began = Instant::now();
                        server.serve(Arc::new(Waits(there)));
                        assert!(log.all()[0].starts_with("TimedOut"), "{path}");
                        began.elapsed()
                    });
                });
            }
        });
    });
}

/// How long it takes until a body is given up that is sent so: its last byte shortly before the end of the
/// first deadline.
fn body_given_up(rate: u64, head: &str, first: &str, pieces: &[&str]) -> Duration {
    let server = http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?));
    let server = strict(server).min_bytes_per_second(rate);
    let (here, there) = pipe();
    let mut took = Duration::ZERO;
    thread::scope(|scope| {
        scope.spawn(|| server.serve(Arc::new(there)));
        let mut client = Client::over(Arc::new(here));
        client.send(head);
        if head.contains("Expect") {
            assert_eq!(client.interim().status, 100);
        }
        client.send(first);
        let began = Instant::now();
        for piece in pieces {
            thread::sleep(STALL * 8 / 10 / pieces.len() as u32);
            client.send(piece);
        }
        assert_eq!(client.answer().status, 408);
        took = began.elapsed();
        client.finish();
        client.ended();
    });
    took
}

const COUNTED: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
const EXPECTED: &str =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The receiving direction: a last byte late in the stretch does not begin it anew.
#[test]
fn fault_b01_a_body_below_the_rate_is_given_up_in_time() {
    steady(STALL / 4, || {
        let much = "x".repeat(200_000);
        let chunk = format!("30d40\r\n{much}\r\n");
        thread::scope(|scope| {
            for (head, first, piece) in [
                (COUNTED, "", "x"),
                (EXPECTED, "", "x"),
                (CHUNKED, "", "1\r\nx\r\n"),
                (COUNTED, &much, "x"),
                (CHUNKED, &chunk, "1\r\nx\r\n"),
            ] {
                for times in [1, 8] {
                    scope.spawn(move || {
                        let pieces = vec![piece; times];
                        is_in_time(STALL * 9 / 10, STALL * 17 / 10, head, || {
                            body_given_up(100_000, head, first, &pieces)
                        });
                    });
                }
            }
        });
    });
}

/// Without a rate, each byte begins the deadline anew: it counts from the last one.
#[test]
fn fault_b01_a_body_that_stops_is_given_up_in_time() {
    steady(STALL / 4, || {
        is_in_time(STALL * 18 / 10, STALL * 27 / 10, COUNTED, || {
            body_given_up(0, COUNTED, "", &["x"])
        });
    });
}
