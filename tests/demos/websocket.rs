//! What the WebSocket demos print, word for word.

use crate::stage::{Ended, Running, printed, refuses, run, run_with};
use crate::support::{PATIENCE, watched};
use std::io::{Read, Write};
use std::net::TcpStream;

const REQUEST: &str = "\
GET /hello HTTP/1.1\r
Host: localhost\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
Sec-WebSocket-Version: 13\r
Sec-WebSocket-Protocol: superchat, chat\r
\r
";

const RESPONSE: &str = "\
HTTP/1.1 101 Switching Protocols\r
Upgrade: websocket\r
Connection: Upgrade\r
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
Sec-WebSocket-Protocol: chat\r
\r
";

fn server(args: &[&str]) -> Running {
    Running::start("ws_server", &[&["--listen", "127.0.0.1:0"], args].concat())
}

fn peer(address: &str) -> TcpStream {
    let peer = TcpStream::connect(address).expect("a server");
    peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    peer
}

#[track_caller]
fn ask(mut peer: &TcpStream, sent: &[u8], answer: &[u8]) {
    peer.write_all(sent).expect("open");
    let mut got = vec![0; answer.len()];
    peer.read_exact(&mut got).expect("an answer");
    assert_eq!(
        got.escape_ascii().to_string(),
        answer.escape_ascii().to_string()
    );
}

/// Pages of our own site and of the one that is trusted may connect, those of others may not; a program that is no
/// browser names no origin.
#[test]
fn fault_d09_ws_server_refuses_pages_of_other_sites() {
    watched(|| {
        let demo = server(&[]);
        let address = demo.address();
        for (origin, status) in [
            (None, "101"),
            (Some("http://localhost"), "101"),
            (Some("http://good.example"), "101"),
            (Some("http://evil.example"), "403"),
            (Some("http://good.example:81"), "403"),
            (Some("https://localhost"), "403"),
            (Some("null"), "403"),
        ] {
            let origin = origin.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
            let sent = REQUEST.replacen("Upgrade:", &format!("{origin}Upgrade:"), 1);
            let answer = format!("HTTP/1.1 {status} ");
            ask(&peer(&address), sent.as_bytes(), answer.as_bytes());
        }
    });
}

#[test]
fn row_w03_the_bytes_of_the_worked_example() {
    watched(|| {
        let mut server = server(&["--explain"]);
        let peer = peer(&server.address());
        ask(&peer, REQUEST.as_bytes(), RESPONSE.as_bytes());
        let hello = b"\x81\x8c\x37\xfa\x21\x3d\x5f\x9f\x4d\x51\x58\xda\x56\x52\x45\x96\x45\x1c";
        ask(&peer, hello, b"\x81\x06yakexi");
        let mut shown = String::new();
        while shown.matches("yakexi").count() < 2 {
            // the first one is in a line with a command to try
            shown += &(server.line() + "\n");
        }
        for (part, mark, rule) in [
            ("GET /hello HTTP/1.1", '>', "RFC 9112 §3"),
            ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", '<', "RFC 9112 §5"),
            ("37 fa 21 3d", ' ', "RFC 6455 §5.3"),
            ("hello world!", '*', "RFC 6455 §5.3"),
        ] {
            let is_it = |line: &str| line.starts_with(mark) && line.contains(part);
            let line = shown.lines().find(|line| is_it(line));
            assert!(
                line.is_some_and(|line| line.contains(rule)),
                "{part}:\n{shown}"
            );
        }
    });
}

#[test]
fn row_w07_every_50_ms_a_message_and_its_number() {
    watched(|| {
        let server = server(&[]);
        let url = format!("ws://{}/updates", server.address());
        let client = Running::start("ws_client", &["--updates", &url]);
        let out = client.stop_after(4);
        assert!(out.starts_with("1\n2\n3\n4\n"), "{out}");
    });
}

#[test]
fn row_w08_one_port_serves_the_page_and_the_connections() {
    watched(|| {
        let server = server(&["--max-connections", "2"]);
        let address = server.address();
        let peer = peer(&address);
        let page = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        ask(
            &peer,
            page,
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n",
        );
        let ended = run("ws_client", &[&format!("ws://{address}/")]);
        let err = "ws_client: closed with 1000 \"\"\n".to_owned();
        let out = String::new();
        assert_eq!(
            ended,
            Ended {
                code: Some(0),
                out,
                err
            }
        );
    });
}

/// What the page does in a browser is checked by `tests/interop/ws.py`. Here: that it says what it does when the
/// connection is closed, and that it writes over no message.
#[test]
fn fault_e10_the_page_says_that_it_was_closed_and_connects_again() {
    watched(|| {
        let server = server(&[]);
        let mut peer = peer(&server.address());
        peer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .expect("a server that reads");
        let mut page = String::new();
        peer.read_to_string(&mut page).expect("a page");
        for part in [
            "it was closed: connecting again",
            "not sent:",
            "closed: connecting again", // the loop of 50 ms
            "append(\"came\", event.data)",
            "another connection\" + unsent(socket)", // what was typed for the one that is given up
            "!event.wasClean && !mine.byUser",
            "clearTimeout(socket.again)",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("show(\"came\""));
    });
}

#[test]
fn fault_e10_the_methods_of_the_port() {
    watched(|| {
        let server = server(&[]);
        let address = server.address();
        for (request, answer) in [
            ("BREW /", "501 Not Implemented\r\n"),
            ("BREW /none", "501 Not Implemented\r\n"),
            (
                "OPTIONS *",
                "204 No Content\r\nAllow: GET, HEAD, OPTIONS\r\n",
            ),
            (
                "OPTIONS /",
                "204 No Content\r\nAllow: GET, HEAD, OPTIONS\r\n",
            ),
            ("OPTIONS /none", "404 Not Found\r\n"),
            (
                "POST /",
                "405 Method Not Allowed\r\nAllow: GET, HEAD, OPTIONS\r\n",
            ),
        ] {
            let request = format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n");
            let answer = format!("HTTP/1.1 {answer}");
            ask(&peer(&address), request.as_bytes(), answer.as_bytes());
        }
    });
}

#[test]
fn row_w08_the_same_over_tls() {
    watched(|| {
        let (cert, key) = ("fixtures/tls/server.crt", "fixtures/tls/server.key");
        let server = server(&["--tls", cert, key]);
        let url = format!("wss://{}/hello", server.address());
        let trusting = ["--cacert", "fixtures/tls/ca.crt", &url];
        let ended = run_with("ws_client", &trusting, "hello world!\n");
        let err = "ws_client: closed with 1000 \"\"\n".to_owned();
        let (code, out) = (Some(0), "yakexi\n".to_owned());
        assert_eq!(ended, Ended { code, out, err });

        let ended = run("ws_client", &[&url]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        let why = "ws_client: UNABLE_TO_VERIFY_LEAF_SIGNATURE: ";
        assert!(ended.err.starts_with(why), "{}", ended.err);
        assert!(ended.err.contains("--cacert FILE"), "{}", ended.err);
    });
}

#[test]
fn a_refusal_is_printed() {
    watched(|| {
        let server = server(&[]);
        let ended = run(
            "ws_client",
            &[&format!("ws://{}/nowhere", server.address())],
        );
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
        let why = "ws_client: the server refused the WebSocket: 404 Not Found: ";
        assert!(ended.err.starts_with(why), "{}", ended.err);
    });
}

#[test]
fn fault_e04_a_standard_input_that_cannot_be_read_is_an_error() {
    watched(|| {
        let server = server(&[]);
        let url = format!("ws://{}/echo", server.address());
        let mut command = crate::stage::command("ws_client", &[&url]);
        let folder = std::fs::File::open("/").expect("a folder");
        let ended = command.stdin(folder).output().expect("a program");
        let err = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{err}");
        let why = "\nws_client: standard input: Is a directory";
        assert!(err.contains(why), "{err}");
    });
}

#[test]
fn usage() {
    watched(|| {
        for demo in ["ws_server", "ws_client"] {
            let help = printed(demo, &["--help"]);
            assert!(help.starts_with(&format!("usage: {demo} ")), "{help}");
            refuses(demo, &["--loud"], "there is no option --loud");
        }
        refuses("ws_server", &["--listen"], "--listen needs a value");
        let why = "--max-message takes a whole number, not \"all\"";
        refuses("ws_server", &["--max-message", "all"], why);
        refuses("ws_client", &[], "a URL is missing");
        refuses("ws_client", &["--echo"], "a URL is missing");
        refuses(
            "ws_client",
            &["--agent", "a", "ws://a/"],
            "--agent does not apply here",
        );
        refuses("ws_server", &["--tls", "a"], "--tls needs a value");
        refuses("ws_client", &["ws://a/", "b"], "unexpected argument \"b\"");
    });
}
