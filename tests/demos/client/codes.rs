//! What `http_get` ends with.

use super::stage::{Scripted, http_get, nobody};
use super::{hello, site};
use crate::support::{Gate, watched};

#[test]
fn each_mistake_of_a_server_has_an_exit_code() {
    watched(|| {
        for (code, answer) in [
            (52, ""),
            (56, "HTTP/1.1 200 OK\r\nContent-"),
            (8, "SSH-2.0-OpenSSH_9.2\r\n"),
            (
                8,
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            ),
            (18, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"),
            (
                18,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            ),
            (
                56,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n",
            ),
            (0, "HTTP/1.0 200 OK\r\n\r\nuntil it closes"),
        ] {
            let server = Scripted::new(&[answer]);
            let ran = http_get(&[&server.url()]);
            assert_eq!(ran.code, code, "{answer:?}: {}", ran.err);
            let told = format!("http_get: ({code}) ");
            assert!(code == 0 || ran.err.starts_with(&told), "{}", ran.err);
        }
    });
}

#[test]
fn compressed_and_damaged_is_61() {
    watched(|| {
        for (code, option, answer) in [
            (
                61,
                "--compressed",
                "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngzip",
            ),
            (
                61,
                "--compressed",
                "Content-Encoding: br\r\nContent-Length: 2\r\n\r\nbr",
            ),
            (
                61,
                "--compressed",
                "Content-Encoding: b r\r\nContent-Length: 2\r\n\r\nbr",
            ),
            (
                18,
                "--compressed",
                "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f",
            ),
            (
                0,
                "-i",
                "Content-Encoding: br\r\nContent-Length: 2\r\n\r\nbr",
            ),
        ] {
            let server = Scripted::new(&[&format!("HTTP/1.1 200 OK\r\n{answer}")]);
            let ran = http_get(&[option, &server.url()]);
            assert_eq!(ran.code, code, "{answer:?}: {}", ran.err);
        }
    });
}

#[test]
fn fault_c02_an_invalid_status_fails_like_a_5xx() {
    watched(|| {
        for code in ["600", "999", "099", "000"] {
            let answer = format!("HTTP/1.1 {code} Odd\r\nContent-Length: 2\r\n\r\nok");
            let server = Scripted::new(&[&answer, &answer]);
            let ran = http_get(&["-i", &server.url()]);
            assert_eq!(
                (ran.code, ran.out.as_str()),
                (0, answer.as_str()),
                "{}",
                ran.err
            );
            assert_eq!(http_get(&["-f", &server.url()]).code, 22, "{code}");
        }
    });
}

/// RFC 9112 §4: "status-code = 3DIGIT". So a status has three digits wherever it is printed.
#[test]
fn fault_c02_a_status_is_printed_with_three_digits() {
    watched(|| {
        for code in ["007", "000", "042", "999"] {
            let answer = format!("HTTP/1.1 {code} Odd\r\nContent-Length: 3\r\n\r\nok\n");
            let server = Scripted::new(&[&answer, &answer, &answer]);
            let format = "%{http_code} %{response_code}\n";
            let ran = http_get(&["-w", format, &server.url()]);
            assert_eq!(ran.out, format!("ok\n{code} {code}\n"), "{}", ran.err);
            let ran = http_get(&["-f", &server.url()]);
            assert_eq!(
                ran.err,
                format!("http_get: (22) the answer is {code} Odd\n")
            );
            let ran = http_get(&["--notes", &server.url()]);
            assert!(
                ran.out.starts_with(&format!("STATUS: {code}\n")),
                "{}",
                ran.out
            );
        }
    });
}

#[test]
fn the_bytes_before_a_cut_are_printed() {
    watched(|| {
        let server = Scripted::new(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"]);
        let ran = http_get(&["-w", " %{size_download} %{exitcode}", &server.url()]);
        assert_eq!((ran.code, ran.out.as_str()), (18, "short 5 18"));
        assert!(
            ran.err
                .contains("the connection ended before the message did"),
            "{}",
            ran.err
        );
    });
}

#[test]
fn a_transfer_ends_at_its_time_limit() {
    watched(|| {
        let gate = Gate::default();
        let wait = gate.clone();
        let (site, port) = site(move |_req, res| {
            wait.pass();
            res.end("")
        });
        let url = format!("http://127.0.0.1:{port}/");
        let ran = http_get(&["-m", "0.05", &url]);
        assert_eq!(ran.code, 28);
        assert!(
            ran.err.contains("the request took longer than 50ms"),
            "{}",
            ran.err
        );
        gate.open();
        drop(site);
    });
}

#[test]
fn unreachable_addresses_and_bad_options_have_exit_codes() {
    watched(|| {
        let nobody = nobody();
        let (_site, port) = hello();
        let fine = format!("http://127.0.0.1:{port}/");
        for (code, args) in [
            (7, &[format!("http://{nobody}/")][..]),
            (
                7,
                &["--unix-socket".into(), "/nothing/here".into(), fine.clone()],
            ),
            (3, &["http://two words/".into()]),
            (3, &["ftp://127.0.0.1/".into()]),
            (23, &["-o".into(), "/nothing/here".into(), fine.clone()]),
            (2, &["-H".into(), "X: a\r\nY: b".into(), fine.clone()]),
            (2, &["-H".into(), "no colon".into(), fine.clone()]),
            (
                2,
                &["-u".into(), "a\0b".replace('\0', "\x01"), fine.clone()],
            ),
            (2, &["-x".into(), "https://127.0.0.1/".into(), fine.clone()]),
            (2, &["--nothing".into(), fine.clone()]),
            (2, &[]),
        ] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ran = http_get(&args);
            assert_eq!(ran.code, code, "{args:?}: {}", ran.err);
            assert!(ran.err.starts_with("http_get: "), "{}", ran.err);
        }
    });
}

#[test]
fn the_last_failure_is_the_exit_code_and_all_urls_are_fetched() {
    watched(|| {
        let (_site, port) = hello();
        let fine = format!("http://127.0.0.1:{port}/");
        let nobody = format!("http://{}/", nobody());
        let ran = http_get(&["http://two words/", &fine, &nobody, &fine]);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (7, "Hello World\nHello World\n")
        );
        assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    });
}
