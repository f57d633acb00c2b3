//! U04: a thread that receives is waited for, with a limit and without, by any number of threads.

use super::socket;
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::udp::{Handle, RemoteInfo, Socket, SocketEvents};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// Each message waits for the gate; before that, it waits in vain for its own end.
#[derive(Clone, Default)]
struct Slow {
    own: Arc<OnceLock<Handle>>,
    log: Log,
    gate: Gate,
}

impl SocketEvents for Slow {
    fn message(&self, _socket: &Socket, _msg: &[u8], _rinfo: &RemoteInfo) {
        let handle = self.own.wait();
        let ended = handle.wait_within(Duration::from_millis(1));
        self.log.note(format!("from within an event: {ended:?}"));
        self.gate.pass();
        self.log.note("message done");
    }

    fn close(&self) {
        self.log.note("close");
    }
}

#[test]
fn row_u04_a_wait_with_a_limit_loses_nothing() {
    watched(|| {
        let (slow, server, client) = (Slow::default(), socket(), socket());
        let handle = server.start(slow.clone()).unwrap();
        slow.own.set(handle.clone()).unwrap();
        assert!(!handle.wait_within(Duration::from_millis(1)).unwrap());
        client.send_to(b"x", handle.local_addr()).unwrap();
        slow.log.wait_for("from within an event: Ok(false)");

        assert!(!handle.shutdown(Duration::from_millis(1)).unwrap()); // the event runs on
        thread::scope(|scope| {
            let waiters = [handle.clone(), handle.clone()];
            let waiting = waiters.map(|handle| scope.spawn(move || handle.wait()));
            slow.gate.open();
            for thread in waiting {
                thread.join().unwrap().unwrap();
            }
        });
        assert_eq!(slow.log.all()[1..], ["message done", "close"]);
        assert!(handle.wait_within(Duration::ZERO).unwrap());
        assert!(handle.shutdown(PATIENCE).unwrap(), "a second time, too");
    });
}
