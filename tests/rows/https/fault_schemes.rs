//! One client for both schemes: it takes `http:` and `https:` URLs, follows redirects from `http:` to
//! `https:`, and never leaves TLS.

use super::stage::{Site, agent, trusting};
use crate::support::watched;
use barewire::http::{self, Agent, Proxy, Request, RequestOptions, Response};
use barewire::net::Handle;
use barewire::{https, websocket};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Answers `/to/URL` with a redirect to that URL, and everything else with what has arrived.
fn server() -> http::Server<impl http::ServerEvents> {
    http::create_server(|mut req: Request<'_>, mut res: Response<'_>| {
        if let Some((status, to)) = req.path()[1..].split_once("/to/") {
            let status = status.parse().expect("a status");
            res.set_status(status)?.set_header("Location", to)?;
            return res.end("");
        }
        let field = |name| req.header(name).unwrap_or("-").to_owned();
        let fields = ["authorization", "cookie", "referer"].map(field).join(" ");
        let head = format!("{} {} {fields} ", req.method(), req.path());
        let body = req.collect()?;
        res.end([head.as_bytes(), body].concat())
    })
}

/// The same server with and without TLS.
struct Both {
    secure: Site,
    plain: Handle,
}

impl Both {
    fn new() -> Both {
        let plain = server().listen("127.0.0.1:0").expect("a port");
        let secure = Site::new(server());
        Both { secure, plain }
    }

    fn http(&self, path: &str) -> String {
        let port = self.plain.local_addr().port().expect("TCP");
        format!("http://localhost:{port}{path}")
    }

    fn https(&self, path: &str) -> String {
        self.secure.url(path)
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.plain.shutdown(Duration::ZERO);
    }
}

fn text(mut response: http::ClientResponse) -> String {
    String::from_utf8(response.collect().expect("a body")).expect("UTF-8")
}

fn following(agent: &https::Agent, url: &str) -> RequestOptions {
    let options = agent.options().max_redirects(5);
    options.url(url).expect("a URL")
}

#[test]
fn fault_c15_an_agent_takes_both_schemes() {
    watched(|| {
        let both = Both::new();
        let agent = agent();
        for _ in 0..2 {
            for url in [both.http("/a"), both.https("/b"), both.http("/a")] {
                let answer = agent.get(&url).expect("an answer");
                assert_eq!(answer.status(), 200, "{url}");
                let (_, path) = url.rsplit_once('/').expect("a path");
                assert_eq!(text(answer), format!("GET /{path} - - - "));
            }
        }
        assert_eq!(agent.pool().totals().free_sockets, 2, "one for each scheme");
        assert_eq!(agent.context().handshakes().full, 1);
        // The same without an agent of one's own.
        assert_eq!(
            https::get(&both.http("/")).expect("an answer").status(),
            200
        );
        let plain = RequestOptions::new().url(&both.http("/")).expect("a URL");
        let answer = https::request(plain)
            .expect("options")
            .end("")
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        let plain = RequestOptions::new().url(&both.http("/")).expect("a URL");
        let answer = agent
            .request(plain)
            .expect("options")
            .end("")
            .expect("an answer");
        assert_eq!(answer.status(), 200);
        // A request without a URL goes over TLS, as before.
        let port = both.secure.port();
        let answer = agent
            .request(RequestOptions::new().port(port))
            .expect("options");
        assert_eq!(answer.end("").expect("an answer").status(), 200);
    });
}

/// The same port in both schemes: a server that speaks plain HTTP there is never asked over TLS.
#[test]
fn fault_c15_the_schemes_share_no_connection() {
    watched(|| {
        let both = Both::new();
        let agent = agent();
        let plain = following(&agent, &both.http("/"));
        let sealed = following(&agent, &both.http("/").replace("http:", "https:"));
        assert!(plain.origin().expect("options") != sealed.origin().expect("options"));
        let first = http::request(&plain).expect("options").end("");
        assert_eq!(text(first.expect("an answer")), "GET / - - - ");
        assert_eq!(agent.pool().totals().free_sockets, 1);
        let error = http::request(&sealed)
            .expect("options")
            .end("")
            .unwrap_err();
        let code = https::tls_error(&error).expect("an error of TLS").code();
        assert_eq!(code.as_str(), "ERR_SSL_HTTP_REQUEST");
    });
}

#[test]
fn fault_c15_a_redirect_from_http_to_https_is_followed() {
    watched(|| {
        let both = Both::new();
        let agent = agent();
        for status in [301, 302, 303, 307, 308] {
            let to = both.https("/there");
            let url = both.http(&format!("/{status}/to/{to}"));
            let options = following(&agent, &url)
                .method("POST")
                .header("Authorization", "Basic secret")
                .header("Cookie", "secret");
            let answer = agent.request(options).expect("options").end("body");
            let answer = answer.expect("an answer");
            assert_eq!(answer.url(), Some(&*to));
            // Credentials were for another origin.
            let expected = match status {
                307 | 308 => "POST /there - - - body",
                _ => "GET /there - - - ",
            };
            assert_eq!(text(answer), expected, "{status}");
        }
        // Options that were made for https:, and a chain through both.
        let inner = both.https("/302/to//there"); // a path
        let url = both.http(&format!("/302/to/{inner}"));
        let answer = https::request(following(&agent, &url))
            .expect("options")
            .end("");
        assert_eq!(text(answer.expect("an answer")), "GET /there - - - ");
    });
}

#[test]
fn fault_c15_no_redirect_leaves_tls() {
    watched(|| {
        let both = Both::new();
        let agent = agent();
        let out = both.https(&format!("/302/to/{}", both.http("/out")));
        let back = both.http(&format!("/302/to/{out}"));
        for url in [&out, &back] {
            let error = agent
                .request(following(&agent, url))
                .expect("options")
                .end("");
            let error = error.unwrap_err().to_string();
            assert!(error.contains("the redirect was not followed"), "{error}");
            assert!(
                error.contains(&format!("{} leaves TLS", both.http("/out"))),
                "{error}"
            );
        }
    });
}

#[test]
fn what_all_requests_of_an_agent_begin_with_is_said_once() {
    watched(|| {
        let both = Both::new();
        let agent =
            agent().with_options(|options| options.max_redirects(2).header("Cookie", "a=1"));
        let url = both.http(&format!("/301/to/{}", both.https("/there")));
        assert_eq!(
            text(agent.get(&url).expect("an answer")),
            "GET /there - - - "
        );
        let answer = agent.get(&both.https("/here")).expect("an answer");
        assert_eq!(text(answer), "GET /here - a=1 - ");
        // A request of other options has nothing of it.
        let other = RequestOptions::new().url(&both.http("/")).expect("a URL");
        let answer = agent.request(other).expect("options").end("");
        assert_eq!(text(answer.expect("an answer")), "GET / - - - ");
        let clone = agent
            .clone()
            .with_options(|options| options.max_redirects(0));
        assert_eq!(clone.get(&url).expect("an answer").status(), 301);
    });
}

#[test]
fn a_websocket_takes_both_schemes() {
    watched(|| {
        let accepting = || {
            http::create_server(|req: Request<'_>, res: Response<'_>| -> http::Handled {
                if let Some(mut ws) = websocket::accept(req, res)? {
                    ws.send("yakexi")?;
                    ws.receive()?;
                }
                Ok(())
            })
        };
        let (secure, plain) = (Site::new(accepting()), accepting().listen("127.0.0.1:0"));
        let plain = plain.expect("a port");
        let port = plain.local_addr().port().expect("TCP");
        let urls = [
            secure.url("/").replace("https:", "wss:"),
            format!("WS://localhost:{port}/"),
        ];
        let agent = agent();
        for url in &urls {
            let mut ws = agent.websocket(url).expect("a WebSocket");
            assert_eq!(ws.receive().unwrap().unwrap().text(), Some("yakexi"));
            assert!(ws.close(1000, "").unwrap().clean, "{url}");
        }
        assert_eq!(agent.pool().totals().sockets, 0);
        let mut ws = https::websocket(&urls[1]).expect("a WebSocket");
        assert_eq!(ws.receive().unwrap().unwrap().text(), Some("yakexi"));
        let error = agent
            .websocket("https://localhost/")
            .unwrap_err()
            .to_string();
        assert!(error.contains("is not a ws: or wss: URL"), "{error}");
        drop(ws);
        plain.shutdown(Duration::ZERO);
    });
}

/// A client of plain HTTP names the call that can.
#[test]
fn fault_c15_plain_http_refuses_https_and_names_the_call() {
    watched(|| {
        let both = Both::new();
        let url = both.http(&format!("/302/to/{}", both.https("/")));
        let options = RequestOptions::new()
            .max_redirects(1)
            .url(&url)
            .expect("a URL");
        let error = http::request(options)
            .expect("options")
            .end("")
            .unwrap_err();
        assert!(error.to_string().contains("use https::request"), "{error}");
        let error = http::get(&both.https("/")).unwrap_err().to_string();
        assert!(error.contains("use https::request"), "{error}");
    });
}

/// A user's connectors, one for each scheme.
#[test]
fn fault_c15_any_two_connectors_are_a_client_of_both_schemes() {
    watched(|| {
        let both = Both::new();
        let context = barewire::tls::ClientContext::new(&trusting()).expect("good options");
        let options = RequestOptions::new()
            .agent(&Agent::new(http::pool::Limits::default()).expect("limits"))
            .max_redirects(1)
            .also_create_connection(https::connector(&context));
        let url = both.http(&format!("/302/to/{}", both.https("/there")));
        let followed = options.clone().url(&url).expect("a URL");
        let answer = http::request(followed).expect("options").end("");
        assert_eq!(text(answer.expect("an answer")), "GET /there - - - ");
        // Two connectors of one scheme are none for the other; a later one replaces both.
        let plain = RequestOptions::new();
        let twice = plain.also_create_connection(|_: &http::Origin, _| unreachable!());
        assert!(twice.url(&both.https("/")).is_err());
        let replaced = options.create_connection(https::connector(&context));
        assert!(replaced.url(&both.http("/")).is_err());
    });
}

/// Through a proxy: `http:` in absolute-form, `https:` through a tunnel, whichever comes first.
#[test]
fn fault_c15_each_scheme_has_its_way_through_a_proxy() {
    watched(|| {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("an address");
        let noted = Arc::clone(&lines);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a client");
                let mut head = BufReader::new(stream.try_clone().expect("a descriptor")).lines();
                let line = head.next().expect("a line").expect("text");
                while head
                    .next()
                    .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
                {}
                let answer = match line.starts_with("GET") {
                    true => "HTTP/1.1 302 Found\r\nLocation: https://b.test/x\r\n",
                    false => "HTTP/1.1 403 Forbidden\r\n",
                };
                noted.lock().expect("no panic").push(line);
                let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all([answer, end].concat().as_bytes());
            }
        });
        let proxy = Proxy::new(&format!("http://{at}")).expect("a URL");
        let agent = agent();
        for options in [
            agent.options().proxy(&proxy).url("http://a.test/"),
            agent
                .options()
                .url("http://a.test/")
                .map(|it| it.proxy(&proxy)),
        ] {
            let options = options.expect("a URL").max_redirects(1);
            assert!(https::request(options).expect("options").end("").is_err());
            let asked = std::mem::take(&mut *lines.lock().expect("no panic"));
            assert_eq!(
                asked,
                ["GET http://a.test/ HTTP/1.1", "CONNECT b.test:443 HTTP/1.1"]
            );
        }
    });
}
