//! T05: the server of plain HTTP, with its settings and its events, behind a handshake.

use super::stage::{Site, agent, identity, known, pem, tcp, trusting};
use crate::support::{Gate, Log, PATIENCE, post, request, watched};
use barewire::http::{self, Failure, Request, Response};
use barewire::net::Stream;
use barewire::tls::{ClientOptions, Tls};
use barewire::{https, tls};
use std::io::Read;
use std::time::Duration;

const TEXT: [(&str, &str); 1] = [("Content-Type", "text/plain")];

fn hello() -> http::Server<impl http::ServerEvents> {
    http::create_server(|_req, res| res.write_head(200, TEXT)?.end("hello world\n"))
}

#[test]
fn row_t05_hello_world() {
    watched(|| {
        let server = https::create_server(&identity("server"), |_req, res| {
            res.write_head(200, TEXT)?.end("hello world\n")
        });
        let site = Site::of(server.expect("good options"));
        let mut answer = agent().get(&site.url("/")).expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.collect().expect("a body"), b"hello world\n");
    });
}

/// The bytes under TLS are the same.
#[test]
fn row_t05_the_response_is_that_of_plain_http() {
    watched(|| {
        let asked = request("GET", "/");
        let plain = String::from_utf8(hello().answer_to(asked.as_bytes())).unwrap();
        let site = Site::new(hello());
        let mut client = site.client();
        client.send(asked);
        client.finish();
        let sealed = String::from_utf8(client.rest()).unwrap();
        let without_date = |text: &str| {
            let lines = text.lines().filter(|line| !line.starts_with("Date:"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(without_date(&sealed), without_date(&plain));
    });
}

#[test]
fn row_t05_options_that_do_not_belong_together_are_refused_before_listening() {
    let wrong = identity("server").key(pem("mismatch.key"));
    let error = https::create_server_with(&wrong, hello()).unwrap_err();
    assert!(!error.to_string().is_empty());
    assert!(https::create_server_with(&tls::ServerOptions::new(), hello()).is_err());
}

#[test]
fn row_t05_the_handler_sees_the_client_certificate() {
    watched(|| {
        let options = identity("server")
            .ca(pem("ca.crt"))
            .request_cert(true)
            .reject_unauthorized(false);
        let server = http::create_server(|req: Request<'_>, res: Response<'_>| {
            let tls = Tls::of(req.stream()).expect("TLS");
            let who = if tls.authorized() {
                "authorized"
            } else {
                "unauthorized"
            };
            let alpn = tls.alpn_protocol().unwrap_or("nothing");
            res.end(format!("{who} {alpn} {}", tls.protocol()))
        });
        let site = Site::with(options, server);
        for (who, options) in [("authorized", known()), ("unauthorized", trusting())] {
            let agent = https::Agent::new(&options).expect("good options");
            let mut answer = agent.get(&site.url("/")).expect("an answer");
            let stream = answer.stream().expect("its body has not been read");
            assert!(Tls::of(stream).expect("TLS").authorized());
            let body = answer.collect().expect("a body");
            assert_eq!(
                String::from_utf8_lossy(&body),
                format!("{who} http/1.1 TLSv1.3")
            );
            assert!(answer.stream().is_none());
        }
    });
}

/// A handler need not know which stream it will get.
#[test]
fn row_t05_over_plain_http_the_stream_is_no_tls() {
    let server = http::create_server(|req: Request<'_>, res: Response<'_>| {
        res.end(format!("{:?}", Tls::of(req.stream()).is_some()))
    });
    let answer = server.answer_to(request("GET", "/").as_bytes());
    assert!(answer.ends_with(b"false"));
}

#[test]
fn row_t05_settings_are_those_of_the_http_server() {
    watched(|| {
        let server = hello().head_timeout(Duration::from_millis(20));
        let site = Site::new(server);
        let mut client = site.client();
        client.send("GET / HTTP/1.1\r\n");
        assert_eq!(client.answer().status, 408);
        client.ended();
    });
}

/// A refusal arrives although the client still sends: the lingering close, over TLS.
#[test]
fn row_t05_a_refusal_reaches_a_client_that_still_sends() {
    watched(|| {
        let server = http::create_server(|mut req: Request<'_>, res: Response<'_>| {
            req.collect()?;
            res.end("never")
        });
        let site = Site::new(server.collected_body_bytes(1000));
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
        for _ in 0..300 {
            if client.try_send([0; 10_000]).is_err() {
                break;
            }
        }
        assert_eq!(client.answer().status, 413);
    });
}

/// A client that does not trust the certificate sends an alert, and the server's hook is called.
#[test]
fn row_t05_a_handshake_that_fails_calls_the_hook() {
    watched(|| {
        let log = Log::default();
        let calls = log.clone();
        let server = https::create_server_with(&identity("server"), hello());
        let server = server.expect("good options");
        let site = Site::of(server.on_tls_client_error(move |error, stream| {
            assert!(stream.peer_addr().is_ok());
            assert!(!error.to_string().is_empty());
            calls.note("failed");
        }));
        let error = site.tls(&ClientOptions::new()).unwrap_err();
        assert_eq!(error.code().as_str(), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        log.wait_for("failed");
        let mut answer = agent().get(&site.url("/")).expect("the server goes on");
        assert_eq!(answer.collect().expect("a body"), b"hello world\n");
    });
}

/// A silent client has the time of a handshake.
#[test]
fn row_t05_a_silent_client_is_cut_after_the_handshake_timeout() {
    watched(|| {
        let options = identity("server").handshake_timeout(Duration::from_millis(20));
        let site = Site::with(options, hello());
        let silent = site.tcp();
        silent.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut all = [0; 64];
        while let Ok(1..) = silent.read(&mut all) {} // an alert, or nothing
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

#[test]
fn row_t05_stopping_is_clean() {
    watched(|| {
        let (entered, gate) = (Log::default(), Gate::default());
        let (note, pass) = (entered.clone(), gate.clone());
        let server = http::create_server(move |_req: Request<'_>, res: Response<'_>| {
            note.note("entered");
            pass.pass();
            res.end("done")
        });
        let site = Site::new(server);
        let mut running = site.client();
        running.send(request("GET", "/"));
        entered.wait_for("entered");
        let mut idle = site.client();
        site.handle.stop();
        idle.ended();
        drop(idle);
        gate.open();
        let answer = running.answer();
        assert_eq!(answer.text(), "done");
        assert!(answer.says_close());
        running.ended();
        drop(running);
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

/// Uploads, an expectation, a response in pieces: as with plain HTTP.
#[test]
fn row_t05_bodies_both_ways() {
    watched(|| {
        let server = http::create_server(|mut req: Request<'_>, mut res: Response<'_>| {
            let mut piece = vec![0; 10_000];
            loop {
                match req.read(&mut piece)? {
                    0 => break,
                    n => res.write(&piece[..n])?,
                };
            }
            res.end("the end")?;
            Ok::<(), Failure>(())
        });
        let site = Site::new(server);
        let body: Vec<u8> = (0..8_000_000_u32).map(|n| (n % 251) as u8).collect();
        let options = site.options(&agent()).method("POST");
        for expect in [false, true] {
            let options = match expect {
                true => options.clone().header("Expect", "100-continue"),
                false => options.clone(),
            };
            let mut answer = https::request(&options)
                .unwrap()
                .end(&body)
                .expect("an answer");
            let got = answer.collect().expect("a body");
            assert_eq!(got.len(), body.len() + 7);
            assert!(got.starts_with(&body) && got.ends_with(b"the end"));
        }
    });
}

/// Server-sent events: each leaves when it is written, also under TLS.
#[test]
fn row_t05_an_endless_response_arrives_as_it_is_written() {
    watched(|| {
        let gate = Gate::default();
        let pass = gate.clone();
        let server = http::create_server(move |_req: Request<'_>, mut res: Response<'_>| {
            res.set_header("Content-Type", "text/event-stream")?;
            res.write("data: one\n\n")?;
            pass.pass();
            res.end("data: two\n\n")
        });
        let site = Site::new(server);
        let mut answer = agent().get(&site.url("/events")).expect("an answer");
        let first = answer.read_text().expect("a body").map(str::to_owned);
        assert_eq!(first.as_deref(), Some("data: one\n\n"));
        gate.open();
        assert_eq!(answer.collect().expect("a body"), b"data: two\n\n");
    });
}

/// Requests behind one another in one record are answered in order.
#[test]
fn row_t05_pipelining() {
    watched(|| {
        let server = http::create_server(|req: Request<'_>, res: Response<'_>| res.end(req.url()));
        let site = Site::new(server);
        let mut client = site.client();
        let all: String = (0..100).map(|n| request("GET", &format!("/{n}"))).collect();
        client.send(all + &post("/last", "x"));
        for n in 0..100 {
            assert_eq!(client.answer().text(), format!("/{n}"));
        }
        assert_eq!(client.answer().text(), "/last");
    });
}

/// A cut below TLS ends that connection only.
#[test]
fn row_t05_a_client_that_vanishes_costs_nothing() {
    watched(|| {
        let site = Site::new(hello());
        for bytes in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
            let client = tcp(site.port());
            client.write(bytes).expect("a connection");
            drop(client);
        }
        let client = site.tls(&trusting()).expect("a handshake");
        client.write(b"GET / HTT").expect("open");
        client
            .get_ref()
            .shutdown(std::net::Shutdown::Both)
            .expect("a connection");
        drop(client);
        let mut answer = agent().get(&site.url("/")).expect("an answer");
        assert_eq!(answer.collect().expect("a body"), b"hello world\n");
        assert_eq!(site.handle.shutdown(PATIENCE).cut, 0);
    });
}

/// What the server adds to its options, HTTP/1.1 in ALPN, it adds again when they are replaced: a client that
/// speaks only HTTP/2 is refused before and after.
#[test]
fn fault_d13_replaced_options_still_speak_http_1_1() {
    watched(|| {
        let server = https::create_server_with(&identity("server"), hello()).expect("good options");
        let context = server.context().clone();
        let site = Site::of(server);
        for renewed in ["server", "server", "rsa"] {
            for (offered, chosen) in [
                (&["h2"][..], Err(tls::Code::NoApplicationProtocol)),
                (&["h2", "http/1.1"], Ok(Some("http/1.1"))),
                (&["http/1.1"], Ok(Some("http/1.1"))),
                (&[], Ok(None)),
            ] {
                let met = site.tls(&trusting().alpn(offered.iter().copied()));
                let met = met.as_ref().map(|tls| tls.alpn_protocol());
                assert_eq!(met.map_err(|error| error.code()), chosen, "{renewed}");
            }
            context
                .set_options(&identity(renewed))
                .expect("good options");
        }
        // Protocols that the options name replace the default.
        context
            .set_options(&identity("server").alpn(["x"]))
            .expect("good options");
        let met = site
            .tls(&trusting().alpn(["http/1.1", "x"]))
            .expect("a handshake");
        assert_eq!(met.alpn_protocol(), Some("x"));
    });
}
