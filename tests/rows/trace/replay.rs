//! A capture is played again, against a server that answers as it was recorded and against others.

use crate::support::watched;
use barewire::http::{self, Request, Response};
use barewire::net;
use barewire::trace::wire::Direction::{self, FromClient as C, FromServer as S};
use barewire::trace::wire::capture::{Reader, Writer, invented};
use barewire::trace::wire::{Event, What};
use barewire::trace::{Outcome, Replay};
use barewire::websocket;
use std::io::Read;
use std::time::{Duration, Instant};

/// A capture of one conversation, a piece a millisecond, which no side ends.
fn capture(passed: &[(Direction, &[u8])]) -> Vec<u8> {
    capture_at(passed, Duration::ZERO, Duration::from_millis(1))
}

/// The same: when it begins, and how long it takes to the next piece.
fn capture_at(passed: &[(Direction, &[u8])], start: Duration, step: Duration) -> Vec<u8> {
    let (client, server) = invented(0);
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file);
    let pieces = passed
        .iter()
        .map(|(from, bytes)| (*from, What::bytes(*bytes)));
    let all = [(C, What::begins(client, server))]
        .into_iter()
        .chain(pieces);
    for (n, (from, what)) in (0..).zip(all) {
        let event = Event::new(0, from, start + step * n, what);
        writer.event(&event).unwrap();
    }
    file
}

fn played(replay: &Replay, file: &[u8]) -> Outcome {
    let mut replayed = replay.play(Reader::new(file));
    let outcome = replayed.next().unwrap().unwrap().outcome;
    assert!(replayed.next().is_none());
    outcome
}

fn differences(outcome: Outcome) -> Vec<String> {
    match outcome {
        Outcome::Differs(all) => all.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

fn handler(mut req: Request, res: Response) -> http::Handled {
    let mut body = String::new();
    req.read_to_string(&mut body)?;
    let status = if req.path() == "/gone" { 410 } else { 200 };
    let res = res.write_head(status, [("X-Length", body.len().to_string())])?;
    res.end(body)
}

/// Two requests; the body of the first one waits for the 100. The recorded server is another program: it has a Date of
/// 2013, other fields in another order, and other chunks.
const RECORDED: [(Direction, &[u8]); 6] = [
    (C, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"),
    (C, b"Expect: 100-continue\r\n\r\n"),
    (S, b"HTTP/1.1 100 Go on\r\n\r\n"),
    (C, b"helloworld"),
    (
        S,
        b"HTTP/1.1 200 Fine\r\ntransfer-encoding: chunked\r\nDate: Mon, 14 Oct 2013 12:00:00 GMT\r\nServer: x\r\n\
          x-length:10\r\n\r\n5\r\nhello\r\n5;a=b\r\nworld\r\n0\r\n\r\n",
    ),
    (C, b"GET /gone HTTP/1.1\r\nHost: a\r\n\r\n"),
];
const GONE: &[u8] =
    b"HTTP/1.1 410 Gone\r\nX-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";

#[test]
fn answers_that_mean_the_same_are_equal() {
    watched(|| {
        let handle = http::create_server(handler).listen("127.0.0.1:0").unwrap();
        let replay = Replay::new(&handle.local_addr().to_string());
        let file = capture(&[&RECORDED[..], &[(S, GONE)]].concat());
        assert_eq!(played(&replay, &file), Outcome::Equal { messages: 3 });
        assert_eq!(
            played(&replay.with_times(), &file),
            Outcome::Equal { messages: 3 }
        );
        handle.shutdown(Duration::from_secs(1));
    });
}

#[test]
fn each_difference_is_named() {
    watched(|| {
        let handle = http::create_server(handler).listen("127.0.0.1:0").unwrap();
        let to = handle.local_addr().to_string();
        let other =
            b"HTTP/1.1 404 Not Found\r\nX-Length: 1\r\nX-Old: yes\r\nContent-Length: 2\r\n\r\nno";
        let file = capture(&[&RECORDED[..], &[(S, other)]].concat());
        let names = |found: &[String]| {
            let names = found
                .iter()
                .map(|it| it.split(" at ").next().unwrap().to_owned());
            names.collect::<Vec<_>>()
        };
        let found = differences(played(&Replay::new(&to), &file));
        let expected = [
            "message 2, http.response.status",
            "message 2, x-length",
            "message 2, x-old",
            "message 2, content-length",
            "message 2, http.body.data",
            "message 2, transfer-encoding",
        ];
        assert_eq!(names(&found), expected, "{found:#?}");
        let status = "http.response.status at byte 170: 404 was recorded, 410 came (RFC 9110 §15)";
        assert!(found[0].ends_with(status), "{found:#?}");
        // Only what is asked for is left out.
        let named = [
            "X-Length",
            "x-old",
            "Content-Length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
        ];
        let found = differences(played(&Replay::new(&to).leave_out(named), &file));
        let expected = [
            "message 1, date",
            "message 1, server",
            "message 2, http.response.status",
            "message 2, http.body.data",
            "message 2, date",
        ];
        assert_eq!(names(&found), expected, "{found:#?}");
        handle.shutdown(Duration::from_secs(1));
    });
}

#[test]
fn frames_are_compared_one_by_one() {
    watched(|| {
        let server = http::create_server(|req, res| -> http::Handled {
            let Some(mut socket) = websocket::accept(req, res)? else {
                return Ok(());
            };
            while let Some(message) = socket.receive()? {
                let text = String::from_utf8_lossy(message.bytes()).into_owned();
                socket.send(&*text)?;
            }
            Ok(())
        });
        let handle = server.listen("127.0.0.1:0").unwrap();
        let replay = Replay::new(&handle.local_addr().to_string());
        let request =
            b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let response = b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let recorded = |answer: &'static [u8]| {
            capture(&[
                (C, request),
                (S, response),
                (C, hello),
                (S, answer),
                (C, hello),
                (S, b"\x81\x05Hello"),
            ])
        };
        assert_eq!(
            played(&replay, &recorded(b"\x81\x05Hello")),
            Outcome::Equal { messages: 3 }
        );
        let found = differences(played(&replay, &recorded(b"\x82\x05World")));
        let names: Vec<_> = found
            .iter()
            .map(|it| it.split(" at ").next().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "message 1, websocket.frame.first",
                "message 1, websocket.payload"
            ],
            "{found:#?}"
        );
        assert!(found[0].contains(": FIN Binary was recorded, FIN Text came"));
        let longer = differences(played(&replay, &recorded(b"\x81\x06Hello!")));
        assert!(
            longer[0].contains(": 6 was recorded, 5 came"),
            "{longer:#?}"
        );
        handle.shutdown(Duration::from_secs(1));
    });
}

/// What is neither HTTP nor WebSocket is compared byte by byte.
#[test]
fn other_protocols_and_their_cuts() {
    watched(|| {
        let server = net::create_server(|socket| {
            let mut buf = [0; 100];
            socket.write_all("welcome\n")?;
            loop {
                let length = socket.read(&mut buf)?;
                if length == 0 {
                    return Ok(());
                }
                socket.write_all(format!("{length}:"))?;
            }
        });
        let handle = server.listen("127.0.0.1:0").unwrap();
        let replay = Replay::new(&handle.local_addr().to_string());
        let good = capture(&[
            (S, b"welcome\n"),
            (C, b"hello"),
            (S, b"5:"),
            (C, b"you"),
            (S, b"3:"),
        ]);
        assert!(matches!(played(&replay, &good), Outcome::Equal { .. }));
        let other = capture(&[(S, b"welcome\n"), (C, b"hello"), (S, b"9:")]);
        assert_eq!(differences(played(&replay, &other)).len(), 1);
        handle.shutdown(Duration::from_secs(1));
    });
}

#[test]
fn with_times_the_pauses_are_the_recorded_ones() {
    watched(|| {
        let handle = net::create_server(|socket| socket.pipe(&socket).map(drop))
            .listen("127.0.0.1:0")
            .unwrap();
        let start = Duration::from_secs(1_800_000_000);
        let file = capture_at(&[(C, &b"tick"[..]); 3], start, Duration::from_millis(30));
        let replay = Replay::new(&handle.local_addr().to_string()).with_times();
        let began = Instant::now();
        let _ = played(&replay, &file);
        assert!(began.elapsed() >= Duration::from_millis(60));
        handle.shutdown(Duration::from_secs(1));
    });
}

#[test]
fn no_server_makes_it_wait_or_read_for_ever() {
    watched(|| {
        let silent = net::create_server(|socket| {
            socket
                .read(&mut [0; 1])
                .and_then(|_| socket.read(&mut [0; 1 << 16]))
                .map(drop)
        });
        let silent = silent.listen("127.0.0.1:0").unwrap();
        let replay =
            Replay::new(&silent.local_addr().to_string()).answer_timeout(Duration::from_millis(50));
        let file = capture(&[(C, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (S, GONE)]);
        let found = differences(played(&replay, &file));
        assert!(found[0].contains("was recorded, nothing came"), "{found:?}");
        let endless = net::create_server(|socket| {
            socket.write_all("HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                socket.write_all([b'x'; 65_536])?;
            }
        });
        let endless = endless.listen("127.0.0.1:0").unwrap();
        let file = capture(&[
            (C, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
            (S, b"HTTP/1.1 200 OK\r\n\r\nxxxxx"),
            (C, b"GET"),
        ]);
        let replay = Replay::new(&endless.local_addr().to_string());
        assert!(matches!(played(&replay, &file), Outcome::Differs(_)));
        silent.shutdown(Duration::from_secs(1));
        endless.shutdown(Duration::ZERO);
    });
}

#[test]
fn what_cannot_be_played_is_said() {
    let replay = Replay::new("unix:/nobody/is/here");
    let why = |file: &[u8]| match played(&replay, file) {
        Outcome::NotPlayed(why) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why(&capture(&[(C, b"\x16\x03\x01\x00\x05")])),
        "it is under TLS"
    );
    // Without its second packet but two.
    let file = capture(&[(C, b"hello"), (C, b"world")]);
    let record = 16 + 40 + 5;
    let handshake = 24 + 3 * 16 + 2 * 48 + 40;
    let gap = [&file[..handshake], &file[handshake + record..]].concat();
    assert_eq!(why(&gap), "bytes are missing in the capture");
    let later = [&file[..24], &file[handshake..]].concat();
    assert_eq!(why(&later), "it began before the capture");
    assert!(why(&file).contains("/nobody/is/here"));
}

/// A frame is two bytes, and would be hundreds in memory.
#[test]
fn a_conversation_of_too_many_messages_is_not_compared() {
    watched(|| {
        let handle = http::create_server(handler).listen("127.0.0.1:0").unwrap();
        let replay = Replay::new(&handle.local_addr().to_string());
        let frames = b"\x81\x00".repeat(300_000);
        let file = capture(&[
            (
                C,
                b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            ),
            (
                S,
                b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            ),
            (S, &frames),
        ]);
        let why = "it has more than 200000 parts to compare".to_owned();
        assert_eq!(played(&replay, &file), Outcome::NotPlayed(why));
    });
}
