//! A server may answer before it has read all of a request (RFC 9112 §9.5), and then stop reading,
//! close, or read on. The answer is read, no more is sent, and the connection is not used again.

use super::peer::Peer;
use super::stage::Stage;
use crate::support::{Gate, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Rule;
use barewire::http::{self, Error, RequestOptions, Timeouts};
use std::time::Duration;

/// A pipe with less room than the body, so that sending stops when reading does.
const ROOM: usize = 1024;

fn stage(play: impl Fn(Peer) + Send + Sync + 'static) -> Stage {
    Stage::with(Limits::default(), ROOM, play)
}

fn upload(stage: &Stage) -> RequestOptions {
    stage.options().method("POST").path("/upload")
}

/// Sends these bytes when it has the head, and then neither reads nor closes until the gate opens.
fn answers_and_stops_reading(answer: &'static str) -> (Stage, Gate) {
    let gate = Gate::default();
    let open = gate.clone();
    let stage = stage(move |mut peer| {
        let Some(asked) = peer.head() else { return };
        match asked.target() {
            "/upload" => peer.send(answer),
            _ => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"),
        }
        open.pass();
    });
    (stage, gate)
}

#[test]
fn a_413_is_read_although_nobody_takes_the_body() {
    watched(|| {
        let (stage, gate) = answers_and_stops_reading(
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n",
        );
        let body = vec![b'x'; 100 * ROOM];
        let mut answer = http::request(upload(&stage)).unwrap().end(&body).unwrap();
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.collect().unwrap(), b"no\n");

        // Half of a request is on that connection: whatever came next would be taken for the rest.
        assert_eq!(stage.agent.totals().free_sockets, 0);
        let mut answer = http::request(stage.options()).unwrap().end("").unwrap();
        assert_eq!(answer.collect().unwrap(), b"next");
        assert_eq!(stage.connections(), 2);
        gate.open();
        stage.end();
    });
}

#[test]
fn an_early_answer_without_a_body_is_no_reason_to_use_the_connection_again() {
    watched(|| {
        for answer in [
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
        ] {
            let (stage, gate) = answers_and_stops_reading(answer);
            let body = vec![b'x'; 100 * ROOM];
            let mut response = http::request(upload(&stage)).unwrap().end(&body).unwrap();
            assert_eq!(response.collect().unwrap(), b"");
            assert_eq!(stage.agent.totals().free_sockets, 0, "{answer}");
            gate.open();
            stage.end();
        }
    });
}

#[test]
fn pieces_stop_when_the_answer_is_here() {
    watched(|| {
        let (stage, gate) = answers_and_stops_reading(
            "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno\n\r\n0\r\n\r\n",
        );
        for options in [
            upload(&stage),
            upload(&stage).header("Content-Length", "1000000"),
        ] {
            let mut request = http::request(options).unwrap();
            while !request.is_answered() {
                request.write([b'x'; 100]).unwrap();
            }
            request.write("more").unwrap(); // is not sent, and no error
            let mut answer = request.end("").unwrap();
            assert_eq!(
                (answer.status(), answer.collect().unwrap()),
                (403, b"no\n".to_vec())
            );
            assert_eq!(stage.agent.totals().free_sockets, 0);
        }
        gate.open();
        stage.end();
    });
}

#[test]
fn a_server_that_answers_and_closes_is_heard() {
    watched(|| {
        let stage = stage(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
        });
        for options in [
            upload(&stage),
            upload(&stage).header("Content-Length", "102400"),
        ] {
            let body = vec![b'x'; 100 * ROOM];
            let mut answer = http::request(&options).unwrap().end(&body).unwrap();
            assert_eq!(
                (answer.status(), answer.collect().unwrap()),
                (413, b"no\n".to_vec())
            );

            let mut request = http::request(&options).unwrap();
            while !request.is_answered() {
                request.write([b'x'; 100]).unwrap();
            }
            assert_eq!(request.end("").unwrap().status(), 413);
        }
        stage.end();
    });
}

#[test]
fn over_tcp_too() {
    watched(|| {
        let gate = Gate::default();
        let open = gate.clone();
        let stage = Stage::over_tcp(move |mut peer| {
            peer.head();
            peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
            open.pass();
        });
        let body = vec![b'x'; 64 * 1024 * 1024]; // more than any kernel takes
        let mut answer = http::request(upload(&stage)).unwrap().end(&body).unwrap();
        assert_eq!(
            (answer.status(), answer.collect().unwrap()),
            (413, b"no\n".to_vec())
        );
        assert_eq!(stage.agent.totals().free_sockets, 0);
        gate.open();
        stage.end();
    });
}

#[test]
fn a_server_that_closes_without_a_word_is_an_error() {
    watched(|| {
        let stage = stage(|mut peer| drop(peer.head()));
        let body = vec![b'x'; 100 * ROOM];
        let error = http::request(upload(&stage)).unwrap().end(&body);
        assert!(matches!(error, Err(Error::Io(_))), "{error:?}");
        stage.end();
    });
}

#[test]
fn a_server_that_answers_and_reads_on_is_heard_while_there_is_room() {
    watched(|| {
        let stage = stage(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n");
            peer.until_left();
        });
        let mut request = http::request(upload(&stage)).unwrap();
        while !request.is_answered() {
            request.write([b'x'; 100]).unwrap();
        }
        assert_eq!(request.end("").unwrap().collect().unwrap(), b"no\n");
        let body = vec![0; 1 << 30]; // what is never sent is never touched
        let answer = http::request(upload(&stage)).unwrap().end(&body).unwrap();
        drop(answer);
        stage.end();
    });
}

#[test]
fn no_protocol_is_switched_in_the_middle_of_a_request() {
    watched(|| {
        let (stage, gate) = answers_and_stops_reading(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
        );
        let options = upload(&stage)
            .header("Connection", "upgrade")
            .header("Upgrade", "echo");
        let body = vec![b'x'; 100 * ROOM];
        match http::request(options).unwrap().end(&body) {
            Err(Error::Peer(error)) => assert_eq!(error.rule(), Rule::UnexpectedMessage),
            other => panic!("{other:?}"),
        }
        gate.open();
        stage.end();
    });
}

#[test]
fn whoever_waits_for_more_to_send_may_look() {
    watched(|| {
        let (stage, gate) =
            answers_and_stops_reading("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        let mut request = http::request(upload(&stage)).unwrap();
        request.write("a little").unwrap();
        while !request.look().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(request.end("").unwrap().status(), 403);
        gate.open();
        stage.end();
    });
}

#[test]
fn its_body_has_the_deadlines_of_a_body() {
    watched(|| {
        let stage = stage(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nn");
            std::thread::sleep(Duration::from_millis(100)); // far beyond the deadline of the head
            peer.send("o\n");
        });
        let timeouts = Timeouts {
            head: Duration::from_millis(10),
            ..Timeouts::default()
        };
        let mut request = http::request(upload(&stage).timeouts(timeouts)).unwrap();
        request.write("a little").unwrap();
        while !request.look().unwrap() {
            std::thread::yield_now();
        }
        assert_eq!(request.end("").unwrap().collect().unwrap(), b"no\n");
        stage.end();
    });
}
