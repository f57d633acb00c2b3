//! Errors on a command line speak of that command line: they name its files and its options, and show a
//! peer's text as text.

use crate::client::stage::Scripted;
use crate::place::Place;
use crate::stage::{Ended, Running, program, refuses, run, run_with};
use crate::support::watched;
use std::collections::BTreeSet;
use std::fs;

const CRT: &str = "fixtures/tls/client.crt";
const KEY: &str = "fixtures/tls/client.key";
const NO_PEM: &str = "Cargo.toml";
const NOWHERE: &str = "/nowhere/at/all";

/// Each demo with each of its options for a file, and how its one line on stderr must begin.
#[test]
fn fault_e08_every_file_that_cannot_be_used_is_named() {
    let missing = format!("{NOWHERE}: No such file or directory");
    let http_missing = format!("(26) {missing}");
    let out = format!("(23) {NOWHERE}: No such file");
    let no_cert = "ERR_OSSL_PEM_NO_START_LINE: no -----BEGIN CERTIFICATE----- in ";
    let no_key = "ERR_OSSL_PEM_NO_START_LINE: no -----BEGIN PRIVATE KEY----- in ";
    let unix = format!("unix:{NOWHERE}");
    let listen = format!("cannot listen on \"{unix}\": No such file");
    let connect = format!("cannot connect to {unix}: No such file");
    let http_connect = format!("(7) {connect}");
    let is_ca = format!("{no_cert}{NO_PEM} (--ca)");
    let is_to_tls = format!("{no_cert}{NO_PEM} (--to-tls)");
    let at_any = ["--listen", "127.0.0.1:0", "--to", "127.0.0.1:1"];
    let is_cacert = format!("{no_cert}{NO_PEM} (--cacert)");
    let is_tls = format!("{no_cert}{NO_PEM} (--tls)");
    let is_tls_key = format!("{no_key}{NO_PEM} (--tls)");
    let is_client_ca = format!("{no_cert}{NO_PEM} (--client-ca)");
    let is_cert = format!("{no_cert}{NO_PEM} (--cert)");
    let is_key = format!("{no_key}{NO_PEM} (--key)");
    let (https, wss, http) = (
        "https://127.0.0.1:1/",
        "wss://127.0.0.1:1/",
        "http://127.0.0.1:1/",
    );
    let at_form = format!("@{NOWHERE}");
    watched(move || {
        for (demo, args, error) in [
            ("framing", &["file", NOWHERE][..], missing.as_str()),
            ("framing", &["file", "/"], "/: Is a directory"),
            ("framing", &["client", "none", &unix], &connect),
            ("framing", &["server", "none", "--listen", &unix], &listen),
            ("tcp_echo", &["client", &unix], &connect),
            ("tcp_echo", &["server", "--listen", &unix], &listen),
            ("tls_echo", &["--connect", &unix], &connect),
            ("tls_echo", &["--listen", &unix], &listen),
            (
                "tls_echo",
                &["--connect", "127.0.0.1:1", "--ca", NOWHERE],
                &missing,
            ),
            (
                "tls_echo",
                &["--connect", "127.0.0.1:1", "--ca", NO_PEM],
                &is_ca,
            ),
            (
                "tls_echo",
                &["--connect", "127.0.0.1:1", "--cert", NOWHERE],
                &missing,
            ),
            (
                "tls_echo",
                &["--connect", "127.0.0.1:1", "--cert", CRT, "--key", NOWHERE],
                &missing,
            ),
            (
                "tls_echo",
                &["--connect", "127.0.0.1:1", "--cert", CRT, "--key", NO_PEM],
                &is_key,
            ),
            ("https_server", &[&unix], &listen),
            ("http_server", &["--listen", &unix], &listen),
            ("http_server", &["--files", NOWHERE], &missing),
            ("http_server", &["--files", NO_PEM], NO_PEM),
            ("http_server", &["--tls", NOWHERE, KEY], &missing),
            ("http_server", &["--tls", CRT, NOWHERE], &missing),
            ("http_server", &["--tls", NO_PEM, KEY], &is_tls),
            ("http_server", &["--tls", CRT, NO_PEM], &is_tls_key),
            (
                "http_server",
                &["--tls", CRT, KEY, "--client-ca", NOWHERE],
                &missing,
            ),
            (
                "http_server",
                &["--tls", CRT, KEY, "--client-ca", NO_PEM],
                &is_client_ca,
            ),
            ("ws_server", &["--tls", NOWHERE, KEY], &missing),
            ("ws_server", &["--tls", CRT, NOWHERE], &missing),
            ("ws_server", &["--tls", NO_PEM, KEY], &is_tls),
            ("ws_server", &["--listen", &unix], &listen),
            ("proxy", &["--listen", &unix], &listen),
            ("wire", &["--listen", &unix, "--to", "127.0.0.1:1"], &listen),
            (
                "wire",
                &[&at_any[..], &["--save", NOWHERE]].concat(),
                &missing,
            ),
            (
                "wire",
                &[&at_any[..], &["--tls", CRT, NOWHERE]].concat(),
                &missing,
            ),
            (
                "wire",
                &[&at_any[..], &["--tls", NO_PEM, KEY]].concat(),
                &is_tls,
            ),
            (
                "wire",
                &[&at_any[..], &["--to-tls", NO_PEM]].concat(),
                &is_to_tls,
            ),
            (
                "wire",
                &["--replay", NOWHERE, "--to", "127.0.0.1:1"],
                &missing,
            ),
            ("wire", &[NOWHERE], &missing),
            (
                "chapter",
                &["--any-port", "--unix", NOWHERE],
                "cannot open the door of Unix: cannot listen on",
            ),
            ("ws_client", &["--cacert", NOWHERE, wss], &missing),
            ("ws_client", &["--cacert", NO_PEM, wss], &is_cacert),
            ("http_get", &["--cacert", NOWHERE, https], &missing),
            ("http_get", &["--cacert", NO_PEM, https], &is_cacert),
            ("http_get", &["-E", NOWHERE, https], &missing),
            ("http_get", &["-E", NO_PEM, "--key", KEY, https], &is_cert),
            ("http_get", &["-E", CRT, "--key", NOWHERE, https], &missing),
            ("http_get", &["-E", CRT, "--key", NO_PEM, https], &is_key),
            ("http_get", &["-T", NOWHERE, http], &http_missing),
            ("http_get", &["-T", "/", http], "(26) /: is a directory"),
            ("http_get", &["-d", &at_form, http], &http_missing),
            ("http_get", &["--unix-socket", NOWHERE, http], &http_connect),
        ] {
            let Ended { code, err, .. } = run(demo, args);
            assert!(!matches!(code, Some(0) | None), "{demo} {args:?}");
            assert!(
                err.starts_with(&format!("{demo}: ")) && err.contains(error),
                "{demo} {args:?}: {err}"
            );
            assert_eq!(err.lines().count(), 1, "{demo} {args:?}: {err}");
        }
        let (site, port) = crate::client::hello();
        let url = format!("http://127.0.0.1:{port}/");
        let Ended { code, err, .. } = run("http_get", &["-o", NOWHERE, &url]);
        assert_eq!(code, Some(23));
        assert!(err.starts_with(&format!("http_get: {out}")), "{err}");
        drop(site);
    });
}

/// A fault in the middle of a file: the error names the file and the line, and gives no advice that is for a
/// program.
#[test]
fn fault_e08_a_fault_inside_a_file_is_named_with_the_file() {
    watched(|| {
        let place = Place::new("words-inside");
        let write = |name: &str, text: &str| {
            let path = place.path().with_extension(name);
            fs::write(&path, text).expect("a file");
            path.to_str().expect("text").to_owned()
        };
        let (crt, key) = (
            fs::read_to_string(CRT).expect("a file"),
            fs::read_to_string(KEY).expect("a file"),
        );
        let joined = write("joined", &format!("{}{crt}", crt.trim_end()));
        let at = crt.trim_end().lines().count();
        let request = write(
            "request",
            &format!("\n{}", crt.replace("CERTIFICATE", "CERTIFICATE REQUEST")),
        );
        let broken = write(
            "broken",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        );
        let ssh = write("ssh", &key.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"));
        let line = write("line", "a.example\n");
        let (https, wss) = ("https://127.0.0.1:1/", "wss://127.0.0.1:1/");
        let tls = ["--listen", "127.0.0.1:0", "--tls", CRT, KEY];
        let of_server = |args: &[&str]| args.iter().map(|arg| arg.to_string()).collect::<Vec<_>>();
        let client_ca = |file| of_server(&[&tls[..], &["--client-ca", file]].concat());
        let in_cacert = |file: &str| of_server(&["--cacert", file, https]);
        for (demo, args, why) in [
            (
                "http_get",
                in_cacert(&joined),
                format!("line {at} of {joined} (--cacert): "),
            ),
            (
                "http_get",
                in_cacert(&request),
                format!("line 2 of {request} (--cacert) begins a"),
            ),
            (
                "http_get",
                in_cacert(&broken),
                format!("begins on line 1 of {broken} (--cacert) cannot"),
            ),
            (
                "http_get",
                in_cacert(&line),
                format!(
                    "in {line} (--cacert), but one line: is that the name of the file that was meant?"
                ),
            ),
            (
                "http_get",
                of_server(&["-E", &joined, "--key", KEY, https]),
                format!("line {at} of {joined} (--cert): "),
            ),
            (
                "http_get",
                of_server(&["-E", CRT, "--key", &ssh, https]),
                format!("line 1 of {ssh} (--key) begins"),
            ),
            (
                "ws_client",
                of_server(&["--cacert", &joined, wss]),
                format!("line {at} of {joined} (--cacert): "),
            ),
            (
                "tls_echo",
                of_server(&["--connect", "127.0.0.1:1", "--ca", &joined]),
                format!("line {at} of {joined} (--ca): "),
            ),
            (
                "http_server",
                of_server(&["--tls", &joined, KEY]),
                format!("line {at} of {joined} (--tls): "),
            ),
            (
                "http_server",
                of_server(&["--tls", CRT, &ssh]),
                format!("line 1 of {ssh} (--tls) begins"),
            ),
            (
                "http_server",
                client_ca(&joined),
                format!("line {at} of {joined} (--client-ca): "),
            ),
            (
                "http_server",
                client_ca(&line),
                format!(
                    "in {line} (--client-ca), but one line: is that the name of the file that was meant?"
                ),
            ),
        ] {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let Ended { code, err, .. } = run(demo, &args);
            assert!(!matches!(code, Some(0) | None), "{demo} {args:?}");
            assert!(err.contains(&why), "{demo} {args:?}: {err}");
            for word in [
                " of FILE",
                " FILE",
                "--tls CERT",
                "--tls KEY",
                "--client-ca CA",
                "Pass the contents",
                "Options::",
            ] {
                let is_command = word == " FILE" && err.contains("ssh-keygen");
                assert!(is_command || !err.contains(word), "{demo} {args:?}: {err}");
            }
        }
    });
}

#[test]
fn fault_e09_a_certificate_without_its_key_is_asked_for_it() {
    watched(|| {
        let both = Place::new("words-both");
        let pem = [
            fs::read(CRT).expect("a file"),
            fs::read(KEY).expect("a file"),
        ]
        .concat();
        let path = both.path().with_extension("pem");
        fs::write(&path, pem).expect("a file");
        let path = path.to_str().expect("text");
        let https = "https://127.0.0.1:1/";
        let missing = format!("{CRT} holds no private key: name its file with --key");
        let alone = "--key needs its certificate, too: --cert FILE";
        for (args, why) in [
            (&["-E", CRT, https][..], missing.as_str()),
            (
                &["-E", NO_PEM, https],
                "Cargo.toml holds no private key: name its file with --key",
            ),
            (&["--key", KEY, https], alone),
            (&["-E", path, https], "(7) cannot connect to 127.0.0.1:1"),
        ] {
            let Ended { err, .. } = run("http_get", args);
            assert!(
                err.starts_with(&format!("http_get: {why}")),
                "{args:?}: {err}"
            );
        }
        let to = "127.0.0.1:1";
        for (args, why) in [
            (&["--connect", to, "--cert", CRT][..], missing.as_str()),
            (&["--connect", to, "--key", KEY], alone),
            (
                &["--connect", to, "--cert", path],
                "cannot connect to 127.0.0.1:1",
            ),
        ] {
            let Ended { err, .. } = run("tls_echo", args);
            assert!(err.contains(why), "{args:?}: {err}");
        }
    });
}

/// `text` as what a server says when it refuses.
fn refusal(text: &str) -> Scripted {
    let length = text.len();
    Scripted::new(&[&format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n{text}"
    )])
}

#[test]
fn fault_e09_text_of_a_peer_is_shown_as_text_and_controls_nothing() {
    watched(|| {
        for (sent, shown) in [
            ("RFC 9110 §15.5.5\n", "RFC 9110 §15.5.5"),
            ("月 é 😀", "月 é 😀"),
            ("\x1b]0;title\x07\u{9b}2J", "title"),
            ("a\u{202e}b\r\nc", "a"),
        ] {
            let server = refusal(sent);
            let url = server.url().replace("http:", "ws:");
            let Ended { code, err, .. } = run("ws_client", &[&url]);
            assert_eq!(code, Some(1));
            let why = "ws_client: the server refused the WebSocket: 403 Forbidden: ";
            assert!(err.starts_with(why) && err.contains(shown), "{err:?}");
            let line = err.strip_suffix('\n').expect("a line");
            let controls = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!line.contains(controls), "{err:?}");
        }
        let server = Scripted::new(&["HTTP/1.1 404 \x1b[2J§\r\n\r\n"]);
        let Ended { err, .. } = run("http_get", &["-f", &server.url()]);
        assert!(!err.contains('\x1b'), "{err}");
    });
}

/// Behind a pipe the bytes are what the peer has sent.
#[test]
fn what_is_no_terminal_gets_the_bytes_of_a_peer() {
    watched(|| {
        let server = Scripted::new(&["HTTP/1.1 200 OK\r\n\r\n\x1b[2J\u{9b}\r\n\0"]);
        let Ended { code, out, .. } = run("http_get", &[&server.url()]);
        assert_eq!((code, out.as_str()), (Some(0), "\x1b[2J\u{9b}\r\n\0"));
        let server = Running::start("ws_server", &["--listen", "127.0.0.1:0"]);
        let url = format!("ws://{}/echo", server.address());
        let Ended { out, .. } = run_with("ws_client", &[&url], "\x1b[1m月\n");
        assert_eq!(out, "\x1b[1m月\n");
    });
}

/// The names of the library's options that its TLS errors may say, each of which a demo can translate.
#[test]
fn fault_e09_every_option_that_an_error_names_has_words_of_the_command_line() {
    let translated = fs::read_to_string("src/bin/demo/words.rs").expect("a file");
    let mut found = BTreeSet::new();
    for source in sources("src/tls") {
        for line in source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for (at, _) in line.match_indices("Options::") {
                let start = line[..at]
                    .rfind(|c: char| !c.is_alphabetic())
                    .map_or(0, |at| at + 1);
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let name = &line[at + "Options::".len()..];
                let end = name.find(|c| !is_word(c)).unwrap_or(name.len());
                if line[..start].contains('"') || line.trim_start().starts_with(&line[start..at]) {
                    found.insert(format!("{}Options::{}", &line[start..at], &name[..end]));
                }
            }
        }
    }
    found.retain(|name| {
        name.ends_with(|c: char| c.is_lowercase() || c == '6')
            && !name.ends_with("::new")
            && !name.ends_with("::default")
    });
    for name in &found {
        let is_for_others =
            ["ClientOptions::extra_ca", "ServerOptions::request_cert"].contains(&name.as_str());
        assert!(
            is_for_others || translated.contains(name.as_str()),
            "{name} in {found:?}"
        );
    }
    assert!(found.len() > 5, "{found:?}");
}

fn sources(folder: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.extend(sources(path.to_str().expect("text"))),
            false => all.push(fs::read_to_string(&path).expect("a file")),
        }
    }
    all
}

/// In a terminal of 80 columns no line of a help is wrapped.
#[test]
fn a_help_fits_into_80_columns() {
    watched(|| {
        for demo in crate::surroundings::DEMOS {
            let help = run(demo, &["--help"]).out;
            let width = |line: &str| {
                line.chars()
                    .map(|c| if c > '\u{2e80}' { 2 } else { 1 })
                    .sum::<usize>()
            };
            let long: Vec<_> = help.lines().filter(|line| width(line) > 80).collect();
            assert!(long.is_empty(), "{demo}: {long:#?}");
            assert!(fs::exists(program(demo)).expect("a file"));
        }
    });
}

/// The ports are N, N + 1 … without a gap: there are six.
#[test]
fn fault_e09_the_chapters_ports_follow_one_another() {
    watched(|| {
        refuses(
            "chapter",
            &["--ports-from", "65531"],
            "--ports-from takes a port from 1 to 65530",
        );
        let place = Place::new("words-ports");
        let path = place.path();
        let unix = path.to_str().expect("text");
        // Ports below those that the system chooses, and another ten for each process; each may be taken.
        let first = 10_000 + (std::process::id() % 2000) as u16 * 10;
        for first in (first..first + 1000).step_by(10) {
            let args = ["--ports-from", &first.to_string(), "--unix", unix];
            let mut chapter = Running::start("chapter", &args);
            if chapter.line().is_empty() {
                continue; // it has ended
            }
            let out = chapter.stop_after(15);
            for port in first..first + 6 {
                let listens = out.contains(&format!("127.0.0.1:{port} "));
                assert!(listens, "{port}: {out}");
            }
            return;
        }
        panic!("no six ports are free");
    });
}
