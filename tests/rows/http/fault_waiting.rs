//! A handler that forwards its request: it waits for the body and for something else.

use crate::support::{Gate, Log, Reporting, Site, request, watched};
use barewire::http::{self, Request, Response};
use std::io::BufRead;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn fault_c03_a_silent_body_leaves_time_for_something_else() {
    watched(|| {
        for (head, some, rest) in [
            ("Content-Length: 17", "some", " and the rest"),
            (
                "Transfer-Encoding: chunked",
                "4\r\nsome\r\n",
                "d\r\n and the rest\r\n0\r\n\r\n",
            ),
        ] {
            let (log, gate) = (Log::default(), Gate::default());
            let site = Site::new(forwarding(&log, &gate));
            let mut client = site.client();
            client.send(format!(
                "POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{some}"
            ));
            log.wait_for("silent");
            client.send(format!("{rest}GET /next HTTP/1.1\r\nHost: a\r\n"));
            client.finish();
            gate.open();
            assert_eq!(client.answer().text(), "thanks");
        }
    });
}

fn forwarding(log: &Log, gate: &Gate) -> http::Server<impl http::ServerEvents> {
    let (log, gate) = (log.clone(), gate.clone());
    http::create_server(move |mut req: Request<'_>, res: Response<'_>| {
        assert!(!req.at_end()?);
        assert_eq!(req.fill_buf_within(LONG)?, Some(&b"some"[..]));
        req.consume(4);
        for _ in 0..3 {
            assert_eq!(req.fill_buf_within(SHORT)?, None);
            assert!(!req.at_end()?);
            assert!(!res.client_left());
        }
        log.note("silent");
        gate.pass();
        while !res.client_left() {
            thread::yield_now();
        }
        // What was read ahead is not lost.
        assert_eq!(req.fill_buf_within(LONG)?, Some(&b" and the rest"[..]));
        req.consume(13);
        assert!(req.at_end()?);
        assert_eq!(req.fill_buf_within(LONG)?, Some(&b""[..]));
        res.end("thanks")
    })
}

/// A request of 100 kB is no client that has left, before it is read and while it is.
#[test]
fn fault_c12_a_long_body_is_no_client_that_has_left() {
    watched(|| {
        let site = Site::new(http::create_server(
            |mut req: Request<'_>, res: Response<'_>| {
                let mut whole = Vec::new();
                while !req.at_end()? {
                    assert!(!res.client_left());
                    let piece = req.fill_buf()?.to_vec();
                    req.consume(piece.len());
                    whole.extend(piece);
                }
                assert!(!res.client_left());
                res.end(whole)
            },
        ));
        let body: Vec<u8> = (0..100_000).map(|n: u32| n as u8).collect();
        let mut client = site.client();
        for _ in 0..2 {
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
            client.send(head);
            client.send(&body);
            assert!(client.answer().body == body);
        }
    });
}

/// To ask whether the body has ended is not to ask for it.
#[test]
fn fault_c03_no_100_is_sent_for_a_question() {
    watched(|| {
        let site = Site::new(http::create_server(
            |mut req: Request<'_>, res: Response<'_>| {
                assert!(!req.at_end()? && !res.client_left());
                res.write_head(413, [("Connection", "close")])?.end("no")
            },
        ));
        let mut client = site.client();
        let head =
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
        client.send(head);
        assert_eq!(client.answer().status, 413);
        client.ended();
    });
}

/// The error of a request that is given up is the handler's, and no failure of it.
#[test]
fn fault_c12_a_handler_that_gives_up_for_its_client_has_not_failed() {
    watched(|| {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = silent.local_addr().expect("a port").port();
        let (log, reports) = (Log::default(), Log::default());
        let note = log.clone();
        let handler = move |_req: Request<'_>, res: Response<'_>| {
            let options = http::RequestOptions::new().hostname("127.0.0.1").port(port);
            note.note("asks");
            let asked = http::request(options.no_agent())?;
            let asked = asked.end_while("", || !res.client_left());
            note.note("gives up");
            asked?;
            res.end("never")
        };
        let server = http::create_server_with(Reporting::new(&reports, handler));
        let site = Site::new(server);
        let mut client = site.client();
        client.send(request("GET", "/"));
        log.wait_for("asks");
        drop(client);
        log.wait_for("gives up");
        drop(site); // joins the handler
        assert_eq!(reports.all(), [""; 0]);
    });
}
