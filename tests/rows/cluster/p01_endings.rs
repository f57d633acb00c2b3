//! P01: a parent that is killed, a Ctrl-C, a shutdown: what is left behind.

use super::stage::{Demo, Up, temporary, unix, wait_gone};
use crate::support::{Client, post, request, watched};
use barewire::net::{Addr, Listener};
use std::process::Command;
use std::time::Duration;

const EXPECTED: &str =
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 22\r\n\r\n";

/// The body of a request comes after the parent's end, and is answered.
fn finish_after(demo: &mut Demo, end: impl FnOnce(&mut Demo)) {
    let address = demo.line("").replace("setup: ", "");
    let workers = demo.workers(2);
    let address = Addr::Ip(address.parse().expect("an address"));
    let mut client = Client::connect(&address);
    client.send(request("GET", "/"));
    let answer = client.answer();
    let worker = answer.text();
    client.send(EXPECTED);
    client.interim(); // its handler waits for the body
    let mut others = Vec::new();
    let mut idle = loop {
        let mut idle = Client::connect(&address);
        idle.send(request("GET", "/"));
        match idle.answer().text() == worker {
            true => break idle,
            false => others.push(idle),
        }
    };
    end(demo);
    idle.ended(); // the worker of both drains
    // The address is free, though a worker still has a request to answer.
    let next = Listener::bind(&address.to_string()).expect("a free address");
    client.send("a body that comes late");
    let answer = client.answer();
    assert_eq!(answer.text(), "a body that comes late\n");
    assert!(answer.says_close());
    wait_gone(&workers);
    drop(next);
}

#[test]
fn row_p01_workers_whose_parent_is_killed_finish_and_end() {
    watched(|| {
        let mut demo = Demo::start(&["--listen", "127.0.0.1:0", "--workers", "2"]);
        finish_after(&mut demo, Demo::kill);
    });
}

/// What a terminal does: the signal goes to the whole group of the parent. A program that was started in the background
/// ignores SIGINT, and so does what it starts: SIGTERM stands for it.
#[test]
fn row_p01_a_ctrl_c_reaches_the_parent_only() {
    watched(|| {
        let mut demo = Demo::start(&["--listen", "127.0.0.1:0", "--workers", "2"]);
        finish_after(&mut demo, |demo| {
            let group = format!("-{}", demo.id());
            let sent = Command::new("kill").args(["-TERM", "--", &group]).status();
            assert!(sent.expect("kill").success());
            assert_eq!(demo.wait().code(), None, "by the signal");
        });
    });
}

#[test]
fn row_p01_a_killed_parent_leaves_no_socket_file() {
    watched(|| {
        let path = temporary("killed.sock");
        let mut demo = Demo::start(&["--listen", &unix(&path), "--workers", "2"]);
        let workers = demo.workers(2);
        assert!(path.exists());
        demo.kill();
        wait_gone(&workers);
        assert!(!path.exists());
    });
}

/// The parent breaks off the control stream of a worker that reads too slowly. The others go on: the socket and its
/// file are theirs.
#[test]
fn row_p01_a_worker_that_is_broken_off_leaves_the_socket_to_the_others() {
    watched(|| {
        let path = temporary("broken-off.sock");
        for address in ["127.0.0.1:0", &unix(&path)] {
            let up = Up::at(address, |master| master).listening(2);
            up.child(1).send("deaf").expect("it reads");
            up.log.wait_for("1 exit code 0");
            up.log.wait_for("3 listening");
            up.get("/");
        }
    });
}

/// A request that is never complete is cut at the deadline, and a worker that does not end is killed.
#[test]
fn row_p01_a_shutdown_has_a_deadline() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        let mut client = Client::connect(&up.local_addr());
        client.send(&post("/", "never complete")[..60]);
        assert_eq!(up.shutdown(Duration::from_millis(100)), 0);
        client.ended();

        let up = Up::new(|master| master.workers(1)).listening(1);
        up.send("sleep");
        assert_eq!(up.shutdown(Duration::ZERO), 1, "it was killed");
        assert_eq!(up.log.count("1 exit signal 9"), 1);
        assert!(up.wait().is_ok(), "it has not given up");
    });
}
