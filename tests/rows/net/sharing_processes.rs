//! Processes that share one listening socket: one drains or is killed, and the other goes on.
//!
//! A worker is this test program again, with the socket as its standard input. It serves until the connection by which
//! it has reported for duty ends.

use crate::support::{PATIENCE, watched};
use barewire::http;
use barewire::net::{Listener, Shutdown};
use std::env;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const CONTROL: &str = "BAREWIRE_TEST_CONTROL";

/// What a worker does; without a parent it is no test.
#[test]
fn a_worker_of_these_tests() {
    let Ok(parent) = env::var(CONTROL) else {
        return;
    };
    let server = http::create_server(|_req, res| res.end(process::id().to_string()));
    let handle = server
        .listen_on(Listener::from_stdin().expect("a socket"))
        .expect("threads");
    let mut control = TcpStream::connect(parent).expect("a parent");
    control.write_all(b"!").expect("a parent");
    let _ = control.read(&mut [0]);
    let report = handle.shutdown(Shutdown::restart(PATIENCE));
    process::exit(i32::try_from(report.cut).unwrap_or(1));
}

struct Worker {
    process: Child,
    control: TcpStream,
}

impl Worker {
    fn start(listener: &Listener) -> Worker {
        let (_, module) = module_path!().split_once("::").expect("a crate");
        let parent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = parent.local_addr().expect("an address");
        let socket = Stdio::from(listener.try_clone_fd().expect("a descriptor"));
        let process = Command::new(env::current_exe().expect("a path"))
            .args(["--exact", &format!("{module}::a_worker_of_these_tests")])
            .env(CONTROL, address.to_string())
            .stdin(socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let (mut control, _) = parent.accept().expect("a worker");
        control.read_exact(&mut [0]).expect("a worker that serves");
        Worker { process, control }
    }

    /// The worker drains; returns its exit code.
    fn drain(mut self) -> Option<i32> {
        self.control
            .shutdown(std::net::Shutdown::Both)
            .expect("a worker");
        self.process.wait().expect("a process").code()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended
        let _ = self.process.wait();
    }
}

/// The process that answers; the connection is a new one.
fn who_answers(address: &str) -> u32 {
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut client = TcpStream::connect(address).expect("a listening socket");
    client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    client.write_all(request.as_bytes()).expect("a server");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    body.parse().expect("a process number")
}

#[test]
fn one_process_drains_and_no_request_is_lost() {
    watched(|| {
        let listener = Listener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let done = AtomicBool::new(false);
        let mut worker = Worker::start(&listener);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        who_answers(&address);
                    }
                });
            }
            for _ in 0..3 {
                let next = Worker::start(&listener);
                let drained = std::mem::replace(&mut worker, next).drain();
                assert_eq!(drained, Some(0), "nothing was cut");
            }
            done.store(true, Ordering::SeqCst);
        });
        assert_eq!(who_answers(&address), worker.process.id());
    });
}

#[test]
fn a_process_that_is_killed_leaves_the_accept_of_the_other_alone() {
    watched(|| {
        let listener = Listener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let other = Worker::start(&listener);
        for _ in 0..3 {
            let killed = Worker::start(&listener);
            who_answers(&address);
            drop(killed); // SIGKILL
            for _ in 0..10 {
                assert_eq!(who_answers(&address), other.process.id());
            }
        }
    });
}
