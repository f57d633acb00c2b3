//! Through a proxy: requests in absolute-form, or a tunnel by CONNECT.

use super::peer::Peer;
use super::test_server::{TestServer, get};
use crate::support::{Log, watched};
use barewire::http::{self, Connected, Error, Origin, Proxy, RequestOptions};
use barewire::net::{Stream, Tcp, pipe};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;

/// The proxy, and the servers behind it: notes each request, and responds with its host.
fn proxying(log: &Log) -> impl Fn(Peer) + Send + Sync + 'static {
    let log = log.clone();
    move |mut peer| {
        while let Some(received) = peer.request() {
            let credentials = received.field("Proxy-Authorization").unwrap_or("nobody");
            log.note(format!(
                "{} {} by {credentials}",
                peer.number,
                received.line()
            ));
            let host = received.field("Host").unwrap();
            match received.method() {
                "CONNECT" => peer.send("HTTP/1.1 200 Connection Established\r\n\r\n"),
                _ => peer.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{host}",
                    host.len()
                )),
            }
        }
    }
}

fn proxy(server: &TestServer, user: &str) -> Proxy {
    Proxy::new(&format!("http://{user}127.0.0.1:{}", server.port())).unwrap()
}

/// Options without the test server's connector: they reach it only as a proxy.
fn asking(server: &TestServer, host: &str) -> RequestOptions {
    let options = RequestOptions::new().agent(&server.agent);
    options.hostname(host).path("/path?q")
}

#[track_caller]
fn body(options: RequestOptions) -> String {
    let mut response = get(&options);
    String::from_utf8(response.collect().unwrap()).unwrap()
}

#[test]
fn row_a07_plain_requests_are_sent_in_absolute_form() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::over_tcp(proxying(&log));
        let proxy = proxy(&server, "user:pass@");
        assert_eq!(body(asking(&server, "a").proxy(&proxy)), "a");
        assert_eq!(body(asking(&server, "a").port(81).proxy(&proxy)), "a:81");
        let options = asking(&server, "a").method("OPTIONS").path("*");
        assert_eq!(body(options.proxy(&proxy)), "a");
        let by = "by Basic dXNlcjpwYXNz";
        let expected = [
            format!("1 GET http://a/path?q HTTP/1.1 {by}"),
            format!("2 GET http://a:81/path?q HTTP/1.1 {by}"),
            format!("1 OPTIONS http://a HTTP/1.1 {by}"),
        ];
        assert_eq!(log.all(), expected);
        server.end();
    });
}

#[test]
fn row_a07_a_tunnel_and_the_request_inside_it() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::over_tcp(proxying(&log));
        let proxy = proxy(&server, "user:pass@").tunnel();
        for _ in 0..2 {
            assert_eq!(body(asking(&server, "a").proxy(&proxy)), "a");
        }
        let expected = [
            "1 CONNECT a:80 HTTP/1.1 by Basic dXNlcjpwYXNz",
            "1 GET /path?q HTTP/1.1 by nobody", // the server does not get them
            "1 GET /path?q HTTP/1.1 by nobody",
        ];
        assert_eq!(log.all(), expected);
        server.end();
    });
}

#[test]
fn a_tunnel_is_not_shared_with_other_credentials() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::over_tcp(proxying(&log));
        for user in ["one:1@", "two:2@", "", "one:1@"] {
            let proxy = proxy(&server, user).tunnel();
            assert_eq!(body(asking(&server, "a").proxy(&proxy)), "a");
        }
        let opened = log.all().into_iter().filter(|it| it.contains("CONNECT"));
        assert_eq!(opened.count(), 3);
        let names = format!("{:?}", server.agent.origins());
        assert!(
            !names.contains("one") && !names.contains("b25lOjE="),
            "{names}"
        );
        server.end();
    });
}

#[test]
fn row_a07_hosts_that_are_reached_without_the_proxy() {
    watched(|| {
        let log = Log::default();
        let server = TestServer::over_tcp(proxying(&log));
        let proxy = proxy(&server, "").no_proxy("localhost, .example.com ,10.0.0.1");
        let direct = |host: &str| {
            let note = log.clone();
            let options = asking(&server, host).proxy(&proxy);
            let port = server.port();
            let before = log.all().len();
            let _ = get(&options.create_connection(move |to: &Origin, _| {
                note.note(format!("to {}", to.host()));
                let at = std::net::SocketAddr::from(([127, 0, 0, 1], port));
                Ok(Connected::new(Tcp::connect(at, None)?))
            }))
            .collect();
            log.all()[before] == format!("to {host}")
        };
        for host in ["localhost", "example.com", "www.example.com", "10.0.0.1"] {
            assert!(direct(host), "{host}");
        }
        for host in ["notexample.com", "example.com.org", "10.0.0.10", "com"] {
            assert!(!direct(host), "{host}");
        }
        server.end();
    });
}

#[test]
fn the_error_of_a_refused_tunnel_is_one_line() {
    watched(|| {
        for (response, says) in [
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 9\r\n\r\nwho?\r\n\x1b[m",
                "no tunnel to a:80: 407 Proxy Authentication Required: who?",
            ),
            ("HTTP/1.1 502 Bad\r\n\r\n", "no tunnel to a:80: 502 Bad"),
            (
                "HTTP/1.1 302 Found\r\nLocation: http://b/\r\nContent-Length: 0\r\n\r\n",
                "302 Found",
            ),
            ("HTTP/1.1 200 OK\r\n\r\nbanner", "before the client did"),
            ("HTTP/1.1 200 OK\r\nA b\r\n\r\n", "RFC 9112 §5"),
            ("", "the connection ended"),
        ] {
            let server = TestServer::over_tcp(move |mut peer| {
                peer.expect_request();
                peer.send(response);
            });
            let options = asking(&server, "a").proxy(&proxy(&server, "").tunnel());
            let error = http::request(options)
                .unwrap()
                .end("")
                .unwrap_err()
                .to_string();
            assert!(error.contains(says), "{response:?}: {error}");
            assert!(!error.contains(|c: char| c.is_control()), "{error:?}");
            server.end();
        }
    });
}

#[test]
fn only_http_urls_are_proxies() {
    for url in ["127.0.0.1:1", "https://127.0.0.1/", "socks5://a/", ""] {
        assert!(Proxy::new(url).is_err(), "{url}");
    }
    let proxy = Proxy::new("http://user:secret@[::1]:8080").unwrap();
    assert_eq!(
        format!("{proxy:?} {proxy}"),
        "Proxy(http://[::1]:8080) http://[::1]:8080"
    );
}

/// A forward proxy in a few lines, with our own server behind it: CONNECT, and bytes both ways.
#[test]
fn row_a07_a_proxy_of_our_own() {
    watched(|| {
        let behind = http::create_server(|req, res| {
            let host = req.header("Host").unwrap_or_default().to_owned();
            res.end(host)
        });
        let behind = crate::support::Site::new(behind);
        let server = TestServer::over_tcp(|mut peer| {
            let received = peer.expect_request();
            let there = received.target().parse().unwrap();
            let there: Arc<dyn Stream> = Arc::new(Tcp::connect(there, None).unwrap());
            peer.send("HTTP/1.1 200 OK\r\n\r\n");
            let (here, back) = (Arc::clone(peer.stream()), Arc::clone(&there));
            std::thread::scope(|scope| {
                scope.spawn(move || copy(&back, &here));
                copy(peer.stream(), &there);
            });
        });
        let port = behind.address().port().unwrap();
        let options = asking(&server, "127.0.0.1").port(port);
        let options = options.proxy(&proxy(&server, "").tunnel());
        for _ in 0..3 {
            assert_eq!(body(options.clone()), format!("127.0.0.1:{port}"));
        }
        assert_eq!(server.connections(), 1);
        server.end();
    });
}

fn copy(from: &Arc<dyn Stream>, to: &Arc<dyn Stream>) {
    let mut buf = [0; 1024];
    while let Ok(n @ 1..) = from.read(&mut buf) {
        if to.write_all(&buf[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// A proxy over a user's connector is one way for all requests with the same options.
#[test]
fn options_that_are_changed_keep_the_way_through_the_proxy() {
    watched(|| {
        let log = Log::default();
        let (note, proxying) = (log.clone(), Arc::new(proxying(&log)));
        let options = RequestOptions::new().create_connection(move |_: &Origin, _| {
            note.note("connected");
            let (here, there) = pipe();
            let proxying = Arc::clone(&proxying);
            std::thread::spawn(move || proxying(Peer::new(Arc::new(there), 1)));
            Ok(Connected::new(here))
        });
        let agent = http::Agent::new(http::pool::Limits::default()).unwrap();
        let proxy = Proxy::new("http://proxy/").unwrap();
        let options = options.agent(&agent).hostname("a").proxy(&proxy);
        for path in ["/1", "/2", "/3"] {
            assert_eq!(body(options.clone().path(path)), "a");
        }
        assert_eq!(log.count("connected"), 1);
    });
}

#[test]
fn a_proxy_that_cannot_be_reached_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let proxy = Proxy::new(&at.replace("//", "//user:secret@")).unwrap();
    for proxy in [proxy.clone(), proxy.tunnel()] {
        let options = RequestOptions::new().hostname("a.test").proxy(&proxy);
        let error = http::request(options).unwrap().end("").unwrap_err();
        let Error::Io(refused) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let start = format!("the proxy {at}: cannot connect to ");
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}
