//! `http_get -d`, `-T` and `Expect`

use super::stage::{Ran, Scripted, command, http_get, run_with};
use super::{mirror, site};
use crate::support::watched;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

/// A file of this test, in the folder that cargo keeps for such things.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

fn piped(args: &[&str], input: &str) -> Ran {
    run_with(command("http_get", args), input.as_bytes())
}

/// What the server saw of it: the start line, and what followed the default fields.
fn seen(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let lines = ran.out.lines().filter(|line| {
        let default = ["Host:", "User-Agent:", "Accept:"];
        !default.iter().any(|name| line.starts_with(name))
    });
    lines.collect::<Vec<_>>().join("|")
}

#[test]
fn row_a02_texts_files_and_standard_input() {
    watched(|| {
        let (_site, port) = mirror();
        let url = format!("http://127.0.0.1:{port}/");
        let path = file("row_a02_body", "one\r\ntwo\n");
        let (path, data) = (path.to_str().unwrap(), format!("@{}", path.display()));
        let form = "Content-Type: application/x-www-form-urlencoded";

        for (args, saw) in [
            (
                &["-d", "a=1", "-d", "b=2"][..],
                format!("POST / HTTP/1.1|{form}|Content-Length: 7||a=1&b=2"),
            ),
            (
                &["-d", &data],
                format!("POST / HTTP/1.1|{form}|Content-Length: 9||one|two|"),
            ),
            (
                &["-T", path],
                "PUT / HTTP/1.1|Content-Length: 9||one|two|".to_owned(),
            ),
            (
                &["-X", "BREW", "-T", path],
                "BREW / HTTP/1.1|Content-Length: 9||one|two|".to_owned(),
            ),
            (
                &["-d", ""],
                format!("POST / HTTP/1.1|{form}|Content-Length: 0||"),
            ),
        ] {
            assert_eq!(seen(&http_get(&[args, &[url.as_str()]].concat())), saw);
        }
        for (args, saw) in [
            (
                ["-T", "-", &url],
                "PUT / HTTP/1.1|Transfer-Encoding: chunked||from a pipe".to_owned(),
            ),
            (
                ["-d", "@-", &url],
                format!("POST / HTTP/1.1|{form}|Transfer-Encoding: chunked||from a pipe"),
            ),
        ] {
            assert_eq!(seen(&piped(&args, "from a pipe")), saw);
        }
    });
}

#[test]
fn a_body_that_cannot_be_read_is_not_sent() {
    watched(|| {
        let (_site, port) = mirror();
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["-T", "/nothing/here", &url]);
        assert_eq!((ran.code, ran.out.as_str()), (26, ""));
        // RFC 9112 §6.1: "A client MUST NOT send a request containing Transfer-Encoding unless it
        // knows the server will handle HTTP/1.1 (or later) requests"
        let ran = piped(&["--http1.0", "-T", "-", &url], "of no known length");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    });
}

const EXPECT: [&str; 2] = ["-H", "Expect: 100-continue"];
const COUNTS: [&str; 2] = ["-w", "%{http_code} %{size_upload}"];

#[test]
fn row_a04_a_body_that_waits_for_a_100() {
    watched(|| {
        let (_site, port) = site(|mut req, res| match req.url() {
            "/taken" => {
                let bytes = req.collect()?.len();
                res.end(format!("{bytes} bytes\n"))
            }
            _ => res.write_head(413, ())?.end("no\n"),
        });
        let url = format!("http://127.0.0.1:{port}");
        for body in [["-d", "twelve bytes"], ["-T", "-"]] {
            let taken = format!("{url}/taken");
            let args = [&["-v"][..], &EXPECT, &COUNTS, &body, &[taken.as_str()]].concat();
            let ran = piped(&args, "twelve bytes");
            assert_eq!(ran.out, "12 bytes\n200 12");
            assert!(
                ran.err
                    .contains("> \n< HTTP/1.1 100 Continue\n< \n< HTTP/1.1 200 OK\n")
            );
            let args = [&["-v"][..], &EXPECT, &COUNTS, &body, &[url.as_str()]].concat();
            let ran = piped(&args, "twelve bytes");
            assert_eq!(ran.out, "no\n413 0");
            assert!(ran.err.contains("> \n< HTTP/1.1 413 Content Too Large\n"));
        }
    });
}

#[test]
fn without_a_100_the_body_is_sent_after_the_timeout() {
    watched(|| {
        // It sends no 100 and answers when the body has arrived: without a timeout this would never end.
        let slow = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://127.0.0.1:{}/", slow.local_addr().unwrap().port());
        thread::spawn(move || {
            let (mut here, _) = slow.accept().unwrap();
            let (mut all, mut byte) = (Vec::new(), [0]);
            while !all.ends_with(b"the body") {
                assert_eq!(here.read(&mut byte).unwrap(), 1);
                all.push(byte[0]);
            }
            here.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nheard\n")
                .unwrap();
        });
        let waits = ["-v", "--expect100-timeout", "0.05", "-d", "the body"];
        let ran = http_get(&[&waits[..], &EXPECT, &[url.as_str()]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (0, "heard\n"));
        assert!(
            ran.err
                .contains("> \n* Done waiting for 100-continue\n< HTTP/1.1 200 OK\n")
        );
    });
}

#[test]
fn after_a_417_the_request_is_repeated_without_expect() {
    watched(|| {
        let refusal =
            "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let server = Scripted::new(&[refusal, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"]);
        let ran = http_get(&[&["-v", "-d", "x"][..], &EXPECT, &[server.url().as_str()]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (0, "ok\n"));
        assert!(
            ran.err.contains("\n* Asking again without Expect\n"),
            "{}",
            ran.err
        );
        assert!(server.head().contains("\r\nExpect: 100-continue\r\n"));
        assert!(!server.head().contains("Expect"));
    });
}

/// The head of the request that `http_get` sends.
fn head_of(args: &[&str]) -> String {
    let server = Scripted::new(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]);
    let ran = http_get(&[args, &[&server.url()]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    server.head()
}

/// Refused before anything is sent.
fn refused(args: &[&str], why: &str) {
    let ran = http_get(args);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
    let begin = format!("http_get: {why}");
    assert!(ran.err.starts_with(&begin), "{args:?}: {}", ran.err);
}

#[test]
fn fault_c02_a_field_that_cannot_be_left_out_is_a_mistake() {
    watched(|| {
        let url = "http://127.0.0.1:1/";
        let host = "-H 'Host:' needs -0: every request of HTTP/1.1 has a Host (RFC 9112 §3.2)";
        for args in [
            &["-H", "Host:", url][..],
            &["-H", "hOST:  ", url],
            &["-H", "Host:", "-H", "X: y", "-d", "a", url],
        ] {
            refused(args, host);
        }
        for name in ["Content-Length", "transfer-encoding"] {
            let why = "the field that says where the body ends is not left out (RFC 9112 §6.3)";
            let left_out = format!("{name}:");
            for method in ["-dx", "-T-"] {
                refused(&["-H", &left_out, method, url], why);
            }
        }
    });
}

#[test]
fn fault_c02_a_field_that_can_be_left_out_is_left_out() {
    watched(|| {
        let has = |head: &str, name: &str| {
            let wanted = format!("\r\n{name}: ");
            head.contains(&wanted)
        };
        let head = head_of(&["-0", "-H", "Host:"]);
        assert!(
            head.starts_with("GET / HTTP/1.0\r\n") && !has(&head, "Host"),
            "{head}"
        );
        assert!(has(&head, "Accept"), "{head}");
        let head = head_of(&["-0"]);
        assert!(has(&head, "Host"), "{head}");
        for version in [&["-0"][..], &[]] {
            let head = head_of(&[version, &["-H", "Host:", "-H", "Host: b"]].concat());
            assert!(head.contains("\r\nHost: b\r\n"), "{head}");
            assert_eq!(head.matches("\r\nHost:").count(), 1, "{head}");
        }
        let head = head_of(&["-H", "accept:", "-H", "User-Agent:"]);
        assert!(!has(&head, "Accept") && !has(&head, "User-Agent"), "{head}");
        let head = head_of(&["-d", "x", "-H", "Content-Type:"]);
        assert!(!has(&head, "Content-Type"), "{head}");

        // It is left out of the request to another origin, too.
        let last = Scripted::new(&["HTTP/1.0 200 OK\r\n\r\n"]);
        let to = format!("HTTP/1.0 302 Found\r\nLocation: {}\r\n\r\n", last.url());
        let first = Scripted::new(&[&to]);
        let ran = http_get(&["-L", "-0", "-H", "Host:", &first.url()]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let (first, last) = (first.head(), last.head());
        assert!(!has(&first, "Host") && !has(&last, "Host"), "{first}{last}");
    });
}
