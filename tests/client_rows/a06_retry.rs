//! A connection that was kept may be closed in the very moment in which it is used again. Then, and
//! only then, a request is sent once more without a word (RFC 9112 §9.3.1, RFC 9110 §9.2.2).

use crate::peer::Peer;
use crate::stage::Stage;
use crate::support::{Log, PATIENCE, watched};
use barewire::http::pool::Limits;
use barewire::http::{self, Error};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// An agent with one place: whoever does not give it back before asking again waits for ever.
fn one() -> Limits {
    Limits {
        max_sockets: 1,
        queue_timeout: Some(PATIENCE / 2),
        ..Limits::default()
    }
}

/// Answers the first request of a connection. With the first of `dying` connections, it ends when
/// the next one is here.
fn dying(connections: usize, log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        let mut answered = 0;
        while let Some(asked) = peer.request() {
            let body = String::from_utf8_lossy(&asked.body).into_owned();
            log.note(format!("{} {} {body}", peer.number, asked.method()));
            if answered == 1 && peer.number <= connections {
                return;
            }
            answered += 1;
            peer.send(OK);
        }
    }
}

#[track_caller]
fn ok(response: Result<http::ClientResponse, Error>) {
    assert_eq!(response.unwrap().collect().unwrap(), b"ok");
}

#[test]
fn row_a06_an_idempotent_request_is_sent_once_more_with_its_body() {
    watched(|| {
        for method in ["GET", "PUT", "DELETE"] {
            let log = Log::default();
            let stage = Stage::with(one(), 64 * 1024, dying(1, &log));
            let options = stage.options().method(method);
            ok(http::request(&options).unwrap().end("first"));
            ok(http::request(&options).unwrap().end("second"));
            let expected = ["1 M first", "1 M second", "2 M second"];
            assert_eq!(log.all(), expected.map(|it| it.replace('M', method)));
            stage.end();
        }
    });
}

#[test]
fn a_connection_that_is_reset_is_given_back_before_the_next_is_asked_for() {
    watched(|| {
        let stage = Stage::over_tcp_with(one(), |mut peer| {
            peer.expect_request();
            peer.send(OK);
            if peer.number > 1 {
                return drop(peer.until_left());
            }
            // What is not read when the last holder leaves makes the kernel reset the connection.
            peer.stream().read(&mut [0; 1]).unwrap();
        });
        ok(http::request(stage.options()).unwrap().end(""));
        ok(http::request(stage.options()).unwrap().end(""));
        assert_eq!(stage.connections(), 2);
        stage.end();
    });
}
