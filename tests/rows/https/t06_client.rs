//! T06: which URLs, which port, which errors.

use super::stage::{Site, agent, identity, known, pem, trusting};
use crate::support::{Log, PATIENCE, watched};
use barewire::http::{self, Connected, Origin, Request, RequestOptions, Response};
use barewire::net::{Stream, pipe};
use barewire::tls::{ClientContext, ClientOptions, ServerContext, Tls};
use barewire::websocket::{self, ConnectOptions};
use barewire::{https, tls};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn echo_host() -> http::Server<impl http::ServerEvents> {
    http::create_server(|req: Request<'_>, res: Response<'_>| {
        res.end(format!("{} {}", req.host(), req.url()))
    })
}

/// A connector to a server in this process, over TLS, that records the origins it was asked for.
fn in_memory(log: &Log, options: &ClientOptions) -> https::TlsConnector {
    let context = ServerContext::new(&identity("server")).expect("good options");
    let server = Arc::new(echo_host());
    let log = log.clone();
    let below = move |to: &Origin, _| {
        log.note(to);
        let (here, there) = pipe();
        let (context, server) = (context.clone(), Arc::clone(&server));
        thread::spawn(move || {
            if let Ok(tls) = context.accept(Arc::new(there)) {
                server.serve(Arc::new(tls));
            }
        });
        Ok(Connected::new(here))
    };
    let context = ClientContext::new(options).expect("good options");
    https::connector(&context).over(below)
}

/// The port is 443 if none is named, and then Host has none either.
#[test]
fn row_t06_the_default_port() {
    watched(|| {
        let log = Log::default();
        let options = trusting().servername("localhost");
        let options = RequestOptions::new().create_connection(in_memory(&log, &options));
        let ask = |options: RequestOptions| {
            let mut answer = http::request(options).unwrap().end("").expect("an answer");
            String::from_utf8(answer.collect().expect("a body")).unwrap()
        };
        assert_eq!(ask(options.clone()), "localhost /");
        assert_eq!(ask(options.clone().host("a.test")), "a.test /");
        assert_eq!(
            ask(options.clone().url("https://a.test/x").unwrap()),
            "a.test /x"
        );
        assert_eq!(ask(options.clone().host("a.test:80")), "a.test:80 /");
        assert_eq!(ask(options.hostname("a.test").port(80)), "a.test:80 /");
        // The second and the third share a connection, and so do the last two.
        let expected = ["localhost:443", "a.test:443", "a.test:80"];
        assert_eq!(log.all(), expected);
    });
}

#[test]
fn row_t06_where_there_is_no_tls_its_urls_are_refused() {
    let error = http::get("https://localhost/").unwrap_err().to_string();
    assert!(error.contains("use https::request"), "{error}");
    // Over a connector that has only TLS, there is no other way either.
    let context = ClientContext::new(&trusting()).unwrap();
    let secure = RequestOptions::new().create_connection(https::connector(&context));
    let error = secure.url("http://localhost/").unwrap_err().to_string();
    assert!(error.contains("use http::request"), "{error}");

    let error = websocket::connect("wss://localhost/")
        .unwrap_err()
        .to_string();
    assert!(error.contains("use https::websocket"), "{error}");
    let options = RequestOptions::new().create_connection(https::connector(&context));
    let options = ConnectOptions::new().request_options(&options);
    let error = https::websocket_with("ws://localhost/", &options)
        .unwrap_err()
        .to_string();
    assert!(error.contains("use websocket::connect"), "{error}");
    let error = https::websocket("https://localhost/")
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not a ws: or wss: URL"), "{error}");
}

#[test]
fn row_t06_the_transcript_of_the_book() {
    watched(|| {
        let options = identity("server").request_cert(true).ca(pem("ca.crt"));
        let site = Site::with(options, echo_host());
        let agent = https::Agent::new(&known()).expect("good options");
        let options = agent.options().hostname("localhost").port(site.port());
        let req = https::request(options.path("/").method("GET")).unwrap();
        let mut res = req.end("").expect("an answer");
        assert_eq!(res.status(), 200);
        let expected = format!("localhost:{} /", site.port());
        assert_eq!(res.collect().expect("a body"), expected.as_bytes());
    });
}

/// Options with any plain connector get the TLS of the agent that sends them.
#[test]
fn row_t06_an_agent_puts_tls_on_any_connector() {
    watched(|| {
        let path = std::env::temp_dir().join(format!("barewire-t06-{}.sock", std::process::id()));
        let server = https::create_server_with(&identity("server"), echo_host()).unwrap();
        let handle = server
            .listen(&format!("unix:{}", path.display()))
            .expect("a path");
        let options = RequestOptions::new().socket_path(&path).path("/unix");
        let agent = agent();
        let mut answer = agent.request(options).unwrap().end("").expect("an answer");
        assert_eq!(answer.collect().expect("a body"), b"localhost /unix");
        assert_eq!(agent.pool().totals().free_sockets, 1);
        agent.pool().close();
        handle.shutdown(PATIENCE);
    });
}

fn code(error: &(dyn std::error::Error + 'static)) -> String {
    let error = https::tls_error(error).unwrap_or_else(|| panic!("not of TLS: {error}"));
    error.code().as_str().to_owned()
}

fn refused(server: &str, options: &ClientOptions) -> String {
    let site = Site::with(identity(server), echo_host());
    let agent = https::Agent::new(options).expect("good options");
    code(&agent.get(&site.url("/")).unwrap_err())
}

/// Errors have Node's names, as in the book.
#[test]
fn row_t06_errors_by_name() {
    watched(|| {
        let browsers = ClientOptions::new();
        let table = [
            ("server", &browsers, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            ("selfsigned", &browsers, "DEPTH_ZERO_SELF_SIGNED_CERT"),
            ("wrongname", &trusting(), "ERR_TLS_CERT_ALTNAME_INVALID"),
            ("expired", &trusting(), "CERT_HAS_EXPIRED"),
            ("notyet", &trusting(), "CERT_NOT_YET_VALID"),
        ];
        for (server, options, expected) in table {
            assert_eq!(refused(server, options), expected, "{server}");
        }
    });
}

/// The same through a WebSocket's error, which says what to do.
#[test]
fn row_t06_the_error_of_a_websocket_has_it_too() {
    watched(|| {
        let site = Site::new(echo_host());
        let url = site.url("/").replace("https:", "wss:");
        let error = https::websocket(&url).unwrap_err();
        assert_eq!(code(&error), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
        assert!(error.to_string().contains("ca"), "{error}");
    });
}

/// The notes switch verification off "to solve" it. Then every server is accepted, and only `authorized`
/// says that it is the wrong one. A client that passes the CA need not ask.
#[test]
fn erratum_e47_not_verifying_is_no_solution() {
    watched(|| {
        let impostor = Site::with(identity("unknownca"), echo_host());
        let agent_of = |options: ClientOptions| https::Agent::new(&options).expect("good options");
        let unverified = agent_of(trusting().reject_unauthorized(false));
        let answer = unverified
            .get(&impostor.url("/"))
            .expect("every server is accepted");
        let tls = Tls::of(answer.stream().expect("open")).expect("TLS");
        assert!(!tls.authorized());
        assert!(tls.authorization_error().is_some());
        drop(answer);
        assert!(agent_of(trusting()).get(&impostor.url("/")).is_err());

        let site = Site::new(echo_host());
        let answer = agent().get(&site.url("/")).expect("our server is accepted");
        let tls = Tls::of(answer.stream().expect("open")).expect("TLS");
        assert!(tls.authorized() && tls.authorization_error().is_none());
    });
}

#[test]
fn row_t06_redirects_stay_under_tls() {
    watched(|| {
        let server = http::create_server(|req: Request<'_>, mut res: Response<'_>| {
            let to = match req.path() {
                "/here" => "/there".to_owned(),
                "/out" => "http://localhost/".to_owned(),
                _ => return res.end("arrived"),
            };
            res.set_status(302)?.set_header("Location", to)?;
            res.end("")
        });
        let site = Site::new(server);
        let agent = agent();
        let ask = |path: &str| {
            let options = agent.options().max_redirects(3);
            let options = options.url(&site.url(path)).unwrap();
            https::request(options).unwrap().end("")
        };
        let mut answer = ask("/here").expect("an answer");
        assert_eq!(answer.url(), Some(&*site.url("/there")));
        assert_eq!(answer.collect().expect("a body"), b"arrived");
        let error = ask("/out").unwrap_err().to_string();
        assert!(error.contains("was not followed"), "{error}");
        assert!(error.contains("http://localhost/ leaves TLS"), "{error}");
    });
}

/// The time of each phase.
#[test]
fn row_t06_timings() {
    watched(|| {
        let site = Site::new(echo_host());
        let options = site.options(&agent());
        let mut first = https::request(&options)
            .unwrap()
            .end("")
            .expect("an answer");
        first.collect().expect("a body");
        assert!(!first.timings().reused && first.timings().secure > Duration::ZERO);
        let second = https::request(&options)
            .unwrap()
            .end("")
            .expect("an answer");
        assert!(second.timings().reused && second.timings().secure == Duration::ZERO);
    });
}

/// One deadline for all phases, also if the server sends no hello.
#[test]
fn row_t06_a_handshake_has_a_deadline() {
    watched(|| {
        let server = super::stage::playing(|stream: Arc<dyn Stream>| {
            let mut all = [0; 1000];
            while let Ok(1..) = stream.read(&mut all) {}
        });
        let port = server.local_addr().port().unwrap();
        let options = agent().options().hostname("127.0.0.1").port(port);
        let options = options.timeout(Duration::from_millis(30));
        match https::request(options).unwrap().end("").unwrap_err() {
            http::Error::Io(error) => assert_eq!(error.kind(), std::io::ErrorKind::TimedOut),
            other => panic!("{other}"),
        }
        server.shutdown(PATIENCE);
    });
}

/// The connector works for `websocket` as well.
#[test]
fn row_t06_a_websocket_by_the_connector() {
    watched(|| {
        let site = Site::new(http::create_server(|req, res| {
            if let Some(ws) = websocket::accept(req, res)? {
                assert!(Tls::of(ws.stream()).is_some());
                ws.send("hello")?;
            }
            Ok::<(), http::Failure>(())
        }));
        let context = tls::ClientContext::new(&trusting()).expect("good options");
        let options = ConnectOptions::new().create_connection(https::connector(&context));
        let url = format!("wss://localhost:{}/", site.port());
        let mut ws = websocket::connect_with(&url, &options).expect("a WebSocket");
        assert!(Tls::of(ws.stream()).expect("TLS").authorized());
        assert_eq!(ws.receive().expect("open").unwrap().text(), Some("hello"));
    });
}

/// No plaintext is on the wire.
#[test]
fn row_t06_no_byte_leaves_unsealed() {
    watched(|| {
        let log = Log::default();
        let records = log.clone();
        let server = super::stage::playing(move |stream: Arc<dyn Stream>| {
            let mut bytes = [0; 4000];
            let n = stream.read(&mut bytes).expect("a ClientHello");
            assert_eq!(bytes[..2], [0x16, 0x03]);
            let secret = bytes[..n].windows(6).any(|six| six == b"secret");
            records.note(if secret { "in clear" } else { "sealed" });
        });
        let port = server.local_addr().port().unwrap();
        let url = format!("https://localhost:{port}/secret");
        assert!(agent().get(&url).is_err());
        log.wait_for("sealed");
        server.shutdown(PATIENCE);
    });
}

/// Responses are the same as over plain HTTP: see `t05_server`. So are the errors of HTTP.
#[test]
fn row_t06_rules_of_http_are_kept_under_tls() {
    watched(|| {
        let server = super::stage::playing_tls(|tls| {
            let _ = tls.read(&mut [0; 1000]);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab";
            let _ = (&tls as &dyn Stream).write_all(answer);
        });
        let port = server.local_addr().port().unwrap();
        let error = agent()
            .get(&format!("https://localhost:{port}/"))
            .unwrap_err();
        assert!(error.to_string().contains("RFC 9112 §6.3"), "{error}");
        assert!(https::tls_error(&error).is_none());
        server.shutdown(PATIENCE);
    });
}

/// If ALPN chose a protocol that is not spoken here, no request is sent.
#[test]
fn row_t06_a_server_that_chose_another_protocol_is_refused() {
    watched(|| {
        let site = Site::with(identity("server").alpn(["h2", "http/1.1"]), echo_host());
        let offering = |protocols: &[&str]| {
            let options = trusting().alpn(protocols.iter().map(|name| name.as_bytes()));
            let agent = https::Agent::new(&options).expect("good options");
            let url = site.url("/");
            agent.get(&url).map(|answer| answer.status())
        };
        let error = offering(&["h2"]).unwrap_err().to_string();
        assert!(error.contains("\"h2\""), "{error}");
        assert!(offering(&["http/1.1", "h2"]).is_err());
        assert_eq!(offering(&["http/1.1"]).expect("an answer"), 200);
        assert_eq!(offering(&[]).expect("an answer"), 200);
    });
}
