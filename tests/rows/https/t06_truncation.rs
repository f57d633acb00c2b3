//! T06: a response is whole if the peer says so, not because the connection has ended.
//!
//! RFC 9112 §9.8: a response with a length or a last chunk is whole when all of that has come; one that ends
//! with its connection is whole only after a close_notify.

use super::stage::{agent, playing_tls};
use crate::support::{Gate, Log, PATIENCE, watched};
use barewire::http::wire::Rule;
use barewire::http::{Failure, Request, Response};
use barewire::net::{Handle, Stream};
use barewire::tls::Tls;
use barewire::{http, https};
use std::net::Shutdown;
use std::time::Duration;

/// Answers each request with these bytes, and ends as `end` does.
fn answering(bytes: &'static [u8], end: impl Fn(&Tls) + Send + Sync + 'static) -> Handle {
    playing_tls(move |tls| {
        if let Ok(1..) = tls.read(&mut [0; 1000]) {
            (&tls as &dyn Stream).write_all(bytes).expect("it reads");
            end(&tls);
            while let Ok(1..) = tls.read(&mut [0; 1000]) {}
        }
    })
}

fn with_close_notify(tls: &Tls) {
    tls.shutdown(Shutdown::Write).expect("open");
}

/// A machine between the two sends a FIN in the server's name.
fn without_close_notify(tls: &Tls) {
    tls.get_ref().shutdown(Shutdown::Write).expect("open");
}

fn ask(server: &Handle) -> Result<Vec<u8>, http::Error> {
    let agent = agent();
    let options = agent.options().hostname("127.0.0.1");
    let options = options.port(server.local_addr().port().unwrap());
    let answer = https::request(options).unwrap().end("");
    let body = answer.and_then(|mut answer| answer.collect());
    drop(agent); // with its idle connection
    server.shutdown(PATIENCE);
    body
}

const UNTIL_CLOSE: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it?";
const COUNTED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall of it";
const IN_CHUNKS: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall of it\r\n0\r\n\r\n";

#[test]
fn row_t06_a_body_until_close_is_whole_with_close_notify() {
    watched(|| {
        let got = ask(&answering(UNTIL_CLOSE, with_close_notify)).expect("a body");
        assert_eq!(got, b"all of it?");
    });
}

#[test]
fn row_t06_a_body_until_close_without_close_notify_without_close_notify() {
    watched(
        || match ask(&answering(UNTIL_CLOSE, without_close_notify)).unwrap_err() {
            http::Error::Peer(error) => assert_eq!(error.rule(), Rule::MessageTruncated),
            other => panic!("{other}"),
        },
    );
}

#[test]
fn row_t06_a_body_with_a_length_or_a_last_chunk_is_whole_either_way() {
    watched(|| {
        for bytes in [COUNTED, IN_CHUNKS] {
            for end in [with_close_notify, without_close_notify] {
                assert_eq!(ask(&answering(bytes, end)).expect("a body"), b"all of it");
            }
        }
    });
}

/// A close_notify in the middle of a body with a length is not an end either.
#[test]
fn row_t06_a_content_length_counts_more_than_close_notify() {
    watched(|| {
        for end in [with_close_notify, without_close_notify] {
            let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall";
            assert!(ask(&answering(cut, end)).is_err());
            let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nall";
            assert!(ask(&answering(cut, end)).is_err());
            assert!(ask(&answering(b"HTTP/1.1 200 OK\r\nConte", end)).is_err());
        }
    });
}

/// Our server sends close_notify, too, if its response ends with the connection.
#[test]
fn row_t06_our_server_sends_close_notify() {
    watched(|| {
        let server = http::create_server(|_req, mut res: http::Response<'_>| {
            res.write("all ")?;
            res.end("of it")
        });
        let site = super::stage::Site::new(server);
        for connection in ["keep-alive", "close"] {
            let options = site
                .options(&agent())
                .http_1_0()
                .header("Connection", connection);
            let mut answer = https::request(options).unwrap().end("").expect("an answer");
            assert_eq!(answer.header("Content-Length"), None);
            assert_eq!(answer.collect().expect("a body"), b"all of it");
        }
    });
}

/// And so does our client, which closes behind a response and drops an idle connection.
#[test]
fn row_t06_our_client_sends_close_notify() {
    watched(|| {
        for response in [UNTIL_CLOSE, COUNTED] {
            let ends = Log::default();
            let seen = ends.clone();
            let server = playing_tls(move |tls| {
                tls.read(&mut [0; 1000]).expect("a request");
                (&tls as &dyn Stream).write_all(response).expect("it reads");
                if response == UNTIL_CLOSE {
                    with_close_notify(&tls);
                }
                // Without close_notify the end is an error: UnexpectedEof.
                seen.note(format!("{:?}", tls.read(&mut [0; 1000])));
            });
            ask(&server).expect("a body");
            ends.wait_for("Ok(0)");
        }
    });
}

/// Its end is the end of the connection, so it is truncated only if there was no close_notify.
#[track_caller]
fn is_truncated(answer: &mut http::ClientResponse) {
    match answer.collect().unwrap_err() {
        http::Error::Peer(error) => assert_eq!(error.rule(), Rule::MessageTruncated),
        other => panic!("{other}"),
    }
}

/// It sends none if the response is not whole: a handler that fails after half of it, a server that is
/// cut.
#[test]
fn row_t06_our_server_sends_no_close_notify_in_the_middle() {
    watched(|| {
        let gate = Gate::default();
        let pass = gate.clone();
        let server = http::create_server(move |req: Request<'_>, mut res: Response<'_>| {
            res.write("half of it")?;
            if req.path() == "/cut" {
                pass.pass();
            }
            Err::<(), Failure>("something is wrong".into())
        });
        let site = super::stage::Site::new(server);
        let ask = |path: &str| {
            let options = site.options(&agent()).http_1_0().path(path);
            https::request(options).unwrap().end("").expect("an answer")
        };
        is_truncated(&mut ask("/fails"));

        let mut cut = ask("/cut");
        assert_eq!(cut.read_text().expect("half").unwrap(), "half of it");
        let handle = site.handle.clone();
        let stopping = std::thread::spawn(move || handle.shutdown(Duration::ZERO));
        is_truncated(&mut cut);
        gate.open();
        assert_eq!(stopping.join().expect("a thread").cut, 1);
    });
}
