//! `--explain`, `--explain=hex`, `--save` and `--show-secrets`: the same words in five demos.

use crate::place::Place;
use crate::stage::{Ended, Running, run, run_with};
use crate::support::{captured, watched};
use std::path::Path;

/// What each direction of the first conversation of a capture begins with, once there is something of it.
fn saved(path: &Path) -> [Vec<u8>; 2] {
    loop {
        let saved = saved_so_far(path);
        if !saved[0].is_empty() {
            return saved;
        }
        std::thread::yield_now(); // a thread of the program writes it
    }
}

fn saved_so_far(path: &Path) -> [Vec<u8>; 2] {
    let mut all = captured(&std::fs::read(path).expect("a file"));
    all.remove(&0).unwrap_or_default()
}

#[test]
fn http_get_prints_the_body_and_explains_beside_it() {
    watched(|| {
        let (_site, port) = crate::client::hello();
        let (place, url) = (
            Place::new("http-get-saves"),
            format!("http://127.0.0.1:{port}/"),
        );
        let file = place.path().display().to_string();
        let user = ["-u", "me:sesame"];
        for (more, shows, hides) in [
            (&["--explain"][..], "GET / HTTP/1.1", "bWU6c2VzYW1l"),
            (&["--explain", "--show-secrets"], "bWU6c2VzYW1l", "\u{1b}"),
            (&["--explain=hex"], "47 45 54", "bWU6c2VzYW1l"),
        ] {
            let args = [&user[..], more, &["--save", &file, &url]].concat();
            let Ended { code, out, err } = run("http_get", &args);
            assert_eq!((code, out.as_str()), (Some(0), "Hello World\n"), "{err}");
            assert!(err.contains(shows) && !err.contains(hides), "{err}");
            let [sent, received] = saved(&place.path());
            assert!(sent.starts_with(b"GET / HTTP/1.1\r\n"));
            assert!(received.starts_with(b"HTTP/1.1 200 OK\r\n"));
        }
        for (wrong, why) in [
            (&["--show-secrets"][..], "--show-secrets needs --explain"),
            (
                &["--explain", "--explain=hex"],
                "--explain or --explain=hex, not both",
            ),
        ] {
            let Ended { code, err, .. } = run("http_get", &[wrong, &[&url]].concat());
            assert_eq!(code, Some(2), "{err}");
            assert!(err.starts_with(&format!("http_get: {why}")), "{err}");
        }
        let nowhere = run("http_get", &["--save", "/nowhere/a.pcap", &url]);
        assert_eq!(nowhere.code, Some(23), "{}", nowhere.err);
        assert!(nowhere.err.contains("/nowhere/a.pcap"), "{}", nowhere.err);
    });
}

/// The output works until something is written.
#[cfg(target_os = "linux")]
#[test]
fn a_client_whose_recording_cannot_be_written_fails_and_names_the_file() {
    watched(|| {
        let full = ["--save", "/dev/full"];
        let (_site, port) = crate::client::hello();
        let got = run(
            "http_get",
            &[&full[..], &[&format!("http://127.0.0.1:{port}/")]].concat(),
        );
        assert_eq!(
            (got.code, got.out.as_str()),
            (Some(23), "Hello World\n"),
            "{}",
            got.err
        );

        let server = Running::start("ws_server", &["--listen", "127.0.0.1:0"]);
        let url = format!("ws://{}/hello", server.address());
        let talked = run_with(
            "ws_client",
            &[&full[..], &[&url]].concat(),
            "hello world!\n",
        );
        assert_eq!(
            (talked.code, talked.out.as_str()),
            (Some(1), "yakexi\n"),
            "{}",
            talked.err
        );

        let server = Running::start("tls_echo", &["--listen", "127.0.0.1:0"]);
        let to = server.address().replace("127.0.0.1", "localhost");
        let args = ["--connect", &to, "--ca", "fixtures/tls/ca.crt"];
        let echoed = run_with("tls_echo", &[&full[..], &args].concat(), "hello\n");
        assert_eq!(echoed.code, Some(1), "{}", echoed.err);

        for err in [got.err, talked.err, echoed.err] {
            assert!(
                err.contains("an output: /dev/full: No space left on device"),
                "{err}"
            );
        }
    });
}

#[test]
fn the_servers_explain_on_stdout_and_the_clients_on_stderr() {
    watched(|| {
        let place = Place::new("servers-save");
        let file = place.path().display().to_string();
        let listen = ["--listen", "127.0.0.1:0"];
        let args = [&listen[..], &["--explain", "--save", &file]].concat();

        let mut server = Running::start("ws_server", &args);
        let url = format!("ws://{}/hello", server.address());
        let ended = run_with("ws_client", &["--explain", &url], "hello world!\n");
        assert_eq!(ended.out, "yakexi\n");
        assert!(ended.err.contains("RFC 6455 §5.3"), "{}", ended.err);
        while !server.line().contains("yakexi") {}
        assert!(saved(&place.path())[0].starts_with(b"GET /hello "));

        let mut server = Running::start("tls_echo", &args);
        let to = server.address().replace("127.0.0.1", "localhost");
        let client = [
            "--connect",
            &to,
            "--ca",
            "fixtures/tls/ca.crt",
            "--explain=hex",
        ];
        let ended = run_with("tls_echo", &client, "hello\n");
        assert!(ended.out.ends_with("welcome!\nhello\n"), "{}", ended.out);
        assert!(ended.err.contains("68 65 6c 6c 6f 0a"), "{}", ended.err); // the plaintext
        assert!(!ended.err.contains("RFC 9112"), "{}", ended.err); // is no HTTP
        while !server.line().contains("welcome!") {}
        assert_eq!(saved(&place.path())[0][0], 0x16, "records");

        let place = Place::new("http-server-explains");

        let mut server =
            Running::start("http_server", &["--listen", &place.address(), "--explain"]);
        server.line(); // it listens
        let unix = place.path().display().to_string();
        let got = crate::stage::end(
            crate::stage::command("http_get", &["--unix-socket", &unix, "http://a/"]),
            b"",
        );
        assert_eq!(got.out, "Hello World\n", "{}", got.err);
        while !server.line().contains("GET / HTTP/1.1") {}
    });
}
