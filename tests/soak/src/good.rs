//! Good clients: each does one thing again and again and measures how long that takes.
//!
//! Each kind of exchange runs twice: on connections that are kept for a while, and on a new connection
//! each time, where the time to connect counts. Only a new connection may wait or fail while the
//! test takes descriptors or threads away.

use crate::addresses::{Addresses, EVENTS, HTTP, TCP, TLS, UDP, WS, WSS};
use crate::client::{Client, PING, TEXT, client_frame, get, wrong};
use crate::windows::Windows;
use std::io::{self, Write};
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);
/// What the messages of the good member begin with.
pub(crate) const MEMBER: &str = "member ";
/// How often a kept connection is used before the next one.
const KEPT_FOR: u32 = 200;

type Open = fn(&Addresses) -> io::Result<Client>;
type Ask = fn(&mut Client) -> io::Result<()>;

/// A name, how to connect, and a question with its answer.
const EXCHANGES: [(&str, Open, Ask); 8] = [
    ("tcp echo", |at| Client::plain(at[TCP]), echo),
    ("tcp echo by events", |at| Client::plain(at[EVENTS]), echo),
    ("http GET", |at| Client::plain(at[HTTP]), hello),
    ("http POST", |at| Client::plain(at[HTTP]), post),
    ("https GET", |at| Client::tls(at[WSS]), nothing),
    ("tls echo", |at| Client::tls(at[TLS]), echo),
    (
        "ws echo",
        |at| Client::plain(at[WS])?.upgrade("/echo"),
        message,
    ),
    (
        "wss echo",
        |at| Client::tls(at[WSS])?.upgrade("/echo"),
        message,
    ),
];

fn echo(client: &mut Client) -> io::Result<()> {
    client.echo(&[b'x'; 32])
}

fn hello(client: &mut Client) -> io::Result<()> {
    client.send(get("/").as_bytes())?;
    client.expect(200, b"Hello World\n")
}

fn post(client: &mut Client) -> io::Result<()> {
    let head = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1024\r\n\r\n";
    client.send(&[head.as_bytes(), &[b'x'; 1024]].concat())?;
    client.expect(200, &[b'x'; 1024])
}

fn nothing(client: &mut Client) -> io::Result<()> {
    client.send(get("/nothing").as_bytes())?;
    match client.response()?.0 {
        404 => Ok(()),
        status => wrong(format!("{status} in place of 404")),
    }
}

fn message(client: &mut Client) -> io::Result<()> {
    client.send(&client_frame(TEXT, true, &[b'x'; 32]))?;
    match client.message()?.0 == [b'x'; 32] {
        true => Ok(()),
        false => wrong("another message came back"),
    }
}

/// What a good client saw.
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) latencies: Vec<Duration>,
    pub(crate) errors: Vec<String>,
    /// What a fault of the test may have spoilt.
    pub(crate) excused: usize,
}

impl Seen {
    fn new(name: String) -> Seen {
        Seen {
            name,
            latencies: Vec::new(),
            errors: Vec::new(),
            excused: 0,
        }
    }

    fn note(&mut self, start: Instant, excused: bool, done: io::Result<()>) {
        match done {
            _ if excused => self.excused += 1,
            Ok(()) => self.latencies.push(start.elapsed()),
            Err(error) => self.errors.push(error.to_string()),
        }
    }
}

/// Where the good clients run, and until when.
pub(crate) struct Run<'a> {
    pub(crate) at: &'a Addresses,
    pub(crate) windows: &'a Windows,
    pub(crate) stop: &'a AtomicBool,
}

impl Run<'_> {
    /// Runs all good clients, each on a thread of its own.
    pub(crate) fn all(&self) -> Vec<Seen> {
        thread::scope(|scope| {
            let mut clients = vec![scope.spawn(|| self.udp()), scope.spawn(|| self.member())];
            for (name, open, ask) in EXCHANGES {
                clients.push(scope.spawn(move || self.keeps(name, open, ask)));
                clients.push(scope.spawn(move || self.opens(name, open, ask)));
            }
            let seen = clients.into_iter().map(|client| client.join());
            seen.map(|seen| seen.expect("no panic")).collect()
        })
    }

    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn opens(&self, name: &str, open: Open, ask: Ask) -> Seen {
        let mut seen = Seen::new(format!("{name}, new"));
        while !self.is_over() {
            let start = Instant::now();
            let done = open(self.at).and_then(|mut client| ask(&mut client));
            seen.note(start, self.windows.meet(start), done);
            thread::sleep(PAUSE);
        }
        seen
    }

    fn keeps(&self, name: &str, open: Open, ask: Ask) -> Seen {
        let mut seen = Seen::new(format!("{name}, kept"));
        while !self.is_over() {
            let opening = Instant::now();
            let mut client = open(self.at);
            for number in 0..KEPT_FOR {
                let start = Instant::now();
                let done = client.as_mut().map_err(take_error).and_then(&ask);
                let broken = done.is_err();
                // The first answer may still wait for a thread.
                let excused = number == 0 && self.windows.meet(opening);
                seen.note(start, excused, done);
                thread::sleep(PAUSE);
                if broken || self.is_over() {
                    break;
                }
            }
        }
        seen
    }

    /// A datagram may be lost; an answer to the fourth try may not.
    fn udp(&self) -> Seen {
        let mut seen = Seen::new("udp echo".into());
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let timeout = Some(Duration::from_millis(500));
        socket.set_read_timeout(timeout).expect("a timeout");
        for number in 1_u64.. {
            let start = Instant::now();
            let ask = || {
                socket.send_to(&number.to_be_bytes(), self.at[UDP])?;
                let mut answer = [0; 8];
                // Answers to earlier tries may still come.
                while u64::from_be_bytes(answer) != number {
                    socket.recv(&mut answer)?;
                }
                Ok(())
            };
            let done = ask()
                .or_else(|_| ask())
                .or_else(|_| ask())
                .or_else(|_| ask());
            seen.note(start, false, done);
            thread::sleep(PAUSE);
            if self.is_over() {
                break;
            }
        }
        seen
    }

    /// A member of the room that reads all and pings all the time: how long until its own message
    /// comes back. A message may be skipped while a large one is on its way to this member.
    fn member(&self) -> Seen {
        let mut seen = Seen::new("ws room, own message".into());
        while !self.is_over() {
            let start = Instant::now();
            if let Err(error) = self.stay(&mut seen) {
                seen.note(start, false, Err(error));
                thread::sleep(PAUSE);
            }
        }
        seen
    }

    fn stay(&self, seen: &mut Seen) -> io::Result<()> {
        let mut client = Client::plain(self.at[WS])?.upgrade("/chat")?;
        let mut sender = client.tcp.try_clone()?;
        let (begin, gone) = (Instant::now(), AtomicBool::new(false));
        let sends = || {
            for number in 0.. {
                let micros = begin.elapsed().as_micros();
                let message = match number % 16 {
                    0 => client_frame(TEXT, true, format!("{MEMBER}{micros}").as_bytes()),
                    _ => client_frame(PING, true, &u64::to_be_bytes(number)),
                };
                if sender.write_all(&message).is_err() || gone.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(Duration::from_millis(3));
            }
        };
        thread::scope(|scope| {
            scope.spawn(sends);
            let read = self.read_all(&mut client, begin, seen);
            gone.store(true, Ordering::Relaxed);
            read
        })
    }

    fn read_all(&self, client: &mut Client, begin: Instant, seen: &mut Seen) -> io::Result<()> {
        let mut pongs = 0;
        while !self.is_over() {
            let (message, answered) = client.message()?;
            for pong in answered {
                // Of several pings the last may be answered alone (RFC 6455 §5.5.3), so: none twice.
                let number = pong.try_into().map_or(0, u64::from_be_bytes);
                if number <= pongs {
                    return wrong(format!("pong {number} after pong {pongs}"));
                }
                pongs = number;
            }
            if let Some(sent) = message.strip_prefix(MEMBER.as_bytes()) {
                let sent = String::from_utf8_lossy(sent).parse();
                let sent = Duration::from_micros(sent.map_err(io::Error::other)?);
                seen.latencies.push(begin.elapsed().saturating_sub(sent));
            } else if message.iter().any(|&byte| byte != message[0]) {
                return wrong("a message that nobody has sent");
            }
        }
        Ok(())
    }
}

/// The error that made a connection unusable.
fn take_error(error: &mut io::Error) -> io::Error {
    std::mem::replace(error, io::ErrorKind::NotConnected.into())
}

/// How long each kind of exchange takes on a new connection, all at once.
pub(crate) fn probe(at: &Addresses) -> Vec<(&'static str, io::Result<Duration>)> {
    let start = Instant::now();
    let one = |open: Open, ask: Ask| {
        ask(&mut open(at)?)?;
        Ok(start.elapsed())
    };
    thread::scope(|scope| {
        let threads =
            EXCHANGES.map(|(name, open, ask)| (name, scope.spawn(move || one(open, ask))));
        let answers = threads.into_iter();
        answers
            .map(|(name, thread)| (name, thread.join().expect("no panic")))
            .collect()
    })
}
