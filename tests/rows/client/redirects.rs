//! Redirects, if the options ask for them (RFC 9110 §15.4).

use super::peer::{Peer, Received};
use super::test_server::{TestServer, get, one_socket, responding};
use crate::support::{Log, watched};
use barewire::http::wire::Misuse;
use barewire::http::{self, ClientEvents, ClientResponse, Error, NextRequest, RequestOptions};
use barewire::net::Stream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Notes each request; a path such as `/302/over/there` redirects to the reference `over/there`.
fn redirecting(log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        while let Some(received) = peer.request() {
            log.note(noted(&received));
            peer.send(response(received.target()));
        }
    }
}

fn noted(received: &Received) -> String {
    let mut note = format!(
        "{} {}{}",
        received.method(),
        received.field("Host").unwrap_or_default(),
        received.target()
    );
    for name in ["Authorization", "Cookie", "Content-Type", "Accept"] {
        if let Some(value) = received.field(name) {
            note += &format!(" {name}:{value}");
        }
    }
    if !received.body.is_empty() {
        note += &format!(" {:?}", String::from_utf8_lossy(&received.body));
    }
    note
}

fn response(target: &str) -> String {
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

fn asking(server: &TestServer, path: &str) -> RequestOptions {
    server.options().path(path).max_redirects(5)
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
            let server = TestServer::with(one_socket(), redirecting(&log));
            let options = asking(&server, &format!("/{status}//b"))
                .hostname("a")
                .method(method)
                .header("Content-Type", "text/plain")
                .header("Accept", "*/*");
            let mut response = http::request(options).unwrap().end("body").unwrap();
            assert_eq!(response.collect().unwrap(), b"here");
            assert_eq!(response.url(), Some("http://a/b"));
            assert_eq!(log.all()[1..], [next], "{status} to {method}");
            assert_eq!(server.connections(), 1);
            server.end();
        }
    });
}

#[test]
fn a_body_that_a_redirect_dropped_is_not_sent_by_the_next() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), redirecting(&log));
        let options = asking(&server, "/303//307//b").hostname("a").method("POST");
        let mut response = http::request(options).unwrap().end("body").unwrap();
        assert_eq!(response.collect().unwrap(), b"here");
        assert_eq!(log.all()[1..], ["GET a/307//b", "GET a/b"]);
        server.end();
    });
}

#[test]
fn credentials_stay_with_their_origin_and_are_not_sent_after_it() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let options = asking(&server, "/302//302/http=b/302/http=a/end")
            .hostname("a")
            .auth("user:pass")
            .header("Cookie", "id=7");
        let response = get(&options);
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
        let options = asking(&server, "/302/http=a:81/").hostname("a").auth("u:p");
        let response = get(&options);
        assert_eq!(log.all().last().unwrap(), "GET a:81/");
        drop(response);
        server.end();
    });
}

#[test]
fn another_scheme_is_an_error_that_names_the_right_function() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let options = asking(&server, "/302/https=b/");
        let error = http::request(options).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("https::request"), "{error}");
        // A redirect to a scheme that no client here speaks is returned to the caller.
        let options = asking(&server, "/302/myapp=signed-in");
        let mut response = get(&options);
        let asked = Some("http://localhost/302/myapp=signed-in");
        assert_eq!((response.status(), response.url()), (302, asked));
        assert_eq!(response.collect().unwrap(), b"there");
        assert_eq!(log.all().len(), 2);
        server.end();
    });
}

#[test]
fn redirects_are_followed_only_if_asked_for_and_up_to_the_limit() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let mut response = http::request(server.options().path("/302//b")).unwrap();
        response.set_header("Accept", "*/*").unwrap();
        assert_eq!(response.end("").unwrap().status(), 302);
        assert_eq!(log.all().len(), 1);

        let circle = "/302//302//302//302//302//302//302//end";
        let error = http::request(asking(&server, circle)).unwrap().end("");
        let error = error.unwrap_err().to_string();
        assert!(error.contains("more than 5 redirects"), "{error}");
        assert_eq!(log.all().len(), 1 + 6);
        server.end();
    });
}

#[test]
fn a_body_that_was_written_in_pieces_is_not_sent_again() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let streamed = |path: &str| {
            let mut request = http::request(asking(&server, path).method("POST")).unwrap();
            request.write("body").unwrap();
            request.end("").unwrap().status()
        };
        assert_eq!(streamed("/307//b"), 307);
        assert_eq!(streamed("/303//b"), 200);
        server.end();
    });
}

#[test]
fn a_redirect_gives_its_slot_back_before_the_next_request() {
    watched(|| {
        let server = TestServer::with(one_socket(), |mut peer| {
            let received = peer.expect_request();
            match received.target() {
                "/endless" => {
                    peer.send("HTTP/1.1 302 Found\r\nLocation: /there\r\n\r\n");
                    while peer.try_send([b'x'; 1024]) {}
                }
                _ => {
                    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere");
                    peer.until_closed();
                }
            }
        });
        let mut response = get(&asking(&server, "/endless"));
        assert_eq!(response.collect().unwrap(), b"here");
        server.end();
    });
}

#[test]
fn every_form_of_target_may_be_requested_with_redirects_on() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let options = asking(&server, "*").method("OPTIONS").hostname("a");
        assert_eq!(get(&options).status(), 200);

        let absolute = asking(&server, "http://b/302//c").hostname("proxy");
        let response = get(&absolute);
        assert_eq!(
            (response.status(), response.url()),
            (200, Some("http://b/c"))
        );
        drop(response);

        let tunnel = asking(&server, "b:443").method("CONNECT");
        let tunnel = get(&tunnel);
        assert!(tunnel.is_upgraded() && tunnel.url().is_none());
        drop(tunnel);
        server.end();
    });
}

#[test]
fn a_redirect_of_connect_is_not_followed() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.head();
            peer.send("HTTP/1.1 302 Found\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n");
            assert!(peer.head().is_none());
        });
        let tunnel = asking(&server, "b:443").method("CONNECT");
        let response = get(&tunnel);
        assert_eq!((response.status(), response.is_upgraded()), (302, false));
        server.end();
    });
}

#[test]
fn a_host_field_of_the_caller_is_kept_while_the_origin_is() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::new(redirecting(&log));
        let options = asking(&server, "/302//302/http=c/")
            .hostname("a")
            .header("Host", "b");
        assert_eq!(get(&options).status(), 200);
        assert_eq!(
            log.all(),
            ["GET b/302//302/http=c/", "GET b/302/http=c/", "GET c/"]
        );
        server.end();
    });
}

#[test]
fn the_total_covers_all_redirects() {
    watched(|| {
        // Each response comes at once, and redirects to another.
        let next = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
        let server = TestServer::new(responding(next));
        let options = server.options().max_redirects(u32::MAX);
        let options = options.timeout(Duration::from_millis(100));
        match http::request(options).unwrap().end("") {
            Err(Error::Io(error)) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut),
            other => panic!("{other:?}"),
        }
        server.end();
    });
}

/// What a hook sees of a redirect: its status and cookies, and the next request.
fn seen(redirect: &ClientResponse, next: &NextRequest<'_>) -> String {
    let cookies: Vec<&str> = redirect.cookies().collect();
    let (status, sent) = (redirect.status(), next.get_header("Cookie"));
    format!(
        "{status} {cookies:?} {} {} {sent:?}",
        next.method(),
        next.url()
    )
}

#[test]
fn a_redirect_is_seen_and_the_next_request_takes_its_cookies() {
    watched(|| {
        let log = Log::default();
        let requests = log.clone();
        let server = TestServer::with(one_socket(), move |mut peer| {
            while let Some(received) = peer.request() {
                requests.note(noted(&received));
                peer.send(match received.target() {
                    "/login" => {
                        "HTTP/1.1 303 See Other\r\nLocation: /home\r\nSet-Cookie: a=1; Path=/\r\n\
                         Set-Cookie:  b = 2 ;Secure\r\nSet-Cookie: none\r\nSet-Cookie: =x\r\n\
                         Content-Length: 5\r\n\r\nthere"
                    }
                    "/home" => {
                        "HTTP/1.1 302 Found\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n"
                    }
                    _ => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere",
                });
            }
        });
        let hops = Log::default();
        let noting = hops.clone();
        let options = asking(&server, "/login").hostname("a").method("POST");
        let request = http::request(options).unwrap();
        let request = request.on_redirect(move |redirect, next| {
            noting.note(seen(redirect, next));
            let cookies: Vec<&str> = redirect.cookies().collect();
            if !cookies.is_empty() {
                next.set_header("Cookie", cookies.join("; "))?;
                assert!(!next.remove_header("X"));
            }
            Ok(true)
        });
        assert_eq!(request.end("body").unwrap().collect().unwrap(), b"here");
        assert_eq!(
            hops.all(),
            [
                r#"303 ["a=1", "b = 2"] GET http://a/home None"#,
                r#"302 [] GET http://b/ None"#, // another origin
            ]
        );
        let expected = [
            "POST a/login \"body\"",
            "GET a/home Cookie:a=1; b = 2",
            "GET b/",
        ];
        assert_eq!(log.all(), expected);
        server.end();
    });
}

#[test]
fn a_redirect_that_the_hook_does_not_follow_is_the_response() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), redirecting(&log));
        let options = asking(&server, "/302//303//b").hostname("a");
        let request = http::request(&options).unwrap();
        let request = request.on_redirect(|_, next| Ok(next.url() == "http://a/303//b"));
        let mut response = request.end("").unwrap();
        assert_eq!(response.status(), 303);
        assert_eq!(response.url(), Some("http://a/303//b"));
        assert_eq!(response.collect().unwrap(), b"there");
        assert_eq!((log.all().len(), server.connections()), (2, 1));
        // A value that must not be sent is an error of the request, and its slot is free.
        for end in [true, false] {
            let request = http::request(&options).unwrap();
            let request = request.on_redirect(move |_, next| {
                next.set_header("A", 1)?;
                next.set_header("B", "\n")?;
                Ok(end)
            });
            let error = request.end("").unwrap_err();
            assert!(matches!(error, Error::Misuse(Misuse::FieldValue)));
            server.check_quiet();
        }
        let request = http::request(&options).unwrap();
        let request = request.on_redirect(|_, _| panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(|| request.end(""))).is_err());
        server.end();
    });
}

#[test]
fn a_hook_is_not_asked_about_what_cannot_be_followed() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::with(one_socket(), redirecting(&log));
        let asked = Log::default();
        let ask = |options: RequestOptions| {
            let asked = asked.clone();
            let request = http::request(options.hostname("a")).unwrap();
            request.on_redirect(move |_, next| {
                asked.note(next.url());
                Ok(true)
            })
        };
        assert!(ask(asking(&server, "/302/https=b/")).end("").is_err());
        assert_eq!(
            ask(asking(&server, "/300//b")).end("").unwrap().status(),
            300
        );
        let off = server.options().path("/302//b");
        assert_eq!(ask(off.clone()).end("").unwrap().status(), 302);
        let mut in_pieces = ask(asking(&server, "/307//b").method("POST"));
        in_pieces.write("a piece").unwrap();
        assert_eq!(in_pieces.end("").unwrap().status(), 307);
        assert_eq!(asked.all(), [""; 0]);
        assert!(
            ask(off.path("/302//302//b").max_redirects(1))
                .end("")
                .is_err()
        );
        assert_eq!(asked.all(), ["http://a/302//b"]);
        server.end();
    });
}

/// Notes its calls, and follows one redirect.
struct Watching(Log, bool);

impl ClientEvents for Watching {
    fn socket(&mut self, _stream: &dyn Stream, reused: bool) {
        self.0.note(format!("socket {reused}"));
    }

    fn redirect(
        &mut self,
        redirect: &ClientResponse,
        next: &mut NextRequest<'_>,
    ) -> Result<bool, Error> {
        self.0.note(format!("redirect {}", seen(redirect, next)));
        Ok(std::mem::take(&mut self.1))
    }

    fn response(&mut self, response: ClientResponse) {
        self.0.note(format!("response {}", response.status()));
    }

    fn error(&mut self, error: &Error) {
        self.0.note(error);
    }
}

#[test]
fn the_events_of_a_redirect_come_in_order() {
    watched(|| {
        let server = TestServer::with(one_socket(), redirecting(&Log::default()));
        let log = Log::default();
        let asked = log.clone();
        let options = asking(&server, "/302//303//b").hostname("a");
        let request = http::request(options).unwrap();
        let request = request.on_redirect(move |_, _| {
            asked.note("hook");
            Ok(true)
        });
        request.run("", Watching(log.clone(), true));
        assert_eq!(
            log.all(),
            [
                "socket false",
                "hook",
                "redirect 302 [] GET http://a/303//b None",
                "socket true",
                "hook",
                "redirect 303 [] GET http://a/b None",
                "response 303",
            ]
        );
        server.end();
    });
}
