//! What a client reports over TLS is what it reports without: an answer that nobody asked for, a cut one.

use super::stage::{agent, playing, playing_tls};
use crate::support::{Early, PATIENCE, watched};
use barewire::http::wire::Rule;
use barewire::http::{ClientResponse, Error, RequestOptions};
use barewire::net::{Handle, Stream};
use barewire::tls::Tls;
use barewire::{http, https};
use std::net::Shutdown;
use std::sync::Arc;

#[test]
fn fault_c18_an_answer_before_the_first_request_is_refused_over_tls() {
    watched(|| {
        for early in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno",
            "HTTP/1.1 408 \r\n\r\n",
        ] {
            let events = Early::default();
            let sender = events.clone();
            let server = playing_tls(move |tls| {
                sender.speak(|| {
                    let sent = (&tls as &dyn Stream).write_all(early.as_bytes());
                    sent.expect("it is open");
                });
                while let Ok(1..) = tls.read(&mut [0; 1000]) {}
            });
            let agent = agent();
            let request = https::request(options(&server, &agent)).unwrap();
            match request.on(events).end("") {
                Err(Error::Peer(e)) => assert_eq!(e.rule(), Rule::UnexpectedMessage),
                other => panic!("{other:?}"),
            }
            server.shutdown(PATIENCE);
        }
    });
}

fn options(server: &Handle, agent: &https::Agent) -> RequestOptions {
    let options = agent.options().hostname("127.0.0.1");
    options.port(server.local_addr().port().unwrap())
}

fn body(response: Result<ClientResponse, Error>) -> Result<Vec<u8>, Error> {
    response.and_then(|mut response| response.collect())
}

/// What is sent, where it is cut, and whether the end of the connection alone makes it so.
const CUT: [&str; 5] = [
    "",
    "HTTP/1.1 200 OK\r\nConte",
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\nA: b\r\n",
];

/// Its end is the end of the connection: it is cut where TLS says nothing of an end.
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it?";

#[track_caller]
fn is_cut(response: Result<ClientResponse, Error>, at: &str) {
    match body(response) {
        Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::MessageTruncated, "{at}"),
        other => panic!("{at}: {other:?}"),
    }
}

#[test]
fn fault_c16_a_cut_response_is_one_error_with_and_without_tls() {
    watched(|| {
        for sent in CUT {
            let server = playing(move |stream| {
                if let Ok(1..) = stream.read(&mut [0; 1000]) {
                    stream.write_all(sent.as_bytes()).expect("it reads");
                }
            });
            let port = server.local_addr().port().unwrap();
            let options = RequestOptions::new().hostname("127.0.0.1").port(port);
            is_cut(http::request(options.no_agent()).unwrap().end(""), sent);
            server.shutdown(PATIENCE);
        }
        let with_close_notify = |tls: &Tls| tls.shutdown(Shutdown::Write);
        let without = |tls: &Tls| tls.get_ref().shutdown(Shutdown::Write);
        for sent in CUT {
            cut_over_tls(sent, with_close_notify);
            cut_over_tls(sent, without);
        }
        cut_over_tls(UNTIL_CLOSE, without);
    });
}

fn cut_over_tls(
    sent: &'static str,
    end: impl Fn(&Tls) -> std::io::Result<()> + Send + Sync + 'static,
) {
    let end = Arc::new(end);
    // The client waits: for the head, for a body that it reads, for the answer while it sends.
    let server = playing_tls(move |tls| {
        if let Ok(1..) = tls.read(&mut [0; 1000]) {
            (&tls as &dyn Stream)
                .write_all(sent.as_bytes())
                .expect("it reads");
            end(&tls).expect("it is open");
            while let Ok(1..) = tls.read(&mut [0; 1000]) {}
        }
    });
    let agent = agent();
    let options = options(&server, &agent);
    is_cut(https::request(options.clone()).unwrap().end(""), sent);
    let mut streamed = https::request(options.method("POST")).unwrap();
    streamed.write("in pieces").unwrap();
    is_cut(streamed.end(""), sent);
    drop(agent);
    server.shutdown(PATIENCE);
}

#[test]
fn fault_c16_a_cut_request_is_one_error_with_and_without_tls() {
    watched(|| {
        let log = crate::support::Log::default();
        let noted = log.clone();
        let site = super::stage::Site::new(http::create_server(
            move |mut req: http::Request<'_>, res: http::Response<'_>| {
                let read = req.collect().map(<[u8]>::to_vec);
                noted.note(match read {
                    Err(Error::Peer(error)) => error.rule().name().to_owned(),
                    other => format!("{other:?}"),
                });
                res.end("")
            },
        ));
        let tls = site.tls(&super::stage::trusting()).expect("a handshake");
        let stream: &dyn Stream = &*tls;
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nall")
            .unwrap();
        tls.get_ref().shutdown(Shutdown::Write).unwrap();
        log.wait_for("MessageTruncated");
    });
}

#[test]
fn fault_c17_a_lost_post_says_over_tls_that_it_was_not_sent_again() {
    watched(|| {
        for with_close_notify in [true, false] {
            let server = playing_tls(move |tls| {
                if let Ok(1..) = tls.read(&mut [0; 1000]) {
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    (&tls as &dyn Stream).write_all(answer).expect("it reads");
                    let _ = tls.read(&mut [0; 1000]); // the second request
                    match with_close_notify {
                        true => tls.shutdown(Shutdown::Write),
                        false => tls.get_ref().shutdown(Shutdown::Write),
                    }
                    .expect("it is open");
                    while let Ok(1..) = tls.read(&mut [0; 1000]) {}
                }
            });
            let agent = agent();
            let options = options(&server, &agent).method("POST");
            assert_eq!(
                body(https::request(&options).unwrap().end("1")).unwrap(),
                b"ok"
            );
            match body(https::request(&options).unwrap().end("2")) {
                Err(Error::Io(error)) => {
                    let text = error.to_string();
                    assert!(
                        text.contains("reused") && text.contains("POST is not"),
                        "{text}"
                    );
                }
                other => panic!("{other:?}"),
            }
            drop(agent);
            server.shutdown(PATIENCE);
        }
    });
}
