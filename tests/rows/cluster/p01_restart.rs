//! P01: a restart under load loses no request.

use super::stage::{Demo, Up, get, temporary, wait_gone};
use crate::support::{Client, PATIENCE, request, watched};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Clients that connect for each request: none is refused or cut.
fn loses_none(round_robin: bool) {
    let up = Up::new(|master| master.round_robin(round_robin)).listening(2);
    let (address, is_over) = (up.local_addr(), AtomicBool::new(false));
    thread::scope(|scope| {
        let ask = || {
            let mut answered = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                answered.insert(get(&address, "/"));
            }
            answered
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        for _ in 0..2 {
            let restarted = up.restart(PATIENCE);
            restarted.unwrap_or_else(|e| panic!("{e}: {:#?}", up.log.all()));
        }
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("no request is lost");
        }
    });
    let new: Vec<u64> = up.children().iter().map(|child| child.id()).collect();
    assert_eq!(new, [5, 6], "two restarts of two workers");
    for old in 1..=4 {
        assert_eq!(up.log.count(&format!("{old} exit code 0")), 1);
    }
}

#[test]
fn row_p01_a_restart_loses_no_request() {
    watched(|| loses_none(false));
}

#[test]
fn row_p01_a_restart_loses_no_request_while_workers_take_turns() {
    watched(|| loses_none(true));
}

/// The old worker finishes what it has; its idle connection ends.
#[test]
fn row_p01_an_old_worker_finishes_its_requests() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        let address = up.local_addr();
        let mut idle = Client::connect(&address);
        idle.send(request("GET", "/"));
        idle.answer();
        let mut slow = Client::connect(&address);
        slow.send(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        );
        slow.interim(); // its handler waits for the body
        thread::scope(|scope| {
            let restart = scope.spawn(|| up.restart(PATIENCE));
            idle.ended(); // so the old one drains
            assert_eq!(get(&address, "/"), up.child(2).pid().to_string());
            slow.send("late");
            let answer = slow.answer();
            assert_eq!(answer.text(), "late");
            assert!(answer.says_close());
            restart.join().expect("no panic").expect("a restart");
        });
        assert_eq!(up.children().len(), 1);
    });
}

/// Restarts two workers by a program that begins like this, and is no better for it.
fn fails(name: &str, begins: &str) -> (Up, String) {
    let program = temporary(name);
    let this = std::env::current_exe().expect("a program");
    let worker = format!(
        "exec {} --exact cluster::stage::worker_process --nocapture",
        this.display()
    );
    std::fs::write(&program, &worker).expect("a file");
    let path = program.to_str().expect("text").to_owned();
    let up = Up::new(|master| master.exec("sh", [path])).listening(2);
    std::fs::write(&program, begins.to_owned() + &worker).expect("a file");
    let failed = up.restart(PATIENCE).expect_err("a broken program");
    let _ = std::fs::remove_file(&program);
    (up, failed.to_string())
}

/// A new program that does not work: the old workers go on.
#[test]
fn row_p01_a_restart_that_fails_leaves_the_old_workers() {
    watched(|| {
        let (up, failed) = fails("broken.sh", "exit 7\n");
        assert_eq!(failed, "the new worker 3 failed: exit status: 7");
        let left: Vec<u64> = up.children().iter().map(|child| child.id()).collect();
        assert_eq!(left, [1, 2]);
        up.get("/");
    });
}

/// A new program that serves and then dies: the restart has failed, whichever old workers are left.
#[test]
fn row_p01_a_restart_fails_if_a_new_worker_dies_before_it_is_over() {
    watched(|| {
        let dies = format!("export {}=1\n", super::stage::DIES);
        let (_up, failed) = fails("dying.sh", &dies);
        assert!(failed.ends_with(" failed: exit status: 7"), "{failed}");
    });
}

/// A new program that disconnects itself before it serves: it did not fail, but it cannot take over.
#[test]
fn row_p01_a_restart_fails_if_a_new_worker_disconnects_at_once() {
    watched(|| {
        let leaves = "printf '\\376online \\377\\376disconnect \\377'; read order <&1; exit 0\n";
        let (up, failed) = fails("leaving.sh", leaves);
        assert_eq!(failed, "the new worker 3 ended before it took over");
        up.get("/");
        assert!(up.wait_listening_within(2, PATIENCE), "the old ones go on");
    });
}

#[test]
fn row_p01_a_cluster_that_stops_does_not_restart() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        up.shutdown(Duration::ZERO);
        assert!(up.restart(PATIENCE).is_err());
    });
}

#[test]
fn row_p01_the_demo_restarts_when_it_is_told_to() {
    watched(|| {
        let mut demo = Demo::start(&["--listen", "127.0.0.1:0", "--workers", "1"]);
        let old = demo.workers(1);
        demo.type_line("restart");
        assert_ne!(demo.workers(1), old);
        demo.line("restarted");
        wait_gone(&old);
    });
}
