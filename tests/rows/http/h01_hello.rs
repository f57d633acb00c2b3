//! H01: the book's first server, byte for byte.

use crate::support::{Framing, Site, request, watched};
use barewire::http::wire::HttpDate;
use barewire::http::{self, Server, ServerEvents};
use std::time::SystemTime;

/// The book's server, in its words.
fn hello() -> Server<impl ServerEvents> {
    http::create_server(|_req, res| {
        res.write_head(200, [("Content-Type", "text/plain")])?
            .end("Hello World\n")
    })
}

#[test]
fn row_h01_hello_world_is_chunked() {
    watched(|| {
        let answer = Site::new(hello()).get("/");
        assert_eq!((answer.status, answer.reason.as_str()), (200, "OK"));
        assert_eq!(answer.framing, Framing::Chunked);
        assert_eq!(answer.chunks, [12]);
        assert_eq!(answer.text(), "Hello World\n");
    });
}

/// The order of the book: what the program said, then Date, Connection, Keep-Alive and the framing.
#[test]
fn row_h01_the_fields_come_in_the_books_order() {
    watched(|| {
        let answer = Site::new(hello()).get("/");
        let book = [
            "Content-Type",
            "Date",
            "Connection",
            "Keep-Alive",
            "Transfer-Encoding",
        ];
        assert_eq!(answer.names(), book);
        assert_eq!(answer.field("Keep-Alive"), Some("timeout=5"));
    });
}

#[test]
fn row_h01_the_date_is_the_time_of_the_answer() {
    watched(|| {
        let now = || HttpDate::from_system_time(SystemTime::now()).expect("a date");
        let before = now();
        let answer = Site::new(hello()).get("/");
        let date = answer.field("Date").expect("a date").as_bytes();
        let date = HttpDate::decode(date, now()).expect("an IMF-fixdate");
        let seconds = before.unix_seconds()..=now().unix_seconds();
        assert!(seconds.contains(&date.unix_seconds()));
    });
}

/// `* Connection #0 to host 127.0.0.1 left intact`, says curl: it can be used again.
#[test]
fn row_h01_the_connection_is_left_intact() {
    watched(|| {
        let site = Site::new(hello());
        let mut client = site.client();
        for _ in 0..3 {
            client.send(request("GET", "/"));
            assert_eq!(client.answer().text(), "Hello World\n");
        }
    });
}

/// Seed 4 was recorded in 2022: that Node announces how long it keeps an idle connection.
#[test]
fn row_h01_transcript_of_2022_has_keep_alive() {
    let curl = [
        "Host: 127.0.0.1:<PORT>",
        "User-Agent: <AGENT>",
        "Accept: */*",
    ];
    let golden = include_str!("../../../fixtures/http/transcripts/curl_2022.txt");
    watched(move || assert_eq!(transcript(hello(), &curl), shown(golden)));
}

/// Seeds 0 and 1 were recorded in 2013: no such field, and ours is gone with the idle timeout.
#[test]
fn row_h01_transcript_of_2013_has_no_keep_alive() {
    let curl = [
        "User-Agent: <AGENT>",
        "Host: 127.0.0.1:<PORT>",
        "Accept: */*",
    ];
    let golden = include_str!("../../../fixtures/http/transcripts/curl_2013.txt");
    let server = hello().keep_alive_timeout(None);
    watched(move || assert_eq!(transcript(server, &curl), shown(golden)));
}

/// The transcript below the remarks of a golden file.
fn shown(golden: &str) -> String {
    let lines = golden.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| format!("{line}\n")).collect()
}

/// What `curl -v` shows of `GET /`: `>` what it sends, `<` the head it receives, the body bare.
/// What differs from day to day is a word in angle brackets.
fn transcript(server: Server<impl ServerEvents>, fields: &[&str]) -> String {
    let site = Site::new(server);
    let port = site.address().port().expect("a port").to_string();
    let mut sent = vec!["GET / HTTP/1.1"];
    sent.extend(fields);
    let head: String = sent.iter().map(|line| format!("{line}\r\n")).collect();
    let head = head
        .replace("<PORT>", &port)
        .replace("<AGENT>", "curl/8.5.0");
    let mut client = site.client();
    client.send(head + "\r\n");
    let answer = client.answer();

    let mut shown: String = sent.iter().map(|line| format!("> {line}\n")).collect();
    shown += &format!(">\n< HTTP/1.1 {} {}\n", answer.status, answer.reason);
    for (name, value) in &answer.fields {
        let value = if name == "Date" { "<DATE>" } else { value };
        shown += &format!("< {name}: {value}\n");
    }
    shown + "<\n" + answer.text()
}
