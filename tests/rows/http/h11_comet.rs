//! H11, first half: news for clients that wait, the two ways of the time before WebSocket.
//!
//! ```text
//!   long polling   GET /poll ──▶ … nothing yet … ◀── 200 news     and at once the next GET /poll
//!                  GET /poll ──▶ … nothing …     ◀── 204          when the time is over
//!   a stream       GET /events ─▶ ◀── head ◀── piece ◀── piece … one answer that does not end
//! ```

use crate::support::{
    Client, Gate, Log, PATIENCE, Site, answers, over_pipe, post, request, watched,
};
use barewire::http::{self, Handled, Request, Response, ServerEvents};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What was published, for the handlers that wait for it.
#[derive(Default)]
struct Board {
    notices: Mutex<Vec<String>>,
    news: Condvar,
}

impl Board {
    fn publish(&self, notice: String) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.push(notice);
        self.news.notify_all();
    }

    /// The notice after the first `seen`, if it comes in time.
    fn wait(&self, seen: usize, most: Duration) -> Option<String> {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing = |notices: &mut Vec<String>| notices.len() <= seen;
        let waited = self.news.wait_timeout_while(notices, most, nothing);
        let (notices, _) = waited.unwrap_or_else(PoisonError::into_inner);
        notices.get(seen).cloned()
    }
}

/// How often a waiting handler checks whether its client has left.
const CHECK_INTERVAL: Duration = Duration::from_millis(5);

struct Comet {
    board: Board,
    log: Log,
}

impl Comet {
    fn server() -> (Log, http::Server<Comet>) {
        let log = Log::default();
        let comet = Comet {
            board: Board::default(),
            log: log.clone(),
        };
        (log, http::create_server_with(comet))
    }

    fn site() -> (Log, Site) {
        let (log, server) = Comet::server();
        (log, Site::new(server))
    }

    /// Answers with the next notice, or with 204 when the time is over.
    fn poll(&self, res: Response<'_>, most: Duration) -> Handled {
        self.log.note("waits");
        match self.board.wait(0, most) {
            Some(notice) => res.end(notice)?,
            None => res.write_head(204, [("X-News", "none")])?.end("")?,
        }
        Ok(())
    }

    /// Waits until the client is gone.
    fn watch_client(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        assert!(
            !res.client_left() || req.method() == "GET",
            "its body is still to come"
        );
        self.log.note("waits");
        req.collect()?;
        let mut left = false;
        while !left && !res.is_stopping() && self.board.wait(0, CHECK_INTERVAL).is_none() {
            left = res.client_left();
            self.log.note("looks");
        }
        self.log.note(if left { "left" } else { "done" });
        res.end("anybody?")
    }

    /// One notice after another, each framed as the client of that time wanted it.
    fn stream(&self, res: Response<'_>, kind: &str, frame: fn(&str) -> String) -> Handled {
        let mut res = res.write_head(200, [("Content-Type", kind)])?;
        res.flush()?;
        let mut seen = 0;
        while !res.is_stopping() {
            if let Some(notice) = self.board.wait(seen, CHECK_INTERVAL) {
                seen += 1;
                res.write(frame(&notice))?;
            }
        }
        res.end("")
    }
}

impl ServerEvents for Comet {
    fn request(&self, mut req: Request<'_>, res: Response<'_>) -> Handled {
        match req.path() {
            "/poll" => self.poll(res, PATIENCE),
            "/poll/short" => self.poll(res, Duration::from_millis(20)),
            "/watch" => self.watch_client(req, res),
            "/events" => self.stream(res, "text/event-stream", |notice| {
                format!("data: {notice}\n\n")
            }),
            "/iframe" => self.stream(res, "text/html", |notice| {
                format!("<script>parent.news({notice:?})</script>\n")
            }),
            _ => {
                let notice = String::from_utf8_lossy(req.collect()?).into_owned();
                self.board.publish(notice);
                res.end("published")
            }
        }
    }
}

fn publish(site: &Site, notice: &str) {
    let mut client = site.client();
    client.send(post("/publish", notice));
    assert_eq!(client.answer().text(), "published");
}

#[test]
fn row_h11_long_polling_answers_when_there_is_news() {
    watched(|| {
        let (log, site) = Comet::site();
        let mut pollers: Vec<Client> = (0..10).map(|_| site.client()).collect();
        for poller in &mut pollers {
            poller.send(request("GET", "/poll"));
        }
        log.wait_for_several("waits", 10);
        publish(&site, "你好");
        for poller in &mut pollers {
            assert_eq!(poller.answer().text(), "你好");
        }
    });
}

#[test]
fn row_h11_long_polling_answers_when_the_time_is_over() {
    watched(|| {
        let (_, site) = Comet::site();
        let mut poller = site.client();
        for _ in 0..2 {
            poller.send(request("GET", "/poll/short"));
            assert_eq!(poller.answer().status, 204);
        }
        publish(&site, "news");
        poller.send(request("GET", "/poll/short"));
        assert_eq!(poller.answer().text(), "news");
    });
}

/// Nobody is there to read the answer: why wait for one?
#[test]
fn row_h11_a_client_that_left_is_noticed() {
    watched(|| {
        let (log, site) = Comet::site();
        let mut poller = site.client();
        poller.send(request("GET", "/watch"));
        log.wait_for("waits");
        drop(poller);
        log.wait_for("left");
    });
}

/// It has read the request's body when it looks, and does not take that for anything else.
#[test]
fn row_h11_a_client_that_left_after_its_body_is_noticed() {
    watched(|| {
        let (log, site) = Comet::site();
        let mut poller = site.client();
        poller.send("POST /watch HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
        log.wait_for("waits");
        poller.send("body");
        drop(poller);
        log.wait_for("left");
    });
}

/// Whatever it has sent behind its request, and whether it ends one direction or both.
#[test]
fn fault_a08_a_client_that_sent_more_and_left_is_noticed() {
    watched(|| {
        for more in [100, 9_000, 60_000] {
            for resets in [false, true] {
                let (log, site) = Comet::site();
                let mut poller = site.client();
                poller.send(request("GET", "/watch"));
                log.wait_for("waits");
                poller.send(post("/publish", &"x".repeat(more)));
                match resets {
                    false => poller.finish(),
                    true => drop(poller),
                }
                log.wait_for("left");
            }
        }
    });
}

/// Asks once whether the client has left, when its gate opens.
fn asking_once(log: &Log, gate: &Gate) -> http::Server<impl ServerEvents> {
    let (log, gate) = (log.clone(), gate.clone());
    http::create_server(move |_req: Request<'_>, res: Response<'_>| {
        log.note("waits");
        gate.pass();
        let left = res.client_left();
        log.note(format!("left: {left}"));
        res.end(format!("{left}"))
    })
}

/// The client of a test is there as long as a handler runs.
#[test]
fn fault_b10_the_client_of_answer_to_stays() {
    let gate = Gate::default();
    gate.open();
    let server = asking_once(&Log::default(), &gate);
    let two = request("GET", "/") + &request("GET", "/");
    for answer in answers(server.answer_to(two.as_bytes()), &["GET", "GET"]) {
        assert_eq!(answer.text(), "false");
    }
    // Where it is waited for, it has ended: half a request, half a body.
    let half = http::create_server(|mut req: Request<'_>, res| res.end(req.collect()?));
    let bytes = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234";
    assert!(half.answer_to(bytes).starts_with(b"HTTP/1.1 400 "));
    assert!(half.answer_to(&bytes[..30]).starts_with(b"HTTP/1.1 400 "));
}

/// A peer on the same machine is told apart: it may have ended one direction or both.
#[test]
fn fault_b10_a_half_closed_client_on_the_same_machine_has_not_left() {
    watched(|| {
        for finishes in [true, false] {
            let (log, gate) = (Log::default(), Gate::default());
            let name = format!("barewire-b10-{}-{finishes}.sock", std::process::id());
            let path = std::env::temp_dir().join(name);
            let site = Site::at(
                &format!("unix:{}", path.display()),
                asking_once(&log, &gate),
            );
            let mut client = site.client();
            client.send(request("GET", "/"));
            log.wait_for("waits");
            match finishes {
                true => client.finish(),
                false => drop(std::mem::replace(&mut client, site.client())),
            }
            gate.open();
            log.wait_for(&format!("left: {}", !finishes));
            if finishes {
                assert_eq!(client.answer().text(), "false");
            }
        }
        let (log, gate) = (Log::default(), Gate::default());
        over_pipe(&asking_once(&log, &gate), 4096, |mut client: Client| {
            client.send(request("GET", "/"));
            client.finish();
            gate.open();
            assert_eq!(client.answer().text(), "false");
        });
        let gate = Gate::default();
        over_pipe(&asking_once(&log, &gate), 4096, |mut client: Client| {
            client.send(request("GET", "/"));
            drop(client);
            gate.open();
        });
        log.wait_for("left: true");
    });
}

/// A FIN of TCP may be either: it counts as leaving, and the response is sent nevertheless.
#[test]
fn fault_b10_over_tcp_a_half_closed_client_counts_as_left_and_gets_its_response() {
    watched(|| {
        let site = Site::new(http::create_server(
            |_req: Request<'_>, res: Response<'_>| {
                while !res.client_left() && !res.is_stopping() {
                    std::thread::sleep(CHECK_INTERVAL);
                }
                res.end("anybody?")
            },
        ));
        let mut client = site.client();
        client.send(request("GET", "/"));
        client.finish();
        assert_eq!(client.answer().text(), "anybody?");
    });
}

/// It is there, however much it has sent behind its request, and nothing of that is lost.
#[test]
fn row_h11_a_client_that_has_sent_much_has_not_left() {
    watched(|| {
        let paths: Vec<String> = (0..3000).map(|n| format!("/{n}")).collect();
        let many: String = paths.iter().map(|path| post(path, "x")).collect();
        let large = post("/large", &"x".repeat(66_000));
        for (behind, requests) in [(many, paths.len()), (large, 1)] {
            let (log, site) = Comet::site();
            let mut poller = site.client();
            // In one send with the request, as a client with a pipeline does it.
            poller.send(request("GET", "/watch") + &behind);
            log.wait_for_several("looks", 3);
            assert_eq!(log.count("left"), 0);
            publish(&site, "enough");
            assert_eq!(poller.answer().text(), "anybody?");
            for _ in 0..requests {
                assert_eq!(poller.answer().text(), "published");
            }
            assert_eq!(log.count("left"), 0);
        }
    });
}

/// What is behind all that cannot be seen, but a reset can, and on the same machine the end.
#[test]
fn row_h11_a_client_that_has_sent_much_and_is_gone_for_certain_is_noticed() {
    watched(|| {
        let much = request("GET", "/watch") + &post("/large", &"x".repeat(80_000));
        let (log, site) = Comet::site();
        let mut poller = site.client();
        poller.send(request("GET", "/poll/short"));
        poller.send(request("GET", "/watch"));
        poller.send(post("/large", &"x".repeat(80_000)));
        log.wait_for("waits");
        drop(poller); // the first response is unread: a reset
        log.wait_for("left");

        let (log, server) = Comet::server();
        over_pipe(&server, 2 * much.len(), |mut poller: Client| {
            poller.send(&much);
            log.wait_for("looks");
        });
        log.wait_for("left");
    });
}

/// What the client sends meanwhile is no sign of leaving, and is not lost: it is the next request.
#[test]
fn row_h11_looking_for_the_client_loses_no_bytes() {
    watched(|| {
        let (log, site) = Comet::site();
        let mut poller = site.client();
        poller.send(request("GET", "/watch"));
        log.wait_for("waits");
        poller.send(post("/publish", "first") + &post("/publish", &"x".repeat(2000)));
        poller.send(request("GET", "/poll"));
        log.wait_for_several("looks", log.count("looks") + 3);
        assert_eq!(log.count("left"), 0);
        publish(&site, "enough");
        let answered = [(); 4].map(|()| poller.answer());
        let texts = answered.each_ref().map(|answer| answer.text());
        assert_eq!(texts, ["anybody?", "published", "published", "enough"]);
        assert_eq!(log.count("left"), 0);
    });
}

#[test]
fn row_h11_a_poller_sees_a_stop() {
    watched(|| {
        let (log, site) = Comet::site();
        let mut poller = site.client();
        poller.send(request("GET", "/watch"));
        log.wait_for("waits");
        site.handle.stop();
        let answer = poller.answer();
        assert_eq!(answer.text(), "anybody?");
        assert!(answer.says_close());
        log.wait_for("done");
    });
}

/// Each piece is here before the next one is made.
#[track_caller]
fn piece_by_piece(path: &'static str, kind: &'static str, frame: fn(&str) -> String) {
    watched(move || {
        let (_, site) = Comet::site();
        let mut client = site.client();
        client.send(request("GET", path));
        let head = client.head();
        assert_eq!(head.field("Content-Type"), Some(kind));
        assert_eq!(head.field("Transfer-Encoding"), Some("chunked"));
        for notice in ["one", "two", "你好"] {
            publish(&site, notice);
            let piece = frame(notice);
            client.exactly(format!("{:x}\r\n{piece}\r\n", piece.len()));
        }
        site.handle.stop();
        client.exactly("0\r\n\r\n");
        client.ended();
    });
}

#[test]
fn row_h11_server_sent_events_come_piece_by_piece() {
    piece_by_piece("/events", "text/event-stream", |notice| {
        format!("data: {notice}\n\n")
    });
}

/// The oldest trick: a page that never ends, each piece of it a script.
#[test]
fn row_h11_an_iframe_stream_comes_piece_by_piece() {
    piece_by_piece("/iframe", "text/html", |notice| {
        format!("<script>parent.news({notice:?})</script>\n")
    });
}
