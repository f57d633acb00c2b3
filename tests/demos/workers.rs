//! P01: `http_server --workers 2`. What it serves with one process, it serves with two.

use crate::place::Place;
use crate::stage::{Running, command, run};
use crate::support::{Client, request, watched};
use barewire::net::Addr;
use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::time::Duration;

const TLS: [&str; 3] = [
    "--tls",
    "fixtures/tls/server.crt",
    "fixtures/tls/server.key",
];

/// Two workers, which end with their input, and what the first line says of their address.
fn start(listen: &str, more: &[&str]) -> (Running, String) {
    let args = ["--workers", "2", "--stop-at-eof", "--listen", listen];
    let args = [&args[..], more].concat();
    let mut server = Running::spawn(command("http_server", &args), b"", true);
    let line = server.line();
    let address = line.strip_prefix("Server running at ");
    let address = address.expect("an address").to_owned();
    (server, address)
}

/// The path's text, from the demo's client.
#[track_caller]
fn get(args: &[&str]) -> String {
    let got = run("http_get", args);
    assert_eq!((got.code, got.err.as_str()), (Some(0), ""), "{args:?}");
    got.out
}

#[test]
fn row_p01_workers_serve_and_end_with_the_input_of_their_parent() {
    watched(|| {
        let (server, url) = start("127.0.0.1:0", &[]);
        for _ in 0..4 {
            assert_eq!(get(&[&format!("{url}length")]), "Hello World\n");
        }
        let ended = server.end_input();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        let refused = run("http_get", &[&url]);
        assert_eq!(refused.code, Some(7), "nobody listens: {}", refused.err);
    });
}

#[test]
fn row_p01_workers_serve_tls() {
    watched(|| {
        let (server, url) = start("127.0.0.1:0", &TLS);
        let url = format!("{}length", url.replace("127.0.0.1", "localhost"));
        assert!(url.starts_with("https://"), "{url}");
        for _ in 0..4 {
            let got = get(&["--cacert", "fixtures/tls/ca.crt", &url]);
            assert_eq!(got, "Hello World\n");
        }
        let ended = server.end_input();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    });
}

#[test]
fn row_p01_workers_at_a_path_leave_no_file() {
    watched(|| {
        let place = Place::new("workers");
        let (server, address) = start(&place.address(), &[]);
        assert_eq!(address, format!("{}/", place.address()));
        let path = place.path();
        let path = path.to_str().expect("text");
        for _ in 0..4 {
            let got = get(&["--unix-socket", path, "http://localhost/length"]);
            assert_eq!(got, "Hello World\n");
        }
        let ended = server.end_input();
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        assert!(!place.path().exists());
    });
}

/// Standard output is a worker's control stream; no line of the log is lost when it ends.
#[test]
fn row_p01_workers_log_on_stderr() {
    watched(|| {
        let (server, url) = start("127.0.0.1:0", &["--log"]);
        let paths: Vec<String> = (0..8).map(|n| format!("/length?{n}")).collect();
        for path in &paths {
            get(&[&format!("{}{path}", url.trim_end_matches('/'))]);
        }
        let ended = server.end_input();
        assert_eq!(ended.code, Some(0));
        for path in &paths {
            let line = format!("] \"GET {path} HTTP/1.1\" 200 ");
            assert_eq!(ended.err.matches(&line).count(), 1, "{path}: {}", ended.err);
            assert!(!ended.out.contains(&line), "{}", ended.out);
        }
        assert_eq!(ended.err.lines().count(), paths.len(), "{}", ended.err);
    });
}

/// The worker that is first to notice shuts the socket down for all; the other one ends as quietly.
#[test]
fn row_p01_workers_whose_parent_is_killed_report_no_error() {
    watched(|| {
        for _ in 0..4 {
            let (server, url) = start("127.0.0.1:0", &[]);
            (0..4).for_each(|_| drop(get(&[&format!("{url}length")])));
            assert_eq!(server.err_after(Duration::ZERO), "");
        }
    });
}

/// The worker that drains has a request to finish; nobody else is to connect meanwhile.
#[test]
fn row_p01_workers_whose_parent_is_killed_while_they_drain_remove_the_socket() {
    watched(|| {
        let place = Place::new("orphans");
        let (listen, path) = (place.address(), place.path());
        let args = ["--workers", "1", "--stop-at-eof", "--listen", &listen];
        let mut server = Running::spawn(command("http_server", &args), b"", true);
        server.line();
        let [mut idle, mut busy] =
            [(); 2].map(|()| Client::connect(&Addr::Unix(Some(path.clone()))));
        idle.send(request("GET", "/length"));
        idle.answer();
        busy.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        );
        busy.interim();

        server.close_input();
        assert_eq!(
            idle.stream().read(&mut [0; 1]).expect("an end"),
            0,
            "it drains"
        );
        drop(server); // killed
        while path.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        busy.send("ping");
        assert_eq!(busy.answer().text(), "ping");
    });
}

/// The reader of the log stands still until the workers have ended. They do not wait for it, and the lines that it does
/// not get are counted.
#[test]
fn row_p01_workers_whose_log_is_not_read_end_and_count_the_lines_that_are_lost() {
    watched(|| {
        let place = Place::new("slow-log");
        let path = place.path();
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        // An end that reads and writes does not wait for another.
        let both = File::options().read(true).write(true).open(&path);
        let (both, mut reader) = (both.expect("a pipe"), File::open(&path).expect("a pipe"));
        let file = path.to_str().expect("text");
        let (server, url) = start("127.0.0.1:0", &["--log", "--log-file", file]);
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let address = Addr::Ip(address.parse().expect("an address"));
        let (connections, requests) = (10, 30);
        for _ in 0..connections {
            let mut client = Client::connect(&address);
            for _ in 0..requests {
                let target = format!("/length?{}", "x".repeat(1000)); // more than a pipe takes
                client.send(request("GET", &target));
                client.answer();
            }
        }
        let ended = server.end_input();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        drop(both);
        let mut log = String::new();
        reader.read_to_string(&mut log).expect("text");
        let words = "http_server: the log was written too slowly, and ";
        let lost = ended.err.lines().map(|line| {
            let number = line
                .strip_prefix(words)
                .expect("nothing else")
                .split(' ')
                .next();
            number.expect("a word").parse::<usize>().expect("a number")
        });
        let lost: usize = lost.sum();
        assert!(lost > 0 && log.ends_with('\n'), "{log}");
        assert_eq!(
            log.lines().count() + lost,
            connections * requests,
            "{}",
            ended.err
        );
        let is_whole = |line: &str| line.ends_with("x HTTP/1.1\" 200 12");
        assert!(log.lines().all(is_whole), "{log}");
    });
}

/// The reason stands there once, and nobody is invited to a server that does not serve.
#[test]
fn row_p01_workers_that_cannot_serve_end_with_one_reason() {
    watched(|| {
        let args = ["--workers", "1", "--listen", "127.0.0.1:0"];
        let ended = run(
            "http_server",
            &[&args[..], &["--files", "/nowhere"]].concat(),
        );
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(1), ""),
            "{}",
            ended.err
        );
        let reason = "http_server: 5 workers in a row ended before they had served for a second; \
                      the last: exit status: 1\n";
        assert_eq!(ended.err.matches(reason).count(), 1, "{}", ended.err);
        assert!(ended.err.ends_with(reason), "{}", ended.err);
    });
}

/// A request that is never complete: its worker cuts it at the deadline of 10 s, and says so.
#[test]
#[ignore = "takes 10 s, the deadline; .ci/run runs it"]
fn row_p01_workers_report_what_they_cut() {
    watched(|| {
        let (server, url) = start("127.0.0.1:0", &[]);
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        let mut client = Client::connect(&Addr::Ip(address.parse().expect("an address")));
        client.send(
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
        );
        client.interim();
        let ended = server.end_input();
        let words = "http_server: 1 connections did not finish within 10s, and were cut\n";
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), words));
    });
}
