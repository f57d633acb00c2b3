//! `wire`: captures, a go-between, the cases of `fixtures/`.

use crate::client::stage::{command, run_with};
use crate::place::Place;
use crate::stage::{Ended, Running, end, printed, run};
use crate::support::{PATIENCE, Site, watched};
use barewire::http;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

const ANY: &str = "127.0.0.1:0";

/// A go-between, and where it listens.
fn between(to: &str, args: &[&str]) -> (Running, String) {
    let running = Running::start("wire", &[&["--listen", ANY, "--to", to], args].concat());
    let address = running.address();
    (running, address)
}

/// What a go-between has printed with `--json`, until both directions of this many conversations have ended.
fn lines(running: &mut Running, conversations: usize) -> Vec<String> {
    let (mut all, mut ends) = (Vec::new(), 0);
    while ends < 2 * conversations {
        let line = running.line();
        ends += usize::from(line.contains("\"label\":\"end\""));
        all.push(line);
    }
    all
}

/// The lines without their times: live, a time is that of the recorder; in a capture, that of a packet.
fn timeless(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let lines = lines.into_iter().map(|line| {
        let line = line.as_ref();
        let at = line.find(",\"time\":").expect(line);
        let behind = line[at + 8..].find([',', '}']).expect(line);
        format!("{}{}", &line[..at], &line[at + 8 + behind..])
    });
    lines.collect()
}

/// The values of the leaves and notes with this label.
fn values<'a>(lines: &'a [String], label: &str) -> Vec<&'a str> {
    let member = format!("\"label\":\"{label}\",\"value\":\"");
    let lines = lines.iter().filter_map(|line| line.split_once(&member));
    lines
        .map(|(_, rest)| rest.split('"').next().expect("a value"))
        .collect()
}

/// The leaves of layer `tcp` begin at 0 and leave no gap.
#[track_caller]
fn assert_tiled(lines: &[String], from: &str) {
    let number = |line: &str, name: &str| -> u64 {
        let (_, rest) = line.split_once(&format!("\"{name}\":")).expect(name);
        let end = rest.find([',', '}']).expect("an end");
        rest[..end].parse().expect("a number")
    };
    let mut at = 0;
    let side = format!("\"layer\":\"tcp\",\"from\":\"{from}\"");
    for line in lines.iter().filter(|line| line.contains(&side)) {
        assert_eq!(number(line, "at"), at, "{line}");
        at += number(line, "length");
    }
    assert!(at > 0);
}

fn echo() -> Site {
    Site::new(http::create_server(|mut req, res| {
        let body = req.collect()?.to_vec();
        res.end(body)
    }))
}

#[test]
fn a_chunked_post_that_waits_for_a_100_and_its_capture() {
    watched(|| {
        let (site, place) = (echo(), Place::new("wire-expect"));
        let file = place.path().with_extension("pcap");
        let file = file.to_str().expect("text");
        let to = site.address().to_string();
        let (mut running, at) = between(&to, &["--json", "--save", file]);
        let url = format!("http://{at}/echo");
        let args = ["-T", "-", "-X", "POST", "-H", "Expect: 100-continue", &url];
        let ran = run_with(command("http_get", &args), b"hello");
        assert_eq!((ran.code, ran.out.as_str()), (0, "hello"), "{}", ran.err);

        let live = lines(&mut running, 1);
        assert_tiled(&live, "client");
        assert_tiled(&live, "server");
        assert_eq!(values(&live, "http.request.method"), ["POST"]);
        assert_eq!(values(&live, "http.response.status"), ["100", "200"]);
        assert_eq!(values(&live, "http.chunk.data"), ["hello"]);
        let position = |label: &str| live.iter().position(|line| line.contains(label));
        assert!(position("\"100\"") < position("http.chunk.data"));

        // What was seen is in the file.
        let mut saved = String::new();
        while saved.lines().count() < live.len() {
            saved = run("wire", &[file, "--json"]).out; // another thread writes it
        }
        assert_eq!(timeless(saved.lines()), timeless(&live));
        let server = printed(
            "wire",
            &[file, "--json", "--only", "server", "--only", "http.body"],
        );
        assert_eq!(values(&[server], "http.body.data"), ["hello"]);

        // As much of it as there is.
        let whole = fs::read(file).expect("a file");
        fs::write(file, &whole[..whole.len() - 50]).expect("a file");
        let Ended { code, out, err } = run("wire", &[file, "--json"]);
        assert_eq!(code, Some(2), "{err}");
        assert!(
            err.starts_with(&format!("wire: {file}: ")) && err.contains("at byte"),
            "{err}"
        );
        assert!(saved.starts_with(&out[..1000]), "{out}");

        // The server answers the same again; another one does not.
        fs::write(file, whole).expect("a file");
        let Ended { code, out, err } = run("wire", &["--replay", file, "--to", &to]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert_eq!(out, "conversation 0: equal, 2 messages\n");
        let (_other, port) = crate::client::hello();
        let other = format!("127.0.0.1:{port}");
        let Ended { code, out, .. } = run("wire", &["--replay", file, "--to", &other]);
        assert_eq!(code, Some(1), "{out}");
        assert!(out.starts_with("conversation 0: differs\n"), "{out}");
        drop(site);
        let Ended { code, out, .. } = run("wire", &["--replay", file, "--to", &to]);
        assert_eq!(code, Some(2), "{out}");

        let page = place.path().with_extension("html");
        let page = page.to_str().expect("text");
        assert_eq!(printed("wire", &[file, "--html", page]), "");
        let page = fs::read_to_string(page).expect("a page");
        assert!(page.starts_with("<!doctype html>") && page.contains("100-continue"));
    });
}

#[test]
fn the_books_hello_world_in_the_clear_and_under_tls() {
    watched(|| {
        let files = ["fixtures/tls/server.crt", "fixtures/tls/server.key"];
        let ca = "fixtures/tls/ca.crt";
        let secure: &[&str] = &["--tls", files[0], files[1]];
        for (tls, to_tls) in [(false, false), (true, false), (false, true), (true, true)] {
            let own = if to_tls { secure } else { &[] };
            let server = Running::start("ws_server", &[&["--listen", ANY], own].concat());
            let to = server.address().replace("127.0.0.1", "localhost");
            let mut args = vec!["--json"];
            args.extend(if tls { secure } else { &[] });
            if to_tls {
                args.extend(["--to-tls", ca]);
            }
            let (mut running, at) = between(&to, &args);
            let scheme = if tls { "wss" } else { "ws" };
            let url = format!("{scheme}://{at}/hello").replace("127.0.0.1", "localhost");
            let ran = run_with(
                command("ws_client", &["--cacert", ca, &url]),
                b"hello world!\n",
            );
            assert_eq!((ran.code, ran.out.as_str()), (0, "yakexi\n"), "{}", ran.err);
            let mut seen = Vec::new();
            while !values(&seen, "websocket.payload").contains(&"yakexi") {
                seen.push(running.line());
            }
            let what = format!("{tls} {to_tls}: {seen:#?}");
            assert_eq!(
                values(&seen, "websocket.unmasked")[0],
                "hello world!",
                "{what}"
            );
            let has = |text: &str| seen.iter().any(|line| line.contains(text));
            assert_eq!(has("\"layer\":\"tls\""), tls || to_tls, "{what}");
            assert_eq!(has("\"label\":\"tls."), tls || to_tls, "{what}");
            assert_eq!(has("\"conversation\":1"), tls && to_tls, "{what}");
        }
    });
}

/// A client that ends its direction still gets the answer, of any length, and the server's end.
#[test]
fn a_half_close_and_a_response_larger_than_all_buffers() {
    watched(|| {
        const LENGTH: usize = 8 << 20;
        let server = TcpListener::bind(ANY).expect("a port");
        let to = server.local_addr().expect("an address").to_string();
        let serving = thread::spawn(move || {
            let (mut peer, _) = server.accept().expect("a client");
            let mut asked = Vec::new();
            peer.read_to_end(&mut asked).expect("an end");
            peer.write_all(&vec![b'x'; LENGTH]).expect("a reader");
            asked
        });
        let (_running, at) = between(&to, &["--as", "bytes", "--only", "client"]);
        let mut client = TcpStream::connect(at).expect("a server");
        client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        client.write_all(b"question").expect("open");
        client.shutdown(Shutdown::Write).expect("open");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("an end");
        assert_eq!(answer.len(), LENGTH);
        assert_eq!(serving.join().expect("no panic"), b"question");
    });
}

#[test]
fn a_server_that_is_not_there_or_cuts_the_connection() {
    watched(|| {
        let nowhere = TcpListener::bind(ANY).expect("a port");
        let to = nowhere.local_addr().expect("an address").to_string();
        drop(nowhere);
        let (running, at) = between(&to, &[]);
        assert_closed(TcpStream::connect(at).expect("a server").read(&mut [0; 8]));
        let err = running.err_after(std::time::Duration::ZERO);
        assert!(
            err.contains(&format!("wire: cannot connect to {to}: ")),
            "{err}"
        );

        let server = TcpListener::bind(ANY).expect("a port");
        let to = server.local_addr().expect("an address").to_string();
        let (_running, at) = between(&to, &[]);
        let mut client = TcpStream::connect(at).expect("a server");
        client.write_all(b"GET ").expect("open");
        let (mut peer, _) = server.accept().expect("a client");
        peer.read_exact(&mut [0; 1]).expect("a byte");
        drop(peer); // with bytes that were not read: a reset
        assert_closed(client.read(&mut [0; 8]));
    });
}

#[track_caller]
fn assert_closed(read: io::Result<usize>) {
    assert!(matches!(&read, Ok(0)) || read.is_err(), "{read:?}");
}

/// Packets are shown as they come.
#[test]
fn standard_input_is_explained_live() {
    watched(|| {
        use barewire::trace::wire::capture::{Writer, invented};
        use barewire::trace::wire::{Direction::FromClient, Event, What};
        let (client, server) = invented(0);
        let mut file = Vec::new();
        let mut writer = Writer::new(&mut file);
        let request = What::bytes(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        for what in [What::begins(client, server), request] {
            let time = std::time::Duration::from_secs(1);
            let event = Event::new(0, FromClient, time, what);
            writer.event(&event).expect("memory");
        }
        let mut running = Running::spawn(command("wire", &["-", "--json"]), &file, true);
        assert!(running.line().contains("\"value\":\"GET\""));
    });
}

#[test]
fn cases_by_their_section_or_name() {
    watched(|| {
        let out = printed("wire", &["--vectors", "the book's hello"]);
        assert!(out.contains("fixtures/websocket/frames.txt:") && out.contains("hello world!"));
        let out = printed("wire", &["--vectors", "9112", "§7.1.1"]);
        assert!(out.contains("RFC 9112 §7.1.1") && !out.contains("RFC 9112 §7.1.2)"));
        let Ended { code, err, .. } = run("wire", &["--vectors", "9112 §99"]);
        assert_eq!(code, Some(2));
        assert!(
            err.starts_with("wire: no case is about \"9112 §99\""),
            "{err}"
        );
    });
}

#[test]
fn a_page_does_not_replace_its_capture() {
    watched(|| {
        let place = Place::new("wire-page");
        let path = place.path();
        std::fs::write(&path, "as it was").expect("a file");
        let name = path.to_str().expect("UTF-8");
        let args = [name, "--html", name];
        let Ended { code, err, .. } = run("wire", &args);
        assert_eq!(code, Some(2));
        assert!(
            err.ends_with("is the capture: --html takes another file\n"),
            "{err}"
        );
        assert_eq!(std::fs::read(&path).expect("it"), b"as it was");
    });
}

#[test]
fn mistakes_end_with_2() {
    watched(|| {
        for (line, why) in [
            ("", "takes one of FILE, --listen, --vectors and --replay"),
            ("a b", "takes one of FILE, "),
            ("--listen a --replay b --to c", "takes one of FILE, "),
            ("--vectors --listen a --to c", "takes one of FILE, "),
            ("a --to b", "--to needs --listen or --replay"),
            ("--listen 127.0.0.1:0", "--listen needs --to"),
            ("--replay a", "--replay needs --to"),
            ("--replay a --to b --hex", "--hex does not apply here"),
            ("Cargo.toml --save a", "--save does not apply here"),
            ("Cargo.toml --text --json", "--text or --json, not both"),
            (
                "Cargo.toml --only http.chun",
                "--only takes client, server, ",
            ),
            ("Cargo.toml --as line", "--as takes http, bytes, "),
            ("no-such-file", "no-such-file: No such file"),
            (
                "Cargo.toml",
                "Cargo.toml: a capture begins with a magic number",
            ),
        ] {
            let args: Vec<&str> = line.split_whitespace().collect();
            let Ended { code, out, err } = end(command("wire", &args), b"");
            assert_eq!((code, out.as_str()), (Some(2), ""), "{line}: {err}");
            assert!(err.starts_with(&format!("wire: {why}")), "{line}: {err}");
        }
    });
}
