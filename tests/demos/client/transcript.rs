//! `http_get -v`

use super::stage::{Scripted, http_get, masked, nobody};
use super::{hello, site};
use crate::support::watched;

const CONNECTED: &str = "*   Trying 127.0.0.1:PORT...
* TCP_NODELAY set
* Connected to 127.0.0.1 (127.0.0.1) port PORT (#0)
";
const ASKED: &str = "> GET / HTTP/1.1
> Host: 127.0.0.1:PORT
> User-Agent: http_get/VERSION
> Accept: */*
> 
";
const ANSWERED: &str = "< HTTP/1.1 200 OK
< Content-Type: text/plain
< Date: DATE
< Connection: keep-alive
< Keep-Alive: timeout=5
< Transfer-Encoding: chunked
< 
";
const LEFT: &str = "* Connection #0 to host 127.0.0.1 left intact\n";
const CLOSED: &str = "* Closing connection 0\n";

fn expected(parts: &[&str]) -> String {
    parts.concat().replace("VERSION", env!("CARGO_PKG_VERSION"))
}

#[test]
fn row_a03_the_books_conversation() {
    watched(|| {
        let (_site, port) = hello();
        let ran = http_get(&["-v", &format!("http://127.0.0.1:{port}/")]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "Hello World\n"));
        let all = expected(&[CONNECTED, ASKED, ANSWERED, LEFT, CLOSED]);
        assert_eq!(masked(&ran.err, port), all);
    });
}

#[test]
fn row_a06_the_second_request_uses_the_same_connection() {
    watched(|| {
        let (site, port) = hello();
        let url = format!("127.0.0.1:{port}");
        let ran = http_get(&["-v", &url, &url]);
        assert_eq!(ran.out, "Hello World\n".repeat(2));
        let again = "* Re-using existing connection! (#0) with host 127.0.0.1\n";
        let all = [
            CONNECTED, ASKED, ANSWERED, LEFT, again, ASKED, ANSWERED, LEFT, CLOSED,
        ];
        assert_eq!(masked(&ran.err, port), expected(&all));
        drop(site);
    });
}

#[test]
fn a_connection_that_the_server_closes_is_not_left_intact() {
    watched(|| {
        let (_site, port) = hello();
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["-v", "--http1.0", &url]);
        assert_eq!(ran.out, "Hello World\n");
        let err = masked(&ran.err, port);
        assert!(err.contains("\n> GET / HTTP/1.0\n"), "{err}");
        assert!(err.contains("\n< Connection: close\n"), "{err}");
        assert!(err.ends_with("< \n* Closing connection 0\n"), "{err}");
    });
}

#[test]
fn row_a04_interim_responses_and_trailers_are_printed() {
    watched(|| {
        let (_site, port) = site(|_req, mut res| {
            res.write_early_hints([("Link", "</style.css>")])?;
            res.add_trailer("X-Sum", "5d41")?;
            res.write_head(200, ())?.end("hello")
        });
        let ran = http_get(&["-v", &format!("127.0.0.1:{port}")]);
        assert_eq!(ran.out, "hello");
        let err = masked(&ran.err, port);
        let hints = "< HTTP/1.1 103 Early Hints\n< Link: </style.css>\n< \n< HTTP/1.1 200 OK\n";
        assert!(err.contains(hints), "{err}");
        assert!(
            err.ends_with(&["\n< X-Sum: 5d41\n", LEFT, CLOSED].concat()),
            "{err}"
        );
    });
}

#[test]
fn control_characters_are_escaped() {
    watched(|| {
        let server = Scripted::new(&["HTTP/1.1 200 \x1b[2JOK\u{e9}\r\nServer: a\x07b\r\n\r\n"]);
        let ran = http_get(&["-v", &server.url()]);
        assert_eq!(ran.code, 8);
        let lines = "< HTTP/1.1 200 \\u{1b}[2JOKé\n< Server: a\\u{7}b\n";
        assert!(ran.err.contains(lines), "{}", ran.err);
    });
}

#[test]
fn an_address_that_refuses_is_named() {
    watched(|| {
        let nobody = nobody();
        let ran = http_get(&["-v", &format!("http://{nobody}/")]);
        assert_eq!((ran.code, ran.out.as_str()), (7, ""));
        let err = ran.err.replace(&nobody.to_string(), "NOBODY");
        let start = "*   Trying NOBODY...\n* NOBODY: cannot connect to NOBODY";
        assert!(err.starts_with(start), "{err}");
        assert!(
            err.contains("\nhttp_get: (7) cannot connect to NOBODY"),
            "{err}"
        );
    });
}
