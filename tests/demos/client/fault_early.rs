//! A server that responds before it has the body, to a client that pauses in the middle of its own.

use super::forwarding::proxy;
use super::stage::command;
use crate::stage::end_before_input;
use crate::support::{SOON, watched};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

/// A server that responds to each head at once, then reads and drops what comes.
fn refusing(response: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("a port").port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || refuse(stream, response));
        }
    });
    port
}

fn refuse(mut stream: TcpStream, response: &str) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let _ = stream.write_all(response.as_bytes());
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

const RESPONSES: [&str; 3] = [
    "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 3\r\n\r\nno\n",
    "HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n",
    "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno\n\r\n0\r\n\r\n",
];

#[test]
fn fault_c03_the_proxy_passes_an_early_response_on_at_once() {
    watched(|| {
        for response in RESPONSES {
            let port = refusing(response);
            let (_running, mut client, at) = proxy(&[]);
            let _ = at;
            for (fields, start) in [
                ("Content-Length: 100\r\n", ""),
                ("Content-Length: 100\r\n", "some of it"),
                ("Transfer-Encoding: chunked\r\n", ""),
                ("Transfer-Encoding: chunked\r\n", "4\r\nsome\r\n5\r\nha"),
                ("Expect: 100-continue\r\nContent-Length: 100\r\n", ""),
            ] {
                let head = format!("PUT http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a\r\n{fields}");
                let mut client = super::forwarding::connect(at);
                client.send(format!("{head}\r\n{start}"));
                let began = Instant::now();
                let answer = client.answer();
                assert!(response.contains(&answer.status.to_string()));
                assert_eq!(answer.text(), "no\n");
                assert!(answer.says_close(), "the rest of the body is not wanted");
                client.ended();
                let took = began.elapsed();
                assert!(took < SOON, "{fields:?} {start:?}: {took:?}");
            }
            // A body that came whole costs no connection.
            client.send(format!(
                "PUT http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
            ));
            assert!(!client.answer().says_close());
        }
    });
}

#[test]
fn fault_c03_a_slow_standard_input_does_not_hide_an_early_response() {
    watched(|| {
        for response in RESPONSES {
            for (args, input) in [
                (&["-T", "-"][..], ""),
                (&["-T", "-"], "some of it"),
                (&["-d", "@-"], "some of it"),
                (&["-H", "Expect: 100-continue", "-T", "-"], ""),
            ] {
                let url = format!("http://127.0.0.1:{}/", refusing(response));
                let began = Instant::now();
                let args = [args, &["-w", "%{http_code}", &url]].concat();
                let ended = end_before_input(command("http_get", &args), input.as_bytes());
                let took = began.elapsed();
                assert_eq!(ended.code, Some(0), "{args:?}: {}", ended.err);
                assert!(ended.out.starts_with("no\n4"), "{}", ended.out);
                assert!(took < SOON, "{args:?} {input:?}: {took:?}");
            }
        }
    });
}
