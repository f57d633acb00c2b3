//! Redirects, where they were asked for (RFC 9110 §15.4).

use super::peer::{Asked, Peer};
use super::stage::Stage;
use crate::support::{Log, PATIENCE, watched};
use barewire::http::pool::Limits;
use barewire::http::{self, Error, RequestOptions};
use std::time::Duration;

/// Notes what it is asked for, and where; a path such as `/302/over/there` leads on to `over/there`,
/// whatever that is relative to.
fn leading_on(log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        while let Some(asked) = peer.request() {
            log.note(noted(&asked));
            peer.send(answer(asked.target()));
        }
    }
}

fn noted(asked: &Asked) -> String {
    let mut note = format!(
        "{} {}{}",
        asked.method(),
        asked.field("Host").unwrap_or_default(),
        asked.target()
    );
    for name in ["Authorization", "Cookie", "Content-Type", "Accept"] {
        if let Some(value) = asked.field(name) {
            note += &format!(" {name}:{value}");
        }
    }
    if !asked.body.is_empty() {
        note += &format!(" {:?}", String::from_utf8_lossy(&asked.body));
    }
    note
}

fn answer(target: &str) -> String {
    let (_, path) = target.split_once("://b").unwrap_or(("", target));
    let path = path.trim_start_matches('/');
    match path.split_once('/') {
        Some((status @ ("301" | "302" | "303" | "307" | "308" | "300"), to)) => format!(
            "HTTP/1.1 {status} Elsewhere\r\nLocation: {}\r\nContent-Length: 5\r\n\r\nthere",
            match to.split_once('=') {
                Some((scheme, rest)) if !scheme.contains('/') => format!("{scheme}://{rest}"),
                _ => to.to_owned(),
            }
        ),
        _ => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere".to_owned(),
    }
}

fn one() -> Limits {
    Limits {
        max_sockets: 1,
        queue_timeout: Some(PATIENCE / 2),
        ..Limits::default()
    }
}

fn asking(stage: &Stage, path: &str) -> RequestOptions {
    stage.options().path(path).max_redirects(5)
}

#[test]
fn the_table_of_methods_and_bodies() {
    watched(|| {
        for (status, method, next) in [
            (301, "POST", "GET a/b Accept:*/*"),
            (302, "POST", "GET a/b Accept:*/*"),
            (
                302,
                "PUT",
                "PUT a/b Content-Type:text/plain Accept:*/* \"body\"",
            ),
            (303, "POST", "GET a/b Accept:*/*"),
            (303, "PUT", "GET a/b Accept:*/*"),
            (
                307,
                "POST",
                "POST a/b Content-Type:text/plain Accept:*/* \"body\"",
            ),
            (
                308,
                "POST",
                "POST a/b Content-Type:text/plain Accept:*/* \"body\"",
            ),
        ] {
            let log = Log::default();
            let stage = Stage::with(one(), 64 * 1024, leading_on(&log));
            let options = asking(&stage, &format!("/{status}//b"))
                .hostname("a")
                .method(method)
                .header("Content-Type", "text/plain")
                .header("Accept", "*/*");
            let mut response = http::request(options).unwrap().end("body").unwrap();
            assert_eq!(response.collect().unwrap(), b"here");
            assert_eq!(response.url(), Some("http://a/b"));
            assert_eq!(log.all()[1..], [next], "{status} to {method}");
            assert_eq!(stage.connections(), 1);
            stage.end();
        }
    });
}

#[test]
fn a_body_that_was_dropped_does_not_come_back() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::with(one(), 64 * 1024, leading_on(&log));
        let options = asking(&stage, "/303//307//b").hostname("a").method("POST");
        let mut response = http::request(options).unwrap().end("body").unwrap();
        assert_eq!(response.collect().unwrap(), b"here");
        assert_eq!(log.all()[1..], ["GET a/307//b", "GET a/b"]);
        stage.end();
    });
}

#[test]
fn credentials_stay_with_their_origin_and_do_not_come_back() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let options = asking(&stage, "/302//302/http=b/302/http=a/end")
            .hostname("a")
            .auth("user:pass")
            .header("Cookie", "id=7");
        let response = http::request(options).unwrap().end("").unwrap();
        assert_eq!(response.status(), 200);
        let ours = "Authorization:Basic dXNlcjpwYXNz Cookie:id=7";
        assert_eq!(
            log.all(),
            [
                format!("GET a/302//302/http=b/302/http=a/end {ours}"),
                format!("GET a/302/http=b/302/http=a/end {ours}"),
                "GET b/302/http=a/end".to_owned(),
                "GET a/end".to_owned(),
            ]
        );
        drop(response);
        // Another port is another origin, too.
        let options = asking(&stage, "/302/http=a:81/").hostname("a").auth("u:p");
        let response = http::request(options).unwrap().end("").unwrap();
        assert_eq!(log.all().last().unwrap(), "GET a:81/");
        drop(response);
        stage.end();
    });
}

#[test]
fn another_scheme_is_refused_by_the_name_of_the_call_that_can() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let options = asking(&stage, "/302/https=b/");
        let error = http::request(options).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("https::request"), "{error}");
        // What no client of ours can ask for is the caller's to read.
        let options = asking(&stage, "/302/myapp=signed-in");
        let mut response = http::request(options).unwrap().end("").unwrap();
        assert_eq!((response.status(), response.url()), (302, None));
        assert_eq!(response.collect().unwrap(), b"there");
        assert_eq!(log.all().len(), 2);
        stage.end();
    });
}

#[test]
fn not_followed_unless_asked_for_and_not_for_ever() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let mut response = http::request(stage.options().path("/302//b")).unwrap();
        response.set_header("Accept", "*/*").unwrap();
        assert_eq!(response.end("").unwrap().status(), 302);
        assert_eq!(log.all().len(), 1);

        let circle = "/302//302//302//302//302//302//302//end";
        let error = http::request(asking(&stage, circle)).unwrap().end("");
        let error = error.unwrap_err().to_string();
        assert!(error.contains("more than 5 redirects"), "{error}");
        assert_eq!(log.all().len(), 1 + 6);
        stage.end();
    });
}

#[test]
fn a_body_that_was_written_in_pieces_is_not_sent_again() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let streamed = |path: &str| {
            let mut request = http::request(asking(&stage, path).method("POST")).unwrap();
            request.write("body").unwrap();
            request.end("").unwrap().status()
        };
        assert_eq!(streamed("/307//b"), 307);
        assert_eq!(streamed("/303//b"), 200);
        stage.end();
    });
}

#[test]
fn the_answer_that_leads_on_gives_its_place_back_first() {
    watched(|| {
        let stage = Stage::with(one(), 64 * 1024, |mut peer| {
            let asked = peer.expect_request();
            match asked.target() {
                "/endless" => {
                    peer.send("HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n");
                    while peer.try_send([b'x'; 1024]) {}
                }
                _ => {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere");
                    peer.until_left();
                }
            }
        });
        let mut response = http::request(asking(&stage, "/endless"))
            .unwrap()
            .end("")
            .unwrap();
        assert_eq!(response.collect().unwrap(), b"here");
        stage.end();
    });
}

#[test]
fn what_is_not_a_path_may_be_asked_for_with_redirects_on() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let server = asking(&stage, "*").method("OPTIONS").hostname("a");
        assert_eq!(
            http::request(server).unwrap().end("").unwrap().status(),
            200
        );

        let absolute = asking(&stage, "http://b/302//c").hostname("proxy");
        let response = http::request(absolute).unwrap().end("").unwrap();
        assert_eq!(
            (response.status(), response.url()),
            (200, Some("http://b/c"))
        );
        drop(response);

        let tunnel = asking(&stage, "b:443").method("CONNECT");
        assert!(
            http::request(tunnel)
                .unwrap()
                .end("")
                .unwrap()
                .is_upgraded()
        );
        stage.end();
    });
}

#[test]
fn a_connect_is_never_led_elsewhere() {
    watched(|| {
        let stage = Stage::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 302 Found\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n");
            assert!(peer.head().is_none());
        });
        let tunnel = asking(&stage, "b:443").method("CONNECT");
        let response = http::request(tunnel).unwrap().end("").unwrap();
        assert_eq!((response.status(), response.is_upgraded()), (302, false));
        stage.end();
    });
}

#[test]
fn a_host_of_ones_own_stays_while_the_origin_does() {
    watched(|| {
        let log = Log::default();
        let stage = Stage::new(leading_on(&log));
        let options = asking(&stage, "/302//302/http=c/")
            .hostname("a")
            .header("Host", "b");
        assert_eq!(
            http::request(options).unwrap().end("").unwrap().status(),
            200
        );
        assert_eq!(
            log.all(),
            ["GET b/302//302/http=c/", "GET b/302/http=c/", "GET c/"]
        );
        stage.end();
    });
}

#[test]
fn one_deadline_for_all_of_them() {
    watched(|| {
        // Each answer comes at once, and leads on; there is always another.
        let stage = Stage::new(|mut peer| {
            let next = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
            while peer.request().is_some() && peer.try_send(next) {}
        });
        let options = stage.options().max_redirects(u32::MAX);
        let options = options.timeout(Duration::from_millis(100));
        match http::request(options).unwrap().end("") {
            Err(Error::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
        stage.end();
    });
}
