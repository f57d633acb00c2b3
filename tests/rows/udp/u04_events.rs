use super::{socket, socket_at, socket_of_its_own};
use crate::support::{Gate, Log, watched};
use barewire::net::is_timeout;
use barewire::udp::{ReceiveBuffer, RemoteInfo, Socket, SocketEvents};
use std::io;
use std::thread;
use std::time::Duration;

/// Logs each event, and obeys some messages.
#[derive(Clone, Default)]
struct Diary {
    log: Log,
    gate: Gate,
}

impl SocketEvents for Diary {
    fn message(&self, socket: &Socket, msg: &[u8], _rinfo: &RemoteInfo) {
        let msg = String::from_utf8_lossy(msg);
        self.log.note(format!("message {msg}"));
        match msg.as_ref() {
            "close" => socket.close(),
            "wait" => self.gate.pass(),
            "panic" => panic!("as it was told"),
            _ => {}
        }
        self.log.note(format!("message {msg} done"));
    }

    fn listening(&self, socket: &Socket) {
        self.log.note(format!("listening {}", socket.local_addr()));
    }

    fn error(&self, error: &io::Error) {
        self.log.note(format!("error {:?}", error.kind()));
    }

    fn close(&self) {
        self.log
            .note(format!("close on {:?}", thread::current().name()));
    }
}

const CLOSE: &str = "close on Some(\"barewire udp\")";

#[test]
fn row_u04_events_come_in_order() {
    watched(|| {
        let (diary, server, client) = (Diary::default(), socket(), socket());
        for message in ["a", "b", "close", "never"] {
            client
                .send_to(message.as_bytes(), server.local_addr())
                .unwrap();
        }
        let handle = server.start(diary.clone()).unwrap();
        handle.wait().unwrap();
        let listening = format!("listening {}", server.local_addr());
        let all = [
            listening.as_str(),
            "message a",
            "message a done",
            "message b",
            "message b done",
            "message close",
            "message close done",
            CLOSE,
        ];
        assert_eq!(diary.log.all(), all);
    });
}

#[test]
fn row_u04_nothing_is_received_once_close_has_returned() {
    watched(|| {
        let (diary, server, client) = (Diary::default(), socket(), socket());
        for message in ["wait", "never"] {
            client
                .send_to(message.as_bytes(), server.local_addr())
                .unwrap();
        }
        let handle = server.start(diary.clone()).unwrap();
        diary.log.wait_for("message wait");
        handle.stop(); // does not wait for the message that is under way
        diary.log.note("closed");
        diary.gate.open();
        handle.wait().unwrap();
        let tail = ["message wait", "closed", "message wait done", CLOSE];
        assert_eq!(diary.log.all()[1..], tail);
    });
}

#[test]
fn row_u04_a_panic_ends_one_message() {
    watched(|| {
        let (diary, server, client) = (Diary::default(), socket(), socket());
        for message in ["panic", "close"] {
            client
                .send_to(message.as_bytes(), server.local_addr())
                .unwrap();
        }
        server.start(diary.clone()).unwrap().wait().unwrap();
        let tail = [
            "message panic",
            "message close",
            "message close done",
            CLOSE,
        ];
        assert_eq!(diary.log.all()[1..], tail);
    });
}

#[test]
fn row_u04_a_missing_peer_is_reported_and_ends_nothing() {
    watched(|| {
        let (diary, server, peer) = (Diary::default(), socket(), socket_of_its_own(2));
        let absent = peer.local_addr();
        peer.close();
        // A connected socket gets the report …
        let handle = server.start(diary.clone()).unwrap();
        let address = absent.ip().to_string();
        server.connect(absent.port(), &address).unwrap();
        server.send_connected(b"anybody?").unwrap();
        diary.log.wait_for("error ConnectionRefused");
        // … and when there is somebody, all is well.
        let peer = socket_at(&absent.to_string());
        peer.send_to(b"close", server.local_addr()).unwrap();
        handle.wait().unwrap();
        assert_eq!(diary.log.all().last().unwrap(), CLOSE);
    });
}

#[test]
fn row_u04_an_unconnected_socket_goes_on_as_well() {
    watched(|| {
        let (server, client, absent) = (socket(), socket(), socket_of_its_own(3));
        absent.close();
        for _ in 0..3 {
            let _ = server.send_to(b"anybody?", absent.local_addr()); // it may get a report, or not
        }
        client.send_to(b"x", server.local_addr()).unwrap();
        let mut got = 0;
        let on_message = |socket: &Socket, _: &[u8], _: &RemoteInfo| {
            got += 1;
            socket.close();
        };
        server.on_message(on_message).unwrap();
        assert_eq!(got, 1);
    });
}

#[test]
fn row_u04_a_read_timeout_is_no_event() {
    watched(|| {
        let (diary, server, client) = (Diary::default(), socket(), socket());
        let clock = socket();
        for timed in [&server, &clock] {
            let timeout = Some(Duration::from_millis(1));
            timed.set_read_timeout(timeout).unwrap();
        }
        let handle = server.start(diary.clone()).unwrap();
        for round in 0..5 {
            // As long as here, the server waits, too; it has had a timeout or is about to.
            assert!(is_timeout(
                &clock.recv(&mut ReceiveBuffer::new()).unwrap_err()
            ));
            let message = format!("{round}");
            client
                .send_to(message.as_bytes(), server.local_addr())
                .unwrap();
            diary.log.wait_for(&format!("message {round} done"));
        }
        handle.stop();
        handle.wait().unwrap();
        let errors = diary
            .log
            .all()
            .iter()
            .filter(|it| it.starts_with("error"))
            .count();
        assert_eq!(errors, 0);
    });
}
