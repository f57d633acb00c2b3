//! H07, fifth part: what the summary of an exchange says. That there is one line for each is in `h07_finish.rs`.

use crate::support::{
    Client, End, Log, Reporting, Script, Site, over_pipe, post, request, watched,
};
use barewire::http::{self, Error, Handled, Request, Response, Server, ServerEvents, Summary};
use std::io::BufRead;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const SLOW: Duration = Duration::from_millis(20);

fn routes(mut req: Request<'_>, mut res: Response<'_>) -> Handled {
    match req.path() {
        "/" => res.end("hello"),
        "/chunked" => {
            res.write("four")?;
            res.end("five5")
        }
        "/304" => res.write_head(304, ())?.end(""),
        "/echo" => res.end(req.collect()?),
        "/unread" => res.end("no, thanks"),
        "/first-piece" => {
            read_half(&mut req)?;
            res.end("")
        }
        "/second-piece" => {
            let first = req.fill_buf()?.len();
            req.consume(first);
            read_half(&mut req)?;
            res.end("")
        }
        "/refuse" => Err(http::refuse(403, "not you")),
        "/hints" => {
            res.write_early_hints([("Link", "</a.css>; rel=preload")])?;
            res.end("")
        }
        "/half" => {
            res.write("half")?;
            Err(http::refuse(404, "too late"))
        }
        "/panic" => panic!("on purpose"),
        "/slow" => {
            res.write("begins")?;
            std::thread::sleep(SLOW);
            res.end("")
        }
        "/upgrade" => {
            req.upgrade(res, [("Upgrade", "echo")])?;
            Ok(())
        }
        _ => Err(http::refuse(404, "")),
    }
}

/// Looks at a piece of the body, and takes half of it.
fn read_half(req: &mut Request<'_>) -> Result<(), Error> {
    let piece = req.fill_buf()?.len();
    req.consume(piece / 2);
    Ok(())
}

/// How it ended: `answered`, `upgraded`, the rule or the reason of a refusal, `cut`.
fn end(summary: &Summary<'_>) -> String {
    let refusal = summary.refusal().map(|error| match error {
        Error::Peer(error) => error.rule().name().to_owned(),
        other => other.to_string(),
    });
    let cut = if summary.is_complete() { "" } else { " cut" };
    let end = match (refusal, summary.is_upgraded()) {
        (Some(reason), _) => reason,
        (None, true) => "upgraded".to_owned(),
        (None, false) if summary.is_complete() => "answered".to_owned(),
        (None, false) => String::new(),
    };
    (end + cut).trim().to_owned()
}

fn line(summary: &Summary<'_>) -> String {
    let status = summary.status().unwrap_or(0);
    let (connection, request) = (summary.connection(), summary.request());
    format!("{connection}.{request} {status} {}", end(summary))
}

fn noting(log: &Log, line: fn(&Summary<'_>) -> String) -> Server<impl ServerEvents + use<>> {
    let lines = log.clone();
    http::create_server_with(Reporting::new(&Log::default(), routes))
        .on_finish(move |summary| lines.note(line(summary)))
}

fn lines(bytes: impl AsRef<[u8]>, line: fn(&Summary<'_>) -> String) -> Vec<String> {
    let log = Log::default();
    noting(&log, line).answer_to(bytes.as_ref());
    log.all()
}

#[test]
fn row_h07_pipelined_exchanges_are_numbered_and_say_how_they_ended() {
    let head = request("HEAD", "/chunked");
    let old = "GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let bytes = [
        request("GET", "/"),
        head,
        request("GET", "/304"),
        request("GET", "/refuse"),
        request("GET", "/panic"),
        request("GET", "/hints"),
        post("/echo", "12345"),
        request("GET", "/photo[1].txt"),
        old.to_owned(), // chunks are not known to 1.0, so the connection ends with it
        request("GET", "/"),
    ];
    assert_eq!(
        lines(bytes.concat(), line),
        [
            "1.1 200 answered",
            "1.2 200 answered",
            "1.3 304 answered",
            "1.4 403 not you",
            "1.5 500 answered",
            "1.6 200 answered",
            "1.7 200 answered",
            "1.8 301 answered",
            "1.9 200 answered",
        ]
    );
}

#[test]
fn row_h07_a_refused_exchange_names_the_rule_once() {
    for (bytes, expected) in [
        ("GET / HTTP/1.1\r\n\r\n", "1.1 400 HostMissing"),
        ("GET / HTTP/9.9\r\n\r\n", "1.1 505 VersionUnsupported"),
        ("GET / HTTP/1.1\r\nHo", "1.1 400 MessageTruncated"),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
            "1.1 400 MessageTruncated",
        ),
        (
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
            "1.1 405 this server opens no tunnels (RFC 9110 §9.3.6)",
        ),
    ] {
        assert_eq!(lines(bytes, line), [expected], "{bytes:?}");
    }
    let half = lines(request("GET", "/half"), line);
    assert_eq!(half, ["1.1 200 too late cut"]);
}

#[test]
fn row_h07_an_upgraded_exchange_says_so_once() {
    let bytes =
        "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi";
    assert_eq!(lines(bytes, line), ["1.1 101 upgraded"]);
}

/// A client that sends half a head and is gone, and one that sends nothing.
#[test]
fn row_h07_half_a_head_is_an_exchange_that_was_cut_and_nothing_is_none() {
    watched(|| {
        let log = Log::default();
        let server = noting(&log, line);
        for bytes in ["", "\r\n", "GET /a HTTP/1.1\r\nHo"] {
            server.serve(Arc::new(Script::ending([bytes.as_bytes()], End::Reset)));
        }
        assert_eq!(log.all(), ["3.1 0 cut"]);
    });
}

/// The stop of the server ends the wait for the rest of a head: no byte is sent, and the exchange was cut.
#[test]
fn row_h07_half_a_head_that_the_stop_ends_is_cut() {
    watched(|| {
        let log = Log::default();
        let site = Site::new(noting(&log, line));
        let mut client: Client = site.client();
        client.send(request("GET", "/"));
        client.answer();
        client.send("GET /a HTT");
        log.wait_for("1.1 200 answered");
        site.handle.shutdown(Duration::from_secs(5));
        let cut = "1.2 0 cut".to_owned();
        let all = log.all();
        // The stop may have come before the half head.
        assert!(all.len() == 1 || all[1..] == [cut], "{all:?}");
    });
}

#[test]
fn row_h07_a_client_that_leaves_within_the_body_has_one_line() {
    watched(|| {
        let log = Log::default();
        let site = Site::new(noting(&log, line));
        let mut client: Client = site.client();
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
        client.finish();
        client.rest();
        log.wait_for("1.1 400 MessageTruncated");
        drop(site);
        assert_eq!(log.all().len(), 1);
    });
}

/// The line does not wait for the client's end: the lingering close comes behind it.
#[test]
fn row_h07_the_line_comes_before_the_lingering_close() {
    watched(|| {
        let log = Log::default();
        let server = noting(&log, line).linger_timeout(Duration::from_secs(60));
        over_pipe(&server, 1024, |mut client| {
            client.send("no request\r\n\r\n");
            assert_eq!(client.answer().status, 400);
            log.wait_for("1.1 400 VersionInvalid");
        });
        assert_eq!(log.all().len(), 1);
    });
}

#[test]
fn row_h07_bytes_in_and_out_are_those_of_the_wire() {
    let chunked =
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let large = post("/echo", &"x".repeat(100_000));
    let unread = post("/unread", "12345");
    for bytes in [
        request("GET", "/"),
        request("HEAD", "/chunked"),
        request("GET", "/chunked"),
        request("GET", "/304"),
        request("GET", "/hints"),
        chunked.to_owned(),
        large,
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
    ] {
        // Each is followed by another one, so that what is read behind it is not its own.
        let log = Log::default();
        let show =
            |summary: &Summary<'_>| format!("{} {}", summary.bytes_in(), summary.bytes_out());
        let behind = request("GET", "/304");
        let answer = noting(&log, show).answer_to((bytes.clone() + &behind).as_bytes());
        let is_first_alone = log.all().len() == 1;
        let last = log.all().last().unwrap().clone();
        let last_out: usize = last.split_once(' ').unwrap().1.parse().unwrap();
        let (first_in, first_out) = match is_first_alone {
            true => (bytes.len() + behind.len(), answer.len()), // it was refused: what came is its own
            false => (bytes.len(), answer.len() - last_out),
        };
        assert_eq!(
            log.all()[0],
            format!("{first_in} {first_out}"),
            "{bytes:.60}"
        );
    }
    // What the handler has left is read and dropped behind the summary.
    let show = |summary: &Summary<'_>| summary.bytes_in().to_string();
    let head = unread.len() - 5;
    assert_eq!(lines(&unread, show), [head.to_string()]);
}

/// The last piece of a body has come, with another request behind it, and the handler has not taken all of it.
#[test]
fn row_h07_bytes_in_have_what_was_looked_at() {
    let show = |summary: &Summary<'_>| summary.bytes_in().to_string();
    let behind = request("GET", "/");
    let whole = |path, body: &str| {
        let bytes = post(path, body);
        assert_eq!(
            lines(bytes.clone() + &behind, show),
            [bytes.len().to_string(), behind.len().to_string()],
            "{bytes:.60}"
        );
    };
    whole("/first-piece", "1");
    whole("/first-piece", "12345");
    whole("/second-piece", &"x".repeat(1000)); // behind the first read
    let chunked = |path| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc")
    };
    for (path, rest, come) in [
        ("/first-piece", "\r\n3\r\ndef\r\n0\r\n\r\n", ""),
        ("/second-piece", "\r\n3\r\ndef\r\n0\r\n\r\n", "\r\n3\r\ndef"),
    ] {
        let begin = chunked(path);
        let all = begin.clone() + rest + &behind;
        let first = lines(all, show).remove(0);
        assert_eq!(first, (begin + come).len().to_string(), "{path}");
    }
}

#[test]
fn row_h07_the_first_byte_is_earlier_than_the_end_where_the_response_is_sent_in_pieces() {
    let show = |summary: &Summary<'_>| {
        let (first, all) = (summary.first_byte().unwrap(), summary.time());
        let today = SystemTime::now();
        let age = today.duration_since(summary.date()).unwrap();
        assert!(age < Duration::from_secs(60) && first <= all);
        (first + SLOW <= all).to_string()
    };
    assert_eq!(lines(request("GET", "/slow"), show), ["true"]);
    assert_eq!(lines(request("GET", "/"), show), ["false"]);
    let cut = |summary: &Summary<'_>| format!("{:?}", summary.first_byte());
    let log = Log::default();
    let half = Script::ending([&b"GET / HTT"[..]], End::Reset);
    noting(&log, cut).serve(Arc::new(half));
    assert_eq!(log.all(), ["None"]);
}

/// Of a client that has left, too.
#[test]
fn row_h07_the_peer_and_the_version_are_known() {
    watched(|| {
        let log = Log::default();
        let show = |summary: &Summary<'_>| {
            let version = summary.http_version().unwrap_or("-");
            format!("{} {version}", summary.peer().unwrap())
        };
        let site = Site::new(noting(&log, show));
        let mut client: Client = site.client();
        let address = client.stream().local_addr().unwrap();
        client.send("POST /echo HTTP/1.0\r\nContent-Length: 9\r\n\r\n");
        client.stream().shutdown(Shutdown::Both).unwrap();
        drop(client);
        log.wait_for(&format!("{address} 1.0"));
    });
}
