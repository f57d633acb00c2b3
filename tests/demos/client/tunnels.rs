//! `proxy`: CONNECT.

use super::forwarding::{connect, proxy};
use super::stage::http_get;
use super::{hello, stage::masked};
use crate::support::watched;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;

/// A server without a protocol: it reads up to the FIN, and sends all of it back in capitals.
fn louder() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        stream.write_all(text.to_uppercase().as_bytes())?;
        stream.shutdown(Shutdown::Write)
    });
    port
}

#[test]
fn row_a07_a_tunnel_ends_in_each_direction_by_itself() {
    watched(|| {
        let far = louder();
        let (mut running, mut client, _) = proxy(&[]);
        let asked = format!("CONNECT localhost:{far} HTTP/1.1\r\nHost: localhost:{far}\r\n\r\n");
        client.send(asked + "sent ahead, "); // before the 200
        let answer = client.switched();
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (200, "Connection Established")
        );
        client.send("and behind it");
        client.finish();
        client.exactly("SENT AHEAD, AND BEHIND IT");
        client.ended();
        let told = format!("CONNECT localhost:{far} -> 200, and a tunnel: 25 bytes there, 25 back");
        assert_eq!(running.line(), told);
    });
}

#[test]
fn row_a07_a_silent_tunnel_is_closed() {
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap(); // it never accepts
        let far = listener.local_addr().unwrap().port();
        let (mut running, mut client, _) = proxy(&["--idle-timeout", "0.05"]);
        client.send(format!(
            "CONNECT 127.0.0.1:{far} HTTP/1.1\r\nHost: a\r\n\r\n"
        ));
        assert_eq!(client.switched().status, 200);
        client.ended();
        assert!(running.line().ends_with("tunnel: 0 bytes there, 0 back"));
    });
}

#[test]
fn row_a07_http_get_through_a_proxy_and_through_a_tunnel() {
    watched(|| {
        let (_site, port) = hello();
        let (_running, _, at) = proxy(&["--auth", "me:secret", "--name", "it"]);
        let (url, at) = (
            format!("http://localhost:{port}/"),
            format!("me:secret@127.0.0.1:{at}"),
        );
        let ran = http_get(&["-v", "-x", &at, &url]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "Hello World\n"));
        assert!(ran.err.contains("\n< Via: 1.1 it\n"), "{}", ran.err);

        let ran = http_get(&["-v", "-p", "-x", &at, &url, &url]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (0, "Hello World\nHello World\n")
        );
        let heads = ran
            .err
            .lines()
            .filter(|line| line.starts_with("> ") || line.starts_with("< "));
        let lines: Vec<&str> = heads.filter(|line| line.contains("HTTP/1.1")).collect();
        let get = ["> GET / HTTP/1.1", "< HTTP/1.1 200 OK"];
        let connect = [
            &format!("> CONNECT localhost:{port} HTTP/1.1"),
            "< HTTP/1.1 200 Connection Established",
        ];
        assert_eq!(lines, [connect, get, get].concat());
        assert!(!masked(&ran.err, port).contains("Via"), "{}", ran.err);
    });
}

#[test]
fn row_a07_a_refused_tunnel_says_why() {
    watched(|| {
        let (_running, _, at) = proxy(&["--allow", "example.org"]);
        let at = format!("127.0.0.1:{at}");
        let ran = http_get(&["-p", "-x", &at, "http://localhost/"]);
        assert_eq!((ran.code, ran.out.as_str()), (56, ""));
        assert!(ran.err.contains("403 Forbidden"), "{}", ran.err);
        assert!(ran.err.contains("--allow localhost:80"), "{}", ran.err);
    });
}

#[test]
fn after_a_refusal_the_connection_lives() {
    watched(|| {
        let (_site, port) = hello();
        let (_running, mut client, at) = proxy(&[]);
        client.send("CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.answer().status, 403);
        client.send(format!(
            "GET http://localhost:{port}/ HTTP/1.1\r\nHost: a\r\n\r\n"
        ));
        assert_eq!(client.answer().text(), "Hello World\n");
        let mut other = connect(at);
        other.send("CONNECT localhost:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
        assert_eq!(other.answer().status, 400);
    });
}
