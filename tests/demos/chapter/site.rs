//! What the HTTP door answers below `/chapter`, to whom.

use super::Chapter;
use crate::support::watched;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The response to a request without a body.
fn ask(chapter: &Chapter, line: &str, fields: &str) -> String {
    let door = chapter.address("HTTP");
    let host = match fields.contains("Host: ") {
        true => String::new(),
        false => format!("Host: {door}\r\n"),
    };
    let mut stream = TcpStream::connect(door).expect("the door");
    let request = format!("{line} HTTP/1.1\r\n{host}{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("written");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("read");
    String::from_utf8_lossy(&response).into_owned()
}

fn field<'r>(response: &'r str, name: &str) -> &'r str {
    let mut lines = response.lines();
    let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {response}"))
}

#[test]
fn each_response_forbids_what_the_page_does_not_need() {
    watched(|| {
        let chapter = Chapter::open("chapter-fields");
        for (line, status) in [
            ("GET /chapter", "200"),
            ("GET /chapter/favicon.svg", "200"),
            ("GET /chapter/main.js", "200"),
            ("GET /chapter/page.css", "200"),
            ("GET /chapter/text/zh-page.js", "200"),
            ("GET /chapter/words.zh.json", "200"),
            ("GET /chapter/exchanges.json", "200"),
            ("GET /chapter/source?rule=RFC%209112%20%C2%A77.1", "200"),
            ("GET /chapter/source", "400"),
            ("GET /chapter/source?rule=%ff", "400"),
            ("GET /chapter/", "404"),
            ("GET /chapter/nothing", "404"),
            ("GET /chapter/../Cargo.toml", "404"),
            ("GET /chapter/%2e%2e/Cargo.toml", "404"),
            ("POST /chapter/favicon.svg", "405"),
        ] {
            let response = ask(&chapter, line, "");
            assert!(
                response.starts_with(&format!("HTTP/1.1 {status} ")),
                "{line}: {response}"
            );
            let policy = field(&response, "Content-Security-Policy");
            assert!(
                policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert_eq!(field(&response, "X-Content-Type-Options"), "nosniff");
            assert_eq!(field(&response, "Referrer-Policy"), "no-referrer");
        }
        assert!(
            field(&ask(&chapter, "POST /chapter/favicon.svg", ""), "Allow")
                .starts_with("GET, HEAD")
        );
        assert!(ask(&chapter, "GET /", "").ends_with("\r\nc\r\nHello World\n\r\n0\r\n\r\n"));
    });
}

#[test]
fn a_tag_saves_the_body_and_head_has_none() {
    watched(|| {
        let chapter = Chapter::open("chapter-tags");
        let whole = ask(&chapter, "GET /chapter/favicon.svg", "");
        assert_eq!(field(&whole, "Content-Type"), "image/svg+xml");
        let tag = field(&whole, "ETag").to_owned();
        let again = ask(
            &chapter,
            "GET /chapter/favicon.svg",
            &format!("If-None-Match: \"x\", W/{tag}\r\n"),
        );
        assert!(
            again.starts_with("HTTP/1.1 304 ") && again.ends_with("\r\n\r\n"),
            "{again}"
        );
        assert_eq!(field(&again, "ETag"), tag);
        let head = ask(&chapter, "HEAD /chapter/favicon.svg", "");
        assert!(
            head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
            "{head}"
        );
        assert_eq!(
            field(&head, "Content-Length"),
            field(&whole, "Content-Length")
        );
        let other = ask(
            &chapter,
            "GET /chapter/favicon.svg",
            "If-None-Match: \"x\"\r\n",
        );
        assert!(other.starts_with("HTTP/1.1 200 "), "{other}");
    });
}

/// DNS rebinding: a stranger's name that resolves to 127.0.0.1.
#[test]
fn a_foreign_host_gets_nothing() {
    watched(|| {
        let chapter = Chapter::open("chapter-hosts");
        let port = chapter
            .address("HTTP")
            .rsplit(':')
            .next()
            .expect("a port")
            .to_owned();
        for (host, status) in [
            (format!("127.0.0.1:{port}"), "200"),
            (format!("localhost:{port}"), "200"),
            (format!("[::1]:{port}"), "421"),
            (format!("evil.example:{port}"), "421"),
            ("127.0.0.1".to_owned(), "421"),
            ("localhost:1".to_owned(), "421"),
        ] {
            for path in ["/chapter/exchanges.json", "/chapter/live"] {
                let response = ask(
                    &chapter,
                    &format!("GET {path}"),
                    &format!("Host: {host}\r\n"),
                );
                let status = match (path, status) {
                    ("/chapter/live", "200") => "403", // no Origin
                    _ => status,
                };
                assert!(
                    response.starts_with(&format!("HTTP/1.1 {status} ")),
                    "{host} {path}: {response}"
                );
            }
        }
    });
}

#[test]
fn the_catalogue_names_the_doors_as_they_are() {
    watched(|| {
        let chapter = Chapter::open("chapter-catalogue");
        let catalogue = ask(&chapter, "GET /chapter/exchanges.json", "");
        let line = format!(
            "{{\"text\":\"curl -v http://{}/\",\"tool\":\"curl\"}}",
            chapter.address("HTTP")
        );
        assert!(catalogue.contains(&line), "{catalogue}");
        assert!(!catalogue.contains("{http"), "{catalogue}");
    });
}

/// Who may connect: the page of this door. A script cannot forge its origin, and a program may as well use the doors.
#[test]
fn a_foreign_origin_and_none_are_refused() {
    watched(|| {
        let chapter = Chapter::open("chapter-origins");
        let door = chapter.address("HTTP");
        let port = door.rsplit(':').next().expect("a port");
        let ask = |origins: &str| {
            let fields = format!(
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origins}"
            );
            let mut stream = TcpStream::connect(door).expect("the door");
            let request = format!("GET /chapter/live HTTP/1.1\r\nHost: {door}\r\n{fields}\r\n");
            stream.write_all(request.as_bytes()).expect("written");
            let mut status = [0; 12];
            stream.read_exact(&mut status).expect("a response");
            String::from_utf8_lossy(&status).into_owned()
        };
        let own = ask(&format!("Origin: http://{door}\r\n"));
        assert_eq!(own, "HTTP/1.1 101");
        for origin in [
            format!("http://localhost:{port}"), // another one than Host says
            format!("http://[::1]:{port}"),
            format!("https://{door}"),
            "http://evil.example".to_owned(),
            format!("http://evil.example:{port}"),
            "http://127.0.0.1:1".to_owned(),
            "null".to_owned(),
            format!("http://{door}/"),
            String::new(),
        ] {
            assert_eq!(
                ask(&format!("Origin: {origin}\r\n")),
                "HTTP/1.1 403",
                "{origin}"
            );
        }
        assert_eq!(ask(""), "HTTP/1.1 403");
        let two = format!("Origin: http://{door}\r\nOrigin: http://evil.example\r\n");
        assert!(["HTTP/1.1 403", "HTTP/1.1 400"].contains(&ask(&two).as_str()));
    });
}
