//! Every option of `request(options)`, and the bytes of the request that it makes.

use super::peer::Peer;
use super::test_server::{TestServer, get};
use crate::support::{End, Log, Script, watched};
use barewire::http::pool::Limits;
use barewire::http::wire::Misuse;
use barewire::http::{self, Agent, Connected, Error, Origin, RequestOptions};
use barewire::net::{self, Family};
use std::sync::Arc;
use std::time::Duration;

/// The head of the request with changed options.
fn head(change: impl FnOnce(RequestOptions) -> RequestOptions) -> String {
    let log = Log::default();
    let note = log.clone();
    let server = TestServer::new(move |mut peer| {
        note.note(peer.expect_request().head);
        peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    let request = http::request(change(server.options())).unwrap();
    assert_eq!(request.end("").unwrap().status(), 204);
    server.end();
    log.all().remove(0)
}

/// The error of a request with changed options, which opens no connection.
#[track_caller]
fn refused(change: impl FnOnce(RequestOptions) -> RequestOptions) -> Error {
    let options = RequestOptions::new().create_connection(|_: &Origin, _| {
        panic!("it must not connect");
    });
    http::request(change(options)).unwrap_err()
}

#[test]
fn row_a01_the_defaults_are_get_localhost_80_and_the_root() {
    watched(|| {
        assert_eq!(head(|it| it), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let seen = Log::default();
        let note = seen.clone();
        let options = RequestOptions::default().create_connection(move |to: &Origin, _| {
            note.note(format!("{} {} {to}", to.host(), to.port()));
            Err::<Connected, _>(std::io::ErrorKind::ConnectionRefused.into())
        });
        assert!(http::request(options).unwrap().end("").is_err());
        assert_eq!(seen.all(), ["localhost 80 localhost:80"]);
    });
}

#[test]
fn row_a01_method_path_host_port_headers_and_auth() {
    watched(|| {
        let made = head(|it| {
            it.hostname("127.0.0.1")
                .port(1334)
                .method("DELETE")
                .path("/a/b?q=%E4%BD%A0&r=1")
                .header("Accept", "text/plain")
                .header("accept", "*/*")
                .append_header("X-Two", "1")
                .append_header("X-Two", "2")
                .auth("Aladdin:open sesame")
        });
        let expected = "DELETE /a/b?q=%E4%BD%A0&r=1 HTTP/1.1\r\n\
             Host: 127.0.0.1:1334\r\n\
             accept: */*\r\n\
             X-Two: 1\r\n\
             X-Two: 2\r\n\
             Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
        assert_eq!(made, expected);
    });
}

#[test]
fn row_a01_host_and_hostname() {
    watched(|| {
        let host = |made: String| made.lines().nth(1).unwrap().to_owned();
        let a = |change: fn(RequestOptions) -> RequestOptions| host(head(change));
        assert_eq!(a(|it| it.host("a")), "Host: a");
        assert_eq!(a(|it| it.host("a:81")), "Host: a:81");
        assert_eq!(a(|it| it.host("a:80")), "Host: a");
        assert_eq!(a(|it| it.host("b").hostname("a")), "Host: a");
        assert_eq!(a(|it| it.hostname("A.Example")), "Host: a.example");
        assert_eq!(a(|it| it.hostname("::1")), "Host: [::1]");
        assert_eq!(a(|it| it.host("[::1]:81")), "Host: [::1]:81");
        assert_eq!(a(|it| it.hostname("[::1]").port(81)), "Host: [::1]:81");
        // The zone, an interface of this machine, is not sent.
        assert_eq!(
            a(|it| it.hostname("fe80::1%eth0").port(81)),
            "Host: [fe80::1]:81"
        );
        assert_eq!(a(|it| it.header("Host", "own")), "Host: own");
        assert_eq!(
            a(|it| it.set_host(false).header("Host", "own")),
            "Host: own"
        );
    });
}

#[test]
fn row_a01_a_whole_url() {
    watched(|| {
        let made = head(|it| {
            it.url("HTTP://user:p%61ss@Example.com:8080?q#frag")
                .unwrap()
        });
        let expected = "GET /?q HTTP/1.1\r\nHost: example.com:8080\r\n\
             Authorization: Basic dXNlcjpwYXNz\r\n\r\n";
        assert_eq!(made, expected);

        let server = TestServer::over_tcp(|mut peer| {
            assert_eq!(peer.expect_request().line(), "GET /a?b HTTP/1.1");
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        });
        let url = format!("http://127.0.0.1:{}/a?b", server.port());
        assert_eq!(http::get(&url).unwrap().collect().unwrap(), b"ok");
        server.end();

        let refused = |url: &str| RequestOptions::new().url(url).unwrap_err().to_string();
        assert!(refused("https://a/").contains("https::request"));
        assert!(refused("http://a/two words").contains("%20"));
        assert!(refused("a/b").contains("(RFC "));
    });
}

#[test]
fn row_a01_forms_of_the_target() {
    watched(|| {
        let made = head(|it| it.hostname("a").method("OPTIONS").path("*"));
        assert_eq!(made, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
        // RFC 9112 §3.2: "If the target URI includes an authority component, then a client MUST send
        // a field value for Host that is identical to that authority component"
        let made = head(|it| it.hostname("proxy").path("http://a:81/b"));
        assert_eq!(made, "GET http://a:81/b HTTP/1.1\r\nHost: a:81\r\n\r\n");
    });
}

#[test]
fn row_a01_http_1_0_and_a_connection_without_an_agent() {
    watched(|| {
        let made = head(|it| it.no_agent());
        assert_eq!(
            made,
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        );
        let made = head(|it| it.http_1_0());
        assert_eq!(made, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
    });
}

#[test]
fn row_a01_max_header_size() {
    watched(|| {
        let server = TestServer::new(|mut peer| {
            peer.expect_request();
            peer.send(format!(
                "HTTP/1.1 200 OK\r\nA: {}\r\n\r\n",
                "x".repeat(1000)
            ));
        });
        let status = |most: usize| {
            let options = server.options().max_header_size(most);
            http::request(options)
                .unwrap()
                .end("")
                .map(|it| it.status())
        };
        assert_eq!(status(1007).unwrap(), 200);
        let error = status(1006).unwrap_err().to_string();
        assert!(error.contains("RFC 6585 §5"), "{error}");
        server.end();
    });
}

#[test]
fn row_a01_the_local_address_needs_create_connection() {
    watched(|| {
        let ours = "127.0.0.1".parse().unwrap();
        let options = RequestOptions::new().local_address(ours).no_agent();
        let error = http::request(&options).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("create_connection"), "{error}");

        let options = options.create_connection(move |to: &Origin, _| {
            assert_eq!(to.local_address(), Some(ours)); // a real connector would bind
            let answer = [&b"HTTP/1.1 204 No Content\r\n\r\n"[..]];
            Ok(Connected::new(Script::answering(answer, End::Stall)))
        });
        assert_eq!(get(&options).status(), 204);
    });
}

#[test]
fn row_a01_family() {
    watched(|| {
        let options = RequestOptions::new()
            .hostname("127.0.0.1")
            .family(Family::V6);
        let error = http::request(options).unwrap().end("").unwrap_err();
        assert!(error.to_string().contains("IPv6"), "{error}");
    });
}

#[test]
fn row_a01_socket_path() {
    watched(|| {
        let path = std::env::temp_dir().join(format!("barewire-{}.sock", std::process::id()));
        let server = http::create_server(|req, res| {
            let host = req.header("Host").unwrap_or_default().to_owned();
            res.end(host)
        });
        let server = server.listen(&format!("unix:{}", path.display())).unwrap();
        let options = RequestOptions::new()
            .socket_path(&path)
            .hostname("a")
            .no_agent();
        let mut response = get(&options);
        assert_eq!(response.collect().unwrap(), b"a");
        server.shutdown(Duration::ZERO);
    });
}

#[test]
fn row_a01_create_connection_reaches_a_server_in_this_process() {
    watched(|| {
        let server = Arc::new(http::create_server(|_req, res| res.end("here")));
        let options = RequestOptions::new().create_connection(move |_: &Origin, _| {
            let (here, there) = net::pipe();
            let server = Arc::clone(&server);
            std::thread::spawn(move || server.serve(Arc::new(there)));
            Ok(Connected::new(here))
        });
        let mut response = get(&options);
        assert_eq!(response.collect().unwrap(), b"here");
    });
}

#[test]
fn the_timings_of_a_request() {
    watched(|| {
        let hour = Duration::from_secs(3600);
        let agent = Agent::new(Limits::default()).unwrap();
        let options =
            RequestOptions::new()
                .agent(&agent)
                .create_connection(move |_: &Origin, _| {
                    let (here, there) = net::pipe();
                    std::thread::spawn(move || {
                        let mut peer = Peer::new(Arc::new(there), 1);
                        while peer.request().is_some() {
                            peer.send("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
                        }
                    });
                    Ok(Connected {
                        resolve: hour,
                        connect: 2 * hour,
                        secure: 3 * hour,
                        ..Connected::new(here)
                    })
                });
        let mut seen = Vec::new();
        for _ in 0..2 {
            let response = get(&options);
            let it = *response.timings();
            assert!(it.first_byte > Duration::ZERO && it.first_byte <= it.total());
            assert_eq!(it.queue, Duration::ZERO);
            seen.push((it.reused, it.resolve, it.connect, it.secure));
        }
        let zero = Duration::ZERO;
        assert_eq!(
            seen,
            [(false, hour, 2 * hour, 3 * hour), (true, zero, zero, zero)]
        );
    });
}

/// A caller may pass on a stranger's text: it must not become a second field, line or request.
#[test]
fn no_option_smuggles_bytes_into_the_head() {
    let injections = ["\r\nX: y", "\n", "\r", "\0", "\u{7f}", " ", "é"];
    for bad in injections {
        let misuse = |error: Error| match error {
            Error::Misuse(misuse) => misuse,
            other => panic!("{bad:?}: {other:?}"),
        };
        let method = refused(|it| it.method(&format!("GET{bad}")));
        assert_eq!(misuse(method), Misuse::Method);
        let path = refused(|it| it.path(&format!("/{bad}")));
        assert_eq!(misuse(path), Misuse::Target);
        let name = refused(|it| it.header(&format!("A{bad}"), "b"));
        assert_eq!(misuse(name), Misuse::FieldName);
        let host = refused(|it| it.hostname(&format!("a{bad}b")));
        assert!(host.to_string().contains("no host"), "{bad:?}: {host}");
        let host = refused(|it| it.host(&format!("a{bad}b:81")));
        assert!(host.to_string().contains("no host"), "{bad:?}: {host}");
        assert!(
            RequestOptions::new()
                .url(&format!("http://a/{bad}"))
                .is_err()
        );
        assert!(
            RequestOptions::new()
                .url(&format!("http://a{bad}/"))
                .is_err()
        );
    }
    for bad in ["\r\nX: y", "\n", "\r", "\0", "\u{7f}", "x ", " x"] {
        for change in [RequestOptions::header, RequestOptions::append_header] {
            match refused(|it| change(it, "A", bad)) {
                Error::Misuse(misuse) => assert_eq!(misuse, Misuse::FieldValue),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
    }
    for bad in ["u\r\n:p", "u:p\n", "u\0:p", "u:\u{7f}"] {
        match refused(|it| it.auth(bad)) {
            Error::Misuse(misuse) => assert_eq!(misuse, Misuse::Credentials),
            other => panic!("{bad:?}: {other:?}"),
        }
    }
}

#[test]
fn other_text_is_no_host() {
    let bad = [
        "", "[]", "a/b", "a?b", "a#b", "u@a", "a\\b", "[::1", "::1]", "a b", "a\tb", "a%0d", "a|b",
        "<a>", "\"a\"", "a:80:80x", "[::1]x", "a,b^",
    ];
    for bad in bad {
        let error = refused(|it| it.hostname(bad));
        assert!(error.to_string().contains("no host"), "{bad:?}: {error}");
    }
    for bad in ["a:", "a:x", "a:65536", "a:+80", "[::1]:-1"] {
        let error = refused(|it| it.host(bad));
        assert!(error.to_string().contains("port"), "{bad:?}: {error}");
    }
}

#[test]
fn a_user_with_a_colon_is_refused() {
    // RFC 7617 §2: "a user-id containing a colon character is invalid"
    let options = RequestOptions::new().url("http://a%3Ab:c@host/").unwrap();
    match http::request(options) {
        Err(Error::Misuse(misuse)) => assert_eq!(misuse, Misuse::Credentials),
        other => panic!("{other:?}"),
    }
}

#[test]
fn framing_fields_are_checked() {
    watched(|| {
        let server = TestServer::new(|mut peer| assert_eq!(peer.until_closed(), b""));
        for (name, value) in [
            ("Content-Length", "+5"),
            ("Content-Length", "5, 5"),
            ("Content-Length", "6"),
            ("Transfer-Encoding", "gzip, chunked"),
            ("Transfer-Encoding", "identity"),
        ] {
            let options = server.options().method("POST").header(name, value);
            match http::request(options).unwrap().end("hello") {
                Err(Error::Misuse(misuse)) => assert_eq!(misuse, Misuse::Framing, "{value}"),
                other => panic!("{value}: {other:?}"),
            }
        }
        let both = server.options().header("Content-Length", "5");
        let both = both.header("Transfer-Encoding", "chunked");
        assert!(matches!(
            http::request(both).unwrap().end("hello"),
            Err(Error::Misuse(_))
        ));
        let old = http::request(server.options().http_1_0())
            .unwrap()
            .write("piece");
        assert!(matches!(old, Err(Error::Misuse(Misuse::Framing))));
        let none = http::request(server.options().set_host(false))
            .unwrap()
            .end("");
        assert!(matches!(none, Err(Error::Misuse(Misuse::Host))));
        server.end();
    });
}

/// The zone of an address, by name: the host of the request has none.
#[test]
fn fault_e02_the_zone_of_a_hostname() {
    watched(|| {
        let Ok(listener) = net::Listener::bind("[::1]:0") else {
            return println!(
                "fault_e02_the_zone_of_a_hostname is skipped: this machine has no ::1"
            );
        };
        let port = listener.local_addr().unwrap().port().unwrap();
        let server = http::create_server(|req, res| res.end(req.host()))
            .listen_on(listener)
            .unwrap();
        for host in ["[::1%lo]", "::1%lo", "::1%1"] {
            let options = RequestOptions::new().hostname(host).port(port);
            let mut response = get(&options);
            assert_eq!(
                response.collect().unwrap(),
                format!("[::1]:{port}").as_bytes()
            );
        }
        server.shutdown(Duration::from_secs(1));
        // The names of interfaces are case-sensitive.
        let origin = RequestOptions::new()
            .hostname("FE80::1%Eth0")
            .origin()
            .unwrap();
        assert_eq!(origin.host(), "fe80::1%Eth0");
        for url in ["http://[fe80::1%25lo]/", "http://[fe80::1%lo]/"] {
            let error = RequestOptions::new().url(url).unwrap_err().to_string();
            assert!(
                error.contains("RFC 9844") && error.contains("host name"),
                "{error}"
            );
        }
    });
}
