//! The output of `http_get`: the response, and what is printed about it.

use super::stage::{Scripted, http_get, masked, run};
use super::{hello, site};
use crate::support::{Site, watched};
use barewire::http;
use std::fs;

const HEAD: &str = "HTTP/1.1 200 OK
Content-Type: text/plain
Date: DATE
Connection: keep-alive
Keep-Alive: timeout=5
Transfer-Encoding: chunked

";

#[test]
fn i_prints_the_head_and_capital_i_sends_head() {
    watched(|| {
        let (_site, port) = hello();
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["-i", &url]);
        assert_eq!(masked(&ran.out, port), format!("{HEAD}Hello World\n"));
        let ran = http_get(&["-I", &url]);
        assert_eq!(masked(&ran.out, port), HEAD);
    });
}

/// As curl's: the head is the one that came, the body what it stands for.
#[test]
fn compressed_asks_for_gzip_and_undoes_it() {
    watched(|| {
        let (_site, port) = site(|req, mut res| {
            res.compress(&req)?;
            res.end("hello ".repeat(500))
        });
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["-v", "--compressed", &url]);
        assert_eq!((ran.code, ran.out), (0, "hello ".repeat(500)));
        assert!(
            ran.err.contains("\n> Accept-Encoding: gzip\n"),
            "{}",
            ran.err
        );
        assert!(
            ran.err.contains("\n< Content-Encoding: gzip\n"),
            "{}",
            ran.err
        );
        let ran = http_get(&["-v", &url]);
        assert!(!ran.err.contains("Encoding: gzip"), "{}", ran.err);
    });
}

#[test]
fn a_cut_head_is_not_printed_with_the_next() {
    watched(|| {
        let (_site, port) = hello();
        let server = Scripted::new(&["HTTP/1.1 200 OK\r\nX-Cut: "]);
        let ran = http_get(&["-i", &server.url(), &format!("http://127.0.0.1:{port}/")]);
        assert_eq!(masked(&ran.out, port), format!("{HEAD}Hello World\n"));
    });
}

#[test]
fn o_writes_files_in_the_order_of_the_urls() {
    watched(|| {
        let (_site, port) = site(|req, res| res.end(req.url()));
        let at = |name: &str| format!("{}/showing-{name}", env!("CARGO_TARGET_TMPDIR"));
        let (one, two) = (at("one"), at("two"));
        let url = |path| format!("http://127.0.0.1:{port}/{path}");
        let ran = http_get(&["-o", &one, "-o", &two, &url("a"), &url("b"), &url("c")]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "/c"));
        let read = |path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&one).as_str(), read(&two).as_str()), ("/a", "/b"));
        assert_eq!(http_get(&["-o", "-", &url("d")]).out, "/d");
    });
}

#[test]
fn w_prints_the_values_of_each_transfer() {
    watched(|| {
        let (_site, port) = hello();
        let url = format!("http://127.0.0.1:{port}/");
        let format = "%{http_code} %{http_version} %{method} %{content_type} %{size_download} \
                      %{num_connects} %{exitcode}\\n";
        let ran = http_get(&["-w", format, &url, &url]);
        let told = |connects| format!("Hello World\n200 1.1 GET text/plain 12 {connects} 0\n");
        assert_eq!(ran.out, told(1) + &told(0));

        let times = "%{time_namelookup} %{time_connect} %{time_starttransfer} %{time_total}";
        let ran = http_get(&["-w", times, "-o", "/dev/null", &url]);
        let times: Vec<f64> = ran
            .out
            .split(' ')
            .map(|time| time.parse().unwrap())
            .collect();
        assert!(times.is_sorted() && times.len() == 4, "{}", ran.out);
    });
}

#[test]
fn f_makes_a_bad_status_an_error_and_s_prints_none() {
    watched(|| {
        let (_site, port) = site(|_req, mut res| {
            res.set_status(404)?;
            res.end("nothing here\n")
        });
        let url = format!("http://127.0.0.1:{port}/");
        let told = "http_get: (22) the answer is 404 Not Found\n";
        for (flags, code, out, err) in [
            ("-i", 0, "nothing here\n", ""),
            ("-f", 22, "", told),
            ("-fs", 22, "", ""),
            ("-fsS", 22, "", told),
        ] {
            let ran = http_get(&[flags, &url]);
            assert_eq!((ran.code, ran.err.as_str()), (code, err), "{flags}");
            assert!(
                ran.out.ends_with(out) && (!out.is_empty() || ran.out.is_empty()),
                "{flags}"
            );
        }
        let ran = http_get(&["-f", "-w", "%{http_code} %{exitcode}", &url]);
        assert_eq!(ran.out, "404 22");
    });
}

#[test]
fn h_prints_the_help() {
    let ran = run("http_get", &["-h"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("usage: http_get "), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100));
}

/// The two transcripts of the notes, with another day in them.
#[test]
fn fault_e06_the_notes_client() {
    watched(|| {
        let dated = |out: &str| {
            let at = out.find(" GMT").expect("a date") - "Sat, 06 Apr 2013 11:08:01".len();
            out.replace(&out[at..at + 25], "Sat, 06 Apr 2013 11:08:01")
        };
        let chunked =
            http::create_server(|_req, res| res.write_head(200, ())?.end("Hello World\n"));
        let kept_alive = Site::new(chunked.keep_alive_timeout(None));
        let url = format!("http://{}/", kept_alive.address());
        let ran = http_get(&["--notes", &url]);
        let expected = r#"STATUS: 200
HEADERS: {"date":"Sat, 06 Apr 2013 11:08:01 GMT","connection":"keep-alive","transfer-encoding":"chunked"}
Hello World
"#;
        assert_eq!((ran.code, dated(&ran.out).as_str()), (0, expected));

        let (_site, port) = site(|_req, res| res.end("Hello World\n"));
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["--notes", "-H", "Connection: close", &url]);
        let expected = r#"STATUS: 200
HEADERS: {"date":"Sat, 06 Apr 2013 11:08:01 GMT","connection":"close","content-length":"12"}
Hello World
"#;
        assert_eq!((ran.code, dated(&ran.out).as_str()), (0, expected));

        let (_site, port) = site(|_req, res| res.end("no line end"));
        let ran = http_get(&["--notes", &format!("127.0.0.1:{port}")]);
        assert!(ran.out.ends_with("\nno line end\n"), "{}", ran.out);
    });
}
