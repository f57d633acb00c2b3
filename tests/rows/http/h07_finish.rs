//! H07, fourth part: a line of a log for each request.

use crate::https::stage as tls;
use crate::support::{Client, Log, Reporting, Site, over_pipe, post, request, watched};
use barewire::http::{self, Error, Handled, Request, Response, Server, ServerEvents, Summary};
use barewire::net::{Addr, Handle, Layer, Pipe, Stream, pipe_with_capacity};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn routes(mut req: Request<'_>, mut res: Response<'_>) -> Handled {
    match req.path() {
        "/length" => res.end("hello"),
        "/chunked" => {
            res.write("four")?;
            res.write("")?;
            res.end("five5")
        }
        "/large" => res.end(vec![b'x'; 100_000]),
        "/empty" => res.write_head(204, ())?.end(""),
        "/echo" => res.end(req.collect()?),
        "/half" => {
            res.write_early_hints(())?;
            Ok(res.write("half")?)
        }
        "/silent" => Ok(()),
        "/declared" => {
            res.set_header("Content-Length", 9)?;
            res.end("four")
        }
        "/panic" => panic!("on purpose"),
        "/upgrade" => {
            req.upgrade(res, [("Upgrade", "echo")])?;
            Ok(())
        }
        _ => Err(std::io::Error::other("no").into()),
    }
}

fn line(summary: &Summary<'_>) -> String {
    format!(
        "{} {} {} {} {}",
        summary.method().unwrap_or("-"),
        summary.url().unwrap_or("-"),
        summary.status().unwrap_or(0),
        summary.body_bytes(),
        summary.is_complete(),
    )
}

fn logged(log: &Log) -> Server<impl ServerEvents + use<>> {
    let (lines, reports) = (log.clone(), Log::default());
    http::create_server_with(Reporting::new(&reports, routes))
        .on_finish(move |summary| lines.note(line(summary)))
}

/// The lines for these bytes.
fn lines(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let log = Log::default();
    logged(&log).answer_to(bytes.as_ref());
    log.all()
}

#[test]
fn row_h07_each_request_has_its_line_in_order() {
    let bytes = [
        request("GET", "/length?q=1"),
        request("GET", "/chunked"),
        request("GET", "/large"),
        request("HEAD", "/large"),
        request("GET", "/empty"),
        post("/echo", "1234567"),
        request("GET", "/silent"),
        request("GET", "/declared"),
        request("GET", "/panic"),
        request("GET", "/none"),
        request("GET", "/length"),
    ];
    assert_eq!(
        lines(bytes.concat()),
        [
            "GET /length?q=1 200 5 true",
            "GET /chunked 200 9 true",
            "GET /large 200 100000 true",
            "HEAD /large 200 0 true",
            "GET /empty 204 0 true",
            "POST /echo 200 7 true",
            "GET /silent 500 26 true",
            "GET /declared 500 26 true",
            "GET /panic 500 26 true",
            "GET /none 500 26 true",
            "GET /length 200 5 true",
        ]
    );
}

#[test]
fn row_h07_what_no_handler_sees_has_its_line() {
    for (bytes, start) in [
        ("GET / HTTP/3.0\r\n\r\n", "- - 505 "),
        ("GET /", "- - 400 "),
        ("GET /\x1b[m HTTP/1.1\r\n", "- - 400 "),
        ("\x16\x03\x01", "- - 400 "),
        // The request line is good, and the fields are not.
        ("GET /a?b HTTP/1.1\r\n\r\n", "GET /a?b 400 "),
        ("GET /a HTTP/1.1\r\nHo", "GET /a 400 "),
        (
            "\r\nGET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /a 400 ",
        ),
        (
            "GET /a HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
            "GET /a 417 ",
        ),
        (
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /a 400 ",
        ),
        (
            &format!("GET /a HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(70_000)),
            "GET /a 431 ",
        ),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "GET a 400 "),
    ] {
        let lines = lines(bytes);
        let [line] = &lines[..] else {
            panic!("one line but {lines:?}");
        };
        assert!(line.starts_with(start), "{line}");
        assert!(
            line.ends_with(" true") && !line.ends_with(" 0 true"),
            "{line}"
        );
    }
    let first = request("GET", "/length");
    assert_eq!(lines(first.clone() + "no request\r\n").len(), 2);
    assert_eq!(lines(first + "\r\n").len(), 1);
    assert_eq!(lines("").len(), 0);
    let encoded = lines(request("GET", "/photo[1].txt"));
    assert!(
        encoded[0].starts_with("GET /photo[1].txt 301 "),
        "{encoded:?}"
    );
    let tunnel = lines("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
    assert!(tunnel[0].starts_with("CONNECT a:1 405 "), "{tunnel:?}");
    let broken = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    assert!(lines(broken)[0].starts_with("POST /echo 400 "));
}

#[test]
fn row_h07_a_head_that_is_too_slow_has_its_line() {
    let log = Log::default();
    let server = logged(&log).head_timeout(Duration::from_millis(20));
    over_pipe(&server, 1024, |mut client| {
        client.send("GET / HTTP/1.1\r\n");
        assert_eq!(client.answer().status, 408);
        client.ended();
    });
    assert!(log.all()[0].starts_with("GET / 408 "), "{:?}", log.all());
}

#[test]
fn row_h07_a_cut_response_is_not_complete() {
    let bytes = [request("GET", "/half"), request("GET", "/length")].concat();
    assert_eq!(lines(bytes), ["GET /half 200 4 false"]);
}

/// A client that leaves while its response is sent.
#[test]
fn row_h07_a_client_that_leaves_has_its_line() {
    watched(|| {
        let log = Log::default();
        let lines = log.clone();
        let server = http::create_server(|_req, mut res| -> Result<(), Error> {
            loop {
                res.write([b'x'; 64 * 1024])?;
            }
        });
        let site = Site::new(server.on_finish(move |summary| {
            let left = !summary.is_complete() && summary.body_bytes() > 0;
            lines.note(format!("{} {left}", summary.status().unwrap_or(0)));
        }));
        let mut client: Client = site.client();
        client.send(request("GET", "/"));
        client.head();
        drop(client);
        log.wait_for("200 true");
    });
}

#[test]
fn row_h07_an_upgrade_has_its_line_when_the_handler_returns() {
    let bytes = "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    assert_eq!(lines(bytes), ["GET /upgrade 101 0 true"]);
}

#[test]
fn row_h07_a_panic_in_on_finish_is_reported_and_costs_nothing() {
    let log = Log::default();
    let server =
        http::create_server_with(Reporting::new(&log, routes)).on_finish(|_| panic!("on purpose"));
    let bytes = [request("GET", "/length"), request("GET", "/empty")].concat();
    let text = String::from_utf8(server.answer_to(bytes.as_bytes())).unwrap();
    assert_eq!(text.matches("HTTP/1.1 20").count(), 2, "{text}");
    assert_eq!(log.all(), ["Server::on_finish panicked"; 2]);
}

#[test]
fn row_h07_the_time_is_that_of_the_handler() {
    const TIME: Duration = Duration::from_millis(2);
    let log = Log::default();
    let lines = log.clone();
    let server = http::create_server(|_req, res| {
        std::thread::sleep(TIME);
        res.end("")
    })
    .on_finish(move |summary| lines.note(summary.time() >= TIME));
    server.answer_to(request("GET", "/").as_bytes());
    assert_eq!(log.all(), ["true"]);
}

#[test]
fn row_h07_a_line_says_who_what_and_how_long() {
    watched(|| {
        let log = Log::default();
        let lines = log.clone();
        let server = http::create_server(|_req, res| res.end("hello"));
        let site = Site::new(server.on_finish(move |summary| {
            let ms = summary.to_string();
            let (line, time) = ms.split_once(" bytes ").expect("a time");
            let time = time.strip_suffix(" ms").expect("a time in ms");
            assert!(time.parse::<f64>().is_ok());
            assert!(summary.stream().peer_addr().is_ok());
            assert_eq!(summary.head().expect("one").authority(), "a");
            assert_eq!(
                (summary.header("host"), summary.header("b")),
                (Some("a"), None)
            );
            lines.note(line);
        }));
        let mut client = site.client();
        let Ok(Addr::Ip(address)) = client.stream().local_addr() else {
            panic!("no address");
        };
        client.send("GET /?a HTTP/1.1\r\nHost: a\r\n\r\n");
        client.answer();
        log.wait_for(&format!("{address} GET /?a 200 5"));
    });
}

/// Takes so many bytes, and is broken then.
#[derive(Debug)]
struct Breaking {
    pipe: Pipe,
    left: AtomicUsize,
}

impl Layer for Breaking {
    fn below(&self) -> &dyn Stream {
        &self.pipe
    }

    fn write(&self, buf: &[u8]) -> io::Result<usize> {
        let left = self.left.load(Ordering::SeqCst);
        if left == 0 && !buf.is_empty() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let written = Stream::write(&self.pipe, &buf[..buf.len().min(left)])?;
        self.left.fetch_sub(written, Ordering::SeqCst);
        Ok(written)
    }

    fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        Layer::write(self, first.map_or(&[], |buf| buf))
    }

    fn try_write(&self, buf: &[u8]) -> io::Result<Option<usize>> {
        Layer::write(self, buf).map(Some)
    }
}

/// What the client gets for a GET of this path before the stream breaks behind that many bytes, and the line.
fn broken_behind(bytes: usize, path: &str) -> (Vec<u8>, String) {
    const ROOM: usize = 128 * 1024;
    let log = Log::default();
    let lines = log.clone();
    let server = http::create_server(|req: Request<'_>, mut res: Response<'_>| -> Handled {
        match req.path() {
            "/small" => res.end([b'~'; 40]),
            "/chunk" => res.write_head(200, ())?.end([b'~'; 40]),
            "/trailer" => {
                res.add_trailer("X-A", "b")?;
                res.write_head(200, ())?.end([b'~'; 40])
            }
            "/large" => res.end(vec![b'~'; 20_000]),
            "/chunks" => {
                res.add_trailer("X-A", "b")?;
                res.write([b'~'; 30])?;
                res.write([b'~'; 10])?;
                res.end([b'~'; 20])
            }
            _ => {
                res.write([b'~'; 10])?;
                res.end(vec![b'~'; 20_000])
            }
        }
    });
    let server = server.on_finish(move |summary| {
        let bytes = summary.body_bytes();
        lines.note(format!("{bytes} {}", summary.is_complete()));
    });
    let (client, here) = pipe_with_capacity(ROOM);
    Stream::write(&client, request("GET", path).as_bytes()).unwrap();
    Stream::shutdown(&client, std::net::Shutdown::Write).unwrap();
    server.serve(Arc::new(Breaking {
        pipe: here,
        left: AtomicUsize::new(bytes),
    }));
    let mut got = vec![0; ROOM];
    let length = Stream::read(&client, &mut got).unwrap_or(0);
    got.truncate(length);
    (got, log.all().remove(0))
}

/// Wherever the stream breaks: in the head, in what frames the body, in the body.
#[test]
fn row_h07_what_the_stream_has_taken_of_the_body_is_counted() {
    watched(|| {
        for path in ["/small", "/chunk", "/trailer", "/large", "/chunks", "/both"] {
            let (all, _) = broken_behind(usize::MAX, path);
            let breaks = (0..all.len()).filter(|at| all.len() < 1000 || at % 97 == 0 || *at < 300);
            for at in breaks.chain(all.len() - 20..=all.len()) {
                let (got, line) = broken_behind(at, path);
                assert_eq!(got.len(), at, "{path}");
                let body = got.iter().filter(|byte| **byte == b'~').count();
                assert_eq!(line, format!("{body} {}", at == all.len()), "{path} {at}");
            }
        }
    });
}

/// A large response over real sockets, of which the client reads a little: far from all of it has left.
#[test]
fn row_h07_a_response_that_is_cut_counts_what_has_left() {
    const LARGE: usize = 64 << 20;
    watched(|| {
        let log = Log::default();
        let lines = log.clone();
        let server = http::create_server(|_req, res| res.end(vec![b'x'; LARGE]));
        let site = Site::new(server.on_finish(move |summary| {
            let (bytes, complete) = (summary.body_bytes(), summary.is_complete());
            lines.note(format!("{} {complete}", bytes > 0 && bytes < LARGE as u64));
        }));
        let mut client = site.client();
        client.send(request("GET", "/"));
        client.head();
        drop(client); // with bytes unread: a reset
        log.wait_for("true false");
    });
}

/// Until the client is gone, and then nothing.
fn waits_for_leaving(log: &Log) -> Server<impl ServerEvents + use<>> {
    let (note, reports) = (log.clone(), log.clone());
    let handler = move |req: Request<'_>, mut res: Response<'_>| -> Handled {
        if req.path() == "/stream" {
            res.flush()?;
        }
        note.note("waits");
        while !res.client_left() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    };
    let lines = log.clone();
    http::create_server_with(Reporting::new(&reports, handler))
        .on_finish(move |summary| lines.note(line(summary)))
}

#[test]
fn row_h07_a_handler_that_returns_when_its_client_has_left_is_not_reported() {
    watched(|| {
        for (path, status) in [("/poll", 0), ("/stream", 200)] {
            let log = Log::default();
            let site = Site::new(waits_for_leaving(&log));
            let mut client = site.client();
            client.send(request("GET", path));
            log.wait_for("waits");
            drop(client);
            let line = format!("GET {path} {status} 0 false");
            log.wait_for(&line);
            drop(site);
            assert_eq!(log.all(), ["waits", &line]);
        }
    });
}

/// The next handler on the connection does not profit from what this one has seen.
#[test]
fn row_h07_a_handler_that_did_not_ask_is_reported() {
    watched(|| {
        let log = Log::default();
        let handler = |req: Request<'_>, res: Response<'_>| match req.path() {
            "/asks" => {
                while !res.client_left() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                res.end("anybody?")
            }
            _ => Ok(()),
        };
        let site = Site::new(http::create_server_with(Reporting::new(&log, handler)));
        let mut client = site.client();
        client.send(request("GET", "/asks") + &request("GET", "/silent"));
        client.finish();
        assert_eq!(client.answer().text(), "anybody?");
        assert_eq!(client.answer().status, 500);
        let reports = ["a handler returned without ending its response"];
        assert_eq!(log.all(), reports);
    });
}

/// The server ends the connection, not the client: the line blames nobody, and no byte is sent.
#[test]
fn row_h07_a_request_that_the_stop_cuts_is_cut() {
    watched(|| {
        for encrypted in [false, true] {
            let log = Log::default();
            let (lines, note) = (log.clone(), log.clone());
            let handler = move |mut req: Request<'_>, res: Response<'_>| -> Handled {
                note.note("reads");
                let form = req.form()?;
                res.end(form.get("a").unwrap_or_default())
            };
            let server = http::create_server_with(Reporting::new(&log, handler))
                .on_finish(move |summary| lines.note(line(summary)));
            let half = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                        Content-Length: 9\r\n\r\na=1";
            let shut_down = |handle: &Handle, mut client: Client| {
                client.send(half);
                log.wait_for("reads");
                assert_eq!(handle.shutdown(Duration::ZERO).cut, 1);
                assert_eq!(log.all(), ["reads", "POST / 0 0 false"]);
                assert_eq!(client.rest(), b"");
            };
            match encrypted {
                true => {
                    let site = tls::Site::new(server);
                    shut_down(&site.handle, site.client());
                }
                false => {
                    let site = Site::new(server);
                    shut_down(&site.handle, site.client());
                }
            }
        }
    });
}
