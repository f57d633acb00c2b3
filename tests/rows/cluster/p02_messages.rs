//! P02: messages both ways, and what ends a child.

use super::stage::Up;
use crate::support::{Client, watched};
use std::io::ErrorKind;

#[test]
fn row_p02_message_and_send_both_ways() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        up.child(1)
            .send("send 你好\nwith a \\ break")
            .expect("it reads");
        up.log.wait_for("1 message 你好\nwith a \\ break");
        let too_long = up.child(1).send(&"x".repeat(70_000));
        assert_eq!(too_long.map_err(|e| e.kind()), Err(ErrorKind::InvalidInput));
    });
}

#[test]
fn row_p02_error_if_the_program_does_not_exist() {
    watched(|| {
        let up = Up::new(|master| {
            let master = master.workers(1).max_failures(2);
            master.exec("/does/not/exist", [""])
        });
        let reason = up.wait().expect_err("it gives up").to_string();
        let why = "cannot start /does/not/exist: No such file or directory (os error 2)";
        assert!(reason.ends_with(why), "{reason}");
        assert_eq!(up.log.count(&format!("error {why}")), 2);
        assert_eq!(
            up.log.all().iter().filter(|it| it.contains("fork")).count(),
            0
        );
    });
}

#[test]
fn row_p02_exit_has_a_code_or_a_signal_and_close_follows() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        up.child(1).send("exit 7").expect("it reads");
        up.log.wait_for("1 close code 7");
        up.log.wait_for("2 listening");
        up.child(2).kill().expect("it is ours");
        up.log.wait_for("2 close signal 9");
    });
}

/// It ends with messages that it has not read, and its code is its own.
#[test]
fn row_p02_a_worker_that_ends_before_its_messages() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        let child = up.child(1);
        child.send("exit 7").expect("it reads");
        let ended = (0..1_000_000).find_map(|_| child.send("unread").err());
        let ended = ended.expect("it ends").kind();
        assert!([ErrorKind::NotConnected, ErrorKind::WouldBlock].contains(&ended));
        up.log.wait_for("1 close code 7");
    });
}

#[test]
fn row_p02_disconnect_of_either_side_lets_the_worker_finish() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        up.child(1).send("disconnect").expect("it reads");
        up.log.wait_for("1 close code 0");
        up.log.wait_for("2 listening");
        up.disconnect(&up.child(2));
        up.log.wait_for("2 close code 0");
        up.log.wait_for("3 listening");
    });
}

/// What it prints is no control line, also if it comes between two of them.
#[test]
fn row_p02_what_a_worker_prints_disturbs_nothing() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        up.send("print printed without an end ");
        up.send("send one");
        up.log.wait_for("1 message one");
        up.send("nonsense");
        up.log
            .wait_for("1 error worker 1 has written a control line that is none");
        up.send("send two");
        up.log.wait_for("1 message two");
    });
}

/// The queue for it has an end, and nobody waits.
#[test]
fn row_p02_a_worker_that_reads_nothing_holds_up_nobody() {
    watched(|| {
        let up = Up::new(|master| master).listening(2);
        let deaf = up.child(1);
        deaf.send("sleep").expect("it reads");
        let text = "x".repeat(60_000);
        let refused = (0..100).find_map(|_| deaf.send(&text).err());
        let refused = refused.expect("there is no room for 6 MB").kind();
        assert_eq!(refused, ErrorKind::WouldBlock);
        while deaf.send("x").is_ok() {}
        up.child(2).send("notify to all").expect("it reads");
        up.log.wait_for("2 message to all");
        up.log
            .wait_for("1 error worker 1 does not read its messages");
        up.child(2).send("send more").expect("it reads");
        up.log.wait_for("2 message more");
        assert_eq!(up.stats().len(), 1, "one of them answers");
        deaf.kill().expect("it is ours");
    });
}

/// It reads nothing any more, and its queue would make it look too slow.
#[test]
fn row_p02_a_worker_that_drains_gets_no_messages() {
    watched(|| {
        let up = Up::new(|master| master.workers(1)).listening(1);
        let mut client = Client::connect(&up.local_addr());
        client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        );
        client.interim(); // its handler waits for the body
        up.disconnect(&up.child(1));
        up.log.wait_for("2 listening");
        let text = "x".repeat(60_000);
        (0..100).for_each(|_| up.send(&text));
        assert_eq!(
            up.log.count("1 error worker 1 does not read its messages"),
            0
        );
    });
}
