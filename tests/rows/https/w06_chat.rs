//! W06: a chat with rooms over TLS, written from the docs alone: what a user's program would be.

use super::stage::{Site, identity, trusting};
use crate::support::{PATIENCE, watched};
use barewire::websocket::{Config, ConnectOptions, OwnedData, Room, Slow, WebSocket, Writer};
use barewire::{http, https, websocket};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Default)]
struct Chat {
    rooms: Mutex<HashMap<String, Arc<Room>>>,
}

impl Chat {
    fn enter(&self, name: &str, member: &Writer) -> Arc<Room> {
        let mut rooms = self.rooms.lock().expect("rooms");
        rooms.retain(|_, room| !room.is_empty());
        let make = || Arc::new(Room::new(Slow::Close));
        let room = rooms.entry(name.to_owned()).or_insert_with(make);
        room.add(member);
        Arc::clone(room)
    }

    fn handler(&self, req: http::Request, res: http::Response) -> http::Handled {
        let path = req.path().trim_start_matches('/').to_owned();
        let (room, name) = path.split_once('/').unwrap_or((&path, "somebody"));
        let config = Config {
            max_buffered: 2 << 20, // some of the longest messages below
            ..Config::default()
        };
        let acceptor = websocket::Acceptor::new().config(config);
        let Some(mut ws) = acceptor.accept(req, res)? else {
            return Ok(());
        };
        let member = ws.writer();
        let room = self.enter(room, &member);
        room.send(format!("{name} joins"));
        while let Ok(Some(line)) = ws.receive() {
            let delivered = room.send(format!("{name}: {}", line.text().unwrap_or("(bytes)")));
            if delivered.slow > 0 {
                room.send("somebody is too slow");
            }
        }
        room.remove(&member);
        room.send(format!("{name} leaves"));
        Ok(())
    }
}

/// Receives on a thread of its own.
fn listen(ws: WebSocket) -> (Writer, Receiver<OwnedData>) {
    let (mut reader, writer) = ws.split();
    let (lines, received) = channel();
    thread::spawn(move || {
        while let Ok(Some(line)) = reader.receive() {
            if lines.send(line.into_owned()).is_err() {
                return;
            }
        }
    });
    (writer, received)
}

#[track_caller]
fn line(lines: &Receiver<OwnedData>) -> String {
    match lines.recv_timeout(PATIENCE).expect("a line") {
        OwnedData::Text(text) => text,
        OwnedData::Binary(bytes) => panic!("{bytes:?}"),
    }
}

#[test]
fn row_w06_a_chat_with_rooms_over_tls() {
    watched(|| {
        let chat = Arc::new(Chat::default());
        let server = http::create_server(move |req, res| chat.handler(req, res));
        let site = Site::with(identity("server"), server);
        let agent = https::Agent::new(&trusting()).expect("good options");
        let options = ConnectOptions::new().request_options(&agent.options());
        let join = |path: &str| {
            let url = site.url(path).replace("https:", "wss:");
            https::websocket_with(&url, &options).expect("a member")
        };

        let (anna, annas) = listen(join("/tea/anna"));
        assert_eq!(line(&annas), "anna joins");
        let (ben, bens) = listen(join("/tea/ben"));
        assert_eq!(line(&annas), "ben joins");
        assert_eq!(line(&bens), "ben joins");
        let (_elsewhere, others) = listen(join("/coffee/carl"));
        assert_eq!(line(&others), "carl joins");

        anna.send(format!("{} cups?", 2)).expect("open");
        assert_eq!(line(&bens), "anna: 2 cups?");
        assert_eq!(line(&annas), "anna: 2 cups?");

        // A member that reads nothing is closed, and the others hear of it. It gets what was sent before.
        let mut slow = join("/tea/slow");
        assert_eq!(line(&annas), "slow joins");
        assert_eq!(line(&bens), "slow joins");
        let long = "x".repeat(500_000);
        anna.send(&long).expect("open");
        while line(&bens) != "somebody is too slow" {
            anna.send(&long).expect("open");
        }
        while let Ok(Some(_)) = slow.receive() {}
        let outcome = slow.writer().closed();
        assert_eq!((outcome.clean, outcome.code), (true, 1008));
        while line(&bens) != "slow leaves" {}

        ben.close(1000, "").expect("a code");
        assert!(ben.closed_within(PATIENCE).expect("it ends").clean);
        while line(&annas) != "ben leaves" {}

        let report = site.handle.shutdown(PATIENCE);
        assert_eq!(report.cut, 0);
        let outcome = anna.closed();
        assert_eq!((outcome.clean, outcome.code), (true, 1001));
        assert!(annas.recv_timeout(PATIENCE).is_err() && others.recv_timeout(PATIENCE).is_err());
    });
}

/// Members that read are no slow members, however long the messages are that one of them sends in a row. One that
/// reads nothing is closed by then, or holds `max_buffered` bytes and two messages at most.
#[test]
fn fault_w06_long_messages_over_tls_close_no_member_that_reads() {
    watched(|| {
        let room = Arc::new(Room::new(Slow::Close));
        let door = Arc::clone(&room);
        let server = http::create_server(move |req: http::Request, res: http::Response| {
            let Some(mut ws) = websocket::accept(req, res)? else {
                return Ok(());
            };
            door.add(&ws.writer());
            while let Some(text) = ws.receive()? {
                door.send(text);
            }
            Ok::<(), http::Failure>(())
        });
        let site = Site::with(identity("server"), server);
        let agent = https::Agent::new(&trusting()).expect("good options");
        let url = site.url("/").replace("https:", "wss:");
        let join = || agent.websocket(&url).expect("a member");
        let members: Vec<_> = (0..4).map(|_| listen(join())).collect();
        let _reads_nothing = join();
        while room.len() < 5 {
            thread::yield_now();
        }

        let long = "x".repeat(200_000);
        for _ in 0..5 {
            members[0].0.send(&long).expect("open");
        }
        for (_, lines) in &members {
            for _ in 0..5 {
                assert!(line(lines) == long);
            }
        }
        assert!(members.iter().all(|(member, _)| member.is_open()));
        site.handle.shutdown(std::time::Duration::from_millis(20)); // one member does not answer
    });
}
