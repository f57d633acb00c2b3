//! A thousand failed handshakes of every kind. The server is a program of its own, so that its
//! descriptors and threads can be counted.

use crate::stage::{hello, send};
use crate::support::{PATIENCE, watched};
use barewire::tls::{self, ClientOptions};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const EACH: usize = 1000;
/// So many at a time.
const STRANGERS: usize = 8;

/// `tls_echo`, until the test is over.
struct Echo {
    process: Child,
    address: String,
}

impl Echo {
    fn start() -> Echo {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tls_echo"));
        command.args(["--listen", "127.0.0.1:0"]);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut process = command.stderr(Stdio::piped()).spawn().expect("the demo");
        let mut err = BufReader::new(process.stderr.take().expect("a pipe"));
        let mut line = String::new();
        err.read_line(&mut line).expect("a line");
        let port = line.trim_end().rsplit_once(':').expect("an address").1;
        let address = format!("localhost:{port}");
        thread::spawn(move || err.read_to_end(&mut Vec::new()));
        Echo { process, address }
    }

    fn stranger(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("a server");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// How many descriptors it has.
    fn descriptors(&self) -> usize {
        self.count("fd")
    }

    fn threads(&self) -> usize {
        self.count("task")
    }

    fn count(&self, of: &str) -> usize {
        let folder = format!("/proc/{}/{of}", self.process.id());
        fs::read_dir(folder).expect("it runs").count()
    }

    /// Who has said goodbye may still be on its way out.
    #[track_caller]
    fn comes_back_to(&self, descriptors: usize, threads: usize) {
        let began = Instant::now();
        while self.descriptors() > descriptors || self.threads() > threads {
            let left = (self.descriptors(), self.threads());
            assert!(
                began.elapsed() < PATIENCE,
                "{left:?} of {:?}",
                (descriptors, threads)
            );
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A way to fail.
type Fails = fn(&Echo, hello: &[u8]);

const WAYS: &[(&str, Fails)] = &[
    ("comes and goes", |echo, _| drop(echo.stranger())),
    ("plain HTTP", |echo, _| {
        says(echo, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    }),
    ("garbage", |echo, _| {
        says(echo, b"\x16\x03\x01\x00\x05hello")
    }),
    ("an alert", |echo, _| {
        says(echo, b"\x15\x03\x03\x00\x02\x02\x28")
    }),
    ("half a ClientHello", |echo, hello| {
        says(echo, &hello[..hello.len() / 2])
    }),
    ("a ClientHello and no more", |echo, hello| says(echo, hello)),
    ("a ClientHello, and gone", |echo, hello| {
        send(&echo.stranger(), hello)
    }),
    ("TLS 1.0", |echo, hello| says(echo, &old(hello))),
    ("does not trust us", |echo, _| {
        let refused = tls::connect(&echo.address, &ClientOptions::new());
        assert!(refused.is_err());
    }),
];

fn says(echo: &Echo, bytes: &[u8]) {
    let stranger = echo.stranger();
    send(&stranger, bytes);
    let _ = stranger.shutdown(Shutdown::Write);
    let _ = (&stranger).read_to_end(&mut Vec::new());
}

/// The same without its extensions, which ask for something newer than TLS 1.0.
fn old(hello: &[u8]) -> Vec<u8> {
    let fixed = [&[3, 1][..], &[7; 32], &[0, 0, 2, 0, 47, 1, 0]].concat();
    let body = [&[1, 0, 0, fixed.len() as u8][..], &fixed].concat();
    [&hello[..3], &[0, body.len() as u8], &body].concat()
}

/// Many at a time, and somebody good beside them all the while.
fn all_fail(echo: &Echo, fails: Fails, hello: &[u8]) {
    thread::scope(|scope| {
        for _ in 0..STRANGERS {
            scope.spawn(|| (0..EACH / STRANGERS).for_each(|_| fails(echo, hello)));
        }
        for _ in 0..5 {
            is_served(echo);
        }
    });
}

#[track_caller]
fn is_served(echo: &Echo) {
    let trusting = ClientOptions::new().ca(include_str!("../../fixtures/tls/ca.crt"));
    let client = tls::connect(&echo.address, &trusting).expect("it is served");
    client.write_all("hello").expect("it is open");
    let mut got = [0; 14];
    (&mut &client).read_exact(&mut got).expect("all of it");
    assert_eq!(&got, b"welcome!\nhello");
}

#[test]
fn a_thousand_failures_of_every_kind_leave_nothing() {
    watched(|| {
        let (echo, hello) = (Echo::start(), hello());
        let begun = echo.descriptors();
        // Spare threads are kept: so many as served at once.
        let most = 16 + echo.threads();
        for (name, fails) in WAYS {
            let began = Instant::now();
            all_fail(&echo, *fails, &hello);
            println!("{name}: {EACH} in {:?}", began.elapsed());
            echo.comes_back_to(begun, most);
        }
        is_served(&echo);
    });
}
