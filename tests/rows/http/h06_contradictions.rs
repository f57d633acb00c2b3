//! H06: what a handler says of the connection never contradicts what the server does with it.

use crate::support::{Answer, Client, Reader, answers, over_pipe, request, watched};
use barewire::http::{self, Request, Response, Server, ServerEvents};
use std::time::Duration;

/// A server whose handler sets these fields.
fn saying(fields: &'static [(&'static str, &'static str)]) -> Server<impl ServerEvents> {
    http::create_server(move |_req: Request<'_>, mut res: Response<'_>| {
        for (name, value) in fields {
            res.set_header(name, *value)?;
        }
        res.end("")
    })
}

const CLOSING: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\n\r\n";
const OLD_KEPT: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

/// `Connection` and `Keep-Alive` of the response, each line.
fn said(server: &Server<impl ServerEvents>, asked: &str) -> (Vec<String>, Vec<String>) {
    let answer = answers(server.answer_to(asked.as_bytes()), &["GET"]).remove(0);
    let all = |name| answer.all(name).into_iter().map(str::to_owned).collect();
    (all("Connection"), all("Keep-Alive"))
}

#[track_caller]
fn check(
    fields: &'static [(&'static str, &'static str)],
    asked: &str,
    connection: &[&str],
    keep_alive: &[&str],
) {
    let (said_connection, said_keep_alive) = said(&saying(fields), asked);
    assert_eq!(said_connection, connection, "{fields:?} {asked:?}");
    assert_eq!(said_keep_alive, keep_alive, "{fields:?} {asked:?}");
}

#[test]
fn fault_b04_no_keep_alive_beside_close() {
    let close = &["close"];
    for asked in [CLOSING, OLD] {
        check(&[("Keep-Alive", "timeout=99")], asked, close, &[]);
        check(&[("Keep-Alive", "max=5")], asked, close, &[]);
        check(
            &[("Connection", "keep-alive"), ("Keep-Alive", "timeout=1")],
            asked,
            close,
            &[],
        );
        check(&[("Connection", "Keep-Alive, close")], asked, close, &[]);
        check(
            &[("Connection", "X-Hop, keep-alive")],
            asked,
            &["X-Hop", "close"],
            &[],
        );
        check(&[("Connection", "X-Hop")], asked, &["X-Hop", "close"], &[]);
    }
    // The handler closes, and says the contrary as well.
    let both = &[("Connection", "close"), ("Keep-Alive", "timeout=99, max=9")];
    check(both, &request("GET", "/"), close, &[]);
    check(
        &[("Connection", "close, keep-alive")],
        &request("GET", "/"),
        close,
        &[],
    );
    check(
        &[("Connection", "CLOSE"), ("Keep-Alive", "x")],
        &request("GET", "/"),
        &["CLOSE"],
        &[],
    );
}

/// A longer timeout than the server's would let the client send a request to a connection that is closing.
#[test]
fn fault_b04_no_longer_timeout_than_the_servers() {
    let kept = &["keep-alive"];
    for asked in [&request("GET", "/"), OLD_KEPT] {
        check(&[("Keep-Alive", "timeout=99")], asked, kept, &["timeout=5"]);
        check(
            &[("Keep-Alive", "timeout=6, max=2")],
            asked,
            kept,
            &["timeout=5"],
        );
        check(&[("Keep-Alive", "timeout=5")], asked, kept, &["timeout=5"]);
        check(
            &[("Keep-Alive", "timeout=1, max=2")],
            asked,
            kept,
            &["timeout=1, max=2"],
        );
        let own = &[("Connection", "keep-alive"), ("Keep-Alive", "timeout=99")];
        check(own, asked, kept, &["timeout=5"]);
    }
}

/// Only the server knows how many requests are left, and that a fraction of a second is.
#[test]
fn fault_b04_no_hint_where_the_connection_may_end_early() {
    let hint = &[("Keep-Alive", "timeout=1, max=100")];
    let get = request("GET", "/");
    let counting = saying(hint).max_requests_per_connection(Some(9));
    assert_eq!(said(&counting, &get).1, ["timeout=5"]);
    let last = saying(hint).max_requests_per_connection(Some(1));
    assert_eq!(said(&last, &get), (vec!["close".into()], vec![]));
    let hasty = saying(hint).keep_alive_timeout(Some(Duration::from_millis(500)));
    assert_eq!(said(&hasty, &get).1, [""; 0]);
    let patient = saying(&[("Keep-Alive", "timeout=99")]).keep_alive_timeout(None);
    assert_eq!(said(&patient, &get).1, ["timeout=99"]);
}

/// A body that only the end of the connection ends.
#[test]
fn fault_b04_a_streamed_response_to_an_old_client_closes() {
    let server = http::create_server(|_req, res| {
        let fields = [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")];
        let mut res = res.write_head(200, fields)?;
        res.write("some")?;
        res.end("")
    });
    assert_eq!(said(&server, OLD_KEPT), (vec!["close".into()], vec![]));
}

/// An interim response decides nothing, and what follows a 101 is no HTTP.
#[test]
fn fault_b04_heads_that_decide_nothing_say_nothing() {
    let server = http::create_server(|req: Request<'_>, mut res: Response<'_>| {
        let fields = [
            ("Connection", "close, keep-alive, X-Hop"),
            ("Keep-Alive", "timeout=9"),
            ("Link", "</a>"),
        ];
        if req.path() == "/up" {
            let fields = fields.into_iter().chain([("Upgrade", "x")]);
            req.upgrade(res, fields)?;
            return Ok(());
        }
        res.write_early_hints(fields)?;
        res.end("")
    });
    let hops = |answer: &Answer| {
        assert_eq!(answer.all("Keep-Alive"), [""; 0]);
        assert_eq!(answer.field("Link"), Some("</a>"));
        answer.all("Connection").join(", ")
    };
    let mut hinted = Reader::of(server.answer_to(request("GET", "/").as_bytes()));
    assert_eq!(hops(&hinted.expect_interim()), "X-Hop");
    assert_eq!(
        hinted.expect_answer("GET").field("Connection"),
        Some("keep-alive")
    );
    watched(move || {
        over_pipe(&server, 4096, |mut client: Client| {
            client.send("GET /up HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
            assert_eq!(hops(&client.switched()), "X-Hop, Upgrade");
        });
    });
}
