//! The end of the chapter: at the end of its input, and when it cannot open all of its doors.

use super::Chapter;
use crate::place::Place;
use crate::stage::run;
use crate::support::{Client, watched};
use barewire::net::Addr;
use barewire::websocket;
use std::net::TcpListener;
use std::thread;

const UPLOAD: &str =
    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

/// A request that runs is answered, a WebSocket is closed with 1001, and nothing stays behind.
#[test]
fn the_chapter_ends_with_its_input() {
    watched(|| {
        let chapter = Chapter::open_with("chapter-ends", &["--stop-at-eof"]);
        let http = Addr::Ip(chapter.address("HTTP").parse().expect("an address"));
        let mut upload = Client::connect(&http);
        upload.send(UPLOAD);
        upload.interim(); // its handler waits for the body
        let page = format!("ws://{}/hello", chapter.address("WebSocket"));
        let mut page = websocket::connect(&page).expect("a WebSocket");
        let Chapter {
            running,
            _place: place,
            ..
        } = chapter;
        assert!(place.path().exists());

        let ended = thread::spawn(move || running.end_input());
        while page.receive().expect("a Close frame").is_some() {}
        assert_eq!(page.outcome().map(|it| it.code), Some(1001));
        upload.send("late");
        assert_eq!(upload.answer().text(), "late");
        let ended = ended.join().expect("no panic");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        assert!(!place.path().exists());
    });
}

/// The Unix socket is opened before the port that is taken, and its file goes.
#[test]
fn fault_a_chapter_that_cannot_open_all_doors_leaves_no_socket_file() {
    watched(|| {
        let place = Place::new("chapter-fails");
        let path = place.path();
        let path = path.to_str().expect("text");
        // The first three ports are for TCP, UDP and HTTP.
        let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
        let taken = holder.local_addr().expect("an address").port();
        let first = (taken - 2).to_string();
        let ended = run("chapter", &["--ports-from", &first, "--unix", path]);
        assert_eq!(ended.code, Some(1), "{}", ended.err);
        assert!(!place.path().exists());
    });
}
