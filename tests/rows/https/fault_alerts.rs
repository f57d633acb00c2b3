//! A server ends TLS with an alert while the client is still sending: the client reports the alert, not the
//! broken pipe behind it. So does an HTTP response that came before the connection was reset.

use super::stage::{Site, accepting, agent, identity, known, open, pem, tcp, trusting};
use crate::support::{PATIENCE, watched};
use barewire::http::{self, Request, Response};
use barewire::https;
use barewire::net::{Handle, Stream};
use barewire::tls::{self, ClientOptions, Code, ServerOptions, Tls};
use barewire::websocket::{Acceptor, Config};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const ROUNDS: usize = 20;
const LARGE: usize = 8 << 20;

fn asking() -> ServerOptions {
    identity("server").request_cert(true).ca(pem("ca.crt"))
}

fn hello() -> http::Server<impl http::ServerEvents> {
    http::create_server(|_req: Request<'_>, res: Response<'_>| res.end("hello"))
}

/// The code of a POST with a large body, which the server does not wait for.
fn post(url: &str, options: &ClientOptions) -> Option<Code> {
    let agent = https::Agent::new(options).expect("good options");
    let request = agent.options().method("POST").url(url).expect("a URL");
    let sent = agent
        .request(request)
        .and_then(|it| it.end(vec![b'x'; LARGE]));
    let error = sent.expect_err("no answer");
    https::tls_error(&error).map(tls::Error::code)
}

/// A server of TLS 1.3 that requires a certificate, sends its alert, and closes over unread bytes: the alert
/// is followed by a reset.
fn rude(serve: impl Fn(&mut rustls::ServerConnection, &mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = rude_config();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            let connection = rustls::ServerConnection::new(Arc::clone(&config));
            serve(&mut connection.expect("a configuration"), &mut stream);
        }
    });
    port
}

fn rude_config() -> Arc<rustls::ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(&pem("ca.crt")).expect("a certificate");
    roots.add(ca).expect("a CA");
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("a version")
        .with_client_cert_verifier(verifier.build().expect("a CA"))
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(&pem("server.crt")).expect("a certificate")],
            PrivateKeyDer::from_pem_slice(&pem("server.key")).expect("a key"),
        );
    Arc::new(config.expect("a pair"))
}

#[test]
fn fault_c14_a_refused_certificate_is_reported_during_a_body() {
    watched(|| {
        let site = Site::with(asking(), hello());
        let rude = rude(|connection, stream| {
            let _ = connection.complete_io(stream);
            let _ = connection.complete_io(stream); // the alert
            while connection.wants_write() {
                let _ = connection.write_tls(stream);
            }
        });
        let expired = trusting()
            .cert(pem("client-expired.crt"))
            .key(pem("client-expired.key"));
        let unknown = trusting()
            .cert(pem("client-unknown.crt"))
            .key(pem("client-unknown.key"));
        for port in [site.port(), rude] {
            let url = format!("https://localhost:{port}/");
            for (options, code) in [
                (trusting(), Code::AlertCertificateRequired),
                (expired.clone(), Code::AlertCertificateExpired),
                (unknown.clone(), Code::AlertUnknownCa),
            ] {
                for round in 0..ROUNDS {
                    assert_eq!(post(&url, &options), Some(code), "{round} of port {port}");
                }
            }
        }
        assert_eq!(agent_status(&site), 200);
    });
}

fn agent_status(site: &Site) -> u16 {
    let agent = https::Agent::new(&known()).expect("good options");
    agent.get(&site.url("/")).expect("an answer").status()
}

/// A record that nobody has sealed: the server answers it with an alert, and closes.
fn spoil(stream: &dyn Stream) {
    let tls = Tls::of(stream).expect("TLS");
    let record = [&[23, 3, 3, 0, 40][..], &[7; 40]].concat();
    tls.get_ref().write_all(&record).expect("it is open");
}

/// A server of TLS that sends back what comes, and its address.
fn echoing() -> (Handle, String) {
    let echo = tls::create_server(&identity("server"), |socket| socket.pipe(&socket).map(drop));
    let handle = echo
        .expect("good options")
        .listen("127.0.0.1:0")
        .expect("a port");
    let to = format!("localhost:{}", handle.local_addr().port().expect("TCP"));
    (handle, to)
}

#[test]
fn fault_c14_a_writer_of_tls_reports_the_alert() {
    watched(|| {
        let (handle, to) = echoing();
        for _ in 0..ROUNDS {
            let socket = tls::connect(&to, &trusting()).expect("a handshake");
            spoil(&**socket.stream());
            let error = loop {
                if let Err(error) = socket.write_all([b'x'; 10_000]) {
                    break error;
                }
            };
            assert!(error.to_string().contains("BadRecordMac"), "{error}");
            // Without a socket around it, the error is inside.
            let tls = tls_of(&to);
            spoil(&tls);
            let error = loop {
                if let Err(error) = (&tls as &dyn Stream).write_all(&[b'x'; 10_000]) {
                    break error;
                }
            };
            let code = tls::Error::of(&error).map(tls::Error::code);
            assert_eq!(code, Some(Code::Alert), "{error}");
            let again = tls.write(b"x").expect_err("it is gone");
            assert_eq!(again.to_string(), error.to_string());
        }
        handle.shutdown(Duration::ZERO);
    });
}

fn tls_of(to: &str) -> Tls {
    let context = tls::ClientContext::new(&trusting()).expect("good options");
    let port = to
        .rsplit_once(':')
        .expect("a port")
        .1
        .parse()
        .expect("a port");
    let deadline = std::time::Instant::now() + PATIENCE;
    let met = context.connect(tcp(port), "localhost", deadline);
    met.expect("a handshake")
}

/// While another thread waits in a read, which gets the alert, too.
#[test]
fn fault_c14_a_writer_beside_a_reader_reports_the_alert() {
    watched(|| {
        let (handle, to) = echoing();
        for _ in 0..ROUNDS {
            let tls = Arc::new(tls_of(&to));
            let reading = Arc::clone(&tls);
            let reader = thread::spawn(move || {
                let mut buf = [0; 20_000];
                loop {
                    match reading.read(&mut buf) {
                        Ok(1..) => {}
                        Ok(0) => panic!("an end"),
                        Err(error) => return error,
                    }
                }
            });
            spoil(&*tls);
            let error = loop {
                if let Err(error) = tls.write(&[b'x'; 10_000]) {
                    break error;
                }
            };
            let seen = [error, reader.join().expect("no panic")];
            let codes = seen
                .each_ref()
                .map(|error| tls::Error::of(error).map(tls::Error::code));
            assert_eq!(codes, [Some(Code::Alert); 2], "{seen:?}");
        }
        handle.shutdown(Duration::ZERO);
    });
}

#[test]
fn fault_c14_a_websocket_reports_the_alert() {
    watched(|| {
        let acceptor = Acceptor::new().config(Config::default());
        let site = accepting(acceptor, |mut ws| while let Ok(Some(_)) = ws.receive() {});
        for _ in 0..ROUNDS {
            let ws = open(&site);
            spoil(ws.stream());
            let error = loop {
                if let Err(error) = ws.send(&"x".repeat(10_000)[..]) {
                    break error;
                }
            };
            assert!(error.to_string().contains("BadRecordMac"), "{error}");
        }
    });
}

/// The server answers before it has read the body, and closes over unread bytes.
#[test]
fn fault_c14_an_answer_before_a_reset_wins() {
    const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n";
    watched(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a client");
                let _ = stream.read(&mut [0; 1000]);
                let _ = stream.write_all(ANSWER);
            }
        });
        let over_tls = super::stage::playing_tls(|tls| {
            let _ = tls.read(&mut [0; 1000]);
            let _ = (&tls as &dyn Stream).write_all(ANSWER);
            let _ = tls.get_ref().shutdown(std::net::Shutdown::Both);
        });
        let secure = over_tls.local_addr().port().expect("TCP");
        for _ in 0..ROUNDS {
            let body = vec![b'x'; LARGE];
            let plain = http::RequestOptions::new()
                .method("POST")
                .hostname("127.0.0.1");
            let plain = http::request(plain.port(port)).expect("options").end(&body);
            let sealed = agent().options().method("POST").hostname("127.0.0.1");
            let sealed = https::request(sealed.port(secure))
                .expect("options")
                .end(&body);
            for answer in [plain, sealed] {
                let mut answer = answer.expect("an answer");
                assert_eq!(answer.status(), 413);
                assert_eq!(answer.collect().expect("a body"), b"no\n");
            }
        }
        over_tls.shutdown(PATIENCE);
    });
}
