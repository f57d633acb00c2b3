//! H05, third part: a handler fails because of somebody else, its client or another server.

use crate::support::{Log, Site, answer, answers, post, request, watched};
use barewire::http::wire::{self, Query, Rule, Uri, percent_decode, percent_decode_text};
use barewire::http::{self, Error, Failure, Handled, Request, Response, ServerEvents};
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::net::TcpListener;
use std::thread;

/// What a handler is to blame its client for, or not.
struct Decoding {
    log: Log,
}

impl ServerEvents for Decoding {
    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        let query = req.query().unwrap_or_default();
        match req.path() {
            "/pairs" => drop(Query::pairs(query).collect::<Result<Vec<_>, _>>()?),
            "/error" => pairs(query)?,
            "/io" => pairs_io(query)?,
            "/bytes" => drop(percent_decode(&format!("{query}%"))?),
            "/text" => drop(percent_decode_text(query)?),
            "/form" => drop(Query::pairs(req.collect_text()?).collect::<Result<Vec<_>, _>>()?),
            "/string" => drop(io::read_to_string(&mut req)?),
            "/lines" => drop(req.by_ref().lines().collect::<Result<Vec<_>, _>>()?),
            "/own" => return Err(wire::Error::whole(Rule::BodyTooLarge).into()),
            "/uri" => drop(Uri::parse("http://u%zz@a/")?),
            "/std" => drop(std::str::from_utf8(req.collect()?)?),
            "/sent" => return sent(query, res),
            _ => {}
        }
        res.end("decoded")
    }

    fn client_error(&self, error: &Error, mut res: Response<'_>) -> Handled {
        self.log.note(format!("the client: {error}"));
        res.set_status(error.status())?;
        res.end(error.to_string())
    }

    fn error(&self, what: &dyn fmt::Display) {
        self.log.note(format!("reported: {what}"));
    }
}

fn pairs(query: &str) -> Result<(), Error> {
    Query::pairs(query).try_for_each(|pair| Ok(pair.map(drop)?))
}

fn pairs_io(query: &str) -> io::Result<()> {
    Query::pairs(query).try_for_each(|pair| pair.map(drop).map_err(io::Error::other))
}

fn sent(query: &str, mut res: Response<'_>) -> Handled {
    res.write("some")?;
    Ok(pairs(query)?)
}

/// The status of the response to these bytes, whether the connection goes on, and who is blamed.
#[track_caller]
fn judged(bytes: String) -> (u16, bool, String) {
    let log = Log::default();
    let server = http::create_server_with(Decoding { log: log.clone() });
    let both = server.answer_to((bytes + &request("GET", "/")).as_bytes());
    let mut answers = answers(both, &["GET", "GET"]);
    let goes_on = answers.remove(1).text() == "decoded";
    let entries = log.all();
    assert_eq!(entries.len(), 1, "{entries:#?}");
    let (who, _) = entries[0].split_once(':').expect("who");
    (answers[0].status, goes_on, who.to_owned())
}

#[test]
fn fault_b08_what_a_client_sends_undecodable_is_its_400() {
    for bytes in [
        request("GET", "/pairs?a=1&b=%ff"),
        request("GET", "/error?%c3"),
        request("GET", "/io?%ff=1"),
        request("GET", "/bytes"),
        request("GET", "/text?%80"),
        post("/form", "a=%zz"),
        post("/form", "a=1&%"),
    ] {
        let what = bytes.clone();
        assert_eq!(judged(bytes), (400, true, "the client".into()), "{what}");
    }
}

#[test]
fn fault_b08_content_that_is_no_text_is_a_400_too() {
    for path in ["/string", "/lines", "/form"] {
        let log = Log::default();
        let server = http::create_server_with(Decoding { log: log.clone() });
        let mut bytes = post(path, "1234").into_bytes();
        bytes.truncate(bytes.len() - 2);
        bytes.extend_from_slice(b"\xff\n");
        let answer = answer(server.answer_to(&bytes));
        assert_eq!(answer.status, 400, "{path}");
        assert!(
            answer.text().contains("(RFC 9110 §15.5.1); at byte 2"),
            "{}",
            answer.text()
        );
        assert_eq!(log.all().len(), 1);
    }
    for path in ["/string", "/lines"] {
        let server = http::create_server_with(Decoding {
            log: Log::default(),
        });
        let answer = answer(server.answer_to(post(path, "tief: 深\n").as_bytes()));
        assert_eq!(answer.text(), "decoded", "{path}");
    }
}

#[test]
fn fault_b08_a_handler_may_blame_its_client_by_a_rule() {
    assert_eq!(
        judged(request("GET", "/own")),
        (413, true, "the client".into())
    );
}

/// Where the bytes came from is not known: the program's business.
#[test]
fn fault_b08_what_may_come_from_anywhere_is_a_500() {
    assert_eq!(
        judged(request("GET", "/uri")),
        (500, true, "reported".into())
    );
    let log = Log::default();
    let server = http::create_server_with(Decoding { log: log.clone() });
    let bytes = b"POST /std HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\xff";
    assert_eq!(answer(server.answer_to(bytes)).status, 500);
}

#[test]
fn fault_b08_after_the_head_only_a_cut_is_left() {
    let log = Log::default();
    let server = http::create_server_with(Decoding { log: log.clone() });
    let bytes = server.answer_to(request("GET", "/sent?%ff").as_bytes());
    assert!(
        bytes.ends_with(b"\r\n\r\n4\r\nsome\r\n"),
        "{}",
        bytes.escape_ascii()
    );
    assert_eq!(log.all(), [""; 0]);
}

/// A handler that asks another server, as a proxy does, and passes its failure on.
#[test]
fn fault_b08_the_mistake_of_another_server_is_not_the_clients() {
    watched(|| {
        for (response, says) in [
            ("garbage\r\n\r\n", "the version is HTTP/"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour",
                "ended before",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                "a chunk starts",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n",
                "Content-Length",
            ),
            ("", "ended before"),
        ] {
            let (log, site) = asking(response);
            let mut client = site.client();
            client.send(request("GET", "/"));
            let answer = client.answer();
            assert_eq!(answer.status, 502, "{response:?}");
            assert_eq!(answer.text(), "502 Bad Gateway\n");
            assert_eq!(log.all().len(), 1);
            assert!(log.all()[0].contains(says), "{:?}", log.all());
            assert!(!answer.says_close(), "the client has done nothing wrong");
        }
    });
}

/// A server whose handler asks another one, which responds with these bytes and ends.
fn asking(response: &'static str) -> (Log, Site) {
    let upstream = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", upstream.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in upstream.incoming().flatten() {
            let mut head = [0; 1024];
            let _ = (&stream).read(&mut head);
            let _ = (&stream).write_all(response.as_bytes());
        }
    });
    let log = Log::default();
    let events = crate::support::Reporting::new(&log, move |_req, res| {
        let mut asked = http::get(&url)?;
        res.end(asked.collect()?)
    });
    (log, Site::new(http::create_server_with(events)))
}

/// What `?` makes of an error that it does not know stays a 500.
#[test]
fn fault_b08_another_failure_is_a_500() {
    let server = http::create_server(|_req, _res| Err::<(), Failure>("no".into()));
    let answer = answer(server.answer_to(request("GET", "/").as_bytes()));
    assert_eq!(
        (answer.status, answer.text()),
        (500, "500 Internal Server Error\n")
    );
    assert_eq!(
        answer.field("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
}
