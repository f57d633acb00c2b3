//! H11, and the responses of `http_server`: what its paths send.

use crate::stage::{Running, program};
use crate::support::{Answer, Client, post, request, watched};
use barewire::net::Addr;
use std::process::Command;
use std::thread;

/// The demo on a free port.
struct Demo {
    address: Addr,
    running: Running,
}

impl Demo {
    fn start() -> Demo {
        Demo::of(Running::start("http_server", &["--listen", "127.0.0.1:0"]))
    }

    fn of(mut running: Running) -> Demo {
        let line = running.line();
        let address = line
            .strip_prefix("Server running at http://")
            .and_then(|rest| rest.strip_suffix('/'));
        Demo {
            address: Addr::Ip(address.expect("an address").parse().expect("an address")),
            running,
        }
    }

    fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    fn get(&self, target: &str) -> Answer {
        let mut client = self.client();
        client.send(request("GET", target));
        client.answer()
    }

    fn publish(&self, first: u64, last: u64) {
        publish(&self.address, first, last);
    }
}

/// Publishes `first` to `last`, one after another.
fn publish(address: &Addr, first: u64, last: u64) {
    let mut client = Client::connect(address);
    for n in first..=last {
        client.send(post("/publish", &format!("notice {n}")));
        let answer = client.answer();
        assert_eq!(answer.status, 204);
        assert_eq!(answer.field("Last-Event-ID"), Some(&*n.to_string()));
    }
}

fn notices(first: u64, last: u64) -> String {
    let lines: Vec<String> = (first..=last).map(|n| format!("notice {n}")).collect();
    lines.join("\n")
}

fn events(first: u64, last: u64) -> String {
    (first..=last)
        .map(|n| format!("event: notice\nid: {n}\ndata: notice {n}\n\n"))
        .collect()
}

#[test]
fn row_h07_each_exchange_has_a_line_of_the_log() {
    watched(|| {
        let args = ["--listen", "127.0.0.1:0", "--log=combined"];
        let mut demo = Demo::of(Running::start("http_server", &args));
        // One connection: the lines of two come in any order, since a thread logs what its client has got already.
        let mut client = demo.client();
        client.send(request("GET", "/stats"));
        let stats = client.answer();
        assert!(stats.text().starts_with("connections=1 threads="));
        client.send(request("GET", "/none"));
        client.answer();
        let line = |demo: &mut Demo| loop {
            let line = demo.running.line();
            if line.starts_with("127.0.0.1 - - [") {
                break line;
            }
        };
        let stats = line(&mut demo);
        assert!(stats.contains("] \"GET /stats HTTP/1.1\" 200 "), "{stats}");
        let none = line(&mut demo);
        assert!(none.contains("] \"GET /none HTTP/1.1\" 404 "), "{none}");
        assert!(none.ends_with(" \"-\" \"-\""), "{none}");
    });
}

/// More lines than the pipe and the buffer of the log hold, and nobody reads them.
#[test]
fn row_h07_no_request_waits_for_the_log() {
    const REQUESTS: usize = 500;
    watched(|| {
        let demo = Demo::of(Running::start(
            "http_server",
            &["--listen", "127.0.0.1:0", "--log"],
        ));
        let mut client = demo.client();
        let target = format!("/length?{}", "x".repeat(4000));
        for _ in 0..REQUESTS {
            client.send(request("GET", &target));
            assert_eq!(client.answer().status, 200);
        }
    });
}

#[test]
fn fault_b07_a_poll_that_says_what_it_has_seen_misses_nothing() {
    watched(|| {
        let demo = Demo::start();
        // A client without a number learns the one to begin with.
        let nothing = demo.get("/poll?timeout=0");
        assert_eq!(nothing.status, 204);
        assert_eq!(nothing.field("Last-Event-ID"), Some("0"));
        demo.publish(1, 10);
        let news = demo.get("/poll?after=0");
        assert_eq!((news.status, news.text()), (200, &*notices(1, 10)));
        assert_eq!(news.field("Last-Event-ID"), Some("10"));
        assert_eq!(news.field("Lost-Notices"), None);
        assert_eq!(demo.get("/poll?after=7").text(), notices(8, 10));
        assert_eq!(demo.get("/poll?after=10&timeout=0").status, 204);
        let mut client = demo.client();
        client.send("GET /poll HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 9\r\n\r\n");
        assert_eq!(client.answer().text(), "notice 10");
        client.send("GET /poll?after=2 HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 9\r\n\r\n");
        assert_eq!(client.answer().text(), "notice 10", "the field counts");
        // The client of a server that ran before this one.
        assert_eq!(demo.get("/poll?after=999").text(), notices(1, 10));
    });
}

/// A client that polls again and again while others publish hears of each notice, in order.
#[test]
fn fault_b07_polls_beside_publishers() {
    watched(|| {
        let demo = Demo::start();
        std::thread::scope(|scope| {
            let address = demo.address.clone();
            scope.spawn(move || publish(&address, 1, 10));
            let (mut after, mut heard) = (String::from("0"), Vec::new());
            while heard.len() < 10 {
                let news = demo.get(&format!("/poll?after={after}"));
                heard.extend(news.text().lines().map(str::to_owned));
                after = news.field("Last-Event-ID").expect("a number").to_owned();
            }
            assert_eq!(heard.join("\n"), notices(1, 10));
        });
    });
}

#[test]
fn fault_b07_a_stream_of_events_misses_nothing() {
    watched(|| {
        let demo = Demo::start();
        let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
        let mut live = demo.client();
        live.send(request("GET", "/events"));
        assert_eq!(live.head().field("Content-Type"), Some("text/event-stream"));
        live.exactly(chunk("retry: 1000\nid: 0\n\n"));
        demo.publish(1, 10);
        // Whatever the chunks are, and whenever a tick comes between them.
        let mut came = String::new();
        while !came.contains("data: notice 10\n") {
            came.push(char::from(live.try_exactly(1).expect("more")[0]));
        }
        let places: Vec<_> = (1..=10)
            .map(|n| came.find(&format!("id: {n}\ndata: notice {n}\n")))
            .collect();
        assert!(places.is_sorted() && places[0].is_some(), "{came}");
        // A browser that connects again.
        let mut again = demo.client();
        again.send("GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 4\r\n\r\n");
        again.head();
        again.exactly(chunk("retry: 1000\nid: 4\n\n"));
        again.exactly(chunk(&events(5, 10)));
    });
}

/// The last notices are kept, and a client that comes too late hears which it has missed.
#[test]
fn fault_b07_what_is_lost_is_named() {
    watched(|| {
        let demo = Demo::start();
        demo.publish(1, 113);
        let news = demo.get("/poll?after=4");
        assert_eq!(news.text(), notices(14, 113));
        assert_eq!(news.field("Lost-Notices"), Some("5-13"));
        assert_eq!(demo.get("/poll?after=13").field("Lost-Notices"), None);
        let mut client = demo.client();
        client.send("GET /events?after=12 HTTP/1.1\r\nHost: a\r\n\r\n");
        client.head();
        let stream = events(14, 113);
        let stream = format!("event: lost\ndata: 13-13\n\n{stream}");
        client.exactly("14\r\nretry: 1000\nid: 12\n\n\r\n");
        client.exactly(format!("{:x}\r\n{stream}\r\n", stream.len()));
    });
}

/// `/poll` sends one line for each.
#[test]
fn fault_b07_a_notice_with_line_breaks_is_one_line() {
    watched(|| {
        let demo = Demo::start();
        let mut client = demo.client();
        for text in ["a\r\nb\rc\nd", "", r"C:\new", "tab\t你好"] {
            client.send(post("/publish", text));
            assert_eq!(client.answer().status, 204);
        }
        let lines = ["a\\r\\nb\\rc\\nd", "", r"C:\\new", "tab\t你好"];
        assert_eq!(demo.get("/poll?after=0").text(), lines.join("\n"));
    });
}

#[test]
fn fault_b07_lines_of_a_notice_stay_in_its_event() {
    watched(|| {
        let demo = Demo::start();
        let mut client = demo.client();
        client.send(post("/publish", "a\r\nb\rid: 99\n\nevent: forged"));
        assert_eq!(client.answer().status, 204);
        client.send("GET /events?after=0 HTTP/1.1\r\nHost: a\r\n\r\n");
        client.head();
        client.exactly("13\r\nretry: 1000\nid: 0\n\n\r\n");
        let event =
            "event: notice\nid: 1\ndata: a\ndata: b\ndata: id: 99\ndata: \ndata: event: forged\n\n";
        client.exactly(format!("{:x}\r\n{event}\r\n", event.len()));
    });
}

/// Here: that the page has what it needs to say. An answer that a proxy makes up has no `Last-Event-ID`.
#[test]
fn fault_e10_the_page_says_what_fails_and_waits() {
    watched(|| {
        let page = Demo::start().get("/try");
        for part in [
            "![200, 204].includes(answer.status) || last === null",
            "no news: ",
            "not published: ",
            "no connection: trying again",
        ] {
            assert!(page.text().contains(part), "{part}");
        }
    });
}

#[test]
fn fault_b08_what_a_client_says_wrong_is_its_400() {
    watched(|| {
        let demo = Demo::start();
        for target in [
            "/poll?after=x",
            "/poll?timeout=-1",
            "/poll?a=%ff",
            "/events?after=%zz",
        ] {
            assert_eq!(demo.get(target).status, 400, "{target}");
        }
        let mut client = demo.client();
        client.send(b"POST /publish HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\xff");
        assert_eq!(client.answer().status, 400, "no text");
        client.send(post("/publish", &"x".repeat(8 * 1024 + 1)));
        assert_eq!(client.answer().status, 413);
        client.send(post("/publish", &"x".repeat(8 * 1024)));
        assert_eq!(client.answer().status, 204, "on the same connection");
    });
}

/// RFC 9110 §9.3.2: HEAD is as GET, without the content; so nobody waits for news.
#[test]
fn fault_e10_each_path_has_its_methods() {
    const READ: &str = "GET, HEAD, OPTIONS";
    watched(|| {
        let demo = Demo::start();
        let mut client = demo.client();
        let mut ask = |method: &str, target: &str| {
            client.send(request(method, target));
            match method {
                "HEAD" => client.head(),
                _ => client.answer(),
            }
        };
        for (target, status, of) in [
            ("/poll", 204, None),
            ("/events", 200, Some("text/event-stream")),
            ("/iframe", 200, Some("text/html; charset=utf-8")),
            ("/big", 200, Some("application/octet-stream")),
            ("/stream", 200, Some("text/plain; charset=utf-8")),
            ("/text", 200, Some("text/plain; charset=utf-8")),
            ("/poll?after=x", 400, Some("text/plain; charset=utf-8")),
        ] {
            let head = ask("HEAD", target);
            assert_eq!(head.status, status, "HEAD {target}");
            assert_eq!(head.field("Content-Type"), of, "HEAD {target}");
            assert_ne!(head.field("Content-Length"), Some("0"), "HEAD {target}");
        }
        for (method, target, status, allowed) in [
            ("GET", "/upload", 405, "POST, PUT, OPTIONS"),
            ("HEAD", "/echo", 405, "POST, OPTIONS"),
            ("GET", "/publish", 405, "POST, OPTIONS"),
            ("POST", "/events", 405, READ),
            ("DELETE", "/", 405, READ),
            ("OPTIONS", "/poll", 204, READ),
            ("OPTIONS", "/upload", 204, "POST, PUT, OPTIONS"),
            ("OPTIONS", "*", 204, "GET, HEAD, POST, PUT, OPTIONS"),
        ] {
            let answer = ask(method, target);
            assert_eq!(answer.status, status, "{method} {target}");
            assert_eq!(answer.field("Allow"), Some(allowed), "{method} {target}");
        }
        for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
            assert_eq!(ask(method, "/none").status, 404, "{method}");
        }
    });
}

/// A browser guesses the encoding of a text that does not name it.
#[test]
fn fault_b06_every_text_names_its_encoding() {
    watched(|| {
        let demo = Demo::start();
        let mut client = demo.client();
        for (method, target, status) in [
            ("GET", "/nothing", 404),
            ("GET", "/files/none", 404),
            ("DELETE", "/", 405),
            ("BREW", "/", 501),
            ("GET", "/length", 200),
            ("GET", "/stream", 200),
            ("GET", "/text", 200),
            ("POST", "/upload", 200),
            ("GET", "/poll?after=x", 400),
            ("GET", "/a[b]", 301),
            ("CONNECT", "a:80", 405),
        ] {
            client.send(request(method, target));
            let answer = client.answer();
            assert_eq!(answer.status, status, "{method} {target}");
            let of = answer.field("Content-Type");
            assert_eq!(of, Some("text/plain; charset=utf-8"), "{method} {target}");
        }
    });
}

/// Descriptors run out: a file that cannot be opened is a 5xx, on a connection that goes on, and the server serves
/// again as soon as some are free.
#[test]
fn row_h12_files_without_descriptors() {
    watched(|| {
        let folder = std::env::temp_dir().join(format!("barewire-emfile-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a directory");
        let length = 100_000; // too long to be kept in memory
        std::fs::write(folder.join("file.bin"), vec![b'x'; length]).expect("a file");
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -n 24 && exec \"$0\" \"$@\""]);
        command.arg(program("http_server"));
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--keep-alive-timeout",
            "0",
            "--files",
        ]);
        command.arg(&folder);
        let demo = Demo::of(Running::spawn(command, b"", false));
        let mut first = demo.client();
        first.send(request("GET", "/files/file.bin"));
        assert_eq!(first.answer().body.len(), length);
        // More connections than descriptors: sooner or later they have all, and none is left for a file.
        let others = [(); 24].map(|()| {
            let mut other = demo.client();
            other.send(request("GET", "/length"));
            other
        });
        let refused = loop {
            first.send(request("GET", "/files/file.bin"));
            let answer = first.answer();
            if answer.status != 200 {
                break answer;
            }
            thread::yield_now();
        };
        assert_eq!(refused.status, 500, "{}", refused.text());
        assert!(!refused.says_close());
        first.send(request("GET", "/length"));
        assert_eq!(first.answer().status, 200, "what needs no file");
        drop(others);
        loop {
            first.send(request("GET", "/files/file.bin"));
            match first.answer() {
                answer if answer.status == 200 => break assert_eq!(answer.body.len(), length),
                answer => assert_eq!(answer.status, 500),
            }
        }
        assert_eq!(demo.get("/files/file.bin").body.len(), length);
        let _ = std::fs::remove_dir_all(&folder);
    });
}
