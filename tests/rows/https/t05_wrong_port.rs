//! T05: a client at the wrong port gets an answer in its own protocol.

use super::stage::{Site, agent, playing, trusting};
use crate::support::{self, Client, Log, PATIENCE, post, request, watched};
use barewire::http::wire::Rule;
use barewire::http::{self, Error, Handled, Request, Response, ServerEvents};
use barewire::net::Stream;
use barewire::{https, tls};
use std::sync::Arc;
use std::time::Instant;

fn hello() -> http::Server<impl ServerEvents> {
    http::create_server(|_req, res| res.end("hello world\n"))
}

fn plain(site: &Site) -> Client {
    Client::over(site.tcp())
}

#[test]
fn row_t05_plain_http_is_answered_in_plain_http() {
    watched(|| {
        let site = Site::new(hello());
        let mut client = plain(&site);
        client.send("GET /where?q=now HTTP/1.1\r\nHost: example.com:8000\r\n\r\n");
        let answer = client.answer();
        assert_eq!(answer.status, 400);
        assert!(answer.says_close());
        let text = answer.text();
        assert!(text.contains("this port speaks HTTPS"), "{text}");
        assert!(
            text.contains(" https://example.com:8000/where?q=now\n"),
            "{text}"
        );
        client.ended();
    });
}

/// It is an exchange, so a log has its line.
#[test]
fn row_t05_plain_http_has_its_line() {
    watched(|| {
        let log = Log::default();
        let lines = log.clone();
        let site = Site::new(hello().on_finish(move |summary| {
            let (method, url) = (summary.method(), summary.url());
            lines.note(format!("{method:?} {url:?} {:?}", summary.status()));
        }));
        for (bytes, line) in [
            (
                &*request("GET", "/a"),
                "Some(\"GET\") Some(\"/a\") Some(400)",
            ),
            (
                "GET /b HTTP/1.1\r\n\r\n",
                "Some(\"GET\") Some(\"/b\") Some(400)",
            ),
        ] {
            let mut client = plain(&site);
            client.send(bytes);
            assert_eq!(client.answer().status, 400);
            log.wait_for(line);
        }
    });
}

#[test]
fn row_t05_plain_http_byte_by_byte() {
    watched(|| {
        let site = Site::new(hello());
        let mut client = plain(&site);
        for byte in request("GET", "/").bytes() {
            client.send([byte]);
        }
        assert!(client.answer().text().contains("https://test/"));
    });
}

/// The answer also arrives if a body is still on its way, and for a HEAD.
#[test]
fn row_t05_plain_http_with_a_body() {
    watched(|| {
        let site = Site::new(hello());
        let mut client = plain(&site);
        let sent = client.try_send(post("/", &"x".repeat(1_000_000)));
        assert!(sent.is_ok());
        assert_eq!(client.answer().status, 400);
        let mut client = plain(&site);
        client.send(request("HEAD", "/"));
        assert_eq!(client.answer_to_head().status, 400);
    });
}

#[test]
fn row_t05_neither_tls_nor_http_is_refused_by_its_rule() {
    watched(|| {
        let site = Site::new(hello());
        let mut client = plain(&site);
        client.send("\0\0\0\0");
        assert!(client.answer().text().contains("RFC 9112 §3.1"));
        let mut answer = agent().get(&site.url("/")).expect("the server goes on");
        assert_eq!(answer.collect().expect("a body"), b"hello world\n");
    });
}

struct Recording(Log);

impl ServerEvents for Recording {
    fn request(&self, _request: Request<'_>, response: Response<'_>) -> Handled {
        response.end("hello world\n")
    }

    fn client_error(&self, error: &Error, response: Response<'_>) -> Handled {
        if let Error::Peer(error) = error {
            self.0.note(error.rule().name());
        }
        let _ = response; // answered for us
        Ok(())
    }
}

/// A ClientHello at a plain port gets a 400, which a person who looks at the bytes can read.
#[test]
fn row_t05_tls_at_a_plain_port() {
    watched(|| {
        let log = Log::default();
        let site = support::Site::new(http::create_server_with(Recording(log.clone())));
        let mut client = site.client();
        client.send(b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03");
        let answer = client.answer();
        assert_eq!(answer.status, 400);
        let text = answer.text();
        assert!(
            text.contains("a TLS ClientHello, and this port serves plain HTTP"),
            "{text}"
        );
        client.ended();
        log.wait_for("TlsHandshake");
    });
}

/// The same for our own client.
#[test]
fn row_t05_https_asked_of_a_plain_port() {
    watched(|| {
        let site = support::Site::new(hello());
        let port = site.address().port().unwrap();
        let error = agent()
            .get(&format!("https://localhost:{port}/"))
            .unwrap_err();
        let error = https::tls_error(&error).expect("TLS has to do with it");
        let text = error.to_string();
        assert!(text.contains("plain") || text.contains("no TLS"), "{text}");
    });
}

/// A server that speaks TLS, and answers our GET with an alert.
#[test]
fn row_t05_http_asked_of_a_port_with_tls() {
    watched(|| {
        let server = playing(|stream: Arc<dyn Stream>| {
            let mut bytes = [0; 1000];
            let _ = stream.read(&mut bytes);
            // "unexpected_message", as openssl says it
            let _ = stream.write_all(b"\x15\x03\x01\x00\x02\x02\x0a");
            let _ = stream.read(&mut bytes);
        });
        let error = http::get(&format!("http://{}/", server.local_addr())).unwrap_err();
        match &error {
            Error::Peer(error) => assert_eq!(error.rule(), Rule::TlsAnswer),
            other => panic!("{other}"),
        }
        assert!(error.to_string().contains("ask with https:"), "{error}");
        server.shutdown(PATIENCE);
    });
}

/// A server that speaks first, and not TLS.
#[test]
fn row_t05_a_client_of_tls_gets_an_error_if_the_server_speaks_no_tls() {
    watched(|| {
        let server = playing(|stream: Arc<dyn Stream>| {
            let _ = stream.write_all(b"220 mail.example.com ESMTP\r\n");
            let _ = stream.read(&mut [0; 1000]);
        });
        let port = server.local_addr().port().unwrap();
        let context = tls::ClientContext::new(&trusting()).expect("good options");
        let deadline = Instant::now() + PATIENCE;
        let error = context.connect(super::stage::tcp(port), "localhost", deadline);
        assert!(!error.unwrap_err().to_string().is_empty());
        server.shutdown(PATIENCE);
    });
}
